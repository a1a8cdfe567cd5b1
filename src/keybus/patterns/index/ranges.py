"""Ranges of numbers, and which of them hold a number, without trying them all."""

from bisect import bisect_left, bisect_right
from math import frexp, inf, nextafter
from typing import Final, TypeAlias

from keybus.patterns.operators import Range

_LARGEST_EXPONENT: Final = 1023


_Closed: TypeAlias = tuple[float, float, int]

# More are not cut at their ends: that takes the square of their number.
_FEW: Final = 64


class Ranges:
    """Ranges with a slot each.

    A few are cut at all their ends, and what holds between two of them is worked out once. Many
    are sorted among others about as wide: a range that holds a number begins at most its own
    width below it, so that few of those that do not hold the number are looked at. Ranges without
    an upper end are sorted by the lower one, and the other way round.
    """

    def __init__(self) -> None:
        # By width: one end of each range, in order; and both of them, closed, with the slot.
        self._sorted: dict[float, tuple[list[float], list[_Closed]]] = {}
        self._size = 0
        # Between and at the ends of a few: the slots.
        self._ends: list[float] = []
        self._cuts: list[list[int]] = []

    def copy(self) -> "Ranges":
        """Ranges of its own, the same."""
        copy = Ranges()
        copy._sorted = {width: (list(a), list(b)) for width, (a, b) in self._sorted.items()}
        copy._size = self._size
        return copy

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self._size)

    def add(self, one: Range, slot: int) -> None:
        """Take a range."""
        width, end = _key(one)
        ends, ranges = self._sorted.setdefault(width, ([], []))
        at = bisect_left(ends, end)
        ends.insert(at, end)
        ranges.insert(at, (*closed(one), slot))
        self._size += 1
        self._cuts = []

    def remove(self, one: Range, slot: int) -> None:
        """Drop a range that was added with this slot."""
        width, end = _key(one)
        ends, ranges = self._sorted[width]
        at = ranges.index((*closed(one), slot), bisect_left(ends, end))
        del ends[at], ranges[at]
        if not ends:
            del self._sorted[width]
        self._size -= 1
        self._cuts = []

    def of(self, number: float) -> list[int]:
        """The slots of the ranges that hold a number."""
        if self._size > _FEW:
            return self._of_many(number)
        cuts = self._cuts or self._cut()
        at = bisect_left(self._ends, number)
        return cuts[2 * at + (self._ends[at] == number)]

    def _of_many(self, number: float) -> list[int]:
        found: list[int] = []
        for width, (ends, ranges) in self._sorted.items():
            if width < 0:
                first, after = bisect_left(ends, number), len(ends)
            else:
                after = bisect_right(ends, number)
                if not after or ends[after - 1] < number - width:
                    continue
                first = bisect_left(ends, number - width, 0, after)
            found += [slot for bottom, top, slot in ranges[first:after] if bottom <= number <= top]
        return found

    def _cut(self) -> list[list[int]]:
        ranges = [one for _, some in self._sorted.values() for one in some]
        ends = sorted({inf, *(end for bottom, top, _ in ranges for end in (bottom, top))})
        cuts = []
        below = -inf
        for end in ends:
            cuts.append([slot for bottom, top, slot in ranges if bottom <= below and end <= top])
            cuts.append([slot for bottom, top, slot in ranges if bottom <= end <= top])
            below = end
        self._ends = ends
        self._cuts = cuts
        return cuts


def closed(one: Range) -> tuple[float, float]:
    """The smallest and the largest double in a range."""
    bottom = -inf if one.bottom is None else one.bottom
    top = inf if one.top is None else one.top
    return (
        bottom if one.with_bottom or one.bottom is None else nextafter(bottom, inf),
        top if one.with_top or one.top is None else nextafter(top, -inf),
    )


def _key(one: Range) -> tuple[float, float]:
    """A width that is at least the range's, negative without a lower end; and the end to sort by."""
    if one.bottom is None:
        assert one.top is not None
        return -inf, one.top
    if one.top is None:
        return inf, one.bottom
    width = one.top - one.bottom
    exponent = frexp(width)[1]
    return (2.0**exponent if exponent <= _LARGEST_EXPONENT else inf), one.bottom
