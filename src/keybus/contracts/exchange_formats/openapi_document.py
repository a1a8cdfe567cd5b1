"""A schema of draft-04 as a document of OpenAPI 3.0, which knows fewer keywords.

Source: OpenAPI Specification 3.0.3, "Schema Object".
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from keybus.contracts.exchange_formats.losses import Loss
from keybus.contracts.pointers import pointer_of

COMPONENTS: Final = "#/components/schemas/"
_DEFINITIONS: Final = "#/definitions/"
_SAME: Final = frozenset(
    {"title", "description", "default", "format", "enum", "multipleOf", "maximum", "minimum"}
    | {"exclusiveMaximum", "exclusiveMinimum", "maxLength", "minLength", "pattern", "maxItems"}
    | {"minItems", "uniqueItems", "maxProperties", "minProperties", "required", "example"}
    | {"readOnly", "writeOnly", "deprecated"}
)
_ELSEWHERE: Final = frozenset({"$schema", "definitions", "type", "dependencies", "additionalItems"})
_NAME: Final = re.compile(r"[^A-Za-z0-9._-]")


class Written(NamedTuple):
    """A schema in another form.

    Attributes:
        document: That.
        losses: What it cannot say.
    """

    document: dict[str, Any]
    losses: tuple[Loss, ...]


def openapi_of(document: Mapping[str, Any], *, root: str, title: str, version: str) -> Written:
    """A schema and its definitions as components.

    Args:
        document: JSON Schema draft-04, whose references stay within it.
        root: What its own component is called.
        title: The document's title.
        version: Its version.

    Returns:
        The document, and what OpenAPI 3.0 cannot say: there, it takes more.
    """
    return _Writing(document, root).run(title, version)


class _Writing:
    """One run, over a document."""

    def __init__(self, document: Mapping[str, Any], root: str) -> None:
        self._document, self._losses = document, list[Loss]()
        self._root = _NAME.sub("_", root)
        self._names: dict[str, str] = {}
        for name in document.get("definitions", {}):
            base = free = _NAME.sub("_", name) or "_"
            number = 1
            while free in (self._root, *self._names.values()):
                number += 1
                free = f"{base}{number}"
            self._names[name] = free

    def run(self, title: str, version: str) -> Written:
        components = {self._root: self.schema(self._document, "")}
        for name, each in self._document.get("definitions", {}).items():
            found = self.schema(each, pointer_of("definitions", name))
            components[self._names[name]] = found
        written = {
            "openapi": "3.0.3",
            "info": {"title": title, "version": version},
            "paths": {},
            "components": {"schemas": components},
        }
        return Written(written, tuple(self._losses))

    def schema(self, found: Any, pointer: str) -> dict[str, Any]:
        """A schema, in OpenAPI's words."""
        if isinstance(found.get("$ref"), str):
            return {"$ref": self._reference(found["$ref"])}
        schema = {name: each for name, each in found.items() if name in _SAME}
        schema.update(self._within(found, pointer))
        for name, each in found.items():
            if name not in _SAME | _ELSEWHERE and name not in _KEYWORDS:
                schema[name if name.startswith("x-") else f"x-{name}"] = each
        parts = [*schema.pop("allOf", ()), *self._dependencies(found, pointer)]
        parts += _typed(schema, found.get("type"))
        if parts:
            schema["allOf"] = parts
        return schema

    def _reference(self, reference: str) -> str:
        name = reference.removeprefix(_DEFINITIONS)
        return COMPONENTS + (self._root if reference == "#" else self._names[name])

    def _within(self, found: Mapping[str, Any], pointer: str) -> Iterator[tuple[str, Any]]:
        """The keywords that hold schemas."""
        for keyword in ("allOf", "anyOf", "oneOf"):
            if keyword in found:
                parts = enumerate(found[keyword])
                yield keyword, [self.schema(x, pointer + pointer_of(keyword, i)) for i, x in parts]
        if "not" in found:
            yield "not", self.schema(found["not"], f"{pointer}/not")
        if "properties" in found:
            yield (
                "properties",
                {
                    name: self.schema(each, pointer + pointer_of("properties", name))
                    for name, each in found["properties"].items()
                },
            )
        yield from self._others(found, pointer)
        items = found.get("items")
        if isinstance(items, dict):
            yield "items", self.schema(items, f"{pointer}/items")
        elif isinstance(items, list):
            self._lose(
                pointer, "items", "OpenAPI 3.0 knows one schema for all items; any is taken."
            )

    def _others(self, found: Mapping[str, Any], pointer: str) -> Iterator[tuple[str, Any]]:
        """Properties that are not named."""
        if found.get("patternProperties"):
            told = "OpenAPI 3.0 cannot say it; what is not named may be anything."
            self._lose(pointer, "patternProperties", told)
            return
        others = found.get("additionalProperties")
        if isinstance(others, dict):
            yield "additionalProperties", self.schema(others, f"{pointer}/additionalProperties")
        elif others is not None:
            yield "additionalProperties", others

    def _dependencies(self, found: Mapping[str, Any], pointer: str) -> Iterator[dict[str, Any]]:
        """Either the one property is not there, or what then holds."""
        for name, each in found.get("dependencies", {}).items():
            absent = {"not": {"type": "object", "required": [name]}}
            place = pointer + pointer_of("dependencies", name)
            then = {"required": each} if isinstance(each, list) else self.schema(each, place)
            yield {"anyOf": [absent, then]}

    def _lose(self, pointer: str, keyword: str, why: str) -> None:
        self._losses.append(Loss(pointer, keyword, why))


_KEYWORDS: Final = frozenset(
    {"allOf", "anyOf", "oneOf", "not", "properties", "patternProperties", "items"}
    | {"additionalProperties"}
)


def _typed(schema: dict[str, Any], kind: Any) -> list[dict[str, Any]]:
    """Say the types of a schema in it; what cannot stand in it is what holds beside it."""
    if kind is None:
        return []
    kinds = [kind] if isinstance(kind, str) else list(kind)
    listed = schema.get("enum")
    null = "null" in kinds and (listed is None or None in listed)
    proper = [each for each in kinds if each != "null"]
    if not proper:
        return [{"type": "string", "nullable": True, "enum": [None]}]
    types = [_of_type(each) for each in proper]
    if null:
        types[0]["nullable"] = True
    if len(types) == 1:
        items = schema.get("items")
        schema.update(types[0])
        schema.update({} if items is None else {"items": items})
        return []
    return [{"anyOf": types}]


def _of_type(kind: str) -> dict[str, Any]:
    """A type alone; an array has to say what is in it."""
    return {"type": kind, "items": {}} if kind == "array" else {"type": kind}
