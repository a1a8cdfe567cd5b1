"""How releases are named: ``delivery.failed@1`` is a major, ``delivery.failed@1.2.0`` a release."""

import re
from typing import Final

import msgspec

from keybus.contracts.releases.ledger import Ledger, Release
from keybus.contracts.versions import VERSION, major_of
from keybus.errors import ContractError

_MAJOR: Final = re.compile(r"0|[1-9][0-9]{0,8}")


class Reference(msgspec.Struct, frozen=True):
    """Releases of a type, as somebody names them.

    Attributes:
        type: The event type.
        major: The major of all of them; None where none is named.
        version: The version of the only one; empty where none is named.
    """

    type: str
    major: int | None = None
    version: str = ""

    @classmethod
    def parse(cls, text: str) -> "Reference":
        """Read ``type``, ``type@major`` or ``type@version``.

        Raises:
            ContractError: It is none of these.
        """
        event_type, at, number = text.partition("@")
        if event_type and not at:
            return cls(event_type)
        if event_type and _MAJOR.fullmatch(number):
            return cls(event_type, int(number))
        if event_type and VERSION.fullmatch(number):
            return cls(event_type, major_of(number), number)
        raise ContractError(
            f"{text!r} names no release",
            hint="write delivery.failed@1 for a major, delivery.failed@1.2.0 for one release",
        )

    def __str__(self) -> str:
        """As it is written."""
        if self.version:
            return f"{self.type}@{self.version}"
        return self.type if self.major is None else f"{self.type}@{self.major}"


def named(ledger: Ledger, reference: Reference) -> list[Release]:
    """The releases that are meant: that of a version, or what is promised of a major.

    Args:
        ledger: The type's.
        reference: What somebody named; with a major.

    Raises:
        ContractError: There is none; what there is is said.
    """
    if reference.version:
        found = ledger.releases.get(reference.version)
        if found is None:
            raise ContractError(f"{reference} was never released", hint=_there_is(ledger))
        return [found]
    if reference.major is None:
        raise ContractError(
            f"{reference} names a type, and a major or a version is needed", hint=_there_is(ledger)
        )
    promised = [each for each in ledger.promises if major_of(each.version) == reference.major]
    if promised:
        return promised
    others = [each for each in ledger.releases.values() if _major(each) == reference.major]
    if not others:
        raise ContractError(f"{reference} was never released", hint=_there_is(ledger))
    if all(each.status == "retired" for each in others):
        raise ContractError(f"{reference} is retired", hint=_there_is(ledger))
    drafts = [f"{reference.type}@{each.version}" for each in others if each.status == "draft"]
    raise ContractError(
        f"nothing of {reference} is promised, there are drafts alone",
        hint=f"name one: {' or '.join(drafts)}",
    )


def _there_is(ledger: Ledger) -> str:
    found = (f"{each.version} ({each.status})" for each in ledger.releases.values())
    return f"there is {', '.join(found)}"


def _major(release: Release) -> int:
    return major_of(release.version)
