"""A file system that remembers what SQLite wrote and synced, and fails when told to."""

import threading
from typing import NamedTuple

import apsw


class Act(NamedTuple):
    verb: str
    file: str
    data: bytes = b""


class RecordingVFS(apsw.VFS):
    """The default one for as long as it is registered.

    Attributes:
        acts: Writes and syncs, in order.
        failing: Syncs of files whose name ends so fail; None: none.
    """

    def __init__(self) -> None:
        self.acts: list[Act] = []
        self.failing: str | None = None
        self.lock = threading.Lock()
        super().__init__("recording", "unix", makedefault=True, maxpathname=0)

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> apsw.VFSFile:  # noqa: N802 - SQLite's name
        return _File(self, name, flags)


class _File(apsw.VFSFile):
    def __init__(
        self, vfs: RecordingVFS, name: str | apsw.URIFilename | None, flags: list[int]
    ) -> None:
        self._vfs = vfs
        self._name = name.filename() if isinstance(name, apsw.URIFilename) else str(name)
        super().__init__("unix", name, flags)

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802
        with self._vfs.lock:
            super().xWrite(data, offset)
            self._vfs.acts.append(Act("write", self._name, bytes(data)))

    def xSync(self, flags: int) -> None:  # noqa: N802
        if self._vfs.failing is not None and self._name.endswith(self._vfs.failing):
            raise apsw.IOError("the disk does not sync")
        super().xSync(flags)
        with self._vfs.lock:
            self._vfs.acts.append(Act("sync", self._name))
