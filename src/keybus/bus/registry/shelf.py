"""The registry's documents: a ledger for each type, and each released contract under its digest."""

import asyncio
import logging
from collections.abc import Iterable
from typing import Final

import msgspec

from keybus.bus.engine import Document, Documents
from keybus.bus.registry.errors import LedgerBroken, NotReleased, ReleasedMeanwhile
from keybus.contracts import Contract
from keybus.contracts.migrations import Migration
from keybus.contracts.releases import Ledger, LedgerEntry, Said
from keybus.contracts.releases.migrating import newest_of_pairs
from keybus.contracts.releases.objects import is_of, read, written
from keybus.contracts.releases.records import Records
from keybus.errors import Conflict, Fault, StorageFailed

LEDGERS: Final = "contract-ledgers"
"""The collection of ledgers, each under its type, as its file in a folder is."""
OBJECTS: Final = "contract-objects"
"""The collection of contracts, each with its closure under its digest."""
TEXTS: Final = "contract-migrations"
"""The collection of migrations, the text of each under its digest."""
MAX_LEDGER_BYTES: Final = 1 << 20
"""Bytes of a ledger: some two thousand releases and changes of status."""

_log = logging.getLogger(__name__)
_HINT: Final = "take the store as it was from a backup; a release never changes"


class _Kept(msgspec.Struct, frozen=True):
    """A ledger as it was read, and the version of its document."""

    document: int
    ledger: Ledger


