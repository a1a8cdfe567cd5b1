"""The audit log's end in the engine's documents: where the next entry goes, and the whole checked.

An entry is a document of its own, put only where none stands, so that two writers cannot fork the
chain. Beside them stands the head: how many there are, and the last one's hash. It is written
after the entries; what a crash leaves beyond it is adopted when the log is opened, if it follows.
"""

import contextlib
import logging
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Final

from keybus.bus.engine import Documents
from keybus.clock import Clock
from keybus.errors import AuditError, Conflict, EngineError, Fault
from keybus.governance.audit import (
    Act,
    Anchor,
    AuditEntry,
    AuditKey,
    Chain,
    Damage,
    Head,
    Verification,
    as_kept,
    chained,
    read_entry,
    read_head,
)

ENTRIES: Final = "audit"
"""The collection of documents that holds the entries, each under its number."""
HEADS: Final = "audit-head"
"""The collection that holds the head."""
_HEAD: Final = "head"
_TRIES: Final = 100
_log = logging.getLogger(__name__)


class Tail:
    """The log's end: the number and the hash that the next entry follows."""

    def __init__(self, documents: Documents, clock: Clock, key: AuditKey | None) -> None:
        self._documents, self._clock, self.key = documents, clock, key
        self.head = Head()
        self.damages: list[Damage] = []
        self.begins_seals = False
        self._sealed = False
        self._kept: Head | None = None
        self._unsure = False

    async def load(self) -> None:
        """Find the end: the head, and what a crash left beyond it.

        Raises:
            AuditError: The log is sealed, and there is no key.
        """
        kept = await self._documents.get(HEADS, _HEAD)
        try:
            head = Head() if kept is None else read_head(kept.value)
        except ValueError as error:
            head, problem = Head(), f"the log's head {error}"
        else:
            problem = "" if kept else await self._lost_head()
        if problem:
            self.damages.append(Damage(0, "audit-head", problem))
        if self.key is not None and head.seal and not head.sealed_by(self.key):
            self.damages.append(
                Damage(head.count, "audit-head", "the head that names it has not the key's seal")
            )
        self.head, self._kept = head, head if kept and not problem else None
        self._sealed = bool(head.seal)
        await self._check_last()
        await self._catch_up()
        if self._sealed and self.key is None:
            message = "is sealed, and there is no key to go on with"
            hint = "give the bus the key under which it was sealed, or a store of its own"
            fault = Fault("audit-unsealed", message, pointer=f"/{self.head.count}", hint=hint)
            raise AuditError("the audit log", [fault])
        self.begins_seals = self.key is not None and self.head.count > 0 and not self._sealed
        # From the first entry on there is a head, so that its loss is never taken for a beginning.
        await self._put_head()

    async def append(self, acts: Sequence[Act]) -> list[AuditEntry]:
        """Write the next entries, all or none; durable on return.

        Args:
            acts: At least one.

        Raises:
            StorageFailed: It is unknown whether they were kept; the next append finds out, by a
                conflict.
            Conflict: Another writer was always faster.
        """
        for _ in range(_TRIES):
            if self._unsure:
                await self._catch_up()
            entries = self._chained(acts)
            texts = [(name_of(entry.sequence), entry.encode()) for entry in entries]
            try:
                await self._documents.create(ENTRIES, texts)
            except Conflict as error:
                self._unsure, conflict = True, error
                continue
            self._move(entries[-1].sequence, entries[-1].hash)
            self._sealed = self.key is not None
            return entries
        raise conflict

    def _chained(self, acts: Sequence[Act]) -> list[AuditEntry]:
        """The acts as entries, each following the one before."""
        entries: list[AuditEntry] = []
        previous, now = self.head.hash, self._clock.time_us()
        for number, act in enumerate(acts, self.head.count + 1):
            entry = chained(act, sequence=number, time_us=now, previous=previous, key=self.key)
            previous = entry.hash
            entries.append(entry)
        return entries

    async def keep_head(self) -> None:
        """Write the head, where it moved; a failure is made good by the next, or at opening."""
        try:
            await self._put_head()
        except EngineError:
            _log.exception("could not write the audit log's head; its entries are kept")

    async def text(self, number: int) -> bytes | None:
        """The bytes of an entry, or None."""
        found = await self._documents.get(ENTRIES, name_of(number))
        return None if found is None else found.value

    async def _put_head(self) -> None:
        if self._kept != self.head:
            head = self.head
            await self._documents.put(HEADS, _HEAD, head.encode())
            self._kept = head

    async def _lost_head(self) -> str:
        async for _ in self._documents.list(ENTRIES):
            return "the log's head is gone, and entries are there"
        return ""

    async def _check_last(self) -> None:
        """Whether the entry that the head names stands, and is that one."""
        if not self.head.count:
            return
        text = await self.text(self.head.count)
        if text is None:
            self.damages.append(Damage(self.head.count, "audit-missing", "is missing"))
            return
        # The head says what it has to be, so what it follows is not asked here.
        try:
            entry = read_entry(text)
        except ValueError as error:
            self.damages.append(Damage(self.head.count, "audit-unreadable", str(error)))
            return
        if entry.digest != entry.hash:
            message = "was changed: its hash is that of other content"
            self.damages.append(Damage(self.head.count, "audit-changed", message))
        elif entry.hash != self.head.hash:
            message = "is not the entry that the head names as the last"
            self.damages.append(Damage(self.head.count, "audit-rewritten", message))
        elif self.key is not None and entry.seal and not entry.sealed_by(self.key):
            message = "was forged: its seal is not the key's"
            self.damages.append(Damage(self.head.count, "audit-changed", message))

    async def _catch_up(self) -> None:
        """Take what stands beyond the end: written before a crash, or by another writer."""
        chain = Chain(key=self.key, start=self.head)
        while (text := await self.text(self.head.count + 1)) is not None:
            entry = chain.take(text, place=self.head.count + 1)
            if entry is None:  # it stays where it is, and the chain goes on behind it
                self._move(self.head.count + 1, self.head.hash)
                continue
            self._move(entry.sequence, entry.hash)
            self._sealed = self._sealed or bool(entry.seal)
        for damage in chain.damages:
            self.damages.append(damage)
            _log.error("the audit log: %s", damage)
        self._unsure = False

    def _move(self, count: int, digest: str) -> None:
        self.head = Head.of(count, digest, self.key)


