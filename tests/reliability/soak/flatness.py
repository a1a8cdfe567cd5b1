"""Whether what is measured once a cycle stays flat: the rule, and why it is this one.

A process that leaks grows from trough to trough by about as much each time; one that has only
once needed more keeps it and grows no more. So the line through the later half of the troughs is
judged, and the first half is left out: caches and windows fill up in it. The line is the median
of the slopes between all pairs of troughs (Theil and Sen), which one trough that was measured at
a bad moment does not move.
"""

from collections.abc import Mapping, Sequence
from itertools import combinations
from statistics import median
from typing import Final

import msgspec

MIN_TROUGHS: Final = 3
"""Of the later half: fewer say nothing."""
_MEBIBYTE: Final = 1 << 20


class Bound(msgspec.Struct, frozen=True):
    """How much something may grow over the later half: the larger of the two.

    Attributes:
        least: So much in any case, in its own unit.
        share: Of the median.
    """

    least: float
    share: float = 0.0

    def of(self, level: float) -> float:
        """The bound for what is about so much."""
        return max(self.least, self.share * level)


BOUNDS: Final[Mapping[str, Bound]] = {
    "resident": Bound(4.0 * _MEBIBYTE, 0.03),
    "private": Bound(4.0 * _MEBIBYTE, 0.03),
    "files": Bound(3.0),
    "threads": Bound(2.0),
    "tasks": Bound(3.0),
    "store": Bound(16.0 * _MEBIBYTE, 0.1),
}
"""What is judged: bytes of memory and of the store, and numbers."""


class Growth(msgspec.Struct, frozen=True):
    """What became of one thing over the later half of the troughs.

    Attributes:
        name: What was measured: of `BOUNDS`.
        level: Its median.
        growth: By how much the line through it rises, from the first of these troughs to the last.
        bound: How much that may be.
        minutes: Between these two.
    """

    name: str
    level: float
    growth: float
    bound: float
    minutes: float

    @property
    def flat(self) -> bool:
        """Whether it is no more than it may be."""
        return self.growth <= self.bound


def judged(name: str, points: Sequence[tuple[float, float]]) -> Growth | None:
    """Judge what was measured at the troughs; None where there are too few.

    Args:
        name: What it is: of `BOUNDS`.
        points: The minute of each trough, and what was measured.
    """
    later = points[len(points) // 2 :]
    if len(later) < MIN_TROUGHS:
        return None
    slope = median((y2 - y1) / (x2 - x1) for (x1, y1), (x2, y2) in combinations(later, 2))
    minutes = later[-1][0] - later[0][0]
    level = median(value for _, value in later)
    return Growth(name, level, slope * minutes, BOUNDS[name].of(level), minutes)
