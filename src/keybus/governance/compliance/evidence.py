"""What compliance is judged by."""

from collections.abc import Callable, Mapping

import msgspec

from keybus.contracts import Contract
from keybus.errors import Fault
from keybus.governance.compliance.running import Running
from keybus.topology.model import Platform

Place = Callable[[str], tuple[str, int]]
"""The file, and the line in it from 1, in which a part of the platform stands, by its pointer."""


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """The declaration, and a running bus where there is one to look at.

    Attributes:
        platform: The declared platform; None where it cannot be used.
        contracts: By event type; None where they cannot be used.
        place: Where each part of the platform stands.
        faults: What the loader found wrong with the declaration.
        running: A snapshot of the bus; None: only the declaration is judged.
        now_us: The moment that expiry is judged at, in microseconds since the Unix epoch.
    """

    platform: Platform | None
    contracts: Mapping[str, Contract] | None
    place: Place
    faults: tuple[Fault, ...] = ()
    running: Running | None = None
    now_us: int
