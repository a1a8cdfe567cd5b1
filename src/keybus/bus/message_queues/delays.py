"""Messages that are not to be received yet: put aside in the store, by the time they are due."""

import asyncio
import logging
from collections import Counter
from collections.abc import Sequence
from typing import Final

from keybus.bus.engine import Cursor
from keybus.clock import Clock
from keybus.errors import EngineError
from keybus.steady import SteadyTime

LONGEST: Final = 900_000_000
"""Microseconds of the longest delay: 15 minutes."""
_GROUP: Final = "due-"
_REASON: Final = "it is not to be received before its delay is over"
_TICK: Final = 100_000
"""Microseconds within which messages become due together."""
_US: Final = 1_000_000
_FAILURE_PAUSE: Final = 1.0
_log = logging.getLogger(__name__)


def is_early(due_us: int, now: int, longest: int = LONGEST) -> bool:
    """Whether something is not due yet, in microseconds since the Unix epoch.

    What would be due later than any delay lasts was sent before the process began, by a wall clock
    that was set back since. It is due.
    """
    return 0 < due_us - now <= longest


class Delays:
    """Puts messages aside, durably, and lets them go on time. Belongs to one event loop.

    They cost no memory but a number for each tenth of a second of the next 15 minutes. A message is put aside
    when it is fetched, so that no attempt counts; those that nobody asked for wait in line.

    Args:
        clock: Sleeps.
        time: What messages are due by.
    """

    def __init__(self, clock: Clock, time: SteadyTime) -> None:
        self._clock, self._time = clock, time
        self._cursor: Cursor | None = None
        self._due = set[int]()
        self._sent = Counter[int]()
        self._news = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def sent(self, due_us: int) -> None:
        """A message was sent that is due then; for `count`."""
        self._sent[_tick(due_us)] += 1

    def count(self) -> int:
        """How many messages were sent that are not due yet."""
        now = self._time.now() // _TICK
        for past in [tick for tick in self._sent if tick <= now]:
            del self._sent[past]
        return self._sent.total()

    async def follow(self, cursor: Cursor) -> None:
        """Let go on time what is put aside in a queue.

        Raises:
            StorageFailed: It cannot be seen what is.
        """
        groups = [each.name for each in await cursor.groups()]
        self._cursor = cursor
        self._due = {int(name[len(_GROUP) :]) for name in groups if name.startswith(_GROUP)}
        if self._due:
            self._start()

    async def hold(self, early: Sequence[tuple[int, int]]) -> None:
        """Put leased messages aside.

        Args:
            early: Their positions, and when each is due, in microseconds since the Unix epoch.

        Raises:
            EngineError: Some may be put aside, and are let go on time; the others are leased as
                before.
        """
        cursor = self._cursor
        assert cursor is not None
        by_tick: dict[int, list[int]] = {}
        for position, due_us in early:
            by_tick.setdefault(_tick(due_us), []).append(position)
        for tick, positions in by_tick.items():
            try:
                await cursor.hold(positions, reason=_REASON, group=f"{_GROUP}{tick}")
            finally:  # also where it fails, or is cancelled: it may be kept all the same
                self._due.add(tick)
                self._start()

    def forget(self) -> None:
        """Nothing that was sent is there any more."""
        self._sent.clear()

    async def close(self) -> None:
        """Let nothing go any more; what is put aside stays so."""
        task, self._task = self._task, None
        self._cursor = None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    def _start(self) -> None:
        self._news.set()
        if self._task is None and self._cursor is not None:
            self._task = asyncio.create_task(self._run(), name="delayed messages")

    async def _run(self) -> None:
        while True:
            self._news.clear()
            if not self._due:
                await self._news.wait()
                continue
            first = min(self._due)
            left = first * _TICK - self._time.now()
            if is_early(left, 0, LONGEST + _TICK):
                await self._sleep(left / _US)
                continue
            await self._let_go(first)

    async def _let_go(self, tick: int) -> None:
        assert self._cursor is not None
        self._due.discard(tick)  # before: what is put aside meanwhile has to go as well
        try:
            await self._cursor.unhold(f"{_GROUP}{tick}")
        except EngineError:
            _log.exception("%s: delayed messages wait for the store", self._cursor.name)
            self._due.add(tick)
            await self._clock.sleep(_FAILURE_PAUSE)

    async def _sleep(self, seconds: float) -> None:
        """Until then, or until something is put aside that may be due before."""
        timer = asyncio.ensure_future(self._clock.sleep(seconds))
        timer.add_done_callback(lambda done: None if done.cancelled() else self._news.set())
        try:
            await self._news.wait()
        finally:
            timer.cancel()


def _tick(due_us: int) -> int:
    """The first tick since the Unix epoch at which it is due."""
    return -(-due_us // _TICK)
