"""What every engine refuses before anything is touched."""

import math
import re
from collections.abc import Iterable, Sequence

from keybus.bus.engine import MAX_GROUP, MAX_RECORDS, Record
from keybus.errors import EngineError

MAX_DELAY = 366 * 24 * 3600.0
"""Seconds: whoever asks for a longer delay has mistaken the unit."""
_CAUSE = re.compile(r"[a-z0-9]+(?:[.-][a-z0-9]+)*")
_MAX_CAUSE = 64


def check_append(records: Sequence[Record]) -> None:
    """Refuse an append that is too long.

    Raises:
        EngineError: It is.
    """
    if len(records) > MAX_RECORDS:
        raise EngineError(
            f"an append has at most {MAX_RECORDS:,} records, not {len(records):,}",
            hint="append them in parts",
        )


def check_delay(delay: float) -> None:
    """Refuse a delay that is no time to wait.

    Raises:
        EngineError: It is not finite, negative, or longer than a year.
    """
    # Written so that NaN fails.
    if not (math.isfinite(delay) and 0 <= delay <= MAX_DELAY):
        raise EngineError(f"a delay is 0 to {MAX_DELAY:,.0f} seconds, not {delay}")


def check_reason(reason: str) -> None:
    """Refuse a reason that cannot be written down.

    Raises:
        EngineError: It has half of a surrogate pair, which UTF-8 has no bytes for.
    """
    if not reason.isascii():
        try:
            reason.encode()
        except UnicodeEncodeError as error:
            raise EngineError(f"the reason is no Unicode text: {error}") from error


def check_group(group: str) -> None:
    """Refuse a group's name that cannot be written down.

    Raises:
        EngineError: It is too long, or no Unicode text.
    """
    if len(group) > MAX_GROUP or (not group.isascii() and _surrogates(group)):
        raise EngineError(
            f"a group's name is a Unicode text of at most {MAX_GROUP} characters",
            hint="use a digest of what the deliveries have in common",
        )


def _surrogates(text: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in text)


def check_cause(cause: str) -> None:
    """Refuse a cause that is no code.

    Raises:
        EngineError: It is not made of words in lower case, joined by hyphens or dots.
    """
    if len(cause) > _MAX_CAUSE or not _CAUSE.fullmatch(cause):
        raise EngineError(
            f"a cause is a code such as 'rejected', not {cause[:_MAX_CAUSE]!r}",
            hint="put what varies into the reason",
        )


def spent(subscription: str, why: str) -> EngineError:
    """What a cursor says that may not be used any more.

    Args:
        subscription: Its name.
        why: ``closed`` or ``removed``.
    """
    return EngineError(
        f"the queue of subscription {subscription!r} was {why}",
        hint="open it again to go on" if why == "closed" else "open it again for a new one",
    )


def no_queue(names: Iterable[str]) -> EngineError:
    """What is said to whoever names queues that there are not."""
    return EngineError(f"no such subscription: {', '.join(sorted(names))}", hint="open it first")
