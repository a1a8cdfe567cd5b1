"""The declared view of a contract: what its schemas declare, taken together over allOf and $ref.

A value's shape may be spread over several schemas that all apply to it (an event's own schema and
``core/Event.json``, say). A *node* is what they declare together: types and enums narrowed,
properties united, required names united.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from keybus.contracts.locations import BadReference, Documents, Location, schema_at, target_of

Sites = tuple[Location, ...]
"""Places whose schemas all apply to one value."""

ALL_TYPES = frozenset({"string", "integer", "number", "boolean", "null", "object", "array"})
_ANNOTATIONS = frozenset({"title", "description", "default", "$schema", "definitions", "x-keybus"})


class Node(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """What is declared of one value.

    Attributes:
        key: The places that declare it, references followed; equal keys mean equal nodes.
        applied: Those places and all that their references and ``allOf`` lead to.
        home: The place that it is named after.
        title: Its title, or empty.
        description: Its description, or empty.
        types: JSON types that it may have; ``number`` includes ``integer``.
        enum: Values that it may have, or None for any of its types.
        properties: Declared properties and the places that declare each.
        required: Names of properties that it must have.
        items: Declared schemas of its items, one for each position where they differ.
        values: Declared schemas of its undeclared properties, where the schema gives some.
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
    properties: Mapping[str, Sites]
    required: frozenset[str]
    items: tuple[Sites, ...]
    values: tuple[Sites, ...]
    branches: tuple[Sites, ...]
    closed: bool

    @property
    def is_record(self) -> bool:
        """Whether it is an object with properties of its own."""
        return bool(self.properties) and "object" in self.types


class DeclaredProperty(msgspec.Struct, frozen=True, omit_defaults=True):
    """One row of a contract's declared view.

    Attributes:
        pointer: Where the value is in an event; ``*`` stands for every item or undeclared name.
        types: The JSON types that it may have, sorted.
        required: Whether its object must have it.
        enum: Values that it may have, or None.
        description: What the contract says about it.
    """

    pointer: str
    types: tuple[str, ...]
    required: bool
    enum: tuple[Any, ...] | None = None
    description: str = ""


