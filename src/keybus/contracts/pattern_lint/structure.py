"""Where the fields of a pattern stand in it, and which of them go together."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from keybus.contracts.pointers import pointer_of
from keybus.patterns import Pattern
from keybus.patterns.flatten import Members, decode
from keybus.patterns.operators import Operator
from keybus.patterns.parse import PatternSource

_OR: Final = "$or"
_DEEPEST: Final = 200  # objects in objects of a pattern; deeper ones are not looked at


@dataclass(frozen=True, slots=True, eq=False)
class Site:
    """One field of a pattern, where it stands.

    Attributes:
        path: Its path, steps joined by dots.
        trail: For every step of the path, the pointer of the key that has it.
        operators: What its values mean.
        values: Its values as they were written.
    """

    path: str
    trail: tuple[str, ...]
    operators: tuple[Operator, ...]
    values: tuple[Any, ...]

    @property
    def pointer(self) -> str:
        """Where its values stand."""
        return self.trail[-1]


class Alternative(NamedTuple):
    """One way to satisfy a pattern.

    Attributes:
        sites: Its fields, all of which must match.
        branches: Pointers of the ``$or`` branches that it takes, outermost first.
    """

    sites: tuple[Site, ...]
    branches: tuple[str, ...]


class _Place(NamedTuple):
    trail: tuple[str, ...]
    values: tuple[Any, ...]


class _At(NamedTuple):
    path: str
    trail: tuple[str, ...]


class _Way(NamedTuple):
    places: dict[str, _Place]
    branches: tuple[str, ...]


def alternatives_of(pattern: PatternSource) -> list[Alternative]:
    """A pattern's alternatives, each field with its place; none for one that nests too deeply.

    Raises:
        PatternError: The pattern is not valid.
    """
    parsed = Pattern.parse(pattern).alternatives
    try:
        ways = _read(_members(decode(pattern)), _At("", ()), "", [])
    except _TooDeepError:
        return []
    sites: dict[tuple[int, int], Site] = {}
    found = []
    for operators, way in zip(parsed, ways, strict=True):
        fields = []
        for path, values in operators.items():
            place = way.places[path]
            key = (id(place), id(values))
            if key not in sites:
                sites[key] = Site(path, place.trail, values, place.values)
            fields.append(sites[key])
        found.append(Alternative(tuple(fields), way.branches))
    return found


class _TooDeepError(Exception):
    """The pattern nests deeper than anybody follows."""


def _read(
    members: Iterable[tuple[str, Any]], at: _At, pointer: str, ways: list[_Way]
) -> list[_Way]:
    """Read an object as `keybus.patterns.parse` does, and remember where everything stands."""
    if pointer.count("/") > _DEEPEST:
        raise _TooDeepError
    for name, value in members:
        below = pointer + pointer_of(name)
        if name == _OR:
            branches = [(f"{below}/{index}", branch) for index, branch in enumerate(value)]
            ways = [way for place, branch in branches for way in _branch(branch, at, place, ways)]
            continue
        inside = _At(
            f"{at.path}.{name}" if at.trail else name,
            (*at.trail, *(below for _ in name.split("."))),
        )
        if isinstance(value, Mapping | Members):
            ways = _read(_members(value), inside, below, ways)
            continue
        place = _Place(inside.trail, tuple(value))
        ways = ways or [_Way({}, ())]
        for way in ways:
            way.places[inside.path] = place
    return ways


def _branch(branch: object, at: _At, pointer: str, ways: list[_Way]) -> list[_Way]:
    """One branch of ``$or``: it starts from all that stands before it."""
    base = [_Way(dict(way.places), (*way.branches, pointer)) for way in ways]
    return _read(_members(branch), at, pointer, base or [_Way({}, (pointer,))])


def _members(value: object) -> Iterable[tuple[str, Any]]:
    if isinstance(value, Members):
        return value
    assert isinstance(value, Mapping), "the pattern is valid"
    return value.items()