async def verify_documents(
    documents: Documents,
    *,
    key: AuditKey | None = None,
    anchors: Iterable[Anchor] = (),
    head: Head | None = None,
) -> Verification:
    """Check the log that is kept in documents; reads page by page.

    Args:
        documents: The engine's.
        key: The log's key; None leaves seals unchecked.
        anchors: Entries that are known from elsewhere.
        head: Where it ends; None for the head that is kept.
    """
    if head is None:
        head = await read_kept_head(documents)
    chain = Chain(key=key, anchors=anchors)
    async for document in documents.list(ENTRIES):
        if _is_name(document.key):
            chain.take(document.value, place=int(document.key))
        else:
            chain.stray(document.key)
    return chain.finish(head, open_end=True)


async def read_kept_head(documents: Documents) -> Head | None:
    """The head as it is kept; None where there is none, or none that can be read."""
    kept = await documents.get(HEADS, _HEAD)
    with contextlib.suppress(ValueError):
        return None if kept is None else read_head(kept.value)
    return None


async def read_entries(documents: Documents) -> AsyncIterator[tuple[int, bytes]]:
    """Every entry's number and bytes, as a page and a file have them."""
    async for document in documents.list(ENTRIES):
        if _is_name(document.key):
            number = int(document.key)
            yield number, bytes(as_kept(number, document.value))


def name_of(number: int) -> str:
    """The key of an entry's document; keys sort as numbers do."""
    return f"{number:020d}"


def _is_name(key: str) -> bool:
    return len(key) == len(name_of(0)) and key.isascii() and key.isdecimal() and int(key) > 0
