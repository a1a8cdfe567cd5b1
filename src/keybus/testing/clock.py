"""A clock that moves when the test says so, and whose ids and jitter can be repeated."""

import asyncio
import heapq
import random
import uuid
from collections.abc import Coroutine


class ManualClock:
    """Time that stands until `advance`; ids and randomness from a seed.

    Args:
        time_us: The time it starts at, in microseconds since the Unix epoch.
        seed: What ids and randomness are made from.
    """

    def __init__(self, time_us: int = 1_700_000_000_000_000, *, seed: int = 0) -> None:
        self._time_us = time_us
        self._random = random.Random(seed)  # noqa: S311 - repeatable on purpose
        self._sleepers: list[tuple[int, int, asyncio.Future[None]]] = []
        self._count = 0

    def time_us(self) -> int:
        """The time it was set to."""
        return self._time_us

    def monotonic(self) -> float:
        """The same time, in seconds."""
        return self._time_us / 1_000_000

    def uuid(self) -> str:
        """The next id of the seed's sequence."""
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))

    def hex(self, digits: int) -> str:
        """The next digits of the seed's sequence."""
        return f"{self._random.randrange(1, 1 << (4 * digits)):0{digits}x}"

    def random(self) -> float:
        """The next number of the seed's sequence."""
        return self._random.random()

    def sleep(self, seconds: float) -> Coroutine[object, object, None]:
        """Wait until the clock was advanced by as much, counted from this call.

        Not from the first step of the coroutine: a task that sleeps is begun a turn of the loop
        later, and a test that moves the clock in between would wait for what never comes.
        """
        wakes = asyncio.get_running_loop().create_future()
        self._count += 1
        due = self._time_us + round(seconds * 1_000_000)
        heapq.heappush(self._sleepers, (due, self._count, wakes))
        if seconds <= 0:
            self.advance(0)
        return _until(wakes)

    def advance(self, seconds: float) -> None:
        """Move on, and wake who has slept long enough."""
        self._time_us += round(seconds * 1_000_000)
        while self._sleepers and self._sleepers[0][0] <= self._time_us:
            _, _, wakes = heapq.heappop(self._sleepers)
            loop = wakes.get_loop()
            if not loop.is_closed():  # the sleeper may be on another thread's loop
                loop.call_soon_threadsafe(_wake, wakes)


async def _until(wakes: "asyncio.Future[None]") -> None:
    await wakes


def _wake(sleeper: "asyncio.Future[None]") -> None:
    if not sleeper.done():
        sleeper.set_result(None)
