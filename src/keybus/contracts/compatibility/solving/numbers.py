"""A number that a case allows: bounds, multiples, and what is not to be a multiple."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import islice
from math import ceil, floor, gcd, lcm
from typing import Final

from keybus.contracts.compatibility.formulas import Above, Below, Formula, Listed, Multiple
from keybus.contracts.compatibility.solving.cases import Case
from keybus.contracts.compatibility.solving.outcomes import NONE, Found, Outcome, Unknown
from keybus.contracts.compatibility.values import Key, key_of, written

_MOST: Final = 2_000  # numbers of a range that are looked at one by one
_UNKNOWN: Final = Unknown("no number was found, and there may be one")


@dataclass
class _Wanted:
    low: Fraction | None = None
    without_low: bool = False
    high: Fraction | None = None
    without_high: bool = False
    step: Fraction | None = None
    refused_steps: list[Fraction] = field(default_factory=list)
    refused: set[Key] = field(default_factory=set)

    def above(self, limit: Fraction, *, without: bool) -> None:
        if self.low is None or limit > self.low or (limit == self.low and without):
            self.low, self.without_low = limit, without

    def below(self, limit: Fraction, *, without: bool) -> None:
        if self.high is None or limit < self.high or (limit == self.high and without):
            self.high, self.without_high = limit, without

    def also(self, formula: Formula, *, holds: bool) -> None:
        """Take in one atom."""
        match formula:
            case Above(limit, without) if holds:
                self.above(limit, without=without)
            case Above(limit, without):
                self.below(limit, without=not without)
            case Below(limit, without) if holds:
                self.below(limit, without=without)
            case Below(limit, without):
                self.above(limit, without=not without)
            case Multiple(of) if holds:
                self.step = of if self.step is None else _common(self.step, of)
            case Multiple(of):
                self.refused_steps.append(of)
            case Listed(_, keys):
                self.refused |= keys

    def fits(self, number: Fraction) -> bool:
        """Whether a number is within the bounds, and no multiple of what is refused."""
        if self.low is not None and (
            number < self.low or (number == self.low and self.without_low)
        ):
            return False
        if self.high is not None and (
            number > self.high or (number == self.high and self.without_high)
        ):
            return False
        return not any((number / step).denominator == 1 for step in self.refused_steps)


def number(kind: str, case: Case) -> Outcome:
    """A number of a kind, ``integer`` or ``decimal``.

    Args:
        kind: The kind.
        case: Atoms about numbers; of lists only those that it is not of.
    """
    wanted = _Wanted(step=Fraction(1) if kind == "integer" else None)
    for formula, holds in case.items():
        wanted.also(formula, holds=holds)
    if wanted.low is not None and wanted.high is not None and wanted.low > wanted.high:
        return NONE
    if wanted.step is None:
        return _dense(wanted, kind)
    if any((wanted.step / each).denominator == 1 for each in wanted.refused_steps):
        return NONE
    return _stepped(wanted, wanted.step, kind)


def _stepped(wanted: _Wanted, step: Fraction, kind: str) -> Outcome:
    least = None if wanted.low is None else ceil(wanted.low / step)
    most = None if wanted.high is None else floor(wanted.high / step)
    skipped = len(wanted.refused) + 3  # both ends may be left out
    cycle = lcm(*((each / step).numerator for each in wanted.refused_steps))
    enough = min(_MOST, skipped * max(cycle, 1) + skipped)
    counts = _counts(least, most)
    for count in islice(counts, enough):
        value = written(count * step, kind)
        if wanted.fits(count * step) and ("number", count * step) not in wanted.refused:
            return Found(value) if value is not None else _UNKNOWN
    finite = least is not None and most is not None and most - least < enough
    return NONE if finite or enough < _MOST else _UNKNOWN


def _counts(least: int | None, most: int | None) -> Iterator[int]:
    """Whole numbers of a range, those that are next to nothing first."""
    if least is None and most is None:
        yield 0
        for count in range(1, 10 * _MOST):
            yield count
            yield -count
    elif least is not None and (least >= 0 or most is None):
        yield from range(least, (least + 10 * _MOST if most is None else most) + 1)
    elif most is not None and (most <= 0 or least is None):
        yield from range(most, (most - 10 * _MOST if least is None else least) - 1, -1)
    elif least is not None and most is not None:
        yield from range(most + 1)
        yield from range(-1, least - 1, -1)


def _dense(wanted: _Wanted, kind: str) -> Outcome:
    """A number of a range without steps: there are none only if the range is a point or less."""
    low, high = wanted.low, wanted.high
    if low is not None and low == high:
        value = written(low, kind)
        if not wanted.fits(low) or ("number", low) in wanted.refused:
            return NONE
        return _UNKNOWN if value is None else Found(value)
    for candidate in _candidates(low, high):
        value = written(candidate, kind)
        if value is not None and wanted.fits(candidate) and key_of(value) not in wanted.refused:
            return Found(value)
    return _UNKNOWN


def _candidates(low: Fraction | None, high: Fraction | None) -> Iterable[Fraction]:
    if low is not None and high is not None:
        width = high - low
        parts = (Fraction(part, 1_000) for part in (500, 250, 0, 1_000, *range(1, 1_000, 7)))
        return [*(low + width * part for part in parts), *_rounded(low, high)]
    at = low if low is not None else high if high is not None else Fraction(0)
    sign = -1 if low is None and high is not None else 1
    steps = (0, 1, Fraction(1, 2), *range(2, 200), Fraction(1, 10), Fraction(1, 1_000), 10**15)
    # A number that is no multiple of 0.01 has more digits than that.
    fine = (Fraction(1, 10**digits) for digits in range(4, 13))
    return [at + sign * step for step in (*steps, *fine)]


def _rounded(low: Fraction, high: Fraction) -> Iterator[Fraction]:
    """Numbers between two with as few digits as there can be."""
    for digits in range(16):
        scale = 10**digits
        first = ceil(low * scale)
        for count in range(first, first + 4):
            if Fraction(count, scale) <= high:
                yield Fraction(count, scale)


def _common(one: Fraction, other: Fraction) -> Fraction:
    """The least number that is a multiple of both."""
    return Fraction(lcm(one.numerator, other.numerator), gcd(one.denominator, other.denominator))
