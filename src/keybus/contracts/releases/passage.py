"""A passage: releases that go from one status to the next, planned before anything is written."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Final, Protocol

import msgspec

from keybus.contracts.releases.entry import Said
from keybus.contracts.releases.ledger import Ledger, Release
from keybus.contracts.releases.lifecycle import MEANINGS, Status, day_of, fault_of_transition
from keybus.contracts.releases.reference import Reference, named
from keybus.contracts.versions import major_of
from keybus.errors import ContractError

_ORDER: Final = tuple(MEANINGS)
_COMMANDS: Final = {
    "active": "activate",
    "deprecated": "deprecate",
    "sunset": "sunset",
    "retired": "retire",
}


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One release on its way.

    Attributes:
        version: The release.
        digest: Of its whole closure.
        before: Its status until now.
        after: Its status from then on.
        replaced_by: What is to be used in its place, as ``delivery.failed@2``.
        sunset: The day on which its time is over.
    """

    version: str
    digest: str
    before: Status
    after: Status
    replaced_by: str = ""
    sunset: str = ""


class Passage(msgspec.Struct, frozen=True, kw_only=True):
    """What is about to happen to releases of a type.

    Attributes:
        type: The event type.
        major: The major of all of them.
        reference: As somebody named them.
        after: The status that they get.
        steps: Each of them, the lowest version first; none where all of them are there already.
        left: Versions of the same major that stay before that status, so that whoever relies on
            the major is not touched.
        majors: Other majors of the type that somebody may rely on, the lowest first.
        objections: What speaks against it and can be overruled, as sentences.
    """

    type: str
    major: int
    reference: str
    after: Status
    steps: tuple[Step, ...]
    left: tuple[str, ...] = ()
    majors: tuple[int, ...] = ()
    objections: tuple[str, ...] = ()

    @property
    def command(self) -> str:
        """The command by which it is done."""
        return _COMMANDS[self.after]


class Writing(Protocol):
    """Where ledgers are written."""

    def say(self, event_type: str, said: Said) -> Release:
        """Add an entry to a type's ledger."""


def passage(ledger: Ledger, reference: Reference, after: Status, steps: Sequence[Step]) -> Passage:
    """Steps, and what they leave as it is.

    Args:
        ledger: The type's.
        reference: As somebody named the releases.
        after: The status that they get.
        steps: The way of each of them that is not there already.
    """
    assert reference.major is not None
    going = {each.version for each in steps}
    left = [
        each.version
        for each in ledger.promises
        if major_of(each.version) == reference.major
        and each.version not in going
        and _ORDER.index(each.status) < _ORDER.index(after)
    ]
    majors = {major_of(each.version) for each in ledger.promises} - {reference.major}
    return Passage(
        type=ledger.type,
        major=reference.major,
        reference=str(reference),
        after=after,
        steps=tuple(steps),
        left=tuple(left),
        majors=tuple(sorted(majors)),
    )


def movable(ledger: Ledger, reference: Reference, after: Status) -> list[Release]:
    """The releases that are meant and are not in a status already.

    Raises:
        ContractError: There are none such, or one of them cannot get there from where it is.
    """
    found = [each for each in named(ledger, reference) if each.status != after]
    for each in found:
        if why := fault_of_transition(each.status, after):
            raise ContractError(
                f"{ledger.type} {each.version} cannot be {after}: {why[0].lower()}{why[1:-1]}",
                hint=_way(f"{ledger.type}@{each.version}", each.status, after),
            )
    return found


def ended(ledger: Ledger, reference: Reference, after: Status, today: date) -> Passage:
    """What it means to sunset or retire releases.

    Args:
        ledger: The type's.
        reference: As somebody names the releases.
        after: ``sunset`` or ``retired``.
        today: The day; before the sunset date both are objected to.

    Raises:
        ContractError: There are none such, or one of them cannot get there from where it is.
    """
    steps = [
        Step(
            version=each.version,
            digest=each.digest,
            before=each.status,
            after=after,
            replaced_by=each.last.replaced_by,
            sunset=each.last.sunset,
        )
        for each in movable(ledger, reference, after)
    ]
    found = passage(ledger, reference, after, steps)
    return msgspec.structs.replace(found, objections=tuple(_too_early(steps, today)))


def entries(planned: Passage, *, by: str, time: str, why: str = "") -> list[Said]:
    """What a ledger says of it, an entry a step.

    Args:
        planned: The steps.
        by: Who does it.
        time: When, RFC 3339 in UTC.
        why: Why, in a sentence.
    """
    return [
        Said(
            action="status",
            version=each.version,
            digest=each.digest,
            status=each.after,
            time=time,
            by=by,
            why=why,
            replaced_by=each.replaced_by,
            sunset=each.sunset,
        )
        for each in planned.steps
    ]


def carry_out(
    written: Writing, planned: Passage, *, by: str, time: str, why: str = ""
) -> list[Release]:
    """Write the steps down.

    Args:
        written: Where to.
        planned: The steps.
        by: Who does it.
        time: When, RFC 3339 in UTC.
        why: Why, in a sentence.

    Raises:
        ContractError: One cannot be written; those before it are, and the same again goes on there.
    """
    said = entries(planned, by=by, time=time, why=why)
    return [written.say(planned.type, each) for each in said]


def _too_early(steps: Iterable[Step], today: date) -> Iterable[str]:
    for day in sorted({each.sunset for each in steps}):
        until = day_of(day)
        if until is not None and until > today:
            versions = ", ".join(each.version for each in steps if each.sunset == day)
            yield f"{versions}: the sunset date, {day}, is not here yet"


def _way(reference: str, before: Status, after: Status) -> str:
    """Which command comes first, where there is one."""
    first: Status | None = None
    if before == "active" and after in ("sunset", "retired"):
        first = "deprecated"
    elif before == "deprecated" and after == "retired":
        first = "sunset"
    elif before == "sunset" and after == "active":
        first = "deprecated"
    elif before == "draft" and after != "retired":
        first = "active"
    return "" if first is None else f"first: keybus contracts {_COMMANDS[first]} {reference}"
