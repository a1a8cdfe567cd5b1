"""Endings: what is to be left, until when, and what should have ended by now."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date

import msgspec

from keybus.contracts.releases.ledger import Ledger, Release
from keybus.contracts.releases.lifecycle import Status, day_of
from keybus.contracts.releases.report import Finding
from keybus.contracts.versions import major_of

_Standing = tuple[Status, str, str]


class Ending(msgspec.Struct, frozen=True, kw_only=True):
    """Releases that are deprecated or sunset, all in the same way.

    Attributes:
        type: The event type.
        reference: What they are called together, as ``delivery.failed@1``.
        versions: The releases.
        status: Of all of them.
        replaced_by: What is to be used in their place.
        sunset: The day on which their time is over.
        days: How many days there are until then; negative where it is past.
    """

    type: str
    reference: str
    versions: tuple[str, ...]
    status: Status
    replaced_by: str
    sunset: str
    days: int

    @property
    def is_overdue(self) -> bool:
        """Whether the sunset date is here, and the releases count as deprecated still."""
        return self.status == "deprecated" and self.days <= 0

    @property
    def next_command(self) -> str:
        """What is to be run, now or once the day is here."""
        return (
            f"keybus contracts {'retire' if self.status == 'sunset' else 'sunset'} {self.reference}"
        )

    def __str__(self) -> str:
        """``delivery.failed@1 (1.0.0, 1.1.0) is deprecated, until 2027-06-30 …; use …``."""
        when = f"its sunset date {'is' if self.days > 0 else 'was'} {self.sunset}"
        if self.status == "deprecated" and self.days > 0:
            when = f"until {self.sunset} ({self.days} day{'' if self.days == 1 else 's'})"
        versions = ", ".join(self.versions)
        return f"{self.reference} ({versions}) is {self.status}, {when}; use {self.replaced_by}"


def endings(ledgers: Mapping[str, Ledger], today: date) -> list[Ending]:
    """What is deprecated or sunset, the first to end first.

    Args:
        ledgers: Every type's.
        today: The day.
    """
    found = [each for ledger in ledgers.values() for each in _of_type(ledger, today)]
    return sorted(found, key=lambda each: (each.days, each.reference))


def overdue(ledgers: Mapping[str, Ledger], today: date) -> list[Finding]:
    """What is deprecated beyond its sunset date, as a check tells it.

    Args:
        ledgers: Every type's.
        today: The day.
    """
    return [
        Finding(
            severity="note",
            rule="sunset-overdue",
            types=(each.type,),
            message=f"{each}.",
            hint=each.next_command,
            against=each.versions[-1],
        )
        for each in endings(ledgers, today)
        if each.is_overdue
    ]


def _of_type(ledger: Ledger, today: date) -> Iterator[Ending]:
    majors: dict[int, list[Release]] = {}
    for release in ledger.promises:
        majors.setdefault(major_of(release.version), []).append(release)
    for major, releases in majors.items():
        standings = {_standing(each) for each in releases}
        if len(standings) == 1:
            yield from _of(f"{ledger.type}@{major}", releases, today)
        else:
            for each in releases:
                yield from _of(f"{ledger.type}@{each.version}", [each], today)


def _of(reference: str, releases: Iterable[Release], today: date) -> Iterator[Ending]:
    first, *others = releases
    status, replaced_by, sunset = _standing(first)
    day = day_of(sunset)
    if status in ("deprecated", "sunset") and day is not None:  # a foreign tool may leave it out
        yield Ending(
            type=first.made.type,
            reference=reference,
            versions=tuple(each.version for each in (first, *others)),
            status=status,
            replaced_by=replaced_by,
            sunset=sunset,
            days=(day - today).days,
        )


def _standing(release: Release) -> _Standing:
    return release.status, release.last.replaced_by, release.last.sunset
