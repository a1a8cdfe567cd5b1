"""The time by which it is judged how old messages are: what is deleted never comes again."""

from keybus.clock import Clock
from keybus.steady import SteadyTime


class AgeClock:
    """A clock whose time of day is never ahead of how long the process has run.

    A wall clock that was set forward counts as far as time has passed, up to the next start.

    Args:
        clock: The clock.
        time: The time since the process began.
    """

    def __init__(self, clock: Clock, time: SteadyTime) -> None:
        self._time, self._clock = time, clock
        self.monotonic, self.sleep = clock.monotonic, clock.sleep
        self.uuid, self.hex, self.random = clock.uuid, clock.hex, clock.random

    def time_us(self) -> int:
        """Microseconds since the Unix epoch."""
        return min(self._clock.time_us(), self._time.now())
