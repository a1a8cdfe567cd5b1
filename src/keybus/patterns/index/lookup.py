"""From a leaf of an event to the operators that match it, without trying them one by one.

Each operator goes to the table that finds it fastest: exact values to a dictionary; prefixes,
suffixes and wildcards to dictionaries by the length of their literal head or tail; whatever
ignores case to the same under case folding; address blocks by their mask; ranges by their width
and lower end. What is left is tried one by one.
"""

from collections.abc import Callable, Container, Iterable
from typing import Final, NamedTuple, TypeAlias

from keybus.patterns.addresses import address
from keybus.patterns.index.placing import Place, ends_of, place_of
from keybus.patterns.index.ranges import Ranges
from keybus.patterns.numbers import Number
from keybus.patterns.operators import AnythingBut, Leaf, Operator, Present

#: An array of more elements than this is looked at with care; see `Lookup.of_any`.
MANY: Final = 64


class Entry(NamedTuple):
    """An operator's place in a table.

    Attributes:
        slot: Whose operator it is.
        operator: It, where the table only says that it may match; None where that is certain.
    """

    slot: int
    operator: Operator | None = None


_Table: TypeAlias = dict[object, tuple[Entry, ...]]
_Probes: TypeAlias = tuple[tuple[int, Callable[[object], tuple[Entry, ...] | None]], ...]

_FOLDED: Final = frozenset({"folded", "folded_heads", "folded_tails"})
_ADDRESSES: Final = frozenset({"addresses", "blocks"})
# All of what a text can be found in, except by being equal.
_OF_TEXTS: Final = _FOLDED | _ADDRESSES | {"heads", "tails", "others"}


