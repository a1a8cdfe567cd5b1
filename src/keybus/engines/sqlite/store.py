"""The store's file: its permissions, its lock, its schema, its connections and its WAL."""

import contextlib
import os
import sys
from pathlib import Path

import apsw

from keybus.engines.sqlite.lane import Lane, close
from keybus.engines.sqlite.lock import StoreLock
from keybus.engines.sqlite.migrations import migrate
from keybus.engines.sqlite.queries import query
from keybus.errors import StorageFailed

_BUSY_MS, _BRIEF_MS = 5_000, 50
_OVERWRITE = query("next_document_version")
_SYNC_ERRORS = (apsw.SQLITE_IOERR_FSYNC, apsw.SQLITE_IOERR_DIR_FSYNC)
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
    """An open store: locked and migrated.

    Attributes:
        writing: The connection that writes.
        reading: One that may not write.
        moving: One that moves the WAL into the file.
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
            self._files: tuple[int, ...] = ()
            self._doubted = False
            self.writing, self.moving = Lane(self._connect), Lane(self._connect)
            self.reading = Lane(self._connect, _forbid_writing)
            self._names = str(path), f"{path}-wal"  # looked at after each commit
            _make(path.parent)
            self._lock = StoreLock(path)
        except (OSError, RuntimeError) as error:  # RuntimeError: a loop of symbolic links
            raise StorageFailed(f"cannot open the store {path}: {error}") from error
        try:
            # SQLite gives the WAL and its index the permissions of the file.
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
            try:
                with self.writing as connection:
                    migrate(connection, path)
                    # What another program has kept of the WAL's index is nobody's any more: a
                    # process before this one may have ended in doubt.
                    self._doubted = _moved(connection) > 0
                self._files = self._stand()
            except BaseException:
                self.writing.close(keep_wal=True)
                raise
        except (OSError, apsw.Error) as error:
            self._lock.release()
            raise StorageFailed(f"cannot open the store {path}: {error}") from error
        except BaseException:
            self._lock.release()
            raise

    def move(self, *, wait: bool = True) -> None:
        """Move the WAL into the file, as far as nobody reads or writes what is there. Any thread.

        It waits for no reader and no writer, and can only put off: the WAL stays, and with it the
        truth. Where the file could not be synced, nothing is moved any more until `recover`.

        Args:
            wait: Until another thread that is at it has ended; otherwise it is left to that one.

        Raises:
            apsw.Error: It could not be moved.
            StorageFailed: The same.
        """
        if not self.moving.lock.acquire(blocking=wait):
            return
        try:
            if not self._doubted:
                self._move()
            elif wait:
                raise StorageFailed(f"the store {self.path} could not be synced")
        finally:
            self.moving.lock.release()

    def recover(self) -> None:
        """After a sync of the file that failed, have all of the WAL moved again. Any thread.

        Of what was written and not synced then, nobody knows how much is lost, and a later sync
        that succeeds says nothing of it (fsync(2), Notes). SQLite moves again what that checkpoint
        has moved. But not what one before it has that met a writer or a reader on its way: such a
        one syncs nothing, and is remembered as done in the WAL's index (sqlite.org/wal.html,
        sqlite.org/walformat.html, nBackfill). The index is made anew, from nothing, by the first
        connection to the store; the WAL has everything since the last sync of the file.

        Raises:
            apsw.Error: It is not moved yet.
            StorageFailed: The same.
        """
        if not self._doubted:
            return
        with self.writing.lock, self.reading.lock, self.moving.lock:
            if self.writing.is_open:
                # What could not be synced may stand whole in the WAL, and must not come back.
                with self.writing as connection:
                    _overwrite(connection)
            self._close_lanes()
        with self.moving as connection:
            moved = _moved(connection)
        if moved:
            raise StorageFailed(f"another program has the store {self.path} open")
        self._doubted = False

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
        """Let go of the file; nobody may hold a connection any more."""
        try:
            self._close_lanes()
        finally:
            self._lock.release()

    def _connect(self) -> apsw.Connection:
        connection = apsw.Connection(str(self.path), vfs=self._vfs)
        try:
            connection.set_busy_timeout(_BUSY_MS)
            for pragma in _PRAGMAS:
                # To its end: what fails in the last step is lost with a cursor let go before.
                connection.execute(pragma).fetchall()
            if self._files:
                self.verify()
        except BaseException:
            # It may be the only one, and then it would move and delete the WAL.
            close(connection, keep_wal=True)
            raise
        return connection

    def _move(self) -> None:
        try:
            with self.moving as connection:
                connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
        except apsw.BusyError:
            pass  # a backup, say, is at it
        except apsw.IOError as error:
            self._doubted = getattr(error, "extendedresult", None) in _SYNC_ERRORS
            raise

    def _close_lanes(self) -> None:
        """The last one moves the WAL into the file, unless the WAL alone has the truth."""
        with contextlib.ExitStack() as closing:
            for lane in (self.writing, self.reading, self.moving):
                closing.callback(lane.close, keep_wal=self._doubted)

    def _stand(self) -> tuple[int, ...]:
        """Which files the store's names lead to."""
        file, wal = map(os.stat, self._names)
        return file.st_dev, file.st_ino, wal.st_ino


def _forbid_writing(connection: apsw.Connection) -> None:
    connection.execute("PRAGMA query_only = ON").fetchall()


def _overwrite(connection: apsw.Connection) -> None:
    """Commit something, without waiting long for another program that writes."""
    connection.set_busy_timeout(_BRIEF_MS)
    try:
        connection.execute(_OVERWRITE).fetchall()
    finally:
        connection.set_busy_timeout(_BUSY_MS)


def _moved(connection: apsw.Connection) -> int:
    """How many pages of the WAL the index says are in the file; below 0: it was not looked at."""
    _, moved = connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_NOOP)
    return moved


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
