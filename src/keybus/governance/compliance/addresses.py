"""Where a webhook really leads: hosts in every spelling, as one.

A URL that two readers may read differently (user names, backslashes, escapes, letters beyond
ASCII in its host) has no certain host, so it is not believed at all.
"""

import re
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from posixpath import normpath
from socket import inet_aton
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

_USUAL_PORTS = {"http": 80, "https": 443}
_CERTAIN_HOST = re.compile(r"(?:\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+)(?::[0-9]{1,5})?")
_ESCAPE_DEPTH = 4  # escapes of escapes that a reader may undo
# RFC 6761, RFC 6762 with its appendix G, RFC 8375, and what resolvers add by themselves.
_LOCAL_SUFFIXES = (
    *(".localhost", ".localdomain", ".local", ".internal", ".intranet", ".private"),
    *(".corp", ".home", ".lan", ".home.arpa"),
)
# What takes events in on AWS: a region's endpoint, a private one in front of it, a global one.
_EVENTBRIDGE = re.compile(
    r"(?:[a-z0-9-]+\.){0,2}events(?:-fips)?(?:\.[a-z0-9-]+){0,2}\.(?:amazonaws\.com(?:\.cn)?|api\.aws)"
)
# An IPv4 address in the last 32 bits: RFC 6052, and RFC 4291, section 2.5.5.1.
_TRANSLATED = (IPv6Network("64:ff9b::/96"), IPv6Network("::/96"))
# What some releases of `ipaddress` call global and no stranger's host has: relays and anycast
# (RFC 7526, RFC 6890), and the address at which Azure's own services answer its machines.
_NO_HOSTS_V4 = tuple(
    IPv4Network(each) for each in ("192.0.0.0/24", "192.88.99.0/24", "168.63.129.16/32")
)
_UNICAST = IPv6Network("2000::/3")  # RFC 4291, section 2.4: what the Internet has hosts in
# Within it: Teredo and others (RFC 2928), 6to4 (RFC 3056), documentation (RFC 3849, RFC 9637).
_NO_HOSTS_V6 = tuple(
    IPv6Network(each) for each in ("2001::/23", "2002::/16", "2001:db8::/32", "3fff::/20")
)


class WebAddress(NamedTuple):
    """A URL's parts, in one spelling.

    Attributes:
        scheme: ``http`` or ``https``.
        host: In lower case, without a dot at its end; IP addresses as they are usually written.
        port: Also where the URL leaves it out.
        path: In lower case, escapes undone, without empty steps and dots.
    """

    scheme: str
    host: str
    port: int
    path: str


def read_address(url: str) -> WebAddress | None:
    """A URL's parts; None where it is not certain which host it names."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if not _CERTAIN_HOST.fullmatch(parts.netloc) or "\\" in url or port == 0:
        return None
    usual = _USUAL_PORTS.get(parts.scheme, 0)
    host = one_spelling(parts.hostname or "")
    return WebAddress(parts.scheme, host, usual if port is None else port, _path(parts.path))


def one_spelling(host: str) -> str:
    """A host in lower case, without a dot at its end; an IP address as it is usually written."""
    name = host.lower().removesuffix(".")
    found = ip_of(name)
    return name if found is None else str(found)


def split_host(text: str, usual_port: int) -> tuple[str, int]:
    """``host:port`` or a URL as host in one spelling, and port; port -1 where it is none."""
    read = read_address(text)
    if read is not None and read.scheme in _USUAL_PORTS:
        return read.host, read.port
    host, port = text, ""
    if match := re.fullmatch(r"\[(.*)\](?::([0-9]+))?", text):
        host, port = match[1], match[2] or ""
    elif text.count(":") == 1:
        host, _, port = text.partition(":")
    number = int(port) if port.isdecimal() else usual_port if not port else -1
    return one_spelling(host), number


def ip_of(host: str) -> IPv4Address | IPv6Address | None:
    """The IP address that a host is in some spelling, such as ``127.1`` or ``0x7f000001``."""
    found: IPv4Address | IPv6Address | None
    try:
        found = ip_address(host.strip("[]").removesuffix("."))
    except ValueError:
        found = _loosely_written(host)
    if isinstance(found, IPv6Address):
        inner = found.ipv4_mapped or found.sixtofour
        if any(found in network for network in _TRANSLATED) and int(found) > 1:  # not :: and ::1
            inner = IPv4Address(int(found) & 0xFFFF_FFFF)
        return inner or found
    return found


def _loosely_written(host: str) -> IPv4Address | None:
    """As C libraries read it: one to four numbers, decimal, octal or hexadecimal."""
    name = host.removesuffix(".")
    if not re.fullmatch(
        r"(?:0[xX][0-9a-fA-F]*|[0-9]+)(?:\.(?:0[xX][0-9a-fA-F]*|[0-9]+)){0,3}", name
    ):
        return None
    try:
        return IPv4Address(inet_aton(name))
    except OSError:
        return None


def is_loopback(host: str) -> bool:
    """Whether a host is this machine itself, and nothing else."""
    found = ip_of(host)
    return host.lower() == "localhost" if found is None else found.is_loopback


def is_inside(host: str) -> bool:
    """Whether a host can only be reached from where the bus stands."""
    found = ip_of(host)
    if found is not None:
        return not leads_outside(found)
    name = host.lower().removesuffix(".")
    return "." not in name or name.endswith(_LOCAL_SUFFIXES)


def leads_outside(address: IPv4Address | IPv6Address) -> bool:
    """Whether an address can only be that of a host on the Internet.

    No loopback, private, link-local, shared, reserved or multicast address is, nor one in which
    another address is wrapped: mapped, translated (NAT64) or tunnelled (6to4, Teredo).
    """
    if isinstance(address, IPv6Address):
        unlikely = address not in _UNICAST or any(address in each for each in _NO_HOSTS_V6)
        return address.is_global and address.scope_id is None and not unlikely
    hosts = not any(address in each for each in _NO_HOSTS_V4)
    return address.is_global and not address.is_multicast and hosts


def is_eventbridge(host: str) -> bool:
    """Whether a host, in one spelling, takes events in for buses on AWS."""
    return _EVENTBRIDGE.fullmatch(host) is not None


def _path(path: str) -> str:
    for _ in range(_ESCAPE_DEPTH):
        path = unquote(path)
    return normpath("/" + path.replace("\\", "/").lower().lstrip("/"))
