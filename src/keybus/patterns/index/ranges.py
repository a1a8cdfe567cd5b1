"""Ranges of numbers, and which of them hold a number, without trying them all."""

from bisect import bisect_left, bisect_right
from collections.abc import Container, Iterable, Sequence
from math import frexp, inf, nextafter
from typing import Final, TypeAlias

from keybus.patterns.operators import Range

_LARGEST_EXPONENT: Final = 1023


_Closed: TypeAlias = tuple[float, float, int]

# More ranges than this, or more slots between their ends, are not worked out beforehand.
_FEW: Final = 1_024
_MOST_SLOTS: Final = 32_768


class Ranges:
    """Ranges with a slot each; a single number is a range too.

    A few are cut at all their ends, and what holds between two of them is worked out once. Many
    are sorted among others about as wide: a range that holds a number begins at most its own
    width below it, so that few of those that do not hold the number are looked at. Ranges without
    an upper end are sorted by the lower one, and the other way round.
    """

    def __init__(self) -> None:
        # By width: one end of each range, in order; and both of them, closed, with the slot.
        self._sorted: dict[float, tuple[list[float], list[_Closed]]] = {}
        self._size = 0
        self._cuts: _Cuts | None = None
        self._cut = False

    def copy(self) -> "Ranges":
        """Ranges of its own, the same."""
        copy = Ranges()
        copy._sorted = {width: (list(a), list(b)) for width, (a, b) in self._sorted.items()}
        copy._size = self._size
        return copy

    def without(self, slots: Container[int]) -> "Ranges":
        """The ranges of all other slots."""
        left = Ranges()
        for _, ranges in self._sorted.values():
            for bottom, top, slot in ranges:
                if slot not in slots:
                    left.add(bottom, top, slot)
        return left

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self._size)

    def add(self, bottom: float, top: float, slot: int) -> None:
        """Take a range, both of its ends in it."""
        if _holds_nothing(bottom, top):
            return
        width, end = _key(bottom, top)
        ends, ranges = self._sorted.setdefault(width, ([], []))
        at = bisect_left(ends, end)
        ends.insert(at, end)
        ranges.insert(at, (bottom, top, slot))
        self._size += 1
        self._cuts, self._cut = None, False

    def remove(self, bottom: float, top: float, slot: int) -> None:
        """Drop a range that was added with this slot."""
        if _holds_nothing(bottom, top):
            return
        width, end = _key(bottom, top)
        ends, ranges = self._sorted[width]
        at = ranges.index((bottom, top, slot), bisect_left(ends, end))
        del ends[at], ranges[at]
        if not ends:
            del self._sorted[width]
        self._size -= 1
        self._cuts, self._cut = None, False

    def of(self, number: float) -> Sequence[int]:
        """The slots of the ranges that hold a number."""
        if self._cuts is None and not self._prepared():
            return self._looked_for(number)
        assert self._cuts is not None
        ends, cuts = self._cuts
        at = bisect_left(ends, number)
        return cuts[2 * at + (ends[at] == number)]

    def of_all(self, numbers: Iterable[float]) -> list[int]:
        """The slots of the ranges that hold one of some numbers; one may stand there twice."""
        found: list[int] = []
        if self._cuts is None and not self._prepared():
            for number in numbers:
                found += self._looked_for(number)
            return found
        assert self._cuts is not None
        ends, cuts = self._cuts
        for number in numbers:
            at = bisect_left(ends, number)
            if cut := cuts[2 * at + (ends[at] == number)]:
                found += cut
        return found

    def _looked_for(self, number: float) -> list[int]:
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

    def _prepared(self) -> bool:
        """Whether it is worked out what lies between the ends."""
        if not self._cut:
            self._cuts = self._worked_out()
            self._cut = True
        return self._cuts is not None

    def _worked_out(self) -> "_Cuts | None":
        """The slots below each end and at it; None where they are too many."""
        if self._size > _FEW:
            return None
        ranges = [one for _, some in self._sorted.values() for one in some]
        ends = sorted({inf, *(end for bottom, top, _ in ranges for end in (bottom, top))})
        ranges.sort(reverse=True)
        begun: list[_Closed] = []
        cuts: list[list[int]] = []
        slots = 0
        for end in ends:
            cuts.append([slot for _, _, slot in begun])
            while ranges and ranges[-1][0] <= end:
                begun.append(ranges.pop())
            cuts.append([slot for _, _, slot in begun])
            begun = [one for one in begun if one[1] > end]
            slots += len(cuts[-1])
            if slots > _MOST_SLOTS:
                return None
        return ends, cuts


_Cuts: TypeAlias = tuple[list[float], list[list[int]]]


def closed(one: Range) -> tuple[float, float]:
    """The smallest and the largest double in a range."""
    bottom = -inf if one.bottom is None else one.bottom
    top = inf if one.top is None else one.top
    return (
        bottom if one.with_bottom or one.bottom is None else nextafter(bottom, inf),
        top if one.with_top or one.top is None else nextafter(top, -inf),
    )


def _holds_nothing(bottom: float, top: float) -> bool:
    """Whether no double is in the range: its ends are neighbours, or beyond all doubles."""
    return not (bottom <= top and bottom < inf and top > -inf)


def _key(bottom: float, top: float) -> tuple[float, float]:
    """A width that is at least the range's, negative without a lower end; and the end to sort by."""
    if bottom == -inf:
        return -inf, top
    width = top - bottom
    if not 0 < width < inf:
        return width, bottom
    exponent = frexp(width)[1]
    return (2.0**exponent if exponent <= _LARGEST_EXPONENT else inf), bottom
