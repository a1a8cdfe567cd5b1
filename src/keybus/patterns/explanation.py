"""Why an event does or does not match a pattern, as a value: for programs, and as plain text."""

from collections.abc import Iterator
from typing import Final

import msgspec

from keybus.patterns.wording import named, printable

# How many alternatives the plain text goes into; the value has them all.
_MOST_IN_TEXT: Final = 5

_MATCHED, _FAILED = "✓", "✗"


class FieldOutcome(msgspec.Struct, frozen=True):
    """What became of one field of a pattern.

    Texts are shortened, and what cannot be printed is escaped.

    Attributes:
        path: The field's path, steps joined by dots.
        matched: Whether it is satisfied. One that is not would fail in a pattern of its own too.
        expected: Its values, as they would stand in a pattern.
        reason: A clause that says why, with the field as its subject or the event's value.
        operator: The value of the pattern that matched; empty where none did.
        value: The event's value that matched, or the nearest that did not, as JSON; empty where
            there is none.
        pointer: JSON pointer (RFC 6901) to that value, or to what stands in its way.
        hint: What may be meant instead; empty where nothing is near.
    """

    path: str
    matched: bool
    expected: str
    reason: str
    operator: str = ""
    value: str = ""
    pointer: str = ""
    hint: str = ""

    def __str__(self) -> str:
        """One line: the mark, the field, the reason, where, and the hint."""
        mark = _MATCHED if self.matched else _FAILED
        where = f" (at {printable(self.pointer)})" if self.pointer else ""
        hint = f"; {self.hint}" if self.hint else ""
        return f"{mark} {named(self.path)}: {self.reason}{where}{hint}"


class FieldElements(msgspec.Struct, frozen=True):
    """Where in an array a field of a disagreement is satisfied.

    Attributes:
        path: The field's path.
        elements: Indexes of the array's elements that satisfy it, at most the first ten.
        pointers: JSON pointers to the values that do, at most the first ten.
    """

    path: str
    elements: tuple[int, ...]
    pointers: tuple[str, ...]


class Disagreement(msgspec.Struct, frozen=True):
    """Fields that are each satisfied, but by different elements of one array of objects.

    Attributes:
        array: The path of the array that they lie in, steps joined by dots.
        fields: The fields that do not go together, and where each is satisfied.
        reason: A sentence that says so.
    """

    array: str
    fields: tuple[FieldElements, ...]
    reason: str

    def __str__(self) -> str:
        """One line: the mark, the array, the reason."""
        return f"{_FAILED} {named(self.array)}: {self.reason}"


class AlternativeOutcome(msgspec.Struct, frozen=True):
    """What became of one way to satisfy a pattern.

    Attributes:
        branch: The ``$or`` branches that it takes, such as ``detail.$or[1]``, joined by commas;
            empty where the pattern has no ``$or``.
        matched: Whether all of its fields are satisfied together.
        fields: Its fields, in the pattern's order.
        disagreements: Fields that match alone and not together.
    """

    branch: str
    matched: bool
    fields: tuple[FieldOutcome, ...]
    disagreements: tuple[Disagreement, ...] = ()

    @property
    def failures(self) -> int:
        """How many fields and arrays stand between the event and a match."""
        return len(self.disagreements) + sum(not field.matched for field in self.fields)


class Explanation(msgspec.Struct, frozen=True):
    """Why an event matches a pattern, or why not; `str` gives it as plain text.

    Attributes:
        matched: What `matches` answers.
        alternatives: The ways to satisfy the pattern, ``$or`` multiplied out, in its order: the
            first hundred, and the first that is satisfied.
        left_out: How many more ways there are that were not looked into.
    """

    matched: bool
    alternatives: tuple[AlternativeOutcome, ...]
    left_out: int = 0

    @property
    def nearest(self) -> tuple[AlternativeOutcome, ...]:
        """The alternatives, the satisfied and the nearly satisfied first."""
        return tuple(sorted(self.alternatives, key=lambda one: (not one.matched, one.failures)))

    def __str__(self) -> str:
        """Lines: the answer, then every field of the nearest alternatives."""
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        count = len(self.alternatives) + self.left_out
        of_several = f": none of {count} alternatives is satisfied"
        yield "match" if self.matched else f"no match{of_several if count > 1 else ''}"
        shown = self.nearest[: 1 if self.matched else _MOST_IN_TEXT]
        for one in shown:
            if one.branch:
                yield f"{printable(one.branch)}:"
            # What failed is what is looked for.
            yield from (f"  {line}" for line in one.disagreements)
            yield from (f"  {field}" for field in sorted(one.fields, key=lambda it: it.matched))
        if not self.matched and count > len(shown):
            yield f"and {count - len(shown):,} more"
