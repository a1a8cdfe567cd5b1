"""Time that only moves on, whatever happens to the wall clock."""

from keybus.clock import Clock


class SteadyTime:
    """Microseconds since the epoch by the wall clock of the beginning, then by the monotonic one.

    A delay that is measured with it is neither hastened nor prolonged where the wall clock is
    set. Safe for any thread, if the clock is.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._offset = clock.time_us() - self._monotonic()

    def now(self) -> int:
        """The time, in microseconds."""
        return self._offset + self._monotonic()

    def _monotonic(self) -> int:
        return round(self._clock.monotonic() * 1_000_000)
