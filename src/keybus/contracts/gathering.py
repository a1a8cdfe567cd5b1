"""What several schemas that all apply to one value declare of it together."""

from collections.abc import Mapping
from typing import Any, Protocol

import msgspec

from keybus.contracts.extensible import is_extensible
from keybus.contracts.locations import (
    BadReference,
    Documents,
    Location,
    owner,
    schema_at,
    target_of,
)

Sites = tuple[Location, ...]
"""Places whose schemas all apply to one value; behind those that another file combines, its mark.

A value's shape may come from several places, and which ones is for the file to say that combines
them. So a combination is that file's, whatever the places; the mark (`locations.owner`) says whose.
"""

ALL_TYPES = frozenset({"string", "integer", "number", "boolean", "null", "object", "array"})


class Node(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """What is declared of one value.

    Attributes:
        key: The places that declare it, references followed, and the file that combines them where
            they are not that file's own; equal keys mean equal nodes.
        applied: Those places and all that their references and ``allOf`` lead to.
        home: The place that declares it; of a combination, the file that combines.
        title: Its title, or empty.
        description: Its description, or empty.
        types: JSON types that it may have; ``number`` includes ``integer``.
        enum: Values that it may have, or None for any of its types.
        extensible: Whether that list is declared to grow: readers take others of its types too.
        properties: Declared properties and the places that declare each.
        required: Names of properties that it must have.
        items: Declared schemas of its items, one for each position where they differ.
        open_items: Whether it may have items that none of those is for.
        values: Declared schemas of its undeclared properties, where the schema gives some.
        open_values: Whether it may have undeclared properties that none of those is for.
        branches: The alternatives of its ``oneOf`` or ``anyOf``.
        closed: Whether it refuses properties that it does not declare.
    """

    key: Sites
    applied: Sites
    home: Location
    title: str
    description: str
    types: frozenset[str]
    enum: tuple[Any, ...] | None
    extensible: bool
    properties: Mapping[str, Sites]
    required: frozenset[str]
    items: tuple[Sites, ...]
    open_items: bool
    values: tuple[Sites, ...]
    open_values: bool
    branches: tuple[Sites, ...]
    closed: bool

    @property
    def is_record(self) -> bool:
        """Whether it is an object with properties of its own."""
        return bool(self.properties) and "object" in self.types

    @property
    def owner(self) -> str:
        """The file that it belongs to."""
        return self.key[-1].file

    @property
    def inner(self) -> tuple[Sites, ...]:
        """The places of all that is declared within its values."""
        return (*self.properties.values(), *self.items, *self.values, *self.branches)


class View(Protocol):
    """What gathering needs of the view that it works for."""

    def places(self, sites: Sites) -> Sites:
        """The places with references followed, each once, without an owner."""
        ...

    def types(self, sites: Sites) -> frozenset[str]:
        """The JSON types that a value at these places may have."""
        ...


class Gathering:
    """Unites the keywords of schemas that all apply to one value."""

    def __init__(self, documents: Documents, view: View) -> None:
        self._documents = documents
        self._view = view
        self._owner = ""
        self._seen: dict[Location, None] = {}  # an ordered set
        self.types = ALL_TYPES
        self.enum: list[Any] | None = None
        self.extensible = True
        self.properties: dict[str, Sites] = {}
        self.required: set[str] = set()
        self.items: list[Sites] = []
        self.open_items = True
        self.values: list[Sites] = []
        self.open_values = True
        self.alternatives: list[tuple[Sites, ...]] = []
        self.closed = False
        self.words: dict[str, str] = {}

    def node(self, key: Sites, *, whole: bool) -> Node:
        """The node of the value that all schemas of a key apply to."""
        self._owner = key[-1].file
        for place in key:
            if not place.is_owner:
                self._add(place)
        structural = bool(self.properties)
        if whole or structural:
            for branches in self.alternatives:
                self._offer(branches)
        branches = () if self.properties or len(self.alternatives) != 1 else self.alternatives[0]
        types = self.types
        if branches:
            types &= frozenset().union(*map(self._view.types, branches))
        enum = None
        if self.enum is not None:
            enum = tuple(value for value in self.enum if _type_of(value) & types)
            types &= frozenset().union(*map(_type_of, enum))
        return Node(
            key=key,
            applied=tuple(self._seen),
            home=Location(self._owner) if key[-1].is_owner else key[0],
            title=self.words.get("title", ""),
            description=self.words.get("description", ""),
            types=types,
            enum=enum,
            extensible=enum is not None and self.extensible,
            properties={name: self._marked(sites) for name, sites in self.properties.items()},
            required=frozenset(self.required),
            items=tuple(map(self._marked, self.items)),
            open_items=self.open_items,
            values=tuple(map(self._marked, self.values)),
            open_values=self.open_values and not self.closed,
            branches=tuple(map(self._marked, branches)),
            closed=self.closed,
        )

    def _marked(self, sites: Sites) -> Sites:
        """Places with their owner, where they are not all its own."""
        if all(place.file == self._owner for place in sites):
            return sites
        return (*sites, owner(self._owner))

    def _add(self, start: Location) -> None:
        """Everything that the schema at a place asks of the value itself; without recursion."""
        waiting: list[tuple[Location, Mapping[str, Any] | None]] = [(start, None)]
        while waiting:
            place, inherited = waiting.pop()
            if inherited is not None:
                self._add_own(place, inherited)
                continue
            try:
                schema = schema_at(self._documents, place)
                if place in self._seen or not isinstance(schema, dict):
                    continue
                self._seen[place] = None
                if isinstance(schema.get("$ref"), str):
                    waiting.append((target_of(place.file, schema["$ref"]), None))
                    continue
            except BadReference:
                continue
            # Branches come first: what is inherited stands before what is an event's own.
            waiting.append((place, schema))
            count = len(schema.get("allOf", ()))
            waiting += [(place.at("allOf", index), None) for index in reversed(range(count))]

    def _add_own(self, place: Location, schema: Mapping[str, Any]) -> None:
        self._add_value(schema)
        self._add_object(place, schema)
        self._add_array(place, schema)
        for keyword in ("oneOf", "anyOf"):
            if schema.get(keyword):
                count = len(schema[keyword])
                self.alternatives.append(tuple((place.at(keyword, i),) for i in range(count)))

    def _add_value(self, schema: Mapping[str, Any]) -> None:
        declared = schema.get("type")
        if declared is not None:
            names = {declared} if isinstance(declared, str) else set(declared)
            self.types &= names | ({"integer"} if "number" in names else set())
        if "enum" in schema:
            options = schema["enum"]
            self.extensible = self.extensible and is_extensible(schema)
            self.enum = (
                options if self.enum is None else [value for value in self.enum if value in options]
            )
        for word in ("title", "description"):
            if isinstance(schema.get(word), str):
                self.words[word] = schema[word]

    def _add_object(self, place: Location, schema: Mapping[str, Any]) -> None:
        for name in schema.get("properties", ()):
            before = self.properties.get(name, ())
            self.properties[name] = (*before, place.at("properties", name))
        self.required.update(schema.get("required", ()))
        undeclared = schema.get("additionalProperties")
        if isinstance(undeclared, dict) and undeclared:
            self.values.append((place.at("additionalProperties"),))
            self.open_values = False
        self.values += [
            (place.at("patternProperties", pattern),)
            for pattern in schema.get("patternProperties", ())
        ]
        self.closed = self.closed or undeclared is False

    def _add_array(self, place: Location, schema: Mapping[str, Any]) -> None:
        items = schema.get("items")
        if isinstance(items, dict):
            self.items.append((place.at("items"),))
            self.open_items = False
        elif isinstance(items, list):
            self.items += [(place.at("items", index),) for index in range(len(items))]
            more = schema.get("additionalItems")
            if isinstance(more, dict):
                self.items.append((place.at("additionalItems"),))
            self.open_items = self.open_items and not isinstance(more, dict) and more is not False

    def _offer(self, branches: tuple[Sites, ...]) -> None:
        """Alternatives of a value with properties: theirs are optional ones of its own."""
        required = set(self.required)
        for branch in branches:
            for place in self._view.places(branch):
                before, self.types = self.types, ALL_TYPES
                enum, self.enum = self.enum, None
                extensible = self.extensible
                words, closed = dict(self.words), self.closed
                self._add(place)
                self.types, self.enum, self.words, self.closed = before, enum, words, closed
                self.extensible = extensible
        self.required = required


def _type_of(value: Any) -> frozenset[str]:
    """The JSON types of an enum's value."""
    if isinstance(value, bool):
        return frozenset({"boolean"})
    if isinstance(value, int):
        return frozenset({"integer"})
    for kind, name in ((str, "string"), (list, "array"), (dict, "object"), (type(None), "null")):
        if isinstance(value, kind):
            return frozenset({name})
    return frozenset({"number"})
