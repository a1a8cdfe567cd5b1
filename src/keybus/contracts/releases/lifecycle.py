"""The lifecycle of a release: which statuses there are, what each means, and what follows on what."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Final, Literal

_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MOST_YEARS: Final = 10

Status = Literal["draft", "active", "deprecated", "sunset", "retired"]

MEANINGS: Final[Mapping[Status, str]] = {
    "draft": "To be tried; nothing is promised, and what follows need not be compatible.",
    "active": "In use; a release after it has to be compatible.",
    "deprecated": "In use, but to be left: what replaces it, and until when, is said.",
    "sunset": "Its time is over; it still works, and whoever is left is warned each day.",
    "retired": "Refused: nothing is published by it, and no new subscription may ask for it.",
}
"""Every status, in the order of a release's life."""

TRANSITIONS: Final[Mapping[Status, tuple[Status, ...]]] = {
    "draft": ("active", "retired"),
    "active": ("deprecated",),
    "deprecated": ("active", "deprecated", "sunset"),
    "sunset": ("deprecated", "retired"),
    "retired": (),
}
"""What may follow on each. A deprecation may be taken back, or be given another date."""

PROMISING: Final[frozenset[Status]] = frozenset({"active", "deprecated", "sunset"})
"""Statuses of releases that somebody may rely on."""


def fault_of_transition(before: Status, after: Status) -> str:
    """Why a release may not go from one status to another, as a sentence; empty where it may."""
    allowed = TRANSITIONS[before]
    if after in allowed:
        return ""
    if not allowed:
        return f"A release that is {before} stays so."
    return f"A release that is {before} can become {' or '.join(allowed)}, not {after}."


def day_of(text: str) -> date | None:
    """A sunset date, as ``2027-06-30``; None for what is none, as a ledger may have it."""
    try:
        return date.fromisoformat(text) if _DAY.fullmatch(text) else None
    except ValueError:  # no day of the calendar
        return None


def fault_of_sunset(text: str, today: date) -> str:
    """What is wrong with the date of a new deprecation, as a sentence; empty where nothing is.

    Args:
        text: The date, as ``2027-06-30``.
        today: From when on it has to be later, and within ten years.
    """
    day = day_of(text)
    if day is None:
        return f"{text!r} is no date such as 2027-06-30."
    if day <= today:
        return f"{text} is not in the future: those who are left need time."
    if day.year - today.year > _MOST_YEARS:
        return f"{text} is more than {_MOST_YEARS} years away: nobody would believe it."
    return ""
