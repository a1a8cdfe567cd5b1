"""How often something took how long."""

from bisect import bisect_left
from collections.abc import Sequence
from typing import Final

DURATIONS: Final = (
    *(0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05),
    *(0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0),
)
"""Bounds in seconds for what takes well under a second."""
LATENCIES: Final = (
    *(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5),
    *(1.0, 2.5, 5.0, 10.0, 60.0, 600.0, 3_600.0),
)
"""Bounds in seconds for what may wait for somebody."""


class Histogram:
    """Counts by upper bounds. One thread counts; any may read what is nearly exact.

    Attributes:
        bounds: The upper bounds, growing; each belongs to what it bounds.
        counts: How many there were up to each bound and above the one before; the last is above
            all of them.
        total: The sum of all values.

    Args:
        bounds: The upper bounds.
    """

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: Sequence[float] = DURATIONS) -> None:
        self.bounds = tuple(bounds)
        self.counts = [0] * (len(self.bounds) + 1)
        self.total = 0.0

    def observe(self, value: float, times: int = 1) -> None:
        """It took so long, so often."""
        self.counts[bisect_left(self.bounds, value)] += times
        self.total += value * times
