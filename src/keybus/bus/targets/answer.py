"""What an endpoint's answer means for a delivery.

As EventBridge has it for API destinations: 2xx is done; 409, 429 and 5xx are tried again, and so is
what was not answered; anything else is given up. A ``Retry-After`` is honoured where it is longer
than the backoff, and one that is negative ends the retries.

Source: Amazon EventBridge user guide, "API destinations", section "API destination error codes".
"""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Literal

import msgspec

LONGEST_AFTER = 3600.0
"""Seconds of a Retry-After that are honoured."""
_AGAIN = frozenset({409, 429})
_REDIRECTS = range(300, 400)
_SERVER_FAULTS = range(500, 600)
_DONE = range(200, 300)
_CONFLICT = 409

Kind = Literal["done", "again", "never", "later"]


class Outcome(msgspec.Struct, frozen=True):
    """What becomes of a delivery.

    Attributes:
        kind: ``done``; ``again``: it is tried again; ``never``: it is a dead letter; ``later``: it
            was not tried, and is handed back.
        reason: What the endpoint said, or what went wrong.
        after: Seconds before which it is not tried again.
        is_down: Whether the target, and not this delivery, is the matter.
        cause: Of a dead letter: the target's kind, such as ``webhook``, a dot and the status.
    """

    kind: Kind
    reason: str = ""
    after: float = 0.0
    is_down: bool = False
    cause: str = ""


def outcome_of(
    status: int, said: str, retry_after: str, now_us: int, *, kind: str = "webhook"
) -> Outcome:
    """Judge an answer.

    Args:
        status: Its status.
        said: The first characters of its body.
        retry_after: Its header of that name; empty where there is none.
        now_us: Now, in microseconds since the Unix epoch.
        kind: The target's.
    """
    if status in _DONE:
        return Outcome("done")
    reason, cause = f"answered {status}{f': {said}' if said else ''}", f"{kind}.{status}"
    if status in _REDIRECTS:
        return Outcome("never", f"{reason} (redirects are not followed)", cause=cause)
    if status not in _AGAIN and status not in _SERVER_FAULTS:
        return Outcome("never", reason, cause=cause)
    after = seconds_of(retry_after, now_us)
    if after < 0:
        said = f"{reason} (Retry-After: {retry_after.strip()[:20]})"
        return Outcome("never", said, cause=cause)
    return Outcome("again", reason, min(after, LONGEST_AFTER), is_down=status != _CONFLICT)


def seconds_of(retry_after: str, now_us: int) -> float:
    """A Retry-After in seconds from now; 0 where it says nothing that can be understood."""
    text = retry_after.strip()
    if text.removeprefix("-").isdecimal() and text.isascii():
        return float(text[:12])
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return 0.0
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (aware - datetime.fromtimestamp(now_us / 1_000_000, UTC)).total_seconds())
