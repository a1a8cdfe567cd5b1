"""A connection that one thread at a time uses, and that can be closed between two uses."""

import threading
from collections.abc import Callable
from types import TracebackType

import apsw


class Lane:
    """``with lane as connection``: any thread may use it while it holds the lane.

    Nothing may be kept from one use to the next: in between the connection may have been closed,
    and the next use opens another.

    Attributes:
        lock: Of the lane; may be taken several times by one thread, and without opening it.
    """

    def __init__(
        self,
        connect: Callable[[], apsw.Connection],
        prepare: Callable[[apsw.Connection], None] = lambda _: None,
    ) -> None:
        """A lane that is closed until its first use.

        Args:
            connect: Opens a connection.
            prepare: What is done to each before its first use.
        """
        self.lock = threading.RLock()
        self._connect = connect
        self._prepare = prepare
        self._connection: apsw.Connection | None = None

    def __enter__(self) -> apsw.Connection:
        """Hold it, and open it where it is closed.

        Raises:
            apsw.Error: It could not be opened.
            StorageFailed: The same.
        """
        self.lock.acquire()
        try:
            if self._connection is None:
                self._connection = self._prepared(self._connect())
        except BaseException:
            self.lock.release()
            raise
        return self._connection

    def __exit__(
        self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None
    ) -> None:
        """Let go of it."""
        self.lock.release()

    @property
    def is_open(self) -> bool:
        """Whether there is a connection; whoever asks holds the lock."""
        return self._connection is not None

    def prepare(self, prepare: Callable[[apsw.Connection], None]) -> None:
        """Do this to the connection, and to each that will be opened after it."""
        with self as connection:
            prepare(connection)
            self._prepare = prepare

    def _prepared(self, connection: apsw.Connection) -> apsw.Connection:
        try:
            self._prepare(connection)
        except BaseException:
            close(connection, keep_wal=True)
            raise
        return connection

    def close(self, *, keep_wal: bool) -> None:
        """Close the connection, where there is one.

        Args:
            keep_wal: Also the last one of the store leaves the WAL as it is; otherwise that one
                moves it into the file, and deletes it.
        """
        with self.lock:
            connection, self._connection = self._connection, None
            if connection is not None:
                close(connection, keep_wal=keep_wal)


def close(connection: apsw.Connection, *, keep_wal: bool) -> None:
    """Close a connection; see `Lane.close`."""
    connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, int(keep_wal))
    connection.close()
