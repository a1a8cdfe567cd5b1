"""Moves the WAL into the file in the background, so that no commit has to."""

import logging
import threading

from keybus.engines.sqlite.store import Store

INTERVAL = 0.1
"""Seconds between checkpoints while there are commits; none otherwise."""
RETRY = 1.0
"""Seconds from a checkpoint that failed to the next."""

_log = logging.getLogger(__name__)


class Checkpointer:
    """A thread.

    ``touch`` may be called from any thread; ``close`` from one.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._dirty = threading.Event()
        self._closing = threading.Event()
        self._failure = ""
        self._thread = threading.Thread(target=self._run, name="keybus-checkpoint", daemon=True)
        self._thread.start()

    def touch(self) -> None:
        """Something was committed."""
        if not self._dirty.is_set():
            self._dirty.set()

    def close(self) -> None:
        """Stop."""
        self._closing.set()
        self._dirty.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._closing.is_set():
            self._dirty.wait()
            if self._closing.wait(RETRY if self._failure else INTERVAL):
                return
            self._dirty.clear()
            self._move()

    def _move(self) -> None:
        try:
            self._store.recover()
            self._store.move()
        except Exception as error:  # noqa: BLE001 - logged, and tried again
            if str(error) != self._failure:
                _log.exception("the WAL cannot be moved into the store, and grows until it can")
            self._failure = str(error) or type(error).__name__
            self._dirty.set()
        else:
            self._failure = ""
