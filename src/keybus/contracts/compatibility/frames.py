"""What a writer's contract declares at one place of an event: the names that tolerance is about.

A *frame* is all schemas that apply to a value or may apply to it: through ``allOf`` and ``$ref``,
and every alternative. A name is declared that one of them names. Where none of them names
anything, the value is free: whatever it holds was meant.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from keybus.contracts.compatibility.names import matches
from keybus.contracts.compatibility.sides import Place, Side, below

_APPLIED = ("allOf", "anyOf", "oneOf")
_CONDITIONAL = ("if", "then", "else", "not")
_ITEMS = ("items", "additionalItems", "contains", "prefixItems", "unevaluatedItems")
_VALUES = ("additionalProperties", "unevaluatedProperties")


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """What is declared of one value. Compared by identity: `Frames` makes each once.

    Attributes:
        places: The schemas that apply or may apply, references followed.
        names: The declared names, each with the schemas of its values.
        patterns: Patterns of declared names, each with the schema of their values.
        others: Schemas of all other values, where the object is a map of such; else empty.
        items: Schemas of items.
        free: Whether any name may be meant.
    """

    places: tuple[Place, ...]
    names: Mapping[str, tuple[Place, ...]]
    patterns: tuple[tuple[str, Place], ...]
    others: tuple[Place, ...]
    items: tuple[Place, ...]
    free: bool

    def allows(self, name: str) -> bool:
        """Whether a writer that keeps to what it declares can write a name."""
        if self.free or self.others or name in self.names:
            return True
        return any(matches(pattern, name) for pattern, _ in self.patterns)

    def below(self, name: str) -> tuple[Place, ...]:
        """The schemas of a property's value."""
        found = dict.fromkeys(self.names.get(name, ()))
        found.update((place, None) for pattern, place in self.patterns if matches(pattern, name))
        if not found:
            found.update(dict.fromkeys(self.others))
        return tuple(found)


class Frames:
    """The frames of one contract, each worked out once."""

    def __init__(self, side: Side) -> None:
        self._side = side
        self._made: dict[tuple[Place, ...], Frame] = {}
        self._children: dict[tuple[Frame, str], Frame] = {}
        self._items: dict[Frame, Frame] = {}

    def at(self, *places: Place) -> Frame:
        """The frame of the value to which the schemas at these places apply."""
        frame = self._made.get(places)
        if frame is None:
            followed = tuple(dict.fromkeys(map(self._followed, places)))
            frame = self._made.get(followed) or self._frame(followed)
            self._made[places] = self._made[followed] = frame
        return frame

    def admits(self, frame: Frame, value: Any) -> bool:
        """Whether all names in a value are declared."""
        if isinstance(value, dict):
            return all(
                frame.allows(name) and (frame.free or self.admits(self.child(frame, name), inner))
                for name, inner in value.items()
            )
        if isinstance(value, list):
            return all(self.admits(self.inside(frame), item) for item in value)
        return True

    def child(self, frame: Frame, name: str) -> Frame:
        """The frame of a property's value."""
        found = self._children.get((frame, name))
        if found is None:
            found = self._children[frame, name] = self.at(*frame.below(name))
        return found

    def inside(self, frame: Frame) -> Frame:
        """The frame of an item."""
        found = self._items.get(frame)
        if found is None:
            found = self._items[frame] = self.at(*frame.items)
        return found

    def applied(self, *places: Place) -> Iterator[tuple[Place, Mapping[str, Any]]]:
        """The schemas that apply to the value, or may, each once."""
        waiting = list(reversed(places))
        seen: set[Place] = set()
        while waiting:
            place = waiting.pop()
            if place in seen:
                continue
            seen.add(place)
            schema = self._side.schema(place)
            if not isinstance(schema, dict):
                continue
            target = self._side.target(place, schema)
            if target is not None:
                waiting.append(target)
                if self._side.ref_alone:
                    continue
            yield place, schema
            waiting += reversed(list(_in_place(place, schema)))

    def _followed(self, place: Place) -> Place:
        """Where a schema that is only a reference leads."""
        while self._side.ref_alone:
            schema = self._side.schema(place)
            target = self._side.target(place, schema) if isinstance(schema, dict) else None
            if target is None:
                break
            place = target
        return place

    def _frame(self, places: tuple[Place, ...]) -> Frame:
        names: dict[str, dict[Place, None]] = {}
        patterns: list[tuple[str, Place]] = []
        others: list[Place] = []
        items: list[Place] = []
        applied = dict(self.applied(*places))
        for place, schema in applied.items():
            for name in _named(schema):
                names.setdefault(name, {})
            for name in _object(schema, "properties"):
                names[name][below(place, "properties", name)] = None
            for pattern in _object(schema, "patternProperties"):
                patterns.append((pattern, below(place, "patternProperties", pattern)))  # noqa: PERF401
            for word in _VALUES:
                if isinstance(schema.get(word), dict) and schema[word]:
                    others.append(below(place, word))  # noqa: PERF401
            items += _items(place, schema)
        free = not (names or patterns or others) or any(map(_lists_objects, applied.values()))
        listed = {name: tuple(found) for name, found in names.items()}
        return Frame(tuple(applied), listed, tuple(patterns), tuple(others), tuple(items), free)


def _in_place(place: Place, schema: Mapping[str, Any]) -> Iterator[Place]:
    for word in _APPLIED:
        if isinstance(schema.get(word), list):
            yield from (below(place, word, index) for index in range(len(schema[word])))
    for word in _CONDITIONAL:
        if isinstance(schema.get(word), dict):
            yield below(place, word)
    for word in ("dependencies", "dependentSchemas"):
        for name, inner in _object(schema, word).items():
            if isinstance(inner, dict):
                yield below(place, word, name)


def _named(schema: Mapping[str, Any]) -> Iterator[str]:
    """The names that a schema speaks of."""
    yield from _object(schema, "properties")
    if isinstance(schema.get("required"), list):
        yield from schema["required"]
    for word in ("dependencies", "dependentSchemas", "dependentRequired"):
        for name, inner in _object(schema, word).items():
            yield name
            if isinstance(inner, list):
                yield from inner


def _object(schema: Mapping[str, Any], word: str) -> Mapping[str, Any]:
    value = schema.get(word)
    return value if isinstance(value, dict) else {}


def _items(place: Place, schema: Mapping[str, Any]) -> Iterator[Place]:
    for word in _ITEMS:
        value = schema.get(word)
        if isinstance(value, dict):
            yield below(place, word)
        elif isinstance(value, list):
            yield from (below(place, word, index) for index in range(len(value)))


def _lists_objects(schema: Mapping[str, Any]) -> bool:
    """Whether whole objects or arrays are listed: what is in them was meant."""
    options = schema.get("enum", [schema.get("const")])
    return isinstance(options, list) and any(isinstance(each, dict | list) for each in options)
