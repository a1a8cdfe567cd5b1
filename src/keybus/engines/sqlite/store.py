"""The store's file: its permissions, its lock, its schema and its connections."""

import contextlib
import os
import sys
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
    # On macOS a plain fsync leaves data in the drive's cache; elsewhere these do nothing.
    "PRAGMA fullfsync = ON",
    "PRAGMA checkpoint_fullfsync = ON",
    # A checkpoint inside a commit costs tens of milliseconds; the checkpointer does it.
    "PRAGMA wal_autocheckpoint = 0",
    # A WAL that once grew gives its room back.
    "PRAGMA journal_size_limit = 67108864",
)


class Store:
    """An open store: locked, migrated, ready for connections.

    Its connections are each for one thread at a time.
    """

    def __init__(self, path: Path, vfs: str | None = None) -> None:
        """Open the file, made where it does not exist, for this user alone.

        Args:
            path: The file.
            vfs: The name of the registered SQLite VFS that reads and writes it; None: the
                system's own.

        Raises:
            StorageFailed: It is in use, is no store, is a newer program's, or cannot be opened.
        """
        try:
            # One file may have many names, but has one lock.
            self.path = path = path.resolve()
            self._vfs = vfs
            self._names = str(path), f"{path}-wal"  # looked at after each commit
            _make(path.parent)
            self._lock = StoreLock(path)
        except (OSError, RuntimeError) as error:  # RuntimeError: a loop of symbolic links
            raise StorageFailed(f"cannot open the store {path}: {error}") from error
        try:
            # SQLite gives the WAL and its index the permissions of the file.
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
            self.writer = self.connect()
            try:
                migrate(self.writer, path)
                self._files = self._stand()
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
        connection = apsw.Connection(str(self.path), vfs=self._vfs)
        connection.set_busy_timeout(_BUSY_MS)
        for pragma in _PRAGMAS:
            # To its end: what fails in the last step is lost with a cursor that is let go before.
            connection.execute(pragma).fetchall()
        if reading:
            connection.execute("PRAGMA query_only = ON")
        return connection

    def verify(self) -> None:
        """Make sure that what was written is where the next opener will look. Any thread.

        Raises:
            StorageFailed: The file or its WAL was deleted or replaced: what is written from now
                on goes into files without a name.
        """
        try:
            same = self._stand() == self._files
        except OSError:
            same = False
        if not same:
            raise StorageFailed(
                f"the store {self.path} was deleted or replaced while it was open",
                hint="put it back if you can, and start again",
            )

    def close(self) -> None:
        """Let go of the file; every other connection must be closed before."""
        try:
            self.writer.close()
        finally:
            self._lock.release()

    def _stand(self) -> tuple[int, ...]:
        """Which files the store's names lead to."""
        file, wal = map(os.stat, self._names)
        return file.st_dev, file.st_ino, wal.st_ino


def _make(folder: Path) -> None:
    """Make a folder for this user alone, where there is none, so that a power cut leaves it there.

    SQLite syncs the folder that its files are in, but whoever makes a folder has to sync the one
    above (fsync(2), Notes).
    """
    missing = [each for each in (folder, *folder.parents) if not each.exists()]
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if sys.platform == "win32":
        return  # where a folder cannot be opened
    for made in missing:
        with contextlib.suppress(PermissionError):  # one that may not be read; SQLite does the same
            descriptor = os.open(made.parent, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
