"""The audit log of a running bus: acts are written down one after another, refusals counted."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Iterable
from typing import Any, Final

import msgspec

from keybus.bus.audit.tail import Tail, verify_documents
from keybus.bus.engine import Documents
from keybus.clock import Clock
from keybus.errors import EngineError
from keybus.governance.audit import (
    BUS,
    EVERYTHING,
    MAX_PAGE,
    WINDOW_SECONDS,
    Act,
    Actor,
    Anchor,
    AuditEntry,
    AuditKey,
    AuditPage,
    Damage,
    Filter,
    Head,
    Refusals,
    Verification,
    as_kept,
    read_entry,
)

_WAITING: Final = 1_000
_AT_ONCE: Final = 200
_MOST_LOOKED_AT: Final = 10_000
_MOST_NAMED: Final = 100
_log = logging.getLogger(__name__)


class AuditLog:
    """Writes acts down, and reads them again. Belongs to one event loop; made by `open`.

    Attributes:
        damages: What was not as it was written when the log was opened, or when something else
            wrote into it. Nothing of it is repaired: the log goes on behind it.
    """

    def __init__(self, tail: Tail, documents: Documents, clock: Clock) -> None:
        self._tail, self._documents, self._clock = tail, documents, clock
        self._refusals = Refusals()
        self._queue: asyncio.Queue[_Waiting | None] = asyncio.Queue(_WAITING)
        self._closed = False
        self._writer = asyncio.create_task(self._write_all(), name="audit log")
        self._window = asyncio.create_task(self._close_windows(), name="audit refusals")

    @classmethod
    async def open(
        cls, documents: Documents, clock: Clock, key: AuditKey | None = None
    ) -> "AuditLog":
        """Find the log's end, and begin to write.

        Damage at the end is written down as ``audit.damaged``; `verify` looks at all of it.

        Args:
            documents: The engine's.
            clock: Time.
            key: The log's key (`keybus.governance.audit.audit_key`); None writes no seals.

        Raises:
            AuditError: The log is sealed, and there is no key to go on with.
            StorageFailed: The store could not be read.
        """
        tail = Tail(documents, clock, key)
        await tail.load()
        log = cls(tail, documents, clock)
        try:
            await log._begin()
        except BaseException:
            await log.close()
            raise
        return log

    @property
    def head(self) -> Head:
        """Where the log ends."""
        return self._tail.head

    @property
    def damages(self) -> tuple[Damage, ...]:
        """What is not as it was written, as far as writing has met with it."""
        return tuple(self._tail.damages)

    async def write(
        self, actor: Actor, action: str, subject: str = "", data: dict[str, Any] | None = None
    ) -> AuditEntry:
        """Write an act down; durable on return.

        Args:
            actor: Who did it (`Actor.of` a principal).
            action: What, dotted: ``credential.revoked``.
            subject: To what: a JSON pointer into the platform, or a name.
            data: More about it, as plain JSON. Never a secret.

        Raises:
            StorageFailed: It is unknown whether it was kept.
            EngineError: The log is closed.
        """
        [entry] = await self.write_all([Act(actor, action, subject, data or {})])
        return entry

    async def write_all(self, acts: Iterable[Act]) -> list[AuditEntry]:
        """Write acts down, in this order; durable on return.

        Raises:
            StorageFailed: It is unknown which of them were kept.
            EngineError: The log is closed.
        """
        if self._closed:
            raise EngineError("the audit log is closed")
        loop, written = asyncio.get_running_loop(), list[asyncio.Future[AuditEntry]]()
        for act in acts:
            written.append(loop.create_future())
            await self._queue.put(_Waiting(act, written[-1]))
        results = await asyncio.gather(*written, return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException):
                raise result
        return [result for result in results if not isinstance(result, BaseException)]

    def note(self, actor: Actor, action: str, subject: str, code: str, message: str = "") -> None:
        """Write a refusal down soon, without waiting; equal ones of a minute are counted together.

        Args:
            actor: Who was refused.
            action: ``exchange.refused`` or ``authentication.failed``.
            subject: What was asked for.
            code: Which rule decided.
            message: What was said.
        """
        now = self._clock.time_us()
        act = self._refusals.count(actor, action, subject, code, message, now=now)
        if act is not None:
            self._offer(act)

    async def page(
        self, after: int = 0, limit: int = 100, wanted: Filter = EVERYTHING
    ) -> AuditPage:
        """Entries behind a number, as they are kept.

        With a filter a page may be short, or empty, although more follow: ``next`` says so.

        Args:
            after: The number behind which to begin.
            limit: At most so many entries, up to 1,000.
            wanted: Which.
        """
        head, number = self.head, max(after, 0)
        looked_until = min(head.count, number + _MOST_LOOKED_AT)
        found: list[msgspec.Raw] = []
        limit = max(1, min(limit, MAX_PAGE))
        while number < looked_until and len(found) < limit:
            number += 1
            text = await self._tail.text(number)
            if text is not None and _takes(wanted, text):
                found.append(as_kept(number, text))
        return AuditPage(found, number if number < head.count else None, head)

    async def entries(
        self, since: int = 0, wanted: Filter = EVERYTHING
    ) -> AsyncIterator[AuditEntry]:
        """All entries behind a number that can be read.

        Args:
            since: The number behind which to begin.
            wanted: Which.
        """
        for number in range(since + 1, self.head.count + 1):
            text = await self._tail.text(number)
            with contextlib.suppress(ValueError):
                entry = read_entry(text or b"")
                if wanted.takes(entry):
                    yield entry

    async def verify(self, anchors: Iterable[Anchor] = ()) -> Verification:
        """Check every entry; reads page by page.

        Args:
            anchors: Entries that are known from elsewhere.
        """
        return await verify_documents(
            self._documents, key=self._tail.key, anchors=anchors, head=self.head
        )

    async def close(self) -> None:
        """Write down all that waits; closing again does nothing."""
        if self._closed:
            return
        self._closed = True
        self._window.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._window
        for act in self._refusals.close():
            await self._queue.put(_Waiting(act, None))
        await self._queue.put(None)
        await self._writer

    async def _begin(self) -> None:
        """Write down what was found at the end."""
        if self._tail.damages:
            for damage in self._tail.damages:
                _log.error("the audit log was tampered with: %s", damage)
            found = self._tail.damages[:_MOST_NAMED]
            places = [{"code": each.code, "message": str(each)} for each in found]
            await self.write(BUS, "audit.damaged", data={"places": places})
        if self._tail.begins_seals:
            await self.write(BUS, "audit.sealed", data={"entries_before": self.head.count})

    def _offer(self, act: Act) -> None:
        """Into the queue, where there is room; a refusal waits for nothing."""
        if self._closed:
            return
        try:
            self._queue.put_nowait(_Waiting(act, None))
        except asyncio.QueueFull:
            self._refusals.drop(act.actor.account)

    async def _close_windows(self) -> None:
        while True:
            await self._clock.sleep(WINDOW_SECONDS)
            for act in self._refusals.close():
                self._offer(act)

    async def _write_all(self) -> None:
        going_on = True
        while going_on:
            group = [await self._queue.get()]
            while not self._queue.empty():
                group.append(self._queue.get_nowait())
            going_on = None not in group
            await self._write([waiting for waiting in group if waiting is not None])

    async def _write(self, group: "list[_Waiting]") -> None:
        """Write a group, then the head, then tell whoever waits."""
        kept: list[tuple[_Waiting, AuditEntry]] = []
        for start in range(0, len(group), _AT_ONCE):
            kept += await self._append(group[start : start + _AT_ONCE])
        await self._tail.keep_head()
        for waiting, entry in kept:
            waiting.succeed(entry)

    async def _append(self, group: "list[_Waiting]") -> "list[tuple[_Waiting, AuditEntry]]":
        """Write acts in one go; one that cannot be written at all fails no other."""
        try:
            entries = await self._tail.append([waiting.act for waiting in group])
        except Exception as error:  # noqa: BLE001 - whoever waits is told, whatever it was
            if len(group) > 1 and not isinstance(error, EngineError):
                return [kept for one in group for kept in await self._append([one])]
            for waiting in group:
                waiting.fail(error)
                if not waiting.awaited:  # a refusal: the window's last entry says it is missing
                    self._refusals.drop(waiting.act.actor.account)
            return []
        return list(zip(group, entries, strict=True))


class _Waiting:
    """An act on its way into the log, and who waits for it."""

    def __init__(self, act: Act, written: "asyncio.Future[AuditEntry] | None") -> None:
        self.act, self._written = act, written

    @property
    def awaited(self) -> bool:
        """Whether somebody waits for it."""
        return self._written is not None

    def succeed(self, entry: AuditEntry) -> None:
        if self._written is not None and not self._written.done():
            self._written.set_result(entry)

    def fail(self, error: Exception) -> None:
        if self._written is None:
            _log.error("could not write %s down: %s", self.act.action, error)
        elif not self._written.done():
            self._written.set_exception(error)


def _takes(wanted: Filter, text: bytes) -> bool:
    """Whether a page shows an entry; one that cannot be read is shown to whoever asks for all."""
    try:
        return wanted.takes(read_entry(text))
    except ValueError:
        return wanted == EVERYTHING
