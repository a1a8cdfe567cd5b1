"""Times as one says them on the command line."""

import re
from datetime import UTC, datetime
from typing import Final

import click

from keybus.clock import SYSTEM

_AGO = re.compile(r"([0-9]{1,9})([smhd])")
_SECONDS: Final = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}


def moment(_context: click.Context, _option: click.Parameter, text: str | None) -> int | None:
    """An option's callback: its time in microseconds since the Unix epoch; None where it is unset.

    ``2026-01-31T08:00:00Z``, a date, which is its first moment in UTC, ``2h``, two hours ago by this
    machine's clock, or whole microseconds, as the bus tells times to programs.

    Raises:
        BadParameter: It is none of these.
    """
    if text is None:
        return None
    if ago := _AGO.fullmatch(text):
        return max(0, SYSTEM.time_us() - int(ago[1]) * _SECONDS[ago[2]] * 1_000_000)
    if text.isascii() and text.isdecimal():
        return min(int(text[:20]), 10**16 - 1)
    try:
        found = datetime.fromisoformat(text)
        found = found.replace(tzinfo=UTC) if found.tzinfo is None else found
        return max(0, round(found.timestamp() * 1_000_000))
    except (ValueError, OverflowError):
        raise click.BadParameter(
            f"{text[:40]!r} is no time such as 2026-01-31T08:00:00Z, 2026-01-31 or 2h"
        ) from None
