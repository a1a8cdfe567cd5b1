"""Bounds what the log says of failures: a full disk fails every put, and fills itself with them."""

import contextlib
import logging
from collections.abc import Iterator
from typing import Final

from keybus.clock import SYSTEM, Clock

EVERY_SECONDS: Final = 1.0
"""A failure of one kind is a line in the log once in so long."""
FORGOTTEN_SECONDS: Final = 60.0
"""After so long without it, it is told from the beginning, with its traceback."""
LOGGERS: Final = (
    "keybus.bus.dead_letters.age_limits",
    "keybus.bus.delivery.desk",
    "keybus.bus.delivery.dispatcher",
    "keybus.bus.ingest.ingest",
    "keybus.bus.targets.carrier",
    "keybus.bus.targets.queue_target",
    "keybus.engines.sqlite.checkpointer",
    "keybus.server.answers",
    "keybus.server.aws.dispatch",
    "keybus.server.schemas.face",
)
"""What logs a traceback for each put, settlement or request that fails."""
_Kind = tuple[str, str, str, str]


class _Told:
    """What was said of one kind of failure."""

    __slots__ = ("last", "level", "logged", "suppressed")

    def __init__(self, now: float, level: int) -> None:
        self.logged = self.last = now
        self.level, self.suppressed = level, 0


class FailureLimit(logging.Filter):
    """Lets a failure pass with its traceback once, then as a line each second, and counts the rest.

    Failures are of one kind where they come from one logger, with one type of error and one
    message before anything is put into it; where two things or more are, the last one, which says
    what failed, is part of it. So there are as many kinds as there are in the code. What is logged
    without an error passes.

    Args:
        clock: Time.
    """

    def __init__(self, clock: Clock = SYSTEM) -> None:
        super().__init__()
        self._clock = clock
        self._told: dict[_Kind, _Told] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether it is logged; what is, but for the first, is cut to a line."""
        error = record.exc_info[1] if record.exc_info else None
        if error is None:
            return True
        now, kind = self._clock.monotonic(), _kind(record, error)
        told = self._told.get(kind)
        if told is None or now - told.last > FORGOTTEN_SECONDS:
            self._told[kind] = _Told(now, record.levelno)
            return True
        told.last = now
        if now - told.logged < EVERY_SECONDS:
            told.suppressed += 1
            return False
        before = f" (and {told.suppressed:,} times before, not logged)" if told.suppressed else ""
        message, said = record.getMessage(), str(error)
        record.msg = message if said in message else f"{message}: {said}"
        record.msg, record.args = f"{record.msg}{before}", ()
        record.exc_info = record.exc_text = None
        told.logged, told.suppressed = now, 0
        return True

    @contextlib.contextmanager
    def attached(self) -> Iterator[None]:
        """Bounds the loggers of failures; what was counted and not told is told in the end."""
        for name in LOGGERS:
            logging.getLogger(name).addFilter(self)
        try:
            yield
        finally:
            for name in LOGGERS:
                logging.getLogger(name).removeFilter(self)
            self._tell_the_rest()

    def _tell_the_rest(self) -> None:
        for (name, message, what, error), told in self._told.items():
            if told.suppressed:
                about = what or message
                logging.getLogger(name).log(
                    told.level, "%s: %s, %d times more, not logged", about, error, told.suppressed
                )
        self._told.clear()


def _kind(record: logging.LogRecord, error: BaseException) -> _Kind:
    arguments = record.args if isinstance(record.args, tuple) else ()
    last = arguments[-1] if len(arguments) > 1 else ""
    what = last if isinstance(last, str) else ""
    return record.name, str(record.msg), what, type(error).__name__
