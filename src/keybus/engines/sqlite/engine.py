"""The embedded engine's face: one store, its log, its subscriptions and its documents."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from os import PathLike
from pathlib import Path
from typing import Self

import apsw

from keybus.bus.engine import (
    Commits,
    CursorState,
    Digests,
    Found,
    LogState,
    Record,
    Selection,
    Stored,
    Trimmed,
)
from keybus.clock import SYSTEM, Clock
from keybus.engines.limits import check_append, no_queue, spent
from keybus.engines.sqlite.checkpointer import Checkpointer
from keybus.engines.sqlite.committer import Committer
from keybus.engines.sqlite.cursor import SqliteCursor
from keybus.engines.sqlite.digests import Barrier, events_at, unpack_digests
from keybus.engines.sqlite.documents import SqliteDocuments
from keybus.engines.sqlite.log import SEGMENT_EVENTS, Appended, LogWriter
from keybus.engines.sqlite.opening import Open, Opened, look
from keybus.engines.sqlite.operation import Operation, Transaction
from keybus.engines.sqlite.queries import query
from keybus.engines.sqlite.reader import Reader
from keybus.engines.sqlite.removal import Remove, Sweeper
from keybus.engines.sqlite.ring import Ring
from keybus.engines.sqlite.searching import find
from keybus.engines.sqlite.store import Store
from keybus.engines.sqlite.trimming import Trim, state_of
from keybus.errors import EngineError, StorageFailed
from keybus.steady import SteadyTime

_SUBSCRIPTIONS, _REMOVED = query("subscriptions"), query("removed")
_TAIL, _SINCE, _DELAYED = (
    query("log_tail"),
    query("first_since"),
    query("count_exceptions_due_after"),
)
_DIGESTS = query("digests_after")


class _Append(Operation[Sequence[int]]):
    """Events on their way into the log."""

    def __init__(self, records: Sequence[Record]) -> None:
        super().__init__()
        self._records = records
        self.size = sum([len(record.envelope) for record in records])
        self._first = 0

    def apply(self, transaction: Transaction) -> None:
        """Stage them."""
        self._first = transaction.log.stage(self._records)

    def landed(self) -> Sequence[int]:
        """Their positions."""
        return range(self._first, self._first + len(self._records))


class SqliteEngine:
    """Keeps everything in one SQLite file; one process at a time.

    Belongs to the event loop that opened it; its threads are its own business. Whatever returns
    is durable: synced, not only written. Where the disk fails, callers get ``StorageFailed``,
    what was answered before is kept, and the next call tries anew.
    """

    def __init__(self, store: Store, clock: Clock) -> None:
        """Run on a store that is open; ``SqliteEngine.at`` opens it and does this."""
        self._clock, self._time = clock, SteadyTime(clock)
        self._cursors: dict[str, SqliteCursor] = {}
        # Names that are being opened or removed: one at a time, however callers are cancelled.
        self._busy: dict[str, asyncio.Event] = {}
        self._dated = set[str]()
        self._closing: asyncio.Future[None] | None = None
        with ExitStack() as opened:
            opened.callback(store.close)
            with store.writing as connection:
                ids: dict[str, int] = dict(connection.execute(_SUBSCRIPTIONS))
                removed = [number for (number,) in connection.execute(_REMOVED)]
                log = LogWriter(connection, ids)
            self._names = set(ids)
            self._ring = Ring(log.tail.position)
            self._reader = Reader(store.reading)
            opened.callback(self._reader.close)
            checkpointer = Checkpointer(store)
            opened.callback(checkpointer.close)
            self._committer = Committer(
                store.writing,
                log,
                receive=self._receive,
                verify=store.verify,
                committed=checkpointer.touch,
                move_wal=partial(store.move, wait=False),
            )
            opened.callback(self._committer.join)
            self._documents = SqliteDocuments(self._committer, self._reader)
            self._sweeper = Sweeper(self._committer, removed)
            self._opened = opened.pop_all()

    @classmethod
    def at(
        cls, path: str | PathLike[str], *, clock: Clock = SYSTEM, vfs: str | None = None
    ) -> Self:
        """Open the store at a path, made where it does not exist; within a running event loop.

        Args:
            path: The store's file; its folder is made as well. Both are for this user alone.
            clock: Where time comes from.
            vfs: The name of the registered SQLite VFS that reads and writes the file, such as one
                that fails when a test says so; None: the system's own.

        Raises:
            StorageFailed: It is in use, is no store, is a newer program's, or cannot be opened.
        """
        try:
            return cls(Store(Path(path), vfs), clock)
        except apsw.Error as error:
            raise StorageFailed(f"cannot open the store {path}: {error}") from error

    @property
    def documents(self) -> SqliteDocuments:
        """The versioned documents."""
        return self._documents

    @property
    def commits(self) -> Commits:
        """How long transactions take, and of them the writing and syncing."""
        return self._committer.commits

    async def append(self, records: Sequence[Record]) -> Sequence[int]:
        """Append in order, all or nothing; durable on return.

        Returns:
            A position for each record, growing along the log.

        Raises:
            StorageFailed: It is unknown whether it was kept; all of it, or nothing.
            EngineError: A record matches a subscription that has no queue, or there are more
                than an append may have. Nothing of it was kept.
        """
        check_append(records)
        if not records:
            return ()
        for matched in {record.matched for record in records}:
            if not self._names.issuperset(matched):
                raise no_queue(set(matched) - self._names)
        return await self._committer.submit(_Append(records))

    async def open(
        self,
        subscription: str,
        selection: Selection,  # noqa: ARG002 - what matched is frozen with the event
        since: int | None = None,
    ) -> SqliteCursor:
        """The cursor of the subscription's queue, made where there is none yet.

        The same object for as long as it is open. The selection is not asked.

        Raises:
            StorageFailed: It could not be made.
            EngineError: The engine is closed.
        """
        while True:
            await self._free(subscription)
            if cursor := self._cursors.get(subscription):
                return cursor
            first = subscription not in self._dated
            await self._committer.submit(
                Open(
                    subscription,
                    since=since,
                    date_by=self._time.now() if first else None,
                    then=self._add,
                    ended=self._take(subscription),
                )
            )

    async def close_queue(self, subscription: str) -> None:
        """Stop using a queue, without losing anything of it; its leases end untried."""
        await self._free(subscription)
        if cursor := self._cursors.pop(subscription, None):
            cursor.end()
            cursor.spend(spent(subscription, "closed"))

    async def queues(self) -> Sequence[str]:
        """The names of all queues there are, open or not, sorted."""
        self._check_open()
        return sorted(self._names)

    async def queue_state(self, subscription: str) -> CursorState:
        """How a queue stands, whether it is open or not.

        Raises:
            EngineError: There is no queue of that name.
            StorageFailed: The store could not be read.
        """
        if cursor := self._cursors.get(subscription):
            return await cursor.state()
        now = self._time.now()

        def read(connection: apsw.Connection) -> CursorState | None:
            found = look(connection, subscription)
            if found is None:
                return None
            due = connection.execute(_DELAYED, (found.ledger.subscription, now))
            return CursorState(
                waiting=found.matched - len(found.settled) + found.exceptions + found.ordered,
                in_flight=0,
                delayed=int(due.get),
                dead=found.dead,
                held=found.held - found.ordered,
                ordered=found.ordered,
            )

        state = await self._reader.snapshot(read)
        if state is None:
            raise no_queue([subscription])
        return state

    async def remove(self, subscription: str) -> None:
        """Remove a queue, durably, with all that waits, is held or is a dead letter in it.

        It is gone when this returns; its rows are deleted by and by.

        Raises:
            StorageFailed: The queue and its cursor are as before, as far as is known.
            EngineError: The engine is closed.
        """
        await self._free(subscription)
        cursor = self._cursors.get(subscription)
        ledger = cursor.ledger if cursor else None
        ended = self._take(subscription)
        await self._committer.submit(Remove(subscription, ledger, then=self._forget, ended=ended))

    async def read(
        self, since: int = 0, until: int | None = None, *, after: int = 0
    ) -> AsyncIterator[Stored]:
        """The log's events with ``since <= ingested_at < until``, in log order.

        Reads only the segments that may hold such events, and nothing appended after it began.

        Args:
            since: Microseconds since the Unix epoch.
            until: The same; None for all that stands when the read begins.
            after: Only what stands after this position.

        Raises:
            StorageFailed: The store could not be read.
        """
        last = self._ring.last
        bounds = await self._reader.rows(_SINCE, (since,)), await self._reader.rows(_TAIL, ())
        if not (bounds[0] and bounds[1]):
            return
        position, lag = max(int(bounds[0][0][0]), after + 1), int(bounds[1][0][2])
        while segments := await self._reader.segments(position, last):
            for segment in segments:
                for event in segment:
                    at = event.ingested_at
                    inside = after < event.position <= last
                    if inside and since <= at and (until is None or at < until):
                        yield Stored(event.position, at, event.envelope)
                if until is not None and segment.peak >= until + lag:
                    return
            position = segments[-1].last + 1

    async def stored(self, positions: Sequence[int]) -> Mapping[int, Stored]:
        """The events at some positions, by these; those that the log does not have are left out.

        Raises:
            StorageFailed: The log could not be read.
        """
        self._check_open()
        kept = {position: self._ring.get(position) for position in positions}
        found = {
            position: Stored(position, event.ingested_at, event.envelope)
            for position, event in kept.items()
            if event is not None
        }
        missing = [position for position in positions if position not in found]
        if missing:
            found |= await self._reader.snapshot(lambda c: events_at(c, missing))
        return found

    async def digests(self, since: int, limit: int) -> AsyncIterator[Digests]:
        """The digests of what was appended lately, in log order; a run is a segment.

        Raises:
            StorageFailed: The log could not be read.
        """
        await self._committer.submit(Barrier())
        last = self._ring.last
        bounds = await self._reader.rows(_SINCE, (since,))
        before = int(bounds[0][0]) - 1 if bounds else last
        before = max(before, last - limit - SEGMENT_EVENTS)
        while rows := await self._reader.rows(_DIGESTS, (before, last, since)):
            for first, ingested_at, packed in rows:
                run = unpack_digests(first, ingested_at, packed, last - limit)
                if run is not None:
                    yield run
            before = rows[-1][0]

    async def log_state(self) -> LogState:
        """How much the log has; its size is what is in use of the store's file.

        Raises:
            StorageFailed: The store could not be read.
        """
        return await self._reader.snapshot(state_of)

    async def trim(self, before: int, *, after: int = 0, limit: int) -> Trimmed:
        """One step of dropping segments that are old, and that no delivery needs.

        Raises:
            StorageFailed: It is unknown whether anything was dropped.
        """
        self._check_open()
        return await self._committer.submit(Trim(before, after, limit))

    async def find(self, text: bytes, before: int | None, most: int) -> Found:
        """One step of a search for events by what stands in them, backwards.

        Raises:
            StorageFailed: The log could not be read.
        """
        return await self._reader.snapshot(lambda c: find(c, text, before, most))

    async def close(self) -> None:
        """Finish what was begun and let go of the store.

        Cancelling it only stops waiting; closing again waits for the same end.
        """
        if self._closing is None:
            for cursor in self._cursors.values():
                cursor.end()
            self._committer.stop()
            self._reader.stop()
            for cursor in self._cursors.values():
                cursor.spend(EngineError("the engine is closed"))
            # On a thread, where nothing can cancel it half way.
            loop = asyncio.get_running_loop()
            self._closing = loop.run_in_executor(None, self._opened.close)
        await asyncio.shield(self._closing)
        await self._sweeper.ended()

    def _receive(self, appended: Appended) -> None:
        """A segment became durable: into the ring, and into the lines of those that matched."""
        self._ring.add(appended.deliveries, appended.size)
        for name, positions in appended.matches.items():
            cursor = self._cursors.get(name)
            if cursor is not None:
                cursor.feed(positions)

    def _add(self, opened: Opened) -> None:
        self._names.add(opened.name)
        self._dated.add(opened.name)
        self._cursors[opened.name] = SqliteCursor(
            opened,
            committer=self._committer,
            reader=self._reader,
            ring=self._ring,
            clock=self._clock,
            time=self._time,
        )

    def _forget(self, name: str, subscription: int | None) -> None:
        self._names.discard(name)
        if cursor := self._cursors.pop(name, None):
            cursor.spend(spent(name, "removed"))
        if subscription is not None:
            self._sweeper.sweep(subscription)

    async def _free(self, name: str) -> None:
        """Until nobody is opening or removing the name."""
        self._check_open()
        while name in self._busy:
            await self._busy[name].wait()
        self._check_open()

    def _take(self, name: str) -> Callable[[], None]:
        """Begin to open or remove a name that is free; what to call in the end."""
        ended = self._busy[name] = asyncio.Event()

        def end() -> None:
            del self._busy[name]
            ended.set()

        return end

    def _check_open(self) -> None:
        if self._closing:
            raise EngineError("the engine is closed")
