"""Whether an event's leaves satisfy one alternative of a pattern.

The rule that needs care: fields must agree on one element of each array of objects, while
different arrays are independent. Fields are taken in the order of their paths, as event-ruler
takes them; after each, what is kept is the set of *choices* of array elements under which
everything so far is satisfied. `exists: false` looks at the choices made so far, which is why
its answer depends on that order.

Trying elements one by one would take exponential time over independent arrays. A set does not,
because a choice is forgotten as soon as no later field lies in its array.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from keybus.errors import EnvelopeError
from keybus.patterns.flatten import Occurrence, Place
from keybus.patterns.operators import Absent, Operator

# Choices only multiply where equal keys or dotted keys put one path into several arrays. Events
# that people write stay far below this, whatever their size.
_MOST_WORK: Final = 2_000_000

_NOTHING: Final[tuple[Occurrence, ...]] = ()

_Occurrences: TypeAlias = Mapping[str, list[Occurrence]]


@dataclass(frozen=True, slots=True)
class Field:
    """A field of an alternative.

    Attributes:
        path: Its path, steps joined by dots.
        values: Its operators, one of which must match.
        may_be_absent: Whether one of them is ``exists: false``.
    """

    path: str
    values: tuple[Operator, ...]
    may_be_absent: bool

    @classmethod
    def all_of(cls, alternative: Mapping[str, tuple[Operator, ...]]) -> "tuple[Field, ...]":
        """The fields of an alternative in event-ruler's order, that of UTF-16."""
        paths = sorted(alternative, key=lambda path: path.encode("utf-16-be", "surrogatepass"))
        return tuple(
            cls(
                path,
                tuple(value for value in alternative[path] if not isinstance(value, Absent)),
                any(isinstance(value, Absent) for value in alternative[path]),
            )
            for path in paths
        )

    def accepts(self, occurrence: Occurrence) -> bool:
        """Whether a value matches one of the operators."""
        return any(value.matches(occurrence.leaf) for value in self.values)

    def possible(self, occurrences: _Occurrences) -> bool:
        """Whether the field could be satisfied if no other field had a say in it."""
        if self.may_be_absent:
            return True
        return any(map(self.accepts, occurrences.get(self.path, _NOTHING)))


def satisfied(fields: tuple[Field, ...], occurrences: _Occurrences, work: "Work") -> bool:
    """Whether an event satisfies all fields of an alternative.

    Args:
        fields: The alternative, from `Field.all_of`.
        occurrences: The event, from `flatten`.
        work: What the evaluation may still cost.

    Raises:
        EnvelopeError: The event puts one path into so many arrays that finding elements they
            agree on would take too long.
    """
    if not all(field.possible(occurrences) for field in fields):
        return False
    later = _arrays_later(fields, occurrences)
    choices: set[Place] = {()}
    for field, needed in zip(fields, later, strict=True):
        ways = _ways(field, choices, occurrences.get(field.path, _NOTHING), work)
        choices = {_only(choice, needed) for choice in {_merged(*way) for way in ways}}
        if not choices:
            return False
    return True


def witness(
    fields: tuple[Field, ...], occurrences: _Occurrences, work: "Work"
) -> list[Place | None] | None:
    """One way in which an event satisfies all fields of an alternative.

    Args:
        fields: The alternative, from `Field.all_of`.
        occurrences: The event, from `flatten`.
        work: What the evaluation may still cost.

    Returns:
        For every field, where the value lies that satisfies it, None for the lack of one; None
        instead of a list where `satisfied` is false.

    Raises:
        EnvelopeError: As `satisfied` does.
    """
    later = _arrays_later(fields, occurrences)
    came: list[dict[Place, tuple[Place, Place | None]]] = []
    choices: Collection[Place] = ((),)
    for field, needed in zip(fields, later, strict=True):
        came.append({})
        for way in _ways(field, choices, occurrences.get(field.path, _NOTHING), work):
            kept = came[-1].setdefault(_only(_merged(*way), needed), way)
            if (way[1] or ()) < (kept[1] or ()):
                came[-1][_only(_merged(*way), needed)] = way
        choices = came[-1].keys()
    places: list[Place | None] = []
    choice = min(choices, default=None)
    for step in reversed(came):
        if choice is None:
            return None
        choice, place = step[choice]
        places.append(place)
    return places[::-1]


def _arrays_later(fields: tuple[Field, ...], occurrences: _Occurrences) -> list[frozenset[int]]:
    """For each field, the arrays that any later field has a value in."""
    arrays: frozenset[int] = frozenset()
    later = []
    for field in reversed(fields):
        later.append(arrays)
        places = {one.place for one in occurrences.get(field.path, _NOTHING)}
        arrays |= {array for place in places for array, _ in place}
    return later[::-1]


def _ways(
    field: Field, choices: Collection[Place], occurrences: Collection[Occurrence], work: "Work"
) -> Iterator[tuple[Place, Place | None]]:
    """The choices under which a field is satisfied too, and where: None for nowhere."""
    accepted: set[Place] = set()
    for occurrence in occurrences:
        if occurrence.place not in accepted and field.accepts(occurrence):
            accepted.add(occurrence.place)
    yield from _agreeing(choices, accepted, work)
    if field.may_be_absent:
        # What lies in other elements than the chosen ones is not there.
        everywhere = {occurrence.place for occurrence in occurrences}
        there = {choice for choice, _ in _agreeing(choices, everywhere, work)}
        yield from ((choice, None) for choice in choices if choice not in there)


def _agreeing(
    choices: Iterable[Place], places: Iterable[Place], work: "Work"
) -> Iterator[tuple[Place, Place]]:
    """Every choice with every place that it does not contradict.

    Both are first sorted by which arrays they speak of; those that speak of the same ones agree
    when they are equal on them, which a dictionary tells without trying all pairs.
    """
    by_arrays = _by_arrays(places)
    for chosen, some in _by_arrays(choices).items():
        for arrays, others in by_arrays.items():
            shared = chosen & arrays
            work.spend(len(some) + len(others))
            alike: dict[Place, list[Place]] = {}
            for place in others:
                alike.setdefault(_only(place, shared), []).append(place)
            for choice in some:
                for place in alike.get(_only(choice, shared), ()):
                    work.spend(1)
                    yield choice, place


def _by_arrays(places: Iterable[Place]) -> dict[frozenset[int], list[Place]]:
    sorted_: dict[frozenset[int], list[Place]] = {}
    for place in places:
        sorted_.setdefault(frozenset(array for array, _ in place), []).append(place)
    return sorted_


def _only(place: Place, arrays: frozenset[int]) -> Place:
    return tuple(entry for entry in place if entry[0] in arrays)


def _merged(choice: Place, place: Place | None) -> Place:
    return tuple(sorted({*choice, *place})) if place else choice


class Work:
    """What the evaluation of one event may cost; ends one that would not end by itself."""

    def __init__(self) -> None:
        self._left = _MOST_WORK

    def spend(self, steps: int) -> None:
        """Count some steps.

        Raises:
            EnvelopeError: They were too many.
        """
        self._left -= steps
        if self._left < 0:
            raise EnvelopeError("The event repeats its arrays in too many combinations")
