"""Deprecation: releases that are to be left, for which others, and until when."""

from collections.abc import Mapping
from datetime import date

from msgspec.structs import replace

from keybus.contracts.releases.entry import Said
from keybus.contracts.releases.ledger import Ledger, Release
from keybus.contracts.releases.lifecycle import Status, fault_of_sunset
from keybus.contracts.releases.passage import Passage, Step, movable, passage
from keybus.contracts.releases.reference import Reference, named
from keybus.contracts.versions import major_of
from keybus.errors import ContractError, UnknownEventType


def deprecation(
    ledgers: Mapping[str, Ledger],
    reference: Reference,
    replaced_by: Reference,
    sunset: str,
    today: date,
) -> Passage:
    """What it means to deprecate releases.

    Args:
        ledgers: Every type's.
        reference: The releases: all that is promised of a major, or one.
        replaced_by: The major that is to be used in their place, of this type or another.
        sunset: The day on which their time is over.
        today: The day.

    Raises:
        UnknownEventType: Nothing of such a type was released.
        ContractError: There are no such releases, one of them cannot be deprecated, or the
            replacement or the date will not do.
    """
    ledger = _of(ledgers, reference)
    found = _deprecable(ledger, reference)
    if fault := fault_of_sunset(sunset, today):
        raise ContractError(
            f"the sunset date will not do: {fault[:-1]}", hint="for example --sunset 2027-06-30"
        )
    _check_replacement(ledgers, reference, replaced_by, {each.version for each in found})
    steps = [
        Step(
            version=each.version,
            digest=each.digest,
            before=each.status,
            after="deprecated",
            replaced_by=str(replaced_by),
            sunset=sunset,
        )
        for each in found
        if (each.status, each.last.replaced_by, each.last.sunset)
        != ("deprecated", str(replaced_by), sunset)
    ]
    return passage(ledger, reference, "deprecated", steps)


def joining(ledger: Ledger, said: Said) -> list[Said]:
    """What else is said of a release whose whole major is to be left: that it is to be left too.

    Without it, a correction of a major that is deprecated would make the major active again.

    Args:
        ledger: The type's, before the release.
        said: What is said of the release.

    Returns:
        Entries that follow on it; none where it is a draft, or something of its major is active.
    """
    major = major_of(said.version)
    others = [each for each in ledger.promises if major_of(each.version) == major]
    if said.status != "active" or not others or any(each.status == "active" for each in others):
        return []
    last = others[-1].last
    way: list[Status] = ["deprecated"]
    if all(each.status == "sunset" for each in others):
        way.append("sunset")
    return [
        replace(
            said,
            action="status",
            status=status,
            why=f"as {others[-1].version} is",
            approvals=(),
            breaks=(),
            replaced_by=last.replaced_by,
            sunset=last.sunset,
        )
        for status in way
    ]


def _of(ledgers: Mapping[str, Ledger], reference: Reference) -> Ledger:
    if reference.type not in ledgers:
        raise UnknownEventType(reference.type, ledgers)
    return ledgers[reference.type]


def _deprecable(ledger: Ledger, reference: Reference) -> list[Release]:
    """The releases that are meant; those that are deprecated may be given another date."""
    movable(ledger, reference, "deprecated")
    return named(ledger, reference)


def _check_replacement(
    ledgers: Mapping[str, Ledger], reference: Reference, by: Reference, going: set[str]
) -> None:
    """Whether what is to be used instead can be."""
    if by.major is None or by.version:
        raise ContractError(
            f"{by} is no major that could replace {reference}",
            hint=f"a replacement is a major, for example {by.type}@2",
        )
    releases = named(_of(ledgers, by), by)
    is_own = by.type == reference.type and by.major == reference.major
    left = [each for each in releases if not (is_own and each.version in going)]
    if any(each.status == "active" for each in left):
        return
    if is_own:
        raise ContractError(
            f"{by} cannot replace {reference}: nothing active would be left of it",
            hint=_active(ledgers[by.type], by.major),
        )
    raise ContractError(
        f"{by} cannot replace {reference}: it is {releases[-1].status} itself",
        hint=_active(ledgers[by.type], -1),
    )


def _active(ledger: Ledger, but: int) -> str:
    """What could be named instead."""
    found = {
        major_of(each.version)
        for each in ledger.promises
        if each.status == "active" and major_of(each.version) != but
    }
    if not found:
        return "release what is to be used instead first"
    majors = " or ".join(f"{ledger.type}@{each}" for each in sorted(found))
    return f"active is {majors}"
