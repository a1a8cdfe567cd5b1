"""The store's file: its permissions, its lock, its schema and its connections."""

import os
from pathlib import Path

import apsw

from keybus.engines.sqlite.lock import StoreLock
from keybus.engines.sqlite.migrations import migrate
from keybus.errors import StorageFailed

_BUSY_MS = 5_000
_PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    # At NORMAL a commit is not synced: it could not back an acknowledged put.
    "PRAGMA synchronous = FULL",
    # A checkpoint inside a commit costs tens of milliseconds; the checkpointer does it.
    "PRAGMA wal_autocheckpoint = 0",
)


class Store:
    """An open store: locked, migrated, ready for connections.

    Its connections are each for one thread at a time.
    """

    def __init__(self, path: Path) -> None:
        """Open the file, made where it does not exist, for this user alone.

        Raises:
            StorageFailed: It is in use, is no store, is a newer program's, or cannot be opened.
        """
        self.path = path
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock = StoreLock(path)
        except OSError as error:
            raise StorageFailed(f"cannot open the store {path}: {error}") from error
        try:
            # SQLite gives the WAL and its index the permissions of the file.
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
            self.writer = self.connect()
            try:
                migrate(self.writer, path)
            except BaseException:
                self.writer.close()
                raise
        except (OSError, apsw.Error) as error:
            self._lock.release()
            raise StorageFailed(f"cannot open the store {path}: {error}") from error
        except BaseException:
            self._lock.release()
            raise

    def connect(self, *, reading: bool = False) -> apsw.Connection:
        """A new connection.

        Args:
            reading: It may not write.
        """
        connection = apsw.Connection(str(self.path))
        connection.set_busy_timeout(_BUSY_MS)
        for pragma in _PRAGMAS:
            connection.execute(pragma)
        if reading:
            connection.execute("PRAGMA query_only = ON")
        return connection

    def close(self) -> None:
        """Let go of the file; every other connection must be closed before."""
        self.writer.close()
        self._lock.release()
