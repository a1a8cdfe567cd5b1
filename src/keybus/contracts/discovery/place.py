"""A place in events, and all that was seen there: merged, in whatever order, within bounds.

Merging is a commutative monoid: what is known of two lots of samples together is what is known of
all of them at once. A bound that is passed forgets for good (more distinct texts than are kept, more
names in an object), so that it does not matter when. Only the bound on all places together may
depend on the order: past it, nothing below the first level is kept, and the place says so.
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, Final, Literal

import msgspec

from keybus.contracts.discovery.text_formats import formats_of

Kind = Literal["object", "array", "string", "number", "integer", "boolean", "null"]


class Limits(msgspec.Struct, frozen=True):
    """How much is kept of what was seen.

    Attributes:
        names: Distinct names in an object; one with more is a map.
        values: Distinct texts at a place; where there are more, none is kept.
        longest: Characters of a text that is kept, and of a name.
        depth: Levels of objects and arrays below the root; what is deeper is not looked into.
        places: Places of one kind of event in all.
    """

    names: int = 200
    values: int = 16
    longest: int = 64
    depth: int = 24
    places: int = 20_000


LIMITS: Final = Limits()
_LONGEST_NAME: Final = 256


class Place(msgspec.Struct, omit_defaults=True):
    """What was seen at one place. Not safe to share between threads.

    Attributes:
        kinds: How many values there were of each JSON type; by draft-04, 1.0 is no integer.
        values: The distinct texts; None: too many, or one that is too long.
        formats: What all texts are; None: there was no text yet.
        names: What was seen under each name of the objects; None: they have too many.
        each: What was seen under any name of objects that have too many.
        items: What was seen in the arrays; None: none had anything in it.
        unseen: How many objects and arrays were not looked into, as they lay too deep.
    """

    kinds: dict[Kind, int] = msgspec.field(default_factory=dict)
    values: set[str] | None = msgspec.field(default_factory=set)
    formats: set[str] | None = None
    names: dict[str, "Place"] | None = msgspec.field(default_factory=dict)
    each: "Place | None" = None
    items: "Place | None" = None
    unseen: int = 0

    @property
    def count(self) -> int:
        """How many values there were."""
        return sum(self.kinds.values())

    @property
    def children(self) -> Iterator["Place"]:
        """The places within this one."""
        yield from (self.names or {}).values()
        yield from (each for each in (self.each, self.items) if each is not None)

    @property
    def size(self) -> int:
        """How many places there are, this one among them."""
        return 1 + sum(each.size for each in self.children)

    def observe(self, value: Any, limits: Limits = LIMITS, depth: int = 0) -> int:
        """See a value.

        Args:
            value: As a JSON parser gives it; floats that are not exact are Decimals.
            limits: How much is kept.
            depth: How deep in an event it lies.

        Returns:
            How many places are new.
        """
        kind = kind_of(value)
        self.kinds[kind] = self.kinds.get(kind, 0) + 1
        if isinstance(value, str):
            self._text(value, limits)
        elif isinstance(value, dict | list) and depth >= limits.depth:
            self.unseen += 1
        elif isinstance(value, dict):
            return self._object(value, limits, depth)
        elif isinstance(value, list) and value:
            made = 0 if self.items is not None else 1
            self.items = self.items or Place()
            return made + sum(self.items.observe(each, limits, depth + 1) for each in value)
        return 0

    def merge(self, other: "Place", limits: Limits = LIMITS) -> None:
        """Take in what was seen elsewhere at the same place; that is not to be used any more."""
        for kind, count in other.kinds.items():
            self.kinds[kind] = self.kinds.get(kind, 0) + count
        both = None if None in (self.values, other.values) else self.values | other.values  # type: ignore[operator]  # neither is None
        self.values = both if both is not None and len(both) <= limits.values else None
        self.formats = _common(self.formats, other.formats)
        self.unseen += other.unseen
        self.items = _merged(self.items, other.items, limits)
        if self.names is None or other.names is None:
            self._collapse(limits)
            other._collapse(limits)  # noqa: SLF001 - the same class's
            self.each = _merged(self.each, other.each, limits)
            return
        for name, place in other.names.items():
            own = self.names.get(name)
            self.names[name] = place if own is None else own
            if own is not None:
                own.merge(place, limits)
        if len(self.names) > limits.names:
            self._collapse(limits)

    def trim(self, depth: int) -> None:
        """Forget what lies deeper than so many levels below; that it was there is kept."""
        if depth > 0:
            for each in self.children:
                each.trim(depth - 1)
            return
        self.unseen = self.kinds.get("object", 0) + self.kinds.get("array", 0)
        self.names, self.each, self.items = {}, None, None

    def _text(self, text: str, limits: Limits) -> None:
        self.formats = _common(self.formats, formats_of(text))
        if self.values is None:
            return
        self.values.add(text)
        if len(text) > limits.longest or len(self.values) > limits.values:
            self.values = None

    def _object(self, value: Mapping[str, Any], limits: Limits, depth: int) -> int:
        made = 0
        if self.names is not None and any(len(name) > _LONGEST_NAME for name in value):
            self._collapse(limits)
        for name, inner in value.items():
            place = self.each if self.names is None else self.names.get(name)
            if place is None:
                place, made = Place(), made + 1
                if self.names is None:
                    self.each = place
                else:
                    self.names[name] = place
            made += place.observe(inner, limits, depth + 1)
            if self.names is not None and len(self.names) > limits.names:
                self._collapse(limits)
        return made

    def _collapse(self, limits: Limits) -> None:
        """Take the objects for maps: what is under any of their names is seen as one."""
        for place in (self.names or {}).values():
            self.each = _merged(self.each, place, limits)
        self.names = None


def kind_of(value: Any) -> Kind:
    """The JSON type of a value; ``integer`` for a number without fraction and exponent."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer"
    if isinstance(value, float | Decimal):
        return "number"
    if isinstance(value, str):
        return "string"
    return "object" if isinstance(value, dict) else "array"


def together(places: Mapping[str, Place], limits: Limits = LIMITS) -> Place:
    """What was seen under any of some names; the places stay as they are."""
    found = Place()
    for place in places.values():
        found.merge(_copy(place), limits)
    return found


def _copy(place: Place) -> Place:
    return msgspec.convert(msgspec.to_builtins(place), Place)


def _common(one: set[str] | None, other: set[str] | None) -> set[str] | None:
    if one is None or other is None:
        return other if one is None else one
    return one & other


def _merged(one: Place | None, other: Place | None, limits: Limits) -> Place | None:
    if one is None or other is None:
        return other if one is None else one
    one.merge(other, limits)
    return one
