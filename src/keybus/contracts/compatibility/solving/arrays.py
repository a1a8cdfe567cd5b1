"""An array that a case allows: its items, position by position, and how many there are."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import combinations, islice
from typing import Any, Final, NamedTuple, TypeAlias

from keybus.contracts.compatibility.formulas import (
    Containing,
    Distinct,
    Every,
    Formula,
    Listed,
    Size,
)
from keybus.contracts.compatibility.frames import Frame
from keybus.contracts.compatibility.solving.cases import Case, Literal
from keybus.contracts.compatibility.solving.objects import Search
from keybus.contracts.compatibility.solving.outcomes import NONE, Found, Outcome, Unknown
from keybus.contracts.compatibility.values import key_of

_LONGEST: Final = 300
_MOST_WAYS: Final = 600
_TOO_MANY: Final = Unknown("there are too many ways to build an example")
_LISTED: Final = Unknown("only listed arrays were found, and there may be others")

_Item: TypeAlias = tuple[Literal, ...]


class _Demanded(NamedTuple):
    """An item that there has to be, from one position to before another.

    Attributes:
        group: What counts such items, so that one item must not stand for two; None for nothing.
    """

    start: int
    stop: int | None
    literal: Literal
    group: Formula | None = None

    def reaches(self, index: int) -> bool:
        """Whether the item may be there."""
        return index >= self.start and (self.stop is None or index < self.stop)


@dataclass
class _Wanted:
    every: list[Every] = field(default_factory=list)
    some: list["_Demanded"] = field(default_factory=list)
    fewer: list[tuple[Formula, int]] = field(default_factory=list)
    least: int = 0
    most: int | None = None
    distinct: bool = False
    repeated: bool = False
    unlike: list[Listed] = field(default_factory=list)

    def also(self, formula: Formula, *, holds: bool) -> None:
        """Take in one atom."""
        match formula:
            case Every() if holds:
                self.every.append(formula)
            case Every(start, stop, inner):
                self.some.append(_Demanded(start, stop, (inner, False)))
            case Containing(inner, least) if holds:
                self.some += [_Demanded(0, None, (inner, True), formula)] * least
                self.least = max(self.least, least)
            case Containing(inner, least):
                self.fewer.append((inner, least))
            case Size(_, least) if holds:
                self.least = max(self.least, least)
            case Size(_, least):
                self.most = least - 1 if self.most is None else min(self.most, least - 1)
            case Distinct() if holds:
                self.distinct = True
            case Distinct():
                self.repeated = True
            case Listed():
                self.unlike.append(formula)

    @property
    def edge(self) -> int:
        """From here on, every position is like the next."""
        ends = [end for each in self.every for end in (each.start, each.stop) if end is not None]
        ends += [end for each in self.some for end in (each.start, each.stop) if end is not None]
        return max(ends, default=0)


def array(case: Case, frame: Frame | None, search: Search) -> Outcome:
    """An array.

    Args:
        case: Atoms about arrays; of lists only those that it is not of.
        frame: What may be named in items; None for anything.
        search: Who searches for items.
    """
    wanted = _Wanted()
    for formula, holds in case.items():
        wanted.also(formula, holds=holds)
    if wanted.repeated:
        wanted.least = max(wanted.least, 2)
    if wanted.most is not None and wanted.least > wanted.most:
        return NONE
    if wanted.least > _LONGEST or len(wanted.some) > _LONGEST:
        return Unknown(f"an example of {wanted.least} items is too long")
    inside = None if frame is None else search.frames.inside(frame)
    return _Building(wanted, inside, search).outcome()


class _Building:
    """Builds one array."""

    def __init__(self, wanted: _Wanted, frame: Frame | None, search: Search) -> None:
        self._wanted = wanted
        self._frame = frame
        self._search = search
        self._doubt: Outcome = NONE
        self._ways = 0

    def outcome(self) -> Outcome:
        """The array."""
        wanted = self._wanted
        unlike = {key for list_ in wanted.unlike for key in list_.keys}
        # Longer arrays than these have only more of what is at their ends.
        enough = wanted.edge + len(wanted.some) + 2 * wanted.repeated + bool(unlike)
        longest = max(wanted.least, enough)
        if wanted.most is not None:
            longest = min(longest, wanted.most)
        for length in range(wanted.least, longest + 1):
            base = [self._base(index) for index in range(length)]
            if any(self._item(each) is NONE for each in base):
                break  # and so it is in every longer one
            for items in self._counted(base, wanted.fewer):
                for found in self._placed(items, wanted.some, {}):
                    if key_of(found) not in unlike:
                        return Found(found)
                    self._doubt = _LISTED
        return self._doubt

    def _base(self, index: int) -> _Item:
        """What holds of every item at a position."""
        return tuple(
            (each.inner, True)
            for each in self._wanted.every
            if index >= each.start and (each.stop is None or index < each.stop)
        )

    def _counted(
        self, items: list[_Item], fewer: list[tuple[Formula, int]]
    ) -> Iterator[list[_Item]]:
        """The items, of which only so few may be what is counted: all others are not."""
        if not fewer:
            yield items
            return
        (inner, least), *rest = fewer
        count = min(least - 1, len(items))
        for free in islice(combinations(range(len(items)), count), _MOST_WAYS + 1):
            self._ways += 1
            if self._ways > _MOST_WAYS:
                self._doubt = _TOO_MANY
                return
            more = [
                item if index in free else (*item, (inner, False))
                for index, item in enumerate(items)
            ]
            if all(self._item(each) is not NONE for each in more):
                yield from self._counted(more, rest)

    def _item(self, literals: _Item) -> Outcome:
        outcome = self._search.solve(literals, self._frame)
        if isinstance(outcome, Unknown):
            self._doubt = outcome
        return outcome

    def _placed(
        self, items: list[_Item], open_: list[_Demanded], groups: dict[Formula, set[int]]
    ) -> Iterator[list[Any]]:
        """Arrays in which every item that there has to be has its place."""
        self._ways += 1
        if self._ways > _MOST_WAYS:
            self._doubt = _TOO_MANY
            return
        if not open_:
            yield from self._repeated(items) if self._wanted.repeated else self._distinct(items)
            return
        first, *rest = open_
        for index in self._positions(items):
            taken = groups.get(first.group, set()) if first.group else set()
            if not first.reaches(index) or index in taken:
                continue
            item = (*items[index], first.literal)
            if isinstance(self._item(item), Found):
                more = [*items[:index], item, *items[index + 1 :]]
                inner = {**groups, first.group: taken | {index}} if first.group else groups
                yield from self._placed(more, rest, inner)

    def _positions(self, items: list[_Item]) -> Iterator[int]:
        """Positions, of those that are alike only the first."""
        seen = set()
        for index, item in enumerate(items):
            if index < self._wanted.edge:
                yield index
            elif item not in seen:
                seen.add(item)
                yield index

    def _repeated(self, items: list[_Item]) -> Iterator[list[Any]]:
        """Arrays of which two items are equal."""
        if self._wanted.distinct:
            return
        for one, other in combinations(self._positions_twice(items), 2):
            outcome = self._item((*items[one], *items[other]))
            if isinstance(outcome, Found):
                found = [self._item(each) for each in items]
                if all(isinstance(each, Found) for each in found):
                    values = [each.value for each in found if isinstance(each, Found)]
                    values[one] = values[other] = outcome.value
                    yield values

    def _positions_twice(self, items: list[_Item]) -> list[int]:
        """Positions, of those that are alike only the first two."""
        counts: dict[_Item, int] = {}
        found = []
        for index, item in enumerate(items):
            if index >= self._wanted.edge:
                counts[item] = counts.get(item, 0) + 1
            if counts.get(item, 0) <= 2:  # noqa: PLR2004 - two
                found.append(index)
        return found

    def _distinct(self, items: list[_Item]) -> Iterator[list[Any]]:
        """The array, without equal items where it must have none."""
        for order in (range(len(items)), range(len(items) - 1, -1, -1)):
            found = self._chosen(items, list(order))
            if found is not None:
                yield found
                return
        if len(set(items)) > 1:  # of one kind of items, there are not enough for certain
            self._doubt = Unknown("which items can be different at once is not followed")

    def _chosen(self, items: list[_Item], order: list[int]) -> list[Any] | None:
        values: dict[int, Any] = {}
        for index in order:
            outcome = self._item(items[index])
            if self._wanted.distinct and values and isinstance(outcome, Found):
                refused = self._search.make.listed(list(values.values()))
                outcome = self._item((*items[index], (refused, False)))
            if not isinstance(outcome, Found):
                return None
            values[index] = outcome.value
        return [values[index] for index in range(len(items))]
