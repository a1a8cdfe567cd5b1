"""What a fetch waits for: that something happened, or that a time has come."""

import asyncio

from keybus.clock import Clock
from keybus.steady import SteadyTime


class Alarm:
    """Wakes the one who waits. Belongs to one event loop."""

    def __init__(self, clock: Clock, time: SteadyTime) -> None:
        self._clock, self._time = clock, time
        self._rung = asyncio.Event()

    def ring(self) -> None:
        """Something happened."""
        self._rung.set()

    async def wait(self, due_at: int | None) -> None:
        """Until something happens from now on, or a time has come.

        Args:
            due_at: Microseconds of the steady time; None for no time.
        """
        self._rung.clear()
        if due_at is None:
            await self._rung.wait()
            return
        left = max(due_at - self._time.now(), 0) / 1_000_000
        timer = asyncio.ensure_future(self._clock.sleep(left))
        timer.add_done_callback(self._over)
        try:
            await self._rung.wait()
        finally:
            timer.cancel()

    def _over(self, timer: "asyncio.Future[None]") -> None:
        """A timer that was cancelled wakes nobody: it would wake the next wait, and that the next."""
        if not timer.cancelled():
            self._rung.set()
