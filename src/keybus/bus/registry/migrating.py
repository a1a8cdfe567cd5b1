"""Migrations on their way into the registry: read, tried on both contracts, and kept."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from time import thread_time
from typing import Final

import msgspec

from keybus.bus.registry.catalogue import migration_info
from keybus.bus.registry.errors import NotReleased
from keybus.bus.registry.judging import Before
from keybus.bus.registry.shelf import Shelf
from keybus.contracts.migrations import MIGRATIONS, Migration, Migrations
from keybus.contracts.migrations.declared import LARGEST
from keybus.contracts.migrations.trial import try_migration
from keybus.contracts.releases import Ledger, Said
from keybus.contracts.releases.exchange import MigrationInfo
from keybus.contracts.releases.judging import Judgement, Predecessor
from keybus.contracts.releases.migrating import (
    is_known,
    newest_of_pairs,
    said_of_migration,
    source_of,
)
from keybus.contracts.releases.releasing import Intent
from keybus.contracts.versions import is_prerelease, major_of
from keybus.errors import BrokenContracts, Fault

_SECONDS: Final = 20.0
"""Of a thread's time, for all migrations that come together."""
_ASK: Final = "`keybus contracts migrations` tries them as the bus does"
_FIT: Final = "publish one that fits together with the contract"


class Due(msgspec.Struct, frozen=True):
    """What is to become of migrations that were sent; those that are there already are in neither.

    Attributes:
        written: Those that are to be written down.
        left: Those that are not, by name, and why.
    """

    written: tuple[Migration, ...] = ()
    left: dict[str, str] = {}

    def made(self, ledger: Ledger) -> list[MigrationInfo]:
        """The written ones as they are listed, once a ledger has them."""
        return [migration_info(ledger.migrations[each.name]) for each in self.written]

    def told(self) -> dict[str, dict[str, str]]:
        """The written ones as the audit log has them."""
        digests = {each.name: each.digest for each in self.written}
        return {"migrations": digests} if digests else {}


def coming(judgement: Judgement, *, draft: bool) -> Predecessor | None:
    """The contract that is released now; None where it was before.

    Args:
        judgement: Of the contract.
        draft: Whether nothing is to be promised yet.
    """
    if judgement.standing == "unchanged":
        return None
    contract = judgement.contract
    return Predecessor(contract, not draft and not is_prerelease(contract.version))


def parsed(event_type: str, texts: Mapping[str, str]) -> Migrations:
    """Migrations of a type, checked as if they were read from a folder.

    Args:
        event_type: The type.
        texts: The text of each, by its file's name.

    Raises:
        BrokenContracts: With everything that is wrong with them.
    """
    for name, text in texts.items():
        if len(text.encode()) > LARGEST:
            file = f"{MIGRATIONS}/{event_type}/{name}"
            fault = Fault("migration-unreadable", f"It is larger than {LARGEST} bytes.", file=file)
            raise BrokenContracts("the migrations", [fault])
    return Migrations.of_texts({f"{event_type}/{name}": text for name, text in texts.items()})


class Migrating:
    """Tries migrations as a folder's release does, and keeps them.

    Args:
        shelf: Where they are kept.
        slots: As many are tried at a time as it lets.
    """

    def __init__(self, shelf: Shelf, slots: asyncio.Semaphore) -> None:
        self._shelf, self._slots = shelf, slots

    async def due(self, sent: Migrations, before: Before, coming: Predecessor | None = None) -> Due:
        """What is to be written down, after it was tried with all that holds.

        Args:
            sent: Migrations of one type.
            before: What there is of it.
            coming: The contract that is released with them; None: none is.

        Raises:
            NotReleased: One of them is broken, or the contract breaks one that there is.
        """
        found = _due(sent, before, coming)
        there = self._standing(before)
        there |= {(each.source, each.target): each for each in found.written}
        touched = None if coming is None else coming.contract.major
        tried = [
            each
            for pair, each in there.items()
            if each in found.written or (touched is not None and touched in pair)
        ]
        if tried:
            async with self._slots:
                faults = await asyncio.to_thread(
                    lambda: list(_faults(tried, found, before, coming))
                )
            if faults:
                raise NotReleased(f"the migrations of {before.type}", faults, hint=_ASK)
        return found

    async def said(self, due: Due, ledger: Ledger, intent: Intent) -> list[Said]:
        """What a ledger is to say of migrations, whose texts are durable by then.

        Args:
            due: What is to be written down.
            ledger: The type's, with all that comes before.
            intent: How it is meant.

        Raises:
            StorageFailed: It is unknown whether they were kept.
        """
        found = []
        for each in due.written:
            release = source_of(each, ledger)
            assert release is not None, "it would have been left"
            await self._shelf.keep_migration(each)
            found.append(said_of_migration(each, release, intent))
        return found

    def _standing(self, before: Before) -> dict[tuple[int, int], Migration]:
        """What leads from major to major on the bus: as applied, or as the registry has it since."""
        applied = before.applied.migrations.of(before.type)
        found = {(each.source, each.target): each for each in applied}
        for pair, entry in newest_of_pairs(before.ledger).items():
            migration = self._shelf.migration(entry)
            if migration is not None:
                found[pair] = migration
        return found


def _due(sent: Migrations, before: Before, coming: Predecessor | None) -> Due:
    released = {major_of(each) for each in before.ledger.releases}
    released |= set() if coming is None else {coming.contract.major}
    written, left = [], {}
    for each in sent:
        if is_known(each, before.ledger):
            continue
        if each.source not in released:
            left[each.name] = f"nothing of {before.type}@{each.source} was released here yet"
        elif before.at(each.target, coming) is None:
            left[each.name] = f"there is no contract of {before.type}@{each.target} yet"
        else:
            written.append(each)
    return Due(tuple(written), left)


def _faults(
    tried: Sequence[Migration], due: Due, before: Before, coming: Predecessor | None
) -> Iterator[Fault]:
    end = thread_time() + _SECONDS
    for each in tried:
        source, target = before.at(each.source, coming), before.at(each.target, coming)
        if source is None or target is None:
            continue
        hint = "" if each in due.written else _FIT
        for trouble in try_migration(each, source, target, end - thread_time()).troubles:
            if trouble.severity == "error":
                yield Fault(
                    trouble.rule,
                    trouble.message,
                    pointer=trouble.pointer,
                    file=each.file,
                    hint=hint or trouble.hint,
                )
