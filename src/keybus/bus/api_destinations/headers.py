"""Which headers a request may be given.

Source: Amazon EventBridge user guide, "API destinations", section "Headers that can't be overridden
in requests to API destinations".
"""

import re
from collections.abc import Iterable, Mapping
from typing import Final

from keybus.topology.findings import quoted

_OURS: Final = frozenset(
    {
        *("a-im", "accept-charset", "accept-datetime", "accept-encoding", "cache-control"),
        *("connection", "content-encoding", "content-length", "content-md5", "date", "expect"),
        *("forwarded", "from", "host", "http2-settings", "if-match", "if-modified-since"),
        *("if-none-match", "if-range", "if-unmodified-since", "keep-alive", "max-forwards"),
        *("origin", "pragma", "proxy-authorization", "proxy-connection", "range", "referer"),
        *("te", "trailer", "transfer-encoding", "user-agent", "upgrade", "via", "warning"),
    }
)
_PREFIX: Final = "keybus-"
_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110, section 5.1
_VALUE: Final = re.compile(r"[\x20-\x7e\t]*")


def not_to_be_given(name: str) -> str:
    """Why a header cannot be given; empty where it can."""
    if not _NAME.fullmatch(name):
        return f"{quoted(name)} cannot be the name of a header"
    lower = name.lower()
    if lower in _OURS or lower.startswith(_PREFIX):
        return f"the header {quoted(name)} is the bus's own, and cannot be given"
    return ""


def is_value(text: str) -> bool:
    """Whether a text can be in a header: nothing that would end it, and nothing but ASCII."""
    return _VALUE.fullmatch(text) is not None


class Headers:
    """Headers on their way into a request: of equal names the one that is set last holds."""

    def __init__(self, given: Mapping[str, str]) -> None:
        self._by_name = {name.lower(): (name, value) for name, value in given.items()}

    def set(self, headers: Iterable[tuple[str, str]]) -> None:
        """Set some, in place of those of the same names, however these are written."""
        for name, value in headers:
            self._by_name[name.lower()] = (name, value)

    def without(self, name: str) -> None:
        """Take one out."""
        self._by_name.pop(name.lower(), None)

    def all(self) -> dict[str, str]:
        """All of them."""
        return dict(self._by_name.values())
