"""A token bucket: what may be taken at a rate, and when there is something again."""

from keybus.clock import Clock

BURST_SECONDS = 1.0
"""What a bucket holds where nothing else is said: as much as comes in this time."""


class Bucket:
    """Fills at a rate. Belongs to one event loop.

    While there is anything in it, as much may be taken as is asked for: what it lacks is owed, and
    nothing more is given until that is paid. So what is asked for at once may be more than the
    bucket holds, and the rate is kept all the same.

    Args:
        rate: What comes in a second.
        clock: Time.
        most: What it holds; None: what comes in `BURST_SECONDS`.
    """

    def __init__(self, rate: float, clock: Clock, *, most: float | None = None) -> None:
        self._rate, self._clock = rate, clock
        self._most = self._level = rate * BURST_SECONDS if most is None else most
        self._at = clock.monotonic()

    @property
    def wait(self) -> float:
        """Seconds until something may be taken; 0: now."""
        now = self._clock.monotonic()
        self._level = min(self._most, self._level + (now - self._at) * self._rate)
        self._at = now
        return 0.0 if self._level > 0 else (1.0 - self._level) / self._rate

    def take(self, amount: float) -> None:
        """Take as much, or owe it."""
        self._level -= amount
