"""The delay of a FIFO queue: its messages are fetched when they are due, in their order."""

import asyncio
from bisect import insort
from collections.abc import Callable, Sequence
from typing import Any, Final, cast

from keybus.bus.engine import Cursor, Delivery
from keybus.bus.message_queues.delays import is_early
from keybus.bus.message_queues.kept import decode
from keybus.clock import Clock, pause
from keybus.steady import SteadyTime

_LOOK_SECONDS: Final = 1.0
"""How often it is looked whether the queue's delay was changed."""
_LATER: Final = 0.1
"""Seconds after which what was to come back after a while has done so."""
_US: Final = 1_000_000


def delayed(cursor: Cursor, delay: Callable[[], int], clock: Clock, time: SteadyTime) -> Cursor:
    """A FIFO queue's place in the store, whose messages are there once they are due.

    Args:
        cursor: Its place.
        delay: The queue's delay now, in microseconds.
        clock: Sleeps.
        time: What messages are due by.
    """
    return cast("Cursor", _Delayed(cursor, delay, clock, time))


class _Delayed:
    """What was fetched too early waits here, leased and never much more than one fetch of it.

    All messages of a queue have one delay, so that what is behind an early one in the log is early
    too: nothing more is asked for but what comes back, and as many as do.
    """

    def __init__(
        self, cursor: Cursor, delay: Callable[[], int], clock: Clock, time: SteadyTime
    ) -> None:
        self._cursor, self._delay, self._clock, self._time = cursor, delay, clock, time
        self._early: Sequence[Delivery] = ()
        self._back: list[float] = []
        self._news = asyncio.Event()

    def __getattr__(self, name: str) -> Any:
        """All else is as it is."""
        return getattr(self._cursor, name)

    async def fetch(self, limit: int) -> Sequence[Delivery]:
        """Lease what is due; as `Cursor.fetch`."""
        while True:
            if self._early:
                batch = await self._next(limit)
            else:
                now = self._clock.monotonic()  # what has come back by now is fetched first
                self._back = [each for each in self._back if each > now]
                batch = await self._cursor.fetch(limit)
            ready, self._early = self._parted(batch, limit)
            if ready:
                return ready

    async def retry(self, position: int, *, delay: float, **more: Any) -> None:
        """As `Cursor.retry`."""
        await self._cursor.retry(position, delay=delay, **more)
        self._comes(1, delay)

    async def release(self, positions: Sequence[int]) -> None:
        """As `Cursor.release`."""
        await self._cursor.release(positions)
        self._comes(len(positions))

    async def unhold(self, group: str | None = None, limit: int | None = None) -> int:
        """As `Cursor.unhold`."""
        count = await self._cursor.unhold(group, limit)
        self._comes(count)
        return count

    async def reached(self) -> int:
        """As `Cursor.reached`: what is early is not fetched."""
        reached = await self._cursor.reached()
        return min([reached, *(each.position - 1 for each in self._early)])

    def _comes(self, count: int, delay: float = 0.0) -> None:
        """So many come back, after so many seconds; what comes at once does so now."""
        due = self._clock.monotonic() + (delay + _LATER if delay else 0.0)
        for _ in range(count if self._delay() else 0):
            insort(self._back, due)
        self._news.set()

    async def _next(self, limit: int) -> Sequence[Delivery]:
        """What is early, once some of it is due or something came back, and that."""
        try:
            await self._wait()
        except BaseException:
            early, self._early = self._early, ()
            await self._cursor.release([each.position for each in early])
            raise
        back, now = 0, self._clock.monotonic()
        while self._back and self._back[0] <= now and back < limit:
            self._back.pop(0)
            back += 1
        if not back:
            return self._early
        early, self._early = self._early, ()
        await self._cursor.release([each.position for each in early])
        return await self._cursor.fetch(len(early) + back)

    async def _wait(self) -> None:
        """Until the first is due, by the delay of then, or something came back."""
        while True:
            self._news.clear()
            due_us = decode(self._early[0].envelope).due_us + self._delay() - self._time.now()
            left = due_us / _US
            if self._back:
                left = min(left, self._back[0] - self._clock.monotonic())
            if left <= 0:
                return
            await pause(self._clock, min(left, _LOOK_SECONDS), self._news)

    def _parted(
        self, batch: Sequence[Delivery], limit: int
    ) -> tuple[Sequence[Delivery], Sequence[Delivery]]:
        """What is due, and what is not: from the first on that is not, but for what came back."""
        now, delay = self._time.now(), self._delay()
        if not delay and len(batch) <= limit:
            return batch, ()
        ready: list[Delivery] = []
        early: list[Delivery] = []
        for each in batch:
            due_us = decode(each.envelope).due_us + delay
            waits = len(ready) == limit or is_early(due_us, now, delay)
            if waits or (early and each.attempt == 1):
                early.append(each)
            else:
                ready.append(each)
        return ready, early
