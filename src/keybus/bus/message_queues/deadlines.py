"""Deadlines of many things, waited for by one task."""

import asyncio
from collections.abc import Callable, Sequence
from heapq import heapify, heappop, heappush
from itertools import count
from typing import Final

from keybus.clock import Clock

_SPARE: Final = 1_000
Entry = tuple[float, int, Sequence[int]]


class Deadlines:
    """Says when times have come. Belongs to one event loop.

    What is over before its time is not taken out; now and then, when it is more than the rest, it
    is dropped.

    Args:
        clock: Its monotonic time counts.
        come: Told of positions whose time has come, or that are over.
        lives: Whether a deadline of a position still holds.
        total: How many positions have one.
    """

    def __init__(
        self,
        clock: Clock,
        come: Callable[[Sequence[int]], None],
        lives: Callable[[int, float], bool],
        total: Callable[[], int],
    ) -> None:
        self._clock, self._come, self._lives, self._total = clock, come, lives, total
        self._heap: list[Entry] = []
        self._numbers = count()
        self._earlier = asyncio.Event()
        self._next = float("inf")
        self._task: asyncio.Task[None] | None = None

    def add(self, deadline: float, positions: Sequence[int]) -> None:
        """Positions have one deadline, in seconds of the monotonic clock."""
        if len(self._heap) > 2 * self._total() + _SPARE:
            self._drop()
        heappush(self._heap, (deadline, next(self._numbers), positions))
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="visibility timeouts")
        elif deadline < self._next:
            self._earlier.set()

    async def close(self) -> None:
        """Wait for nothing any more."""
        self._heap.clear()
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    def _drop(self) -> None:
        self._heap = [
            entry
            for entry in self._heap
            if any(self._lives(position, entry[0]) for position in entry[2])
        ]
        heapify(self._heap)

    async def _run(self) -> None:
        while True:
            while self._heap and self._heap[0][0] <= self._clock.monotonic():
                self._come(heappop(self._heap)[2])
            self._earlier.clear()
            if not self._heap:
                self._next = float("inf")
                await self._earlier.wait()
                continue
            self._next = self._heap[0][0]
            await self._sleep(self._next - self._clock.monotonic())

    async def _sleep(self, seconds: float) -> None:
        timer = asyncio.ensure_future(self._clock.sleep(max(0.0, seconds)))
        timer.add_done_callback(self._over)
        try:
            await self._earlier.wait()
        finally:
            timer.cancel()

    def _over(self, timer: "asyncio.Future[None]") -> None:
        """A timer that was cancelled wakes nobody: it would wake the next wait, and that the next."""
        if not timer.cancelled():
            self._earlier.set()
