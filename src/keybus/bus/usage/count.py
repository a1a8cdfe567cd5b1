"""A count: how many there were of something, of which majors, and when."""

from typing import Final

from keybus.bus.usage.majors import UNSAID
from keybus.governance.sprawl import OfMajor

MOST_MAJORS: Final = 64
"""Majors of one pair that are told apart; what comes beyond them is of none."""
Row = tuple[int, int, int]
"""How many, when the first, and when the last, in microseconds since the Unix epoch."""
OfMajors = dict[int, tuple[int, int]]
"""By major: how many, and when the last."""


class Count:
    """How many, and when; and of each major how many, and when the last."""

    __slots__ = ("count", "first", "last", "majors")

    def __init__(self, now: int) -> None:
        self.count = 0
        self.first = self.last = now
        self.majors: OfMajors = {}

    def add(self, n: int, now: int, major: int) -> None:
        """So many more, now, of a major."""
        self.count += n
        self.last = now
        before = self.majors.get(major)
        if before is not None:
            self.majors[major] = before[0] + n, now
        elif major != UNSAID and len(self.majors) < MOST_MAJORS:
            self.majors[major] = n, now

    def of_majors(self) -> tuple[OfMajor, ...]:
        """The same by major, the lowest first."""
        return tuple(OfMajor(major, *of) for major, of in sorted(self.majors.items()))

    def fill(self, row: Row, majors: OfMajors) -> None:
        """Take what was kept."""
        self.count, self.first, self.last = row
        self.majors = dict(majors)