class Lookup:
    """Operators with a slot each; many may share one.

    Filled once and only read then, so that threads may share it: a change is made to a `copy`.
    """

    def __init__(self) -> None:
        self._tables: dict[str, dict[int, _Table]] = {}
        self._ranges = Ranges()
        self._present: tuple[int, ...] = ()
        self._negations: dict[int, tuple[int, AnythingBut]] = {}
        self._negated: Lookup | None = None
        self._next = 0
        self._prepare()

    def copy(self) -> "Lookup":
        """A lookup of its own with the same operators."""
        copy = Lookup()
        copy._tables = {
            name: {size: dict(table) for size, table in tables.items()}
            for name, tables in self._tables.items()
        }
        copy._ranges, copy._present = self._ranges.copy(), self._present
        copy._negations, copy._next = dict(self._negations), self._next
        copy._negated = self._negated and self._negated.copy()
        copy._prepare()
        return copy

    def _prepare(self) -> None:
        """Lay out what is looked at for every text and number."""
        self._texts = self._probe("texts")
        self._heads = self._probe("heads")
        self._tails = self._probe("tails")
        #: The slots of the operators that name or hold a number, and those of any of some.
        self.of_double, self.of_doubles = self._ranges.of, self._ranges.of_all
        self._more = not _OF_TEXTS.isdisjoint(self._tables.keys() - {"heads", "tails"})

    def _probe(self, name: str) -> _Probes:
        return tuple((size, table.get) for size, table in self._tables.get(name, {}).items())

    @property
    def only_exact_texts(self) -> bool:
        """Whether a text can only be found by being equal."""
        return not (self._present or self._negations) and _OF_TEXTS.isdisjoint(self._tables)

    @property
    def compares_numbers(self) -> bool:
        """Whether an operator names or holds numbers."""
        return bool(self._ranges)

    @property
    def plain_numbers(self) -> bool:
        """Whether `of_double` and `present` are all there is to a number that can be compared."""
        return not ("literals" in self._tables or self._negations)

    @property
    def present(self) -> tuple[int, ...]:
        """The slots of the operators that every leaf matches."""
        return self._present

    def add(self, operator: Operator, slot: int) -> None:
        """Take an operator."""
        if isinstance(operator, Present):
            self._present = (*self._present, slot)
        elif isinstance(operator, AnythingBut):
            self._negated = self._negated or Lookup()
            self._negations[self._next] = slot, operator
            for refused in operator.refused:
                self._negated.add(refused, self._next)
            self._next += 1
        elif ends := ends_of(operator):
            self._ranges.add(*ends, slot)
        else:
            name, size, key, certain = place_of(operator)
            tables = self._tables.setdefault(name, {})
            new = size not in tables
            table = tables.setdefault(size, {})
            table[key] = (*table.get(key, ()), Entry(slot, None if certain else operator))
            if new:
                self._prepare()

    def remove(self, operator: Operator, slot: int) -> None:
        """Drop an operator that was added with this slot."""
        if isinstance(operator, Present):
            self._present = tuple(one for one in self._present if one != slot)
        elif isinstance(operator, AnythingBut):
            mine = [at for at, one in self._negations.items() if one == (slot, operator)]
            for number in mine:
                del self._negations[number]
                assert self._negated is not None
                for refused in operator.refused:
                    self._negated.remove(refused, number)
        elif ends := ends_of(operator):
            self._ranges.remove(*ends, slot)
        else:
            self._drop(place_of(operator), slot)

    def _drop(self, place: Place, slot: int) -> None:
        tables = self._tables.get(place.name, {})
        table = tables.get(place.size, {})
        kept = tuple(entry for entry in table.pop(place.key, ()) if entry.slot != slot)
        if kept:
            table[place.key] = kept
        elif not table and tables.pop(place.size, None) is not None:
            if not tables:
                del self._tables[place.name]
            self._prepare()

    def of(self, leaf: Leaf) -> list[int]:
        """The slots of the operators that match a leaf; one may stand there more than once."""
        if isinstance(leaf, str):
            return self.of_text(leaf)
        found: list[int] = []
        if not isinstance(leaf, Number):
            self._look("constants", 0, leaf, found)
        elif leaf.value is not None:
            found += self.of_double(leaf.value)
        else:
            self._look("literals", 0, leaf.text, found)
        return self._and_whatever(leaf, found)

    def of_any(self, leaves: Iterable[Leaf]) -> set[int]:
        """The slots of the operators that match one of many leaves.

        What has been found is not looked for again, or an array of a thousand elements that all
        match the same thousand operators would take a million steps.
        """
        left, found = self, set[int]()
        again = 0
        for leaf in leaves:
            slots = left.of(leaf)
            found.update(slots)
            again += len(slots)
            if again > MANY * MANY:
                left, again = left._without(found), 0
        return found

    def _without(self, slots: Container[int]) -> "Lookup":
        """A lookup of the operators of all other slots."""
        left = Lookup()
        for name, tables in self._tables.items():
            for size, table in tables.items():
                kept = {
                    key: entries
                    for key, all_ in table.items()
                    if (entries := tuple(entry for entry in all_ if entry.slot not in slots))
                }
                if kept:
                    left._tables.setdefault(name, {})[size] = kept
        left._ranges = self._ranges.without(slots)
        left._present = tuple(slot for slot in self._present if slot not in slots)
        left._negations = {at: one for at, one in self._negations.items() if one[0] not in slots}
        left._negated = self._negated
        left._prepare()
        return left

    def of_text(self, text: str) -> list[int]:
        """The same for a text."""
        found: list[int] = []
        for _, get in self._texts:
            if entries := get(text):
                found += [slot for slot, _ in entries]
        for size, get in self._heads:
            if entries := get(text[:size]):
                _check(entries, text, found)
        for size, get in self._tails:
            if entries := get(text[-size:]):
                _check(entries, text, found)
        if self._more:
            self._seldom(text, found)
        return self._and_whatever(text, found) if self._negations or self._present else found

    def _seldom(self, text: str, found: list[int]) -> None:
        """What is seldom asked of a text: case, addresses, wildcards without a head or tail."""
        tables = self._tables
        if not _FOLDED.isdisjoint(tables):
            folded = text.casefold()
            self._look("folded", 0, folded, found, text)
            for size in tables.get("folded_heads", ()):
                self._look("folded_heads", size, folded[:size], found, text)
            for size in tables.get("folded_tails", ()):
                self._look("folded_tails", size, folded[-size:], found, text)
        if not _ADDRESSES.isdisjoint(tables) and (ip := address(text)) is not None:
            self._look("addresses", 0, ip, found)
            for free in tables.get("blocks", ()):
                self._look("blocks", free, (ip.bits, ip.value >> free), found)
        self._look("others", 0, None, found, text)

    def _look(self, name: str, size: int, key: object, found: list[int], text: str = "") -> None:
        tables = self._tables.get(name)
        entries = tables[size].get(key) if tables else None
        if entries:
            _check(entries, text, found)

    def _and_whatever(self, leaf: Leaf, found: list[int]) -> list[int]:
        """And what matches most leaves."""
        if self._negations:
            failed = set(self._negated.of(leaf)) if self._negated else set()
            found += [slot for at, (slot, _) in self._negations.items() if at not in failed]
        found += self._present
        return found


def _check(entries: Iterable[Entry], text: str, found: list[int]) -> None:
    for slot, operator in entries:
        if operator is None or operator.matches(text):
            found.append(slot)
