"""The parts of a platform that have the right shape, whatever is wrong with the others."""

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

import msgspec

from keybus.contracts.pointers import pointer_of
from keybus.topology.document import Document
from keybus.topology.findings import Finding
from keybus.topology.model import (
    Account,
    Admission,
    Grant,
    Platform,
    Publisher,
    Subscription,
    Waiver,
)

T = TypeVar("T")


class Parts(msgspec.Struct, frozen=True):
    """The parts of a platform that have the right shape; each can be judged without the others.

    Attributes:
        document: What they were taken from.
        names: Of all accounts, whatever their shape; None where they cannot be known.
        accounts: By name.
        publishers: By name.
        grants: By name.
        subscriptions: By name.
        exceptions: By name.
        admission: What becomes of events that do not fit; empty where it is unusable.
        all_publishers: Whether no publisher is missing here.
        central: The name of the central account; None where there is none, or it is unusable.
        contracts: The contracts' folder; None where it cannot be known.
    """

    document: Document
    names: frozenset[str] | None
    accounts: Mapping[str, Account]
    publishers: Mapping[str, Publisher]
    grants: Mapping[str, Grant]
    subscriptions: Mapping[str, Subscription]
    exceptions: Mapping[str, Waiver]
    admission: Admission
    all_publishers: bool
    central: str | None
    contracts: str | None


def convert(document: Document) -> Platform:
    """The platform of a document without findings."""
    # Not strict: to JSON Schema, 5.0 is a whole number.
    return msgspec.convert(document.data, Platform, strict=False)


def sound_parts(document: Document, findings: Iterable[Finding]) -> Parts:
    """What can be judged further.

    Args:
        document: The file, or all files taken together.
        findings: What is wrong with its shape.
    """
    pointers = {found.pointer for found in findings if found.code != "duplicate-name"}
    bad = {"/".join(pointer.split("/")[:3]) for pointer in pointers | document.broken}
    data: dict[str, Any] = document.data if isinstance(document.data, dict) else {}

    def members(section: str, kind: type[T]) -> dict[str, T]:
        found = data.get(section)
        return {
            name: msgspec.convert(value, kind, strict=False)
            for name, value in (found.items() if isinstance(found, dict) else ())
            if pointer_of(section, name) not in bad
        }

    def top(key: str, otherwise: str | None) -> str | None:
        return data.get(key, otherwise) if data and pointer_of(key) not in bad else None

    accounts, publishers = data.get("accounts", {}), data.get("publishers", {})
    sound = members("publishers", Publisher)
    every = isinstance(publishers, dict) and len(sound) == len(publishers)
    return Parts(
        document=document,
        names=frozenset(accounts) if isinstance(accounts, dict) else None,
        accounts=members("accounts", Account),
        publishers=sound,
        grants=members("grants", Grant),
        subscriptions=members("subscriptions", Subscription),
        exceptions=members("exceptions", Waiver),
        admission=_admission(data, pointers | document.broken),
        all_publishers=document.whole and every,
        central=top("central", None),
        contracts=top("contracts", "contracts"),
    )


def _admission(data: Mapping[str, Any], bad: Iterable[str]) -> Admission:
    if any(pointer == "/admission" or pointer.startswith("/admission/") for pointer in bad):
        return Admission()
    return msgspec.convert(data.get("admission", {}), Admission, strict=False)
