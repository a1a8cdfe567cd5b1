"""A file system for SQLite whose syncs take longer."""

import time

import apsw


class SlowDisk(apsw.VFS):
    """The default one for as long as it is kept; all else goes to the system's own.

    Args:
        added: Seconds added to each sync, after it was done.
    """

    def __init__(self, added: float) -> None:
        self._added = added
        super().__init__("keybus-slow-disk", "unix", makedefault=True, maxpathname=0)

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> apsw.VFSFile:  # noqa: N802 - SQLite's name
        """A file of the system's own that syncs slowly."""
        return _File(name, flags, self._added)


class _File(apsw.VFSFile):
    def __init__(self, name: str | apsw.URIFilename | None, flags: list[int], added: float) -> None:
        self._added = added
        super().__init__("unix", name, flags)

    def xSync(self, flags: int) -> None:  # noqa: N802 - SQLite's name
        super().xSync(flags)
        if self._added:
            time.sleep(self._added)
