"""``servers``: where the bus is, as far as somebody says so."""

import re
from collections.abc import Iterable
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from keybus.errors import SettingsError

_NAME: Final = re.compile(r"[A-Za-z0-9_.-]+")
_PROTOCOLS: Final = ("http", "https", "ws", "wss")
_HINT: Final = "write NAME=URL, such as production=https://bus.example.com"


class Server(msgspec.Struct, frozen=True):
    """A bus that runs the platform.

    Attributes:
        name: What it is called in the document.
        host: Its host, with the port where there is one.
        protocol: ``http``, ``https``, ``ws`` or ``wss``.
        pathname: What comes behind the host; empty where nothing does.
    """

    name: str
    host: str
    protocol: str
    pathname: str = ""

    @classmethod
    def parse(cls, text: str) -> "Server":
        """Read ``NAME=URL``; a URL alone is of a server named ``bus``.

        Raises:
            SettingsError: It is neither.
        """
        name, has_name, url = text.partition("=")
        if not has_name or "://" in name:
            name, url = "bus", text
        try:
            parts = urlsplit(url)
            _ = parts.port
        except ValueError as error:
            raise SettingsError(f"{text!r} is no server: {error}", hint=_HINT) from error
        secret = parts.username is not None or parts.query or parts.fragment
        if (
            not _NAME.fullmatch(name)
            or parts.scheme not in _PROTOCOLS
            or not parts.hostname
            or secret
        ):
            raise SettingsError(f"{text!r} is no server", hint=_HINT)
        return cls(name, parts.netloc, parts.scheme, parts.path.rstrip("/"))


def servers_section(servers: Iterable[Server]) -> dict[str, Any]:
    """The section, by name.

    Raises:
        SettingsError: Two have one name.
    """
    found: dict[str, Any] = {}
    for each in servers:
        if each.name in found:
            raise SettingsError(f"two servers are named {each.name!r}", hint=_HINT)
        found[each.name] = {
            "host": each.host,
            "protocol": each.protocol,
            **({"pathname": each.pathname} if each.pathname else {}),
        }
    return found
