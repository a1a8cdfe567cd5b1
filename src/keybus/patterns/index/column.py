"""The alternatives that are found by one path, and how a value of it leads to them."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeAlias

from msgspec import Raw

from keybus.patterns.evaluate import Field
from keybus.patterns.index.alternative import SCALARS, Alternative, leaf_of, scalars_of
from keybus.patterns.index.group import Group
from keybus.patterns.index.lookup import MANY, Lookup
from keybus.patterns.index.memo import Budget
from keybus.patterns.index.placing import exact_texts
from keybus.patterns.numbers import LARGEST_EXACT_INTEGER as _EXACT

#: What a value leads to: the names of patterns that it satisfies alone, and groups whose other
#: fields have to be looked at; empty where it leads nowhere.
Hits: TypeAlias = tuple[tuple[str, ...], tuple[Group, ...]] | tuple[()]

_NONE: Final[Hits] = ()
_FLOATS: Final[frozenset[type]] = frozenset({float})


class Column:
    """The alternatives found by one path; filled once and only read then: a change is a copy's.

    Alternatives that ask the same of the path share a group, and the group a slot in the lookup.

    Args:
        path: The path.
        positions: Where the values of each path are.
        budget: What may be remembered.

    Attributes:
        seen: What texts lead to.
        unseen: What a text leads to that is not there; None: that has to be found out.
        absent: What the lack of a value leads to.
        compares_numbers: Whether numbers lead somewhere.
    """

    def __init__(self, path: str, positions: Mapping[str, int], budget: Budget) -> None:
        self._path, self._positions, self._budget = path, positions, budget
        self._lookup = Lookup()
        self._slots: dict[Field, int] = {}
        self._groups: dict[int, Group] = {}
        self._next = 0
        self._touched: set[Field] = set()
        self.position = positions[path]
        self.seen: dict[str, Hits] = {}
        self.unseen: Hits | None = None
        self.absent: Hits = _NONE
        self._any: Hits = _NONE
        self._plain_numbers = self._only_numbers = True
        self._of_double, self._of_doubles = self._lookup.of_double, self._lookup.of_doubles
        self.compares_numbers = False
        budget.join(self)

    def copy(self) -> "Column":
        """A column of its own with the same alternatives."""
        copy = Column(self._path, self._positions, self._budget)
        copy._lookup, copy._next = self._lookup.copy(), self._next
        copy._slots, copy._groups = dict(self._slots), dict(self._groups)
        copy.unseen = self.unseen
        if self.unseen is not None:
            copy.seen = dict(self.seen)
        return copy

    @property
    def empty(self) -> bool:
        """Whether nothing is found by this path."""
        return not self._slots

    def add(self, field: Field, alternative: Alternative) -> None:
        """Let an alternative be found by this field of its own."""
        slot = self._slots.get(field)
        if slot is None:
            slot = self._slots[field] = self._next
            self._next += 1
            self._groups[slot] = Group(self._path, self._positions, self._budget)
            for operator in field.values:
                self._lookup.add(operator, slot)
        elif field not in self._touched:
            self._groups[slot] = self._groups[slot].copy()
        self._touched.add(field)
        self._groups[slot].add(alternative)

    def remove(self, field: Field, alternative: Alternative) -> None:
        """Drop an alternative that was found by this field."""
        slot = self._slots[field]
        if field not in self._touched:
            self._groups[slot] = self._groups[slot].copy()
        self._touched.add(field)
        self._groups[slot].remove(alternative)
        if self._groups[slot].empty:
            del self._groups[slot], self._slots[field]
            for operator in field.values:
                self._lookup.remove(operator, slot)

    def finish(self) -> None:
        """End the changes: from here on it is only read."""
        for field in self._touched & self._slots.keys():
            self._groups[self._slots[field]].finish()
        self.absent = self._hits(
            [slot for field, slot in self._slots.items() if field.may_be_absent]
        )
        self.compares_numbers = self._lookup.compares_numbers
        self._any = self._hits(self._lookup.present)
        self._plain_numbers = self._lookup.plain_numbers
        self._of_double, self._of_doubles = self._lookup.of_double, self._lookup.of_doubles
        self._only_numbers = self._plain_numbers and not self._any
        was_closed = self.unseen is not None
        changed = self._touched if was_closed else set(self._slots)
        self._touched = set()
        if not self._lookup.only_exact_texts:
            self.seen, self.unseen = {}, None
            return
        self.unseen = _NONE
        for text in {text for field in changed for text in exact_texts(field.values)}:
            hits = self._hits(self._lookup.of(text))
            if hits:
                self.seen[text] = hits
            else:
                self.seen.pop(text, None)

    def of_text(self, text: str) -> Hits:
        """What a text leads to."""
        hits = self.seen.get(text, self.unseen)
        if hits is None:
            seen = self.seen
            hits = self._hits(self._lookup.of_text(text))
            if self._budget.allows(text, len(hits[0]) + len(hits[1]) if hits else 0):
                seen[text] = hits
        return hits

    def of(self, value: object) -> Hits:
        """What any other value leads to.

        A float stands for a number whose digits nobody has looked at, and may lead to too much.
        """
        kind = value.__class__
        if kind is tuple or kind is list:
            return self._of_many(value)
        return self._of_scalar(value) if kind in SCALARS else self.absent

    def _of_scalar(self, value: Any) -> Hits:
        kind = value.__class__
        if self._plain_numbers and (
            kind is Raw or kind is float or (kind is int and -_EXACT <= value <= _EXACT)
        ):
            slots = self._of_double(float(value))
            if not slots:
                return self._any
            if kind is float:
                return self._hits([*slots, *self._lookup.present])
        return self._hits(self._lookup.of(leaf_of(value)))

    def _of_many(self, values: object) -> Hits:
        if self._only_numbers and not self.absent and values.__class__ is tuple:
            get, elements = values
            numbers = list(map(get, elements)) if get else elements
            if len(numbers) <= MANY and _FLOATS.issuperset(map(type, numbers)):
                return self._hits(self._of_doubles(numbers))
        scalars = scalars_of(values)
        # What is there in one element of an array may be absent in another.
        absent = self.absent and (isinstance(values, tuple) or not scalars)
        if len(scalars) > MANY:
            found = {self._hits(list(self._lookup.of_any(map(leaf_of, scalars))))}
        else:
            found = {
                self.of_text(one) if isinstance(one, str) else self._of_scalar(one)
                for one in scalars
            }
        if absent:
            found.add(self.absent)
        found.discard(_NONE)
        if len(found) <= 1:
            return found.pop() if found else _NONE
        names = {name: None for hits in found if hits for name in hits[0]}
        groups = {group: None for hits in found if hits for group in hits[1]}
        return tuple(names), tuple(groups)

    def forget(self) -> None:
        """Drop what was found out about texts."""
        if self.unseen is None:
            self.seen = {}

    def _hits(self, slots: Sequence[int]) -> Hits:
        if not slots:
            return _NONE
        if len(slots) == 1:
            return self._groups[slots[0]].hits
        names: list[str] = []
        groups: list[Group] = []
        for slot in set(slots):
            more_names, more_groups = self._groups[slot].hits
            names += more_names
            groups += more_groups
        return tuple(names), tuple(groups)
