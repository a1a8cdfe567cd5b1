"""The leaves that a field can have, as far as its schemas say so: never fewer than it can.

All is an over-estimate. What no leaf of it satisfies, no event's field satisfies; what every leaf
of it satisfies, every event's field does.
"""

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, Final

from keybus.contracts.pattern_lint.heads import FORMAT_HEADS, Head, both, head_of
from keybus.patterns.numbers import LARGEST_EXACT_INTEGER as _EXACT
from keybus.patterns.numbers import Number
from keybus.patterns.operators import Leaf

LEAF_KINDS: Final = frozenset({"string", "number", "boolean", "null"})
KINDS: Final = LEAF_KINDS | {"object", "array"}

_MOST_VALUES: Final = 256  # of a short range of whole numbers that are looked at one by one
_LENGTHS: Final = {"uuid": (36, 36), "date-time": (20, None)}


@dataclass(frozen=True, slots=True)
class Texts:
    """Strings: how long, how they begin, and what formats they have."""

    shortest: int = 0
    longest: float = math.inf
    head: Head = ()
    formats: frozenset[str] = frozenset()

    def also(self, schema: Mapping[str, Any]) -> "Texts":
        """Those that a schema's keywords leave."""
        found = replace(
            self,
            shortest=max(self.shortest, int(schema.get("minLength", 0))),
            longest=min(self.longest, schema.get("maxLength", math.inf)),
        )
        if isinstance(pattern := schema.get("pattern"), str):
            found = replace(found, head=both(found.head, head_of(pattern)))
        if isinstance(form := schema.get("format"), str):
            least, most = _LENGTHS.get(form, (0, None))
            found = replace(
                found,
                formats=found.formats | {form},
                head=both(found.head, FORMAT_HEADS.get(form, ())),
                shortest=max(found.shortest, least),
                longest=min(found.longest, math.inf if most is None else most),
            )
        return found


@dataclass(frozen=True, slots=True)
class Numbers:
    """Numbers between two ends, whole ones only or all; the ends are doubles, never too narrow."""

    low: float = -math.inf
    high: float = math.inf
    without_low: bool = False
    without_high: bool = False
    whole: bool = False

    def also(self, schema: Mapping[str, Any]) -> "Numbers":
        """Those that a schema's keywords leave."""
        found = self
        if (least := _double(schema.get("minimum"), -math.inf)) is not None:
            beyond = schema.get("exclusiveMinimum") is True
            if least > found.low or (least == found.low and beyond):
                found = replace(found, low=least, without_low=beyond)
        if (most := _double(schema.get("maximum"), math.inf)) is not None:
            beyond = schema.get("exclusiveMaximum") is True
            if most < found.high or (most == found.high and beyond):
                found = replace(found, high=most, without_high=beyond)
        return found

    def within(
        self, bottom: float | None, top: float | None, *, with_bottom: bool, with_top: bool
    ) -> "Numbers":
        """Those that lie in a range as well."""
        found = self
        if bottom is not None and (bottom > found.low or (bottom == found.low and not with_bottom)):
            found = replace(found, low=bottom, without_low=not with_bottom)
        if top is not None and (top < found.high or (top == found.high and not with_top)):
            found = replace(found, high=top, without_high=not with_top)
        return found

    @property
    def empty(self) -> bool:
        """Whether there is no such number."""
        if self.whole and (ends := self.whole_ends) is not None:
            return ends[0] > ends[1]
        bare = self.without_low or self.without_high
        return self.low > self.high or (self.low == self.high and bare)

    @property
    def whole_ends(self) -> tuple[int, int] | None:
        """The least and the largest whole number; None where there is none."""
        if math.isinf(self.low) or math.isinf(self.high):
            return None
        low, high = math.ceil(self.low), math.floor(self.high)
        return low + (self.without_low and low == self.low), high - (
            self.without_high and high == self.high
        )

    @property
    def comparable(self) -> bool:
        """Whether patterns can compare every one of them: whole, and doubles of their own."""
        ends = self.whole_ends if self.whole else None
        return ends is not None and ends[0] >= -_EXACT and ends[1] <= _EXACT

    @property
    def listed(self) -> tuple[Number, ...] | None:
        """All of them, where they are few; else None."""
        ends = self.whole_ends if self.comparable else None
        if ends is None or ends[1] - ends[0] >= _MOST_VALUES:
            return None
        return tuple(Number.of_decoded(each) for each in range(ends[0], ends[1] + 1))


def _double(limit: Any, away: float) -> float | None:
    """A limit as a double that is not narrower than the limit itself."""
    if isinstance(limit, bool) or not isinstance(limit, int | float | Decimal):
        return None
    try:
        value = float(limit)
    except OverflowError:
        return None
    exact = Decimal(repr(value)) == (limit if isinstance(limit, Decimal) else Decimal(str(limit)))
    return value if exact else math.nextafter(value, away)


@dataclass(frozen=True, slots=True)
class Leaves:
    """What a value can be.

    Attributes:
        kinds: Its JSON types; ``number`` for whole ones too.
        texts: What its strings are like.
        numbers: What its numbers are like.
        values: All its values, where they are listed: JSON values as the contract has them.
    """

    kinds: frozenset[str] = KINDS
    texts: Texts = field(default_factory=Texts)
    numbers: Numbers = field(default_factory=Numbers)
    values: tuple[Any, ...] | None = None

    @classmethod
    def of(cls, schemas: Iterable[Mapping[str, Any]]) -> "Leaves":
        """What these schemas, all of which apply, leave; their combiners are not looked at."""
        found = cls()
        for schema in schemas:
            found = found._also(schema)
        return found

    def _also(self, schema: Mapping[str, Any]) -> "Leaves":
        kinds, whole, values = self.kinds, self.numbers.whole, self.values
        if (declared := schema.get("type")) is not None:
            names = {declared} if isinstance(declared, str) else set(declared)
            whole = whole or "number" not in names
            kinds &= names | ({"number"} if "integer" in names else set())
        if isinstance(options := schema.get("enum"), list):
            values = tuple(options) if values is None else tuple(v for v in values if v in options)
            kinds &= {kind_of(value) for value in values}
        numbers = replace(self.numbers.also(schema), whole=whole)
        return Leaves(kinds, self.texts.also(schema), numbers, values)

    def listed(self, kind: str) -> tuple[Leaf, ...] | None:
        """All leaves of one kind, where they are listed; else None."""
        if kind == "null":
            return (None,) if self.values is None or None in self.values else ()
        if self.values is not None:
            return tuple(leaf_of(value) for value in self.values if kind_of(value) == kind)
        if kind == "boolean":
            return (False, True)
        return self.numbers.listed if kind == "number" else None

    @property
    def leaf_kinds(self) -> Iterator[str]:
        """The kinds that are leaves."""
        return (kind for kind in sorted(self.kinds & LEAF_KINDS))


def kind_of(value: Any) -> str:
    """The JSON type of a value, ``number`` for whole ones too."""
    if isinstance(value, bool):
        return "boolean"
    for kind, name in ((str, "string"), (list, "array"), (dict, "object"), (type(None), "null")):
        if isinstance(value, kind):
            return name
    return "number"


def leaf_of(value: Any) -> Leaf:
    """A JSON value that is a leaf, as operators see it."""
    if value is None or isinstance(value, str | bool):
        return value
    return Number.of_decoded(value)
