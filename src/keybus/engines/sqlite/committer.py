"""One thread that makes things durable: everything queued, one transaction, one sync."""

import asyncio
import contextlib
import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from queue import SimpleQueue
from typing import TypeVar, cast

import apsw

from keybus.bus.engine import Commits
from keybus.engines.sqlite.lane import Lane
from keybus.engines.sqlite.log import Appended, LogWriter
from keybus.engines.sqlite.operation import Operation, Refusal, Transaction
from keybus.engines.sqlite.queries import query
from keybus.errors import EngineError, StorageFailed

WAL_PAGES = 16_384
"""Pages in the WAL above which the committer helps to move them, between two commits: under a
steady load the checkpointer never meets the WAL's end."""

QUEUE_BYTES = 64 * 1024 * 1024
"""Bytes of events waiting to be written above which an append waits before it queues."""

_OVERWRITE = query("next_document_version")
_OF_THE_DISK = (
    *(apsw.IOError, apsw.FullError, apsw.CantOpenError, apsw.ReadOnlyError, apsw.PermissionsError),
    *(apsw.BusyError, apsw.LockedError, apsw.ProtocolError),
    *(apsw.CorruptError, apsw.NotADBError, apsw.NoMemError),
)
"""Errors that are no single operation's fault."""

_log = logging.getLogger(__name__)

T = TypeVar("T")


