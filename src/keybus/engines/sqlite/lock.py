"""One process a store: leases and caches live in memory, so a second one would deliver twice."""

import os
import sys
from pathlib import Path

from keybus.errors import StorageFailed

if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


class StoreLock:
    """An exclusive lock beside the store's file, let go by the system when the process ends.

    Belongs to whoever opened the store; not for use by two threads at once.
    """

    def __init__(self, store: Path) -> None:
        """Take the lock.

        Raises:
            StorageFailed: Another opener has it.
        """
        path = store.with_name(store.name + ".lock")
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            _lock(self._descriptor)
        except OSError as error:
            os.close(self._descriptor)
            raise StorageFailed(
                f"the store {store} is in use by another process",
                hint="stop that process, or give this one a store of its own",
            ) from error

    def release(self) -> None:
        """Let go. The file stays: removing it would let two openers lock two files."""
        os.close(self._descriptor)
