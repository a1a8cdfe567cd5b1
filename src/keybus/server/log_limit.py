"""Bounds what the log says of requests: whoever sends them without a credential cannot fill a disk."""

import contextlib
import logging
from collections.abc import Iterator

from keybus.clock import SYSTEM, Clock

WINDOW_SECONDS = 60.0
MOST = 10
"""Equal messages that are logged within a window."""
LOGGERS = ("uvicorn.error", "asyncio")
"""What logs a line, or a traceback, for a request that cannot be read or a connection that broke."""


class LogLimit(logging.Filter):
    """Lets a message pass ten times a minute, whatever it is about; then counts it.

    The first one after that says how many were counted. Messages are told apart by their text
    before anything is put into it, of which there are as many as there are in the code.

    Args:
        clock: Time.
    """

    def __init__(self, clock: Clock = SYSTEM) -> None:
        super().__init__()
        self._clock = clock
        self._seen: dict[str, tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether it is logged."""
        now, text = self._clock.monotonic(), str(record.msg)
        since, count = self._seen.get(text, (now, 0))
        if now - since < WINDOW_SECONDS:
            self._seen[text] = since, count + 1
            return count < MOST
        self._seen[text] = now, 1
        if count > MOST:
            record.msg = f"{text.rstrip()} (and {count - MOST} times before, not logged)"
        return True

    @contextlib.contextmanager
    def attached(self) -> Iterator[None]:
        """Bounds the loggers of requests."""
        for name in LOGGERS:
            logging.getLogger(name).addFilter(self)
        try:
            yield
        finally:
            for name in LOGGERS:
                logging.getLogger(name).removeFilter(self)
