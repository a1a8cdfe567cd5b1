"""A clock whose wall clock is set while its monotonic clock goes on, as an operator does it."""

from keybus.testing.clock import ManualClock


class JumpingClock(ManualClock):
    """Time that stands until `advance`; a wall clock that is wrong by as much as it was set."""

    _jumped = 0

    def time_us(self) -> int:
        """The wall clock."""
        return super().time_us() + self._jumped

    def jump(self, seconds: float) -> None:
        """Set the wall clock forward, or back."""
        self._jumped += round(seconds * 1_000_000)
