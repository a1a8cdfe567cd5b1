"""What is made durable: an operation, and the transaction it is applied in."""

import asyncio
from collections.abc import Sequence
from typing import Generic, TypeVar

import apsw

from keybus.engines.sqlite.ledger import Ledger
from keybus.engines.sqlite.log import Appended, LogWriter
from keybus.errors import EngineError

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
        return self.log.write(self.connection)

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


class Refusal(Exception):
    """An operation is refused, and has changed nothing.

    Attributes:
        reason: What its caller is told.
    """

    def __init__(self, reason: EngineError) -> None:
        super().__init__(reason)
        self.reason = reason


class Operation(Generic[T]):
    """Something to make durable, and the caller that waits for it.

    ``prepare`` and ``apply`` run on the committer's thread, ``landed`` and ``failed`` on the
    event loop: exactly one of these two, once, in the order in which operations were submitted,
    and also where the caller was cancelled meanwhile.
    """

    alone = False
    """It reads what stands, so that everything before it must be committed."""
    size = 0
    """Bytes it brings."""

    def __init__(self) -> None:
        self.future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self.error: Exception | None = None
        self.told = False

    def prepare(self) -> None:
        """Note what is true whether the transaction succeeds or not."""

    def apply(self, transaction: Transaction) -> None:
        """Write, or stage for the transaction's write; again, where that was rolled back.

        Raises:
            Refusal: This operation is refused and has changed nothing; its group goes on.
        """
        raise NotImplementedError

    def landed(self) -> T:
        """It is durable: change what is in memory. The caller's answer."""
        raise NotImplementedError

    def failed(self) -> None:
        """It is not known to be durable: put back what is in memory."""
