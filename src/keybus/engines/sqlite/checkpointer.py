"""Moves the WAL into the file in the background, so that no commit has to."""

import contextlib
import threading

import apsw

INTERVAL = 0.1
"""Seconds between checkpoints while there are commits; none otherwise."""


class Checkpointer:
    """A thread with a connection of its own.

    ``touch`` may be called from any thread; ``close`` from one.
    """

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection
        self._dirty = threading.Event()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="keybus-checkpoint", daemon=True)
        self._thread.start()

    def touch(self) -> None:
        """Something was committed."""
        if not self._dirty.is_set():
            self._dirty.set()

    def close(self) -> None:
        """Stop, and close the connection."""
        self._closing.set()
        self._dirty.set()
        self._thread.join()
        self._connection.close()

    def _run(self) -> None:
        while not self._closing.is_set():
            self._dirty.wait()
            if self._closing.wait(INTERVAL):
                return
            self._dirty.clear()
            # Passive waits for nobody and can only put off: the WAL stays, and with it the truth.
            with contextlib.suppress(apsw.Error):
                self._connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