class DeclaredView:
    """The nodes of one set of documents, each worked out once."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents
        self._nodes: dict[tuple[Sites, bool], Node] = {}

    def node(self, *sites: Location, whole: bool = False) -> Node:
        """What the schemas at these places declare together.

        Args:
            sites: The places, as they stand; references are followed.
            whole: Take the properties of alternatives for optional ones of the value itself, as is
                done for the whole of an event.
        """
        key = self.key(*sites)
        found = self._nodes.get((key, whole))
        if found is None:
            home = key[0] if len(key) == 1 else sites[-1]
            found = _Gathering(self._documents, self).node(key, home, whole=whole)
            self._nodes[key, whole] = found
        return found

    def key(self, *sites: Location) -> Sites:
        """The places with references followed, each once."""
        return tuple(dict.fromkeys(self._followed(site) for site in sites))

    def rows(self, root: Location) -> Iterator[DeclaredProperty]:
        """Every declared property below a schema, parents first; recursion is cut once it repeats."""
        yield from self._rows(self.node(root, whole=True), "", ())

    def find(self, root: Location, tokens: Iterable[str]) -> Node | None:
        """The node of the property that these names lead to, or None where none is declared."""
        node = self.node(root, whole=True)
        for token in tokens:
            sites = node.properties.get(token)
            if sites is None:
                return None
            node = self.node(*sites)
        return node

    def _rows(
        self, node: Node, pointer: str, above: tuple[Sites, ...]
    ) -> Iterator[DeclaredProperty]:
        if node.key in above:
            return
        inside = (*above, node.key)
        for name, sites in node.properties.items():
            child = self.node(*sites)
            place = f"{pointer}/{name.replace('~', '~0').replace('/', '~1')}"
            yield DeclaredProperty(
                pointer=place,
                types=type_names(child.types),
                required=name in node.required,
                enum=child.enum,
                description=child.description,
            )
            yield from self._rows(child, place, inside)
        for sites in (*node.items, *node.values):
            yield from self._rows(self.node(*sites), f"{pointer}/*", inside)
        for sites in node.branches:
            yield from self._rows(self.node(*sites), pointer, inside)

    def _followed(self, site: Location) -> Location:
        """Through references, and through an ``allOf`` of one, to where something is declared."""
        seen = set()
        while site not in seen:
            seen.add(site)
            schema = schema_at(self._documents, site)
            if not isinstance(schema, dict):
                break
            reference = schema.get("$ref")
            only = schema.keys() - _ANNOTATIONS == {"allOf"} and site.pointer
            if isinstance(reference, str):
                site = target_of(site.file, reference)
            elif only and len(schema["allOf"]) == 1:
                site = site.at("allOf", 0)
            else:
                break
        return site


def type_names(types: frozenset[str]) -> tuple[str, ...]:
    """Types as draft-04 writes them: ``integer`` goes without saying beside ``number``."""
    return tuple(sorted(types - ({"integer"} if "number" in types else set())))


class _Gathering:
    """Unites the keywords of schemas that all apply to one value."""

    def __init__(self, documents: Documents, view: DeclaredView) -> None:
        self._documents = documents
        self._view = view
        self._seen: dict[Location, None] = {}  # an ordered set
        self.types = ALL_TYPES
        self.enum: list[Any] | None = None
        self.properties: dict[str, Sites] = {}
        self.required: set[str] = set()
        self.items: list[Sites] = []
        self.values: list[Sites] = []
        self.alternatives: list[tuple[Sites, ...]] = []
        self.closed = False
        self.words: dict[str, str] = {}

    def node(self, key: Sites, home: Location, *, whole: bool) -> Node:
        for place in key:
            self._add(place)
        structural = bool(self.properties)
        if whole or structural:
            for branches in self.alternatives:
                self._offer(branches)
        branches = () if self.properties or len(self.alternatives) != 1 else self.alternatives[0]
        types = self.types
        if branches:
            types &= frozenset().union(*(self._view.node(*branch).types for branch in branches))
        enum = None
        if self.enum is not None:
            enum = tuple(value for value in self.enum if _type_of(value) & types)
            types &= frozenset().union(*map(_type_of, enum))
        return Node(
            key=key,
            applied=tuple(self._seen),
            home=home,
            title=self.words.get("title", ""),
            description=self.words.get("description", ""),
            types=types,
            enum=enum,
            properties=self.properties,
            required=frozenset(self.required),
            items=tuple(self.items),
            values=tuple(self.values),
            branches=branches,
            closed=self.closed,
        )

    def _add(self, place: Location) -> None:
        """Everything that the schema at a place asks of the value itself."""
        try:
            schema = schema_at(self._documents, place)
            if place in self._seen or not isinstance(schema, dict):
                return
            self._seen[place] = None
            if isinstance(schema.get("$ref"), str):
                self._add(target_of(place.file, schema["$ref"]))
                return
        except BadReference:
            return
        # Branches come first: what is inherited stands before what is an event's own.
        for index in range(len(schema.get("allOf", ()))):
            self._add(place.at("allOf", index))
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
        self.values += [
            (place.at("patternProperties", pattern),)
            for pattern in schema.get("patternProperties", ())
        ]
        self.closed = self.closed or undeclared is False

    def _add_array(self, place: Location, schema: Mapping[str, Any]) -> None:
        items = schema.get("items")
        if isinstance(items, dict):
            self.items.append((place.at("items"),))
        elif isinstance(items, list):
            self.items += [(place.at("items", index),) for index in range(len(items))]
            if isinstance(schema.get("additionalItems"), dict):
                self.items.append((place.at("additionalItems"),))

    def _offer(self, branches: tuple[Sites, ...]) -> None:
        """Alternatives of a value with properties: theirs are optional ones of its own."""
        required = set(self.required)
        for branch in branches:
            for place in self._view.key(*branch):
                before, self.types = self.types, ALL_TYPES
                enum, self.enum = self.enum, None
                words, closed = dict(self.words), self.closed
                self._add(place)
                self.types, self.enum, self.words, self.closed = before, enum, words, closed
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
