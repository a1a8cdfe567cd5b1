"""Alternatives that are found by the same values of the same field, and the rest of their fields."""

from collections.abc import Mapping
from typing import Final

from keybus.patterns.index.alternative import Alternative, compares_numbers
from keybus.patterns.index.condition import Conditions, condition
from keybus.patterns.index.layout import Values
from keybus.patterns.index.masks import Masks, Tests
from keybus.patterns.index.memo import Budget
from keybus.patterns.index.observed import Observed

# So many are tried one by one, more of them together.
_FEW: Final = 8


class Group:
    """Some alternatives; filled once and only read then: a change is made to a copy.

    Args:
        path: Of the field that they are found by.
        positions: Where the values of each path are.
        budget: What may be remembered.

    Attributes:
        hits: The names of the alternatives that have no other fields, and the group itself if
            there are others.
        compares_numbers: Whether other fields ask for numbers.
    """

    def __init__(self, path: str, positions: Mapping[str, int], budget: Budget) -> None:
        self._path, self._positions, self._budget = path, positions, budget
        # With all their fields, and the field that finds them first.
        self._others: dict[Alternative, Conditions] = {}
        self._tries: tuple[tuple[Alternative, Conditions, Conditions], ...] = ()
        self._masks: Masks | None = None
        self.compares_numbers = False
        self._simple: dict[Alternative, None] = {}
        self.hits: tuple[tuple[str, ...], tuple[Group, ...]] = (), ()

    def copy(self) -> "Group":
        """A group of its own with the same alternatives."""
        copy = Group(self._path, self._positions, self._budget)
        copy._simple, copy._others = dict(self._simple), dict(self._others)
        copy.compares_numbers = self.compares_numbers
        if self._masks is not None and self._masks.holes < len(self._others):
            copy._masks = self._masks.copy()
        elif len(self._others) > _FEW:
            copy._masks = copy._together()
        return copy

    @property
    def empty(self) -> bool:
        """Whether nothing is in it."""
        return not (self._simple or self._others)

    def finish(self) -> None:
        """End the changes: from here on it is only read."""
        names = tuple(alternative.name for alternative in self._simple)
        self.hits = names, (self,) if self._others else ()
        self._tries = tuple((one, each[1:], each) for one, each in self._others.items())

    def add(self, alternative: Alternative) -> None:
        """Take an alternative."""
        if alternative.is_simple:
            self._simple[alternative] = None
            return
        fields = sorted(alternative.fields, key=lambda field: field.path != self._path)
        self._others[alternative] = tuple(
            (self._positions[field.path], condition(field)) for field in fields
        )
        self.compares_numbers |= any(map(compares_numbers, fields[1:]))
        if self._masks is not None:
            self._masks.add(alternative, self._tests(alternative))
        elif len(self._others) > _FEW:
            self._masks = self._together()

    def remove(self, alternative: Alternative) -> None:
        """Drop an alternative."""
        if alternative.is_simple:
            del self._simple[alternative]
            return
        del self._others[alternative]
        if self._masks is not None:
            self._masks.remove(alternative, self._tests(alternative))

    def find(self, values: Values, observed: Observed | None, found: list[str]) -> bool:
        """Add the names of the patterns that an event satisfies.

        Args:
            values: What was read of it.
            observed: The event, where arrays can make fields depend on each other.
            found: Takes the names.

        Returns:
            Whether there are any.
        """
        before = len(found)
        if self._masks is not None:
            found += [
                alternative.name
                for alternative in self._masks.matching(values)
                if observed is None
                or observed.satisfies(alternative, self._others[alternative], values)
            ]
            return len(found) > before
        for alternative, others, conditions in self._tries:
            for at, holds in others:
                if not holds(values[at]):
                    break
            else:
                if observed is None or observed.satisfies(alternative, conditions, values):
                    found.append(alternative.name)
        return len(found) > before

    def _tests(self, alternative: Alternative) -> Tests:
        return tuple(
            (self._positions[field.path], field)
            for field in alternative.fields
            if field.path != self._path
        )

    def _together(self) -> Masks:
        masks = Masks(self._budget)
        for alternative in self._others:
            masks.add(alternative, self._tests(alternative))
        return masks