class Shelf:
    """What stands in the store, as of the last look, and the writing of more.

    A contract is durable before a ledger names it, and a ledger is one document that is written
    only on the version that was read: a crash leaves a contract that nothing names, at worst, and
    of two writers the second is told to look again. Belongs to one event loop; any number of
    processes may have one over the same documents.

    Args:
        documents: The engine's.

    Attributes:
        broken: Why a type's releases cannot be believed; nothing is told of these types.
    """

    def __init__(self, documents: Documents) -> None:
        self._documents = documents
        self._kept: dict[str, _Kept] = {}
        self._opened: dict[str, Contract] = {}
        self._migrations: dict[tuple[str, str, str], Migration | None] = {}
        self.broken: dict[str, tuple[Fault, ...]] = {}

    @property
    def records(self) -> Records:
        """All that can be believed, as of the last look."""
        sound = {name: each.ledger for name, each in self._kept.items() if name not in self.broken}
        return Records(sound, self._open)

    def migration(self, entry: LedgerEntry) -> Migration | None:
        """The migration of a ledger's entry, as of the last look.

        Returns:
            None for one that another took the place of, or that no longer is one here.
        """
        return self._migrations.get(_key(entry))

    async def look(self) -> None:
        """Read what was written since the last look.

        Raises:
            StorageFailed: The store could not be read.
        """
        async for document in self._documents.list(LEDGERS):
            await self._take(document)

    async def look_at(self, event_type: str) -> None:
        """Read what was written into one type's ledger."""
        document = await self._documents.get(LEDGERS, event_type)
        if document is not None:
            await self._take(document)

    async def keep(self, contract: Contract) -> None:
        """Make a contract durable, under its digest.

        Raises:
            StorageFailed: It is unknown whether it was kept.
        """
        await self._keep(OBJECTS, contract.digest, written(contract))
        self._opened[contract.digest] = contract

    async def keep_migration(self, migration: Migration) -> None:
        """Make a migration durable, under its digest.

        Raises:
            StorageFailed: It is unknown whether it was kept.
        """
        await self._keep(TEXTS, migration.digest, migration.text.encode())
        self._migrations[migration.type, migration.name, migration.digest] = migration

    async def _keep(self, collection: str, digest: str, content: bytes) -> None:
        found = await self._documents.get(collection, digest)
        if found is None or found.value != content:  # what is damaged is put right
            expected = 0 if found is None else found.version
            try:
                await self._documents.put(collection, digest, content, expected=expected)
            except Conflict:  # another process keeps the same; there is nothing else to keep here
                await self.content(digest, collection)

    async def content(self, digest: str, collection: str = OBJECTS) -> bytes:
        """What is kept under a digest: a contract or, in the other collection, a text.

        Raises:
            LedgerBroken: Nothing is, or it was changed.
        """
        found = await self._documents.get(collection, digest)
        if found is None or not is_of(found.value, digest):
            message = "What is kept under the digest is not what was released."
            raise LedgerBroken(digest, [Fault("release-broken", message, hint=_HINT)])
        return found.value

    def after(self, ledger: Ledger, said: Iterable[Said]) -> Ledger:
        """A ledger with more entries, which stand nowhere yet.

        Raises:
            ContractError: They cannot follow on what it says.
        """
        for each in said:
            ledger = Records({ledger.type: ledger}, self._open).after(ledger.type, each)
        return ledger

    async def say(self, event_type: str, said: Iterable[Said]) -> Ledger:
        """Add entries to a type's ledger, all or none.

        Args:
            event_type: The type.
            said: What they say.

        Raises:
            ContractError: They cannot follow on what the ledger says.
            ReleasedMeanwhile: It was written since it was looked at.
            StorageFailed: They were not kept, or the store cannot say whether they were.
        """
        kept = self._kept.get(event_type)
        after = self.after(kept.ledger if kept else Ledger(event_type), said)
        value = after.text().encode()
        if len(value) > MAX_LEDGER_BYTES:
            message = f"The ledger would have more than {MAX_LEDGER_BYTES} bytes."
            raise NotReleased.because(event_type, "ledger-full", message, "say less often why")
        expected = kept.document if kept else 0
        try:
            version = await self._documents.put(LEDGERS, event_type, value, expected=expected)
        except Conflict as error:
            raise ReleasedMeanwhile(event_type) from error
        except StorageFailed:  # it may have been kept all the same
            found = await self._documents.get(LEDGERS, event_type)
            if found is None or found.value != value:
                raise
            version = found.version
        self._kept[event_type] = _Kept(version, after)
        return after

    async def _take(self, document: Document) -> None:
        kept = self._kept.get(document.key)
        if kept is not None and kept.document >= document.version:
            return
        ledger, faults = await asyncio.to_thread(_read, document)
        before = () if kept is None else kept.ledger.entries
        if ledger.entries[: len(before)] != before:
            message = f"The ledger of {document.key} does not go on as it did."
            faults = [*faults, Fault("ledger-rewritten", message, file=document.key)]
        for digest in {each.digest for each in ledger.releases.values()} - self._opened.keys():
            found = await self._documents.get(OBJECTS, digest)
            try:
                self._opened[digest] = read(found.value if found else None, digest)
            except ValueError:
                continue  # told below, by its release
        faults += Records({}, self._open).faults(ledger, str, _HINT)
        for entry in newest_of_pairs(ledger).values():
            faults += await self._take_migration(entry)
        now = self._kept.get(document.key)
        if now is None or now.document < document.version:  # nothing newer came meanwhile
            self._kept[document.key] = _Kept(document.version, ledger)
            self.broken.pop(document.key, None)
            if faults:
                self.broken[document.key] = tuple(faults)

    async def _take_migration(self, entry: LedgerEntry) -> list[Fault]:
        """Open a migration that was not yet; what is wrong with its text."""
        if _key(entry) in self._migrations:
            return []
        try:
            text = (await self.content(str(entry.text), TEXTS)).decode()
        except LedgerBroken as error:
            return list(error.faults)
        name = str(entry.migration)
        found, faults = await asyncio.to_thread(Migration.parse, entry.type, name, text)
        for fault in faults:  # it was one when it was written; the rules are others by now
            _log.error("the registry: %s %s holds no longer: %s", entry.type, name, fault)
        self._migrations[_key(entry)] = found
        return []

    def _open(self, digest: str) -> Contract:
        try:
            return self._opened[digest]
        except KeyError:
            raise ValueError("its contract is not there, or was changed") from None


def _key(entry: LedgerEntry) -> tuple[str, str, str]:
    return entry.type, str(entry.migration), str(entry.text)


def _read(document: Document) -> tuple[Ledger, list[Fault]]:
    try:
        text = document.value.decode()
    except UnicodeDecodeError as error:
        message = f"The ledger cannot be read: {error}."
        return Ledger(document.key), [Fault("unreadable", message, file=document.key)]
    return Ledger.read(document.key, text, document.key)
