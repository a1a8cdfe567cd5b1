"""The versions of an event type, each with what became different by it, in words."""

from collections.abc import Iterator, Sequence
from typing import Literal

import msgspec

from keybus.catalog.event import CataloguedEvent
from keybus.contracts import Contract
from keybus.contracts.compatibility import Incompatibility, check
from keybus.contracts.policies import policy_of
from keybus.contracts.releases import LedgerEntry, Release
from keybus.contracts.releases.changes import Change, changed_files, changes
from keybus.contracts.releases.lifecycle import Status
from keybus.contracts.versions import precedence


class Difference(msgspec.Struct, frozen=True):
    """What became different from one version to the next.

    Attributes:
        since: The earlier version.
        changes: What is declared otherwise.
        files: Files of the closure that are not the same.
        broken: Whom it breaks, as the differ of compatibility finds it.
    """

    since: str
    changes: tuple[Change, ...]
    files: tuple[str, ...]
    broken: tuple[Incompatibility, ...]

    @property
    def backward(self) -> tuple[Incompatibility, ...]:
        """Why readers of the new version refuse events of the old one."""
        return tuple(each for each in self.broken if each.direction == "backward")

    @property
    def forward(self) -> tuple[Incompatibility, ...]:
        """Why readers of the old version refuse events of the new one."""
        return tuple(each for each in self.broken if each.direction == "forward")

    @property
    def kind(self) -> Literal["nothing", "words", "compatible", "breaking"]:
        """How much it is."""
        if self.broken:
            return "breaking"
        if self.changes:
            return "compatible"
        return "words" if self.files else "nothing"


class Version(msgspec.Struct, frozen=True):
    """A version of an event type.

    Attributes:
        contract: What it is.
        status: Where in its life it is.
        made: The entry of the ledger that released it; None: it stands in the folder alone.
        last: The last entry about it; None: the same.
        difference: What became different by it; None: it is the first.
    """

    contract: Contract
    status: Status
    made: LedgerEntry | None = None
    last: LedgerEntry | None = None
    difference: Difference | None = None

    @property
    def day(self) -> str:
        """The day on which it was released; empty where it was not."""
        return "" if self.made is None else self.made.time.partition("T")[0]


def versions_of(event: CataloguedEvent, policy: object = None) -> list[Version]:
    """Every version that was released, and the one in the folder, the newest first.

    Args:
        event: The event type.
        policy: The repository's compatibility policy, as it is written.
    """
    found = sorted(_standing(event), key=lambda each: precedence(each.contract.version))
    return [*reversed(list(_compared(found, policy)))]


def _standing(event: CataloguedEvent) -> Iterator[Version]:
    known: Sequence[Release] = ()
    if event.ledger is not None:
        known = list(event.ledger.releases.values())
    for each in known:
        contract = event.releases.contract(each)
        yield Version(contract, each.status, each.made, each.last)
    released = {each.version for each in known}
    for edition in event.editions:
        if edition.contract.version not in released:
            yield Version(edition.contract, event.status(edition))


def _compared(versions: Sequence[Version], policy: object) -> Iterator[Version]:
    for before, each in zip([None, *versions], versions, strict=False):
        if before is None:
            yield each
            continue
        difference = _difference(before.contract, each.contract, policy)
        yield msgspec.structs.replace(each, difference=difference)


def _difference(old: Contract, new: Contract, policy: object) -> Difference:
    """Both directions count, whatever the policy asks for: a reader wants to know."""
    strictness = policy_of(new.policy, policy).strictness
    broken = check(old, new, mode="FULL", policy=strictness)
    return Difference(
        since=old.version,
        changes=tuple(changes(old, new)),
        files=tuple(changed_files(old, new)),
        broken=tuple(_told(each, old, new) for each in broken),
    )


def _told(broken: Incompatibility, old: Contract, new: Contract) -> Incompatibility:
    """The same, its example with the type and the version of whoever wrote it, where it may be."""
    writer, reader = (old, new) if broken.direction == "backward" else (new, old)
    if not isinstance(broken.example, dict):
        return broken
    head = {"type": writer.type, "schema_version": writer.version}
    filled = broken.example | {name: head[name] for name in head if name in broken.example}
    shows = writer.accepts(filled) and not reader.accepts(filled)
    return msgspec.structs.replace(broken, example=filled) if shows else broken
