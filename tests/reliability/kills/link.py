"""What publishers and consumers share: the way to the bus, and the journal."""

import aiohttp
import msgspec

from keybus.protocol import API
from tests.reliability.kills.journal import Journal
from tests.reliability.kills.victim import Victim


class Link(msgspec.Struct, frozen=True):
    """The way to the bus in whichever life it is, and the journal.

    Attributes:
        session: Where requests and connections go through.
        victim: The bus.
        journal: Where everything is noted.
    """

    session: aiohttp.ClientSession
    victim: Victim
    journal: Journal

    def address(self, path: str) -> str:
        """Where a path of the native API is now."""
        return f"{self.victim.url}{API}{path}"
