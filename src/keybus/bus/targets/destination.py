"""A webhook's address, where its account may deliver to it."""

from ipaddress import ip_address

import msgspec
from yarl import URL

from keybus.bus.targets.reach import Reach
from keybus.errors import KeybusError
from keybus.governance.compliance.addresses import (
    ip_of,
    is_loopback,
    one_spelling,
    read_address,
    split_host,
)
from keybus.topology.findings import quoted
from keybus.topology.model import Account


class DestinationRefused(KeybusError):
    """An address to which the account may not have deliveries posted; nothing is tried."""

    code = "destination"


class Destination(msgspec.Struct, frozen=True):
    """Where deliveries are posted.

    Attributes:
        url: The address, as it was declared.
        host: Its host, in one spelling.
        port: Its port.
    """

    url: str
    host: str
    port: int

    @classmethod
    def read(cls, url: str, account: Account, reach: Reach, *, plain: bool) -> "Destination":
        """Check a webhook's address.

        Args:
            url: The address.
            account: The account whose webhook it is.
            reach: What may be reached.
            plain: Whether http will do for this machine.

        Raises:
            DestinationRefused: It is not one of the account's destinations, or may never be.
        """
        address = read_address(url)
        if address is not None and address.scheme not in ("http", "https"):
            raise DestinationRefused(
                f"{quoted(url)} is neither https nor http", hint="write https://HOST/PATH"
            )
        if address is None:
            raise DestinationRefused(
                f"{quoted(url)} names no host for certain",
                hint="write scheme, host, port and path alone, in ASCII, without a user name",
            )
        if address.scheme == "http" and not (plain and is_loopback(address.host)):
            raise DestinationRefused(
                f"{quoted(url)} is http, and deliveries would travel in the open", hint="use https"
            )
        usual = 80 if address.scheme == "http" else 443
        allowed = {split_host(each, usual) for each in account.destinations}
        if (address.host, address.port) not in allowed:
            raise DestinationRefused(
                f"{quoted(address.host)} at port {address.port} is no destination of the account",
                hint="name it among the account's `destinations`",
            )
        _check_literal(address.host, reach)
        read = URL(url, encoded=True)
        if (one_spelling(read.host or ""), read.port) != (address.host, address.port):
            raise DestinationRefused(f"{quoted(url)} names no host for certain")
        return cls(url, address.host, address.port)


def _check_literal(host: str, reach: Reach) -> None:
    found = ip_of(host)
    if found is not None and not (
        reach.allows(found) and reach.allows(ip_address(host.strip("[]")))
    ):
        raise DestinationRefused(f"{quoted(host)} is inside of the bus's own network")
