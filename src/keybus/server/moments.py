"""Times as a request names them."""

from datetime import UTC, datetime
from typing import Annotated, Final

import msgspec

from keybus.server.answers import BadRequest

_LONGEST: Final = 40
Moment = Annotated[str, msgspec.Meta(min_length=1, max_length=_LONGEST)]
"""A time, as `moment_of` reads it."""


def moment_of(name: str, text: str) -> int:
    """A time in microseconds since the Unix epoch.

    Args:
        name: What it is called, for messages.
        text: RFC 3339 with ``Z`` or an offset, a date, which is its first moment in UTC, or whole
            microseconds since the Unix epoch.

    Raises:
        BadRequest: It is none of these.
    """
    try:
        if text.isascii() and text.isdecimal():
            return min(int(text[:_LONGEST]), 10**16 - 1)
        found = datetime.fromisoformat(text)
        found = found.replace(tzinfo=UTC) if found.tzinfo is None else found
        return max(0, round(found.timestamp() * 1_000_000))
    except (ValueError, OverflowError) as error:
        raise BadRequest(
            f"{name} is a time such as 2026-01-31T08:00:00Z, not {text[:_LONGEST]!r}"
        ) from error
