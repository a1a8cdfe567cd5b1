"""Many alternatives tried together: one bit for each.

For every field a lookup tells which of the alternatives a value satisfies, and the bits of all
fields are put together by `and`.
"""

from collections.abc import Iterable, Iterator
from typing import Final, TypeAlias

from keybus.patterns.evaluate import Field
from keybus.patterns.index.alternative import Alternative, leaf_of, scalars_of
from keybus.patterns.index.layout import Values
from keybus.patterns.index.lookup import MANY, Lookup
from keybus.patterns.index.memo import Budget

_BITS_OF_A_POINTER: Final = 64

#: The fields that are left to try, each with the position of its values.
Tests: TypeAlias = tuple[tuple[int, Field], ...]


class _Column:
    """One field of all the alternatives."""

    def __init__(self, untested: int, budget: Budget) -> None:
        self._lookup = Lookup()
        self._untested = untested  # who does not ask for this field
        self._optional = 0  # who is content if it is absent
        self._budget = budget
        self._seen: dict[str, int] = {}
        budget.join(self)

    def copy(self) -> "_Column":
        copy = _Column(self._untested, self._budget)
        copy._lookup, copy._optional = self._lookup.copy(), self._optional
        return copy

    def add(self, field: Field | None, bit: int) -> None:
        if field is None:
            self._untested |= 1 << bit
            return
        for operator in field.values:
            self._lookup.add(operator, bit)
        if field.may_be_absent:
            self._optional |= 1 << bit

    def remove(self, field: Field | None, bit: int) -> None:
        if field is not None:
            for operator in field.values:
                self._lookup.remove(operator, bit)
        self._untested &= ~(1 << bit)
        self._optional &= ~(1 << bit)

    def mask(self, value: object) -> int:
        """A bit for everyone whom the value satisfies."""
        if isinstance(value, str):
            return self._of_text(value) | self._untested
        scalars = scalars_of(value)
        there = bool(scalars)
        if len(scalars) > MANY:
            mask = self._untested | _mask(self._lookup.of_any(map(leaf_of, scalars)))
        else:
            mask = self._untested
            for scalar in scalars:
                if isinstance(scalar, str):
                    mask |= self._of_text(scalar)
                else:
                    mask |= _mask(self._lookup.of(leaf_of(scalar)))
        # What is there in one element of an array may be absent in another.
        return mask | self._optional if isinstance(value, tuple) or not there else mask

    def forget(self) -> None:
        self._seen = {}

    def _of_text(self, text: str) -> int:
        seen = self._seen
        mask = seen.get(text)
        if mask is None:
            mask = _mask(self._lookup.of(text))
            if self._budget.allows(text, mask.bit_length() // _BITS_OF_A_POINTER):
                seen[text] = mask
        return mask


class Masks:
    """The alternatives, and a column for each field of theirs; a change is made to a copy."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._all = 0
        self._alternatives: list[Alternative | None] = []
        self._bits: dict[Alternative, int] = {}
        self._columns: dict[int, _Column] = {}

    def copy(self) -> "Masks":
        """Masks of its own for the same alternatives."""
        copy = Masks(self._budget)
        copy._all, copy._alternatives = self._all, list(self._alternatives)
        copy._bits = dict(self._bits)
        copy._columns = {at: column.copy() for at, column in self._columns.items()}
        return copy

    @property
    def holes(self) -> int:
        """How many bits were dropped."""
        return len(self._alternatives) - self._all.bit_count()

    def add(self, alternative: Alternative, tests: Tests) -> None:
        """Take one more."""
        fields = dict(tests)
        for position in fields.keys() - self._columns.keys():
            self._columns[position] = _Column(self._all, self._budget)
        bit = self._bits[alternative] = len(self._alternatives)
        self._alternatives.append(alternative)
        for position, column in self._columns.items():
            column.add(fields.get(position), bit)
        self._all |= 1 << bit

    def remove(self, alternative: Alternative, tests: Tests) -> None:
        """Drop one that was added with these tests; its bit stays empty."""
        fields = dict(tests)
        bit = self._bits.pop(alternative)
        self._alternatives[bit] = None
        self._all &= ~(1 << bit)
        for position, column in self._columns.items():
            column.remove(fields.get(position), bit)

    def matching(self, values: Values) -> Iterator[Alternative]:
        """Those whose fields are all satisfied, each by itself."""
        mask = self._all
        for position, column in self._columns.items():
            mask &= column.mask(values[position])
            if not mask:
                return
        while mask:
            lowest = mask & -mask
            mask ^= lowest
            found = self._alternatives[lowest.bit_length() - 1]
            if found is not None:
                yield found


def _mask(bits: Iterable[int]) -> int:
    bits = list(bits)
    if len(bits) < _BITS_OF_A_POINTER:
        mask = 0
        for bit in bits:
            mask |= 1 << bit
        return mask
    packed = bytearray(max(bits) // 8 + 1)
    for bit in bits:
        packed[bit >> 3] |= 1 << (bit & 7)
    return int.from_bytes(packed, "little")
