"""What stands in an event where a pattern finds no value, and what may be meant instead."""

from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from typing import Final, NamedTuple

from keybus.patterns.flatten import Members, Trail
from keybus.patterns.wording import pointer, quoted

# How many members and elements of an event one explanation looks at; beyond it only says that a
# field is absent, without what stands there instead.
_MOST_LOOKS: Final = 300_000
_MOST_NAMES: Final = 500
_MOST_COMPARED: Final = 10_000_000  # pairs of characters, one of a name that is nearly another
_LONGEST_NAME: Final = 100
_CLOSE: Final = 0.75
_DETAIL: Final = "detail"


class Absence(NamedTuple):
    """Why a path has no value.

    Attributes:
        reason: A clause that says it.
        hint: What may be meant instead, or nothing.
        pointer: Where the way to the path ends; empty at the event itself.
    """

    reason: str
    hint: str = ""
    pointer: str = ""


class _End(NamedTuple):
    """Where a way ends: how many steps of the path were found, and what stands there."""

    depth: int
    value: object
    trail: Trail


class Surroundings:
    """An event, asked about paths that have no value; not thread safe."""

    def __init__(self, event: object) -> None:
        """Look at an event, as `flatten.decode` gives it."""
        self._event = event
        self._looks = _MOST_LOOKS
        self._compared = 0

    def absence(self, path: str) -> Absence:
        """Say what stands where a path has no value."""
        steps = path.split(".")
        ends = list(self._ends(steps))
        if self._looks <= 0 or not ends:
            return Absence("is absent")
        deepest = max(end.depth for end in ends)
        ends = [end for end in ends if end.depth == deepest]
        # What stands in the way says more than what is missing.
        end = next((end for end in ends if not _is_object(end.value)), ends[0])
        where, so_far = pointer(end.trail), ".".join(steps[:deepest])
        if deepest == len(steps):
            return Absence(f"counts as absent, because it is {_container(end.value)}", "", where)
        if not _is_object(end.value):
            return Absence(
                f"is absent, because {quoted(so_far)} is {_container(end.value)}",
                _text_of_json(end.value),
                where,
            )
        return Absence(
            _lacking(so_far, steps[deepest], len(ends)),
            self._hint(steps, ends),
            where if len(ends) == 1 else "",
        )

    def _ends(self, steps: list[str]) -> Iterator[_End]:
        """Where the ways along some steps end, scalars at their very end included."""
        waiting = [_End(0, self._event, None)]
        while waiting:
            end = waiting.pop()
            if isinstance(end.value, list | tuple) and not isinstance(end.value, Members):
                self._looks -= len(end.value)
                inside = [
                    _End(end.depth, element, (end.trail, index, 0))
                    for index, element in enumerate(end.value)
                ]
            elif _is_object(end.value) and end.depth < len(steps):
                inside = list(self._members(end, steps))
            else:
                inside = []
            if not inside:
                yield end
            waiting += reversed(inside)
            if self._looks <= 0:
                return

    def _members(self, end: _End, steps: list[str]) -> Iterator[_End]:
        for key, value in _members(end.value):
            self._looks -= 1
            if not isinstance(key, str):
                continue
            depth = end.depth + key.count(".") + 1
            if steps[end.depth : depth] == key.split("."):
                yield _End(depth, value, (end.trail, key, 0))

    def _hint(self, steps: list[str], ends: list[_End]) -> str:
        depth = ends[0].depth
        names = _names(ends)
        self._compared += len(steps[depth]) * sum(map(len, names))
        near = _nearest(steps[depth], names, alike=self._compared <= _MOST_COMPARED)
        if near:
            return near
        elsewhere = steps[1:] if steps[0] == _DETAIL else [_DETAIL, *steps]
        if depth > 1 or not elsewhere:
            return ""
        there = any(
            end.depth == len(elsewhere) and not _is_object(end.value)
            for end in self._ends(elsewhere)
        )
        return f"the event has {quoted('.'.join(elsewhere))}" if there else ""


def _is_object(value: object) -> bool:
    return isinstance(value, Mapping | Members)


def _members(value: object) -> Iterable[tuple[object, object]]:
    if isinstance(value, Mapping):
        return value.items()
    assert isinstance(value, Members)
    return value


def _container(value: object) -> str:
    """What a value is, when it is not what was looked for."""
    if _is_object(value):
        return "an object; name the fields in it" if any(_members(value)) else "an empty object"
    if isinstance(value, list | tuple):
        return "an empty array"
    if isinstance(value, bool):
        return "a boolean, not an object"
    if value is None:
        return "null, not an object"
    return f"a {'string' if isinstance(value, str) else 'number'}, not an object"


def _text_of_json(value: object) -> str:
    if isinstance(value, str) and value.lstrip()[:1] == "{":
        return "it looks like JSON inside a string; publish it as an object"
    return ""


def _lacking(so_far: str, step: str, count: int) -> str:
    if not so_far:
        return f"is absent: the event has no field {quoted(step)}"
    if count > 1:
        return f"is absent: none of the {count:,} objects of {quoted(so_far)} has {quoted(step)}"
    return f"is absent: {quoted(so_far)} has no field {quoted(step)}"


def _names(ends: list[_End]) -> list[str]:
    names: dict[str, None] = {}
    for end in ends:
        for key, _ in _members(end.value):
            if isinstance(key, str) and len(key) <= _LONGEST_NAME:
                names[key] = None
            if len(names) == _MOST_NAMES:
                return list(names)
    return list(names)


def _nearest(step: str, names: list[str], *, alike: bool) -> str:
    """A field whose name is a step but for case or blanks; or, if asked for, one that is alike."""
    for name in names:
        if name.lower() == step.lower():
            return f"there is {quoted(name)}, which differs only in case"
        if name.strip() == step.strip():
            return f"there is {quoted(name)}, which differs only in blanks"
    if len(step) > _LONGEST_NAME or not alike:
        return ""
    near = get_close_matches(step, names, n=1, cutoff=_CLOSE)
    return f"did you mean {quoted(near[0])}?" if near else ""
