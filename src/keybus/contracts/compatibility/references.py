"""Following ``$ref``, in every draft; and one self-contained schema out of many that refer."""

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any, Final
from urllib.parse import unquote, urldefrag

from keybus.contracts.compatibility.drafts import NOT_SCHEMAS
from keybus.contracts.locations import (
    BadReference,
    Documents,
    Location,
    schema_at,
    target_of,
)

_DROPPED: Final = frozenset(
    {"$schema", "$id", "$anchor", "definitions", "$defs"}
    | {"title", "description", "default", "examples", "$comment"}
)
_BY_NAME: Final = frozenset({"dependencies", "dependentSchemas"})
_NAMED: Final = _BY_NAME | {"properties", "patternProperties"}
_WITHIN: Final = frozenset(
    {"properties", "patternProperties", "items", "additionalItems", "additionalProperties"}
    | {"prefixItems", "contains", "propertyNames", "unevaluatedItems", "unevaluatedProperties"}
)


class References:
    """The references of one set of documents."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents

    def target(self, place: Location, reference: str) -> Location:
        """The place that a ``$ref`` names.

        Raises:
            BadReference: There is none, it is remote, or an inner ``$id`` may change what it means.
        """
        address, fragment = urldefrag(reference)
        base = self._ids.get(address) if address else Location(place.file)
        if fragment and not fragment.startswith("/"):
            file = base.file if base else target_of(place.file, address).file
            found = self._anchors.get((file, unquote(fragment)))
            if found is None:
                raise BadReference("dangling-ref", f"There is no anchor {fragment!r} in {file!r}.")
            return found
        if base is not None:
            target = Location(base.file, unquote(fragment))
        else:
            target = target_of(place.file, reference)
        schema_at(self._documents, target)
        return target

    def bundle(self, root: Location, most: int | None = None) -> dict[str, Any]:
        """The schema at a place and all that it refers to, as one document.

        Two bundles are equal exactly if the schemas say the same, word for word.

        Args:
            root: The place.
            most: How many schemas may be in it; None for any number.

        Raises:
            BadReference: A reference cannot be followed.
            OverflowError: There are more.
        """
        definitions = self._definitions(root, most)
        return {"allOf": [{"$ref": "#/definitions/s0"}], "definitions": definitions}

    def loop(self, root: Location) -> bool:
        """Whether a reference leads back to itself, or to its own combiners, saying nothing."""
        definitions = self._definitions(root)
        leads = {name: set(_in_place(schema)) for name, schema in definitions.items()}
        while True:  # what leads nowhere is taken away until nothing is left, or a loop
            done = {name for name, targets in leads.items() if not targets & leads.keys()}
            if not done:
                return bool(leads)
            leads = {name: targets for name, targets in leads.items() if name not in done}

    def _definitions(self, root: Location, most: int | None = None) -> dict[str, Any]:
        names = {root: "s0"}
        waiting = [root]
        definitions: dict[str, Any] = {}
        while waiting:
            place = waiting.pop()
            if most is not None and len(definitions) >= most:
                raise OverflowError

            def named(reference: str, at: Location = place) -> str:
                target = self.target(at, reference)
                if target not in names:
                    names[target] = f"s{len(names)}"
                    waiting.append(target)
                return f"#/definitions/{names[target]}"

            definitions[names[place]] = _rewritten(schema_at(self._documents, place), named)
        return definitions

    @cached_property
    def _ids(self) -> dict[str, Location]:
        """The documents by their own ``$id``; a schema within one must not have such an id."""
        found = {}
        for place, schema in self._schemas():
            for word in ("$id", "id"):
                name = schema.get(word)
                if isinstance(name, str) and urldefrag(name).url:
                    if place.pointer:
                        message = f"The schema at {place} has the id {name!r} of its own."
                        raise BadReference("inner-id", message)
                    found[urldefrag(name).url] = place
        return found

    @cached_property
    def _anchors(self) -> dict[tuple[str, str], Location]:
        found = {}
        for place, schema in self._schemas():
            for word in ("$anchor", "$id", "id"):
                name = schema.get(word)
                if isinstance(name, str) and (word == "$anchor" or name.startswith("#")):
                    found[place.file, name.removeprefix("#")] = place
        return found

    def _schemas(self) -> Iterator[tuple[Location, Mapping[str, Any]]]:
        """Everything in the documents that may be a schema."""
        waiting = [(Location(file), document) for file, document in self._documents.items()]
        while waiting:
            place, value = waiting.pop()
            if isinstance(value, dict):
                yield place, value
                waiting += [
                    (place.at(name), inner)
                    for name, inner in value.items()
                    if name not in NOT_SCHEMAS
                ]
            elif isinstance(value, list):
                waiting += [(place.at(index), inner) for index, inner in enumerate(value)]


def _rewritten(schema: Any, named: Any) -> Any:
    """A copy of a schema in which references name definitions."""
    if isinstance(schema, list):
        return [_rewritten(each, named) for each in schema]
    if not isinstance(schema, dict):
        return schema
    copy: dict[str, Any] = {}
    for word, value in schema.items():
        if word == "$ref" and isinstance(value, str):
            copy[word] = named(value)
        elif word in _NAMED and isinstance(value, dict):
            copy[word] = {name: _rewritten(inner, named) for name, inner in value.items()}
        elif word in _DROPPED or word.startswith("x-") or (word == "id" and isinstance(value, str)):
            continue
        else:
            copy[word] = value if word in NOT_SCHEMAS else _rewritten(value, named)
    return copy


def _in_place(schema: Any) -> Iterator[str]:
    """The definitions that are referred to for the same value."""
    if isinstance(schema, list):
        for each in schema:
            yield from _in_place(each)
    elif isinstance(schema, dict):
        if isinstance(schema.get("$ref"), str):
            yield schema["$ref"].removeprefix("#/definitions/")
        for word, value in schema.items():
            if word in _BY_NAME and isinstance(value, dict):
                yield from _in_place(list(value.values()))
            elif word not in _WITHIN and word not in NOT_SCHEMAS and not word.startswith("x-"):
                yield from _in_place(value)