class Committer:
    """The thread and its queue.

    ``submit`` and ``stop`` belong to the event loop. Everything else runs on the thread, which
    alone uses the writing connection, the log's writer and the ledgers. Results come back with
    one call to the loop a group, in order.

    Whatever goes wrong, everybody is answered: where memory may differ from the store, the
    committer is broken and refuses everything from then on.

    Attributes:
        commits: How long transactions take.
    """

    def __init__(
        self,
        writing: Lane,
        log: LogWriter,
        *,
        receive: Callable[[Appended], None],
        verify: Callable[[], None],
        committed: Callable[[], None],
        move_wal: Callable[[], None],
    ) -> None:
        """Start the thread.

        Args:
            writing: The writing connection.
            log: The log's writer.
            receive: Called on the loop with each durable segment, before its callers are answered.
            verify: Called on the thread after each commit, before its callers are answered; an
                exception says that what was committed is lost.
            committed: Called on the thread after each commit that stands.
            move_wal: Called on the thread between two commits when the WAL is long; may fail.
        """
        self._writing, self._log = writing, log
        self.commits = Commits()
        self._receive, self._verify, self._committed = receive, verify, committed
        self._move_wal = move_wal
        self._loop = asyncio.get_running_loop()
        self._queue: SimpleQueue[Operation[object] | None] = SimpleQueue()
        self._closed = False
        self._broken: StorageFailed | None = None
        self._queued_bytes = 0
        self._room = asyncio.Event()
        self._wal_pages = 0
        writing.prepare(lambda connection: connection.set_wal_hook(self._on_wal))
        self._thread = threading.Thread(target=self._run, name="keybus-commit", daemon=True)
        self._thread.start()

    async def submit(self, operation: Operation[T]) -> T:
        """Make an operation durable, and return its answer.

        Cancelling it only stops waiting: what was submitted is carried out.

        Raises:
            StorageFailed: The store could not make it durable.
            EngineError: It was refused (``Refusal`` has the reason), or the engine is closed.
        """
        while operation.size and self._queued_bytes >= QUEUE_BYTES and not self._closed:
            self._room.clear()
            await self._room.wait()
        return await self.enqueue(operation)

    def enqueue(self, operation: Operation[T]) -> "asyncio.Future[T]":
        """The same without waiting, neither for room nor for the answer.

        Returns:
            The answer; whoever drops it hears nothing of a failure.

        Raises:
            EngineError: The engine is closed.
        """
        if self._closed:
            operation.failed()
            raise EngineError("the engine is closed")
        self._queued_bytes += operation.size
        self._queue.put(cast("Operation[object]", operation))
        return operation.future

    def stop(self) -> None:
        """Refuse what is not submitted yet."""
        self._closed = True
        self._room.set()

    def join(self) -> None:
        """Finish what was submitted, and end the thread; any other thread, and it waits."""
        self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        ending = False
        while not ending:
            taken = [self._queue.get()]
            taken += [self._queue.get() for _ in range(self._queue.qsize())]
            ending = taken[-1] is None
            operations = [each for each in taken if each is not None]
            try:
                self._work(operations)
            except BaseException as error:  # noqa: BLE001 - whatever it was, nobody may wait for ever
                self._fail([each for each in operations if not each.told], self._break(error))

    def _work(self, operations: Sequence[Operation[object]]) -> None:
        if self._broken is not None:
            self._fail(operations, self._broken)
            return
        for operation in operations:
            operation.prepare()
        with contextlib.ExitStack() as using:
            try:
                connection = using.enter_context(self._writing)
            except (apsw.Error, StorageFailed) as error:  # closed, and not to be opened again yet
                self._fail(operations, _failure(error))
                return
            for group in _groups(operations):
                self._commit(connection, group)
        if self._wal_pages > WAL_PAGES:
            with contextlib.suppress(apsw.Error, StorageFailed):
                self._move_wal()

    def _commit(self, connection: apsw.Connection, group: Sequence[Operation[object]]) -> None:
        transaction = Transaction(connection, self._log)
        try:
            appended = self._apply(transaction, group)
        except Exception as error:  # noqa: BLE001 - it is its callers'
            _roll_back(connection)
            transaction.drop()
            _overwrite(connection, error)
            if len(group) == 1 or isinstance(error, _OF_THE_DISK):
                self._fail(group, _failure(error))
                return
            # One of them cannot be written, and it alone shall fail.
            middle = len(group) // 2
            self._commit(connection, group[:middle])
            self._commit(connection, group[middle:])
            return
        transaction.keep()
        self._verify()
        self._committed()
        self._tell(group, appended)

    def _apply(
        self, transaction: Transaction, group: Sequence[Operation[object]]
    ) -> Sequence[Appended]:
        began = time.perf_counter()
        transaction.connection.execute("BEGIN IMMEDIATE")
        for operation in group:
            operation.error = None
            try:
                operation.apply(transaction)
            except Refusal as error:
                operation.error = error.reason
        appended = transaction.write()
        writing = time.perf_counter()
        transaction.connection.execute("COMMIT")
        ended = time.perf_counter()
        self.commits.whole.observe(ended - began)
        self.commits.synced.observe(ended - writing)
        return appended

    def _fail(self, group: Sequence[Operation[object]], failure: StorageFailed) -> None:
        for operation in group:
            operation.error = failure
        self._tell(group, ())

    def _tell(self, group: Sequence[Operation[object]], appended: Sequence[Appended]) -> None:
        for operation in group:
            operation.told = True
        # A loop that is gone has nobody left to tell.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._land, group, appended)

    def _land(self, group: Sequence[Operation[object]], appended: Sequence[Appended]) -> None:
        try:
            for segment in appended:
                self._receive(segment)
        except Exception as error:  # noqa: BLE001 - logged, and whoever calls next hears of it
            self._break(error)
        for operation in group:
            self._queued_bytes -= operation.size
            try:
                self._answer(operation)
            except Exception as error:  # noqa: BLE001 - logged, and the others are answered
                failure = self._break(error)
                if not operation.future.done():
                    operation.future.set_exception(failure)
        if self._queued_bytes < QUEUE_BYTES:
            self._room.set()

    def _break(self, error: BaseException) -> StorageFailed:
        """Memory may differ from the store: nothing is taken any more."""
        _log.error("the store is closed to writing until it is opened again", exc_info=error)
        self._broken = _failure(error)
        return self._broken

    def _answer(self, operation: Operation[object]) -> None:
        future = operation.future
        if operation.error is None:
            answer = operation.landed()
            if not future.done():
                future.set_result(answer)
        else:
            operation.failed()
            if not future.done():
                future.set_exception(operation.error)

    def _on_wal(self, _: apsw.Connection, __: str, pages: int) -> int:
        self._wal_pages = pages
        return apsw.SQLITE_OK


def _roll_back(connection: apsw.Connection) -> None:
    # Some errors roll back by themselves.
    with contextlib.suppress(apsw.Error):
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def _overwrite(connection: apsw.Connection, error: Exception) -> None:
    """What could not be synced may stand whole in the WAL, for a crash to bring it back."""
    if isinstance(error, apsw.IOError):
        with contextlib.suppress(apsw.Error):
            connection.execute(_OVERWRITE).fetchall()


def _groups(operations: Sequence[Operation[object]]) -> Iterator[Sequence[Operation[object]]]:
    group: list[Operation[object]] = []
    for operation in operations:
        if not operation.alone:
            group.append(operation)
            continue
        if group:
            yield group
        yield [operation]
        group = []
    if group:
        yield group


def _failure(error: BaseException) -> StorageFailed:
    if isinstance(error, StorageFailed):
        return error
    failure = StorageFailed(
        f"the store could not be written: {str(error) or type(error).__name__}",
        hint="what was acknowledged before is kept; check the disk, then try again",
    )
    failure.__cause__ = error
    return failure
