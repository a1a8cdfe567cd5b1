"""Schemas of OpenAPI 3.0 documents as JSON Schema draft-04.

Source: OpenAPI Specification 3.0.3, "Schema Object".
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import unquote

from keybus.contracts.locations import children_of
from keybus.contracts.validation import DRAFT_04

COMPONENTS: Final = "#/components/schemas/"
_DEFINITIONS: Final = "#/definitions/"
_EVENT: Final = "AWSEvent"
"""What EventBridge calls the schema of a whole event."""
_ONLY_OPENAPI: Final = frozenset(
    {
        "deprecated",
        "discriminator",
        "example",
        "externalDocs",
        "nullable",
        "readOnly",
        "writeOnly",
        "xml",
    }
)


def draft_4(document: Mapping[str, Any]) -> dict[str, Any]:
    """The schemas of a document as one of draft-04.

    Args:
        document: One that has no faults.

    Raises:
        ValueError: Nobody can tell which of the components is meant.
    """
    components = components_of(document)
    root = root_of(components, document["info"]["title"])
    definitions = definitions_of(components)
    schema = {"$schema": DRAFT_04, "title": document["info"]["title"]}
    if root in _referred(components) or "$ref" in definitions[root]:
        return {**schema, "allOf": [{"$ref": f"{_DEFINITIONS}{root}"}], "definitions": definitions}
    own = definitions.pop(root)
    return {**schema, **own, **({"definitions": definitions} if definitions else {})}


def components_of(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """The schemas of a document, by name; none where it has none, or something else there."""
    components = document.get("components", {})
    found = components.get("schemas", {}) if isinstance(components, dict) else {}
    return found if isinstance(found, dict) else {}


def definitions_of(components: Mapping[str, Any]) -> dict[str, Any]:
    """The same as definitions of draft-04."""
    return {name: _converted(each) for name, each in components.items()}


def root_of(components: Mapping[str, Any], title: str) -> str:
    """The name of the component that a document is about.

    It is ``AWSEvent``, or else the one that is called as the document is, if no other refers to it,
    or else the only one to which nothing does, or else the one called so after all.

    Args:
        components: The schemas of the document.
        title: What it is called.

    Raises:
        ValueError: Nobody can tell which of the components is meant.
    """
    if _EVENT in components:
        return _EVENT
    left = _left(components)
    if title in left:
        return title
    if len(left) != 1 and title in components:
        return title
    if len(left) != 1:
        names = ", ".join(sorted(left or components)[:10]) or "none"
        raise ValueError(
            f"it has no schema {_EVENT}, and not one alone to which no other refers ({names}): each"
            " event has a document of its own"
        )
    return left[0]


def _left(components: Mapping[str, Any]) -> list[str]:
    """The names of the components to which no other refers; one may hold itself."""
    referred = {
        target
        for name, each in components.items()
        for target in _referred({name: each})
        if target != name or "$ref" in each
    }
    return [name for name in components if name not in referred]


def _referred(components: Mapping[str, Any]) -> set[str]:
    """The names of the components to which something refers."""
    return {
        unquote(reference.removeprefix(COMPONENTS).partition("/")[0])
        for each in components.values()
        for reference in references_in(each)
        if reference.startswith(COMPONENTS)
    }


def references_in(schema: Any) -> Iterator[str]:
    """Every reference in a schema, at any depth."""
    if not isinstance(schema, dict):
        return
    reference = schema.get("$ref")
    if isinstance(reference, str):
        yield reference
    for _, child in children_of(schema):
        yield from references_in(child)


def _converted(schema: Any) -> Any:
    """A schema in draft-04's words."""
    if not isinstance(schema, dict):
        return schema
    reference = schema.get("$ref")
    if isinstance(reference, str):
        return {"$ref": reference.replace(COMPONENTS, _DEFINITIONS, 1)}
    copy = {keyword: each for keyword, each in schema.items() if keyword not in _ONLY_OPENAPI}
    for (keyword, *rest), child in children_of(schema):
        if not rest:
            copy[keyword] = _converted(child)
            continue
        if copy[keyword] is schema[keyword]:
            copy[keyword] = type(schema[keyword])(schema[keyword])  # its own dict or list
        copy[keyword][rest[0]] = _converted(child)
    return _with_null(copy) if schema.get("nullable") is True else copy


def _with_null(schema: dict[str, Any]) -> dict[str, Any]:
    """A schema that takes null as well; without a type of its own, nullable says nothing."""
    kind = schema.get("type")
    if not isinstance(kind, str):
        return schema
    found = {**schema, "type": [kind, "null"]}
    if isinstance(schema.get("enum"), list) and None not in schema["enum"]:
        found["enum"] = [*schema["enum"], None]
    return found
