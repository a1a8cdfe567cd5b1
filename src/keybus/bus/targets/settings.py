"""How webhooks are delivered: what the operator of the bus says, and no team."""

import ssl
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network

import msgspec

from keybus.bus.targets.lookup import Lookup
from keybus.errors import SettingsError

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


def networks_of(texts: Iterable[str]) -> tuple[Network, ...]:
    """Networks as they are written, such as ``10.1.0.0/16``.

    Raises:
        SettingsError: One is none.
    """
    found: list[Network] = []
    for text in texts:
        try:
            found.append(ip_network(text))
        except ValueError as error:
            raise SettingsError(
                f"{text!r} is no network: {error}", hint="write for example 10.1.0.0/16"
            ) from error
    return tuple(found)


class WebhookSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How webhooks are delivered.

    Attributes:
        posts: Whether any are; where none are, their subscriptions are queues as others.
        networks: Inner networks that webhooks may reach all the same.
        plain: Whether http will do where the host is this machine, which then may be reached.
        tls: What endpoints' certificates are checked against; None: the system's authorities.
        lookup: How names become addresses; None: by the system's resolver.
        concurrency: Requests that one webhook may have under way.
        connect_seconds: For a connection, TLS included.
        read_seconds: Between two parts of an answer.
        total_seconds: For all of a request.
        probe_seconds: For how long a webhook that fails is left alone, at first.
        longest_probe_seconds: The same after many failures.
        finish_seconds: For requests that are under way when a webhook ends; what has not been
            answered by then is handed back untried.
    """

    posts: bool = True
    networks: tuple[Network, ...] = ()
    plain: bool = False
    tls: ssl.SSLContext | None = None
    lookup: Lookup | None = None
    concurrency: int = 10
    connect_seconds: float = 3.0
    read_seconds: float = 5.0
    total_seconds: float = 10.0
    probe_seconds: float = 5.0
    longest_probe_seconds: float = 300.0
    finish_seconds: float = 3.0
