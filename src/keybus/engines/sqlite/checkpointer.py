"""Moves the WAL into the file in the background, so that no commit has to."""

import logging
import threading

import apsw

INTERVAL = 0.1
"""Seconds between checkpoints while there are commits; none otherwise."""

_log = logging.getLogger(__name__)


class Checkpointer:
    """A thread with a connection of its own.

    ``touch`` may be called from any thread; ``close`` from one.
    """

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection
        self._dirty = threading.Event()
        self._closing = threading.Event()
        self._failing = False
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
            self._checkpoint()

    def _checkpoint(self) -> None:
        """Passive waits for nobody and can only put off: the WAL stays, and with it the truth."""
        try:
            self._connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
        except apsw.BusyError:
            pass  # the committer is at it
        except Exception:  # noqa: BLE001 - logged, and tried again
            if not self._failing:
                _log.exception("the WAL cannot be moved into the store, and grows until it can")
            self._failing = True
        else:
            self._failing = False
