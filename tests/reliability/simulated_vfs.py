"""SQLite's file system over a simulated disk: real files to work in, a `Disk` beside them."""

import contextlib
import itertools
from pathlib import Path

import apsw

from tests.reliability.disk import Disk, PowerIsOff

_numbers = itertools.count(1)


class SimulatedVFS(apsw.VFS):
    """Works in the files of a folder, and tells a disk of it; registered until `close`.

    The index of the WAL (``-shm``) and locks are the system's: no power cut leaves anything of
    them. Nothing is really synced: what the disk keeps is its own.

    Attributes:
        name: What to give to `SqliteEngine.at`.
    """

    def __init__(self, disk: Disk) -> None:
        self.disk = disk
        self.name = f"simulated-{next(_numbers)}"
        super().__init__(self.name, "unix", maxpathname=0)

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> apsw.VFSFile:  # noqa: N802 - SQLite's name
        if name is None:
            return apsw.VFSFile("unix", name, flags)  # a temporary file: nobody will look for it
        return _SimulatedFile(self.disk, name, flags)

    def xDelete(self, filename: str, syncdir: bool) -> None:  # noqa: N802, FBT001
        # A last connection that closes deletes the WAL, and has nobody to tell that it could not.
        with contextlib.suppress(PowerIsOff):
            self.disk.delete(Path(filename).name, sync=syncdir)
            super().xDelete(filename, syncdir)

    def excepthook(self, *_: object) -> bool:
        """What cannot be told to SQLite is of no use to anybody else."""
        return True

    def close(self) -> None:
        """No more connections can be opened through it."""
        self.unregister()


class _SimulatedFile(apsw.VFSFile):
    def __init__(self, disk: Disk, name: str | apsw.URIFilename, flags: list[int]) -> None:
        path = Path(name.filename() if isinstance(name, apsw.URIFilename) else name)
        self._disk, self._name = disk, path.name
        create = bool(flags[0] & (apsw.SQLITE_OPEN_MAIN_JOURNAL | apsw.SQLITE_OPEN_WAL))
        disk.open(self._name, create=create)
        super().__init__("unix", name, flags)

    def xRead(self, amount: int, offset: int) -> bytes:  # noqa: N802
        self._disk.read(self._name)
        return super().xRead(amount, offset)

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802
        written = bytes(data)
        self._disk.write(self._name, offset, written)
        super().xWrite(written, offset)

    def xTruncate(self, newsize: int) -> None:  # noqa: N802
        self._disk.truncate(self._name, newsize)
        super().xTruncate(newsize)

    def xSync(self, _flags: int) -> None:  # noqa: N802
        self._disk.sync(self._name)

    def excepthook(self, *_: object) -> bool:
        return True
