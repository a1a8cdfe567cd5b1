"""Which addresses webhooks may reach: checked for each connection, and connected to as checked.

The name is looked up once, here; what it led to is checked here and given to the connector, which
looks nothing up again. A name that answers differently the second time (DNS rebinding) is so a new
connection, and checked anew.
"""

import logging
import socket
from collections.abc import Sequence
from ipaddress import ip_address

from aiohttp.abc import AbstractResolver, ResolveResult

from keybus.bus.targets.lookup import Lookup
from keybus.bus.targets.settings import Address, Network
from keybus.governance.compliance.addresses import leads_outside

_log = logging.getLogger(__name__)


class AddressRefused(OSError):
    """A host whose address is inside of the bus's own network. Its text names no address."""


class Reach:
    """What may be reached.

    Args:
        networks: Inner networks that may be reached all the same.
        plain: Whether this machine may.
    """

    def __init__(self, networks: Sequence[Network], *, plain: bool) -> None:
        self._networks, self._plain = tuple(networks), plain

    def allows(self, address: Address) -> bool:
        """Whether a connection to this address may be made."""
        if any(address in network for network in self._networks):
            return True
        return leads_outside(address) or (self._plain and address.is_loopback)

    def check(self, host: str, addresses: Sequence[str]) -> None:
        """Refuse a host of which one address may not be reached.

        Raises:
            AddressRefused: One may not.
        """
        for text in addresses:
            if not self.allows(ip_address(text)):
                # Not to whoever declared the webhook: it would tell them what is inside.
                _log.warning("the webhook host %r leads to %s, which is refused", host, text)
                raise AddressRefused(f"{host} leads into the bus's own network")

    def socket(
        self, info: tuple[int, int, int, str, tuple[str | int, ...] | tuple[int, bytes]]
    ) -> socket.socket:
        """A socket for a connection that is about to be made: the last look at where to."""
        family, kind, protocol, _, address = info
        self.check("the host", [str(address[0])])
        found = socket.socket(family, kind, protocol)
        found.setblocking(False)  # noqa: FBT003 - the socket's own signature
        return found


class CheckedResolver(AbstractResolver):
    """Looks names up for aiohttp's connector, and lets through what may be reached.

    Args:
        lookup: Asks for a name's addresses.
        reach: What may be reached.
    """

    def __init__(self, lookup: Lookup, reach: Reach) -> None:
        self._lookup, self._reach = lookup, reach

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """The host's addresses, where all of them may be reached.

        Raises:
            AddressRefused: One may not.
            OSError: There are none.
        """
        addresses = await self._lookup(host)
        self._reach.check(host, addresses)
        found = [_result(host, port, address) for address in addresses]
        wanted = [each for each in found if family in (socket.AF_UNSPEC, each["family"])]
        if not wanted:
            raise OSError(f"{host} has no address")
        return wanted

    async def close(self) -> None:
        """Nothing is kept."""


def _result(host: str, port: int, address: str) -> ResolveResult:
    family = socket.AF_INET if ip_address(address).version == 4 else socket.AF_INET6  # noqa: PLR2004 - IPv4
    return ResolveResult(
        hostname=host,
        host=address,
        port=port,
        family=family,
        proto=socket.IPPROTO_TCP,
        flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
    )
