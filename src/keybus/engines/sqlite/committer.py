"""One thread that makes things durable: everything queued, one transaction, one sync."""

import asyncio
import contextlib
import threading
from collections.abc import Callable, Iterator, Sequence
from queue import SimpleQueue
from typing import Generic, TypeVar, cast

import apsw

from keybus.engines.sqlite.ledger import Ledger
from keybus.engines.sqlite.log import Appended, LogWriter
from keybus.errors import Conflict, EngineError, StorageFailed

WAL_PAGES = 16_384
"""Pages in the WAL above which the committer helps to move them, between two commits."""

T = TypeVar("T")


class Transaction:
    """What an operation may touch while it is applied. Belongs to the committer's thread."""

    def __init__(self, connection: apsw.Connection, log: LogWriter) -> None:
        self.connection = connection
        self.log = log
        self._ledgers: dict[Ledger, None] = {}

    def ledger(self, ledger: Ledger) -> Ledger:
        """The ledger, which will be written with this transaction."""
        self._ledgers[ledger] = None
        return ledger

    def write(self) -> Sequence[Appended]:
        """Write what the operations staged."""
        for ledger in self._ledgers:
            ledger.write(self.connection)
        return self.log.write()

    def keep(self) -> None:
        """It is durable."""
        self.log.keep()
        for ledger in self._ledgers:
            ledger.keep()

    def drop(self) -> None:
        """It was rolled back."""
        self.log.drop()
        for ledger in self._ledgers:
            ledger.drop()


class Operation(Generic[T]):
    """Something to make durable, and the caller that waits for it.

    ``prepare`` and ``apply`` run on the committer's thread, ``landed`` and ``failed`` on the
    event loop: exactly one of these two, once, in the order in which operations were submitted,
    and also where the caller was cancelled meanwhile.
    """

    alone = False
    """It reads what stands, so that everything before it must be committed."""

    def __init__(self) -> None:
        self.future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self.error: Exception | None = None

    def prepare(self) -> None:
        """Note what is true whether the transaction succeeds or not."""

    def apply(self, transaction: Transaction) -> None:
        """Write, or stage for the transaction's write.

        Raises:
            Conflict: This operation is refused and has changed nothing; its group goes on.
        """
        raise NotImplementedError

    def landed(self) -> T:
        """It is durable: change what is in memory. The caller's answer."""
        raise NotImplementedError

    def failed(self) -> None:
        """It is not durable, nothing of it was kept: put back what is in memory."""


class Committer:
    """The thread and its queue.

    ``submit`` and ``close`` belong to the event loop. Everything else runs on the thread, which
    alone uses the writing connection, the log's writer and the ledgers. Results come back with
    one call to the loop a group, in order.
    """

    def __init__(
        self,
        connection: apsw.Connection,
        log: LogWriter,
        *,
        receive: Callable[[Appended], None],
        committed: Callable[[], None],
    ) -> None:
        """Start the thread.

        Args:
            connection: The writing connection.
            log: The log's writer.
            receive: Called on the loop with each durable segment, before its callers are answered.
            committed: Called on the thread after each commit.
        """
        self._connection, self._log = connection, log
        self._receive, self._committed = receive, committed
        self._loop = asyncio.get_running_loop()
        self._queue: SimpleQueue[Operation[object] | None] = SimpleQueue()
        self._closed = False
        self._wal_pages = 0
        connection.set_wal_hook(self._on_wal)
        self._thread = threading.Thread(target=self._run, name="keybus-commit", daemon=True)
        self._thread.start()

    async def submit(self, operation: Operation[T]) -> T:
        """Make an operation durable, and return its answer.

        Cancelling it only stops waiting: what was submitted is carried out.

        Raises:
            Conflict: It was refused.
            StorageFailed: The store could not make it durable.
            EngineError: The engine is closed.
        """
        if self._closed:
            operation.failed()
            raise EngineError("the engine is closed")
        self._queue.put(cast("Operation[object]", operation))
        return await operation.future

    async def close(self) -> None:
        """Finish what was submitted, and stop."""
        self._closed = True
        self._queue.put(None)
        await self._loop.run_in_executor(None, self._thread.join)

    def _run(self) -> None:
        ending = False
        while not ending:
            taken = [self._queue.get()]
            taken += [self._queue.get() for _ in range(self._queue.qsize())]
            ending = taken[-1] is None
            for group in _groups([each for each in taken if each is not None]):
                self._commit(group)
            self._move_wal()

    def _commit(self, group: Sequence[Operation[object]]) -> None:
        transaction = Transaction(self._connection, self._log)
        appended: Sequence[Appended] = ()
        try:
            for operation in group:
                operation.prepare()
            appended = self._apply(transaction, group)
        except Exception as error:  # noqa: BLE001 - whatever it was, nobody may wait for ever
            self._roll_back()
            transaction.drop()
            failure = StorageFailed(
                f"the store could not be written: {str(error) or type(error).__name__}",
                hint="what was acknowledged before is kept; check the disk, then try again",
            )
            failure.__cause__ = error
            for operation in group:
                operation.error = failure
        else:
            transaction.keep()
            self._committed()
        # A loop that is gone has nobody left to tell.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._land, group, appended)

    def _apply(
        self, transaction: Transaction, group: Sequence[Operation[object]]
    ) -> Sequence[Appended]:
        self._connection.execute("BEGIN IMMEDIATE")
        for operation in group:
            try:
                operation.apply(transaction)
            except Conflict as error:
                operation.error = error
        appended = transaction.write()
        self._connection.execute("COMMIT")
        return appended

    def _roll_back(self) -> None:
        # Some errors roll back by themselves.
        with contextlib.suppress(apsw.Error):
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")

    def _land(self, group: Sequence[Operation[object]], appended: Sequence[Appended]) -> None:
        for segment in appended:
            self._receive(segment)
        for operation in group:
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

    def _move_wal(self) -> None:
        """Under a steady load the checkpointer never meets the WAL's end; between commits we do."""
        if self._wal_pages > WAL_PAGES:
            with contextlib.suppress(apsw.Error):
                self._connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)


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
