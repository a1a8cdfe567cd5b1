"""EventBridge's whole events around a detail, as AWS's own schemas describe them.

Source: EventBridge user guide, "Amazon EventBridge schemas": the component ``AWSEvent``, and the
keywords ``x-amazon-events-detail-type`` and ``x-amazon-events-source``.
"""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from keybus.contracts.locations import children_of
from keybus.contracts.validation import DRAFT_04

EVENT: Final = "AWSEvent"
DETAIL_TYPE: Final = "x-amazon-events-detail-type"
SOURCE: Final = "x-amazon-events-source"
_TEXT: Final = {"type": "string"}
_PROPERTIES: Final = {
    "account": _TEXT,
    "detail-type": _TEXT,
    "id": _TEXT,
    "region": _TEXT,
    "resources": {"type": "array", "items": _TEXT},
    "source": _TEXT,
    "time": {"type": "string", "format": "date-time"},
    "version": _TEXT,
}
_REQUIRED: Final = (
    *("detail-type", "resources", "detail", "id", "source", "time", "region", "version"),
    "account",
)


class Detail(NamedTuple):
    """Where the detail of a whole event is described.

    Attributes:
        pointer: JSON pointer to its schema.
        detail_type: The type that such events say; empty where nobody knows.
        source: Where they come from; the same.
    """

    pointer: str
    detail_type: str
    source: str


def event_schema(detail: Mapping[str, Any], detail_type: str, source: str) -> dict[str, Any]:
    """The schema of a whole event.

    Args:
        detail: The schema of its detail, or a reference to that.
        detail_type: Its type.
        source: Where it comes from; empty where nobody says.
    """
    return {
        "type": "object",
        "required": list(_REQUIRED),
        DETAIL_TYPE: detail_type,
        **({SOURCE: source} if source else {}),
        "properties": {"detail": dict(detail), **_PROPERTIES},
    }


def detail_in(schema: Any, at: str = "") -> Detail | None:
    """Where a schema describes the detail of a whole event; None where it describes none.

    Args:
        schema: The schema.
        at: JSON pointer to it.
    """
    properties = schema.get("properties") if isinstance(schema, dict) else None
    if not isinstance(properties, dict) or "detail" not in properties:
        return None
    told = schema.get(DETAIL_TYPE), schema.get(SOURCE)
    if told[0] is None and not {"detail-type", "source"} <= properties.keys():
        return None
    detail_type, source = (each if isinstance(each, str) else "" for each in told)
    return Detail(f"{at}/properties/detail", detail_type, source)


def enveloped(
    document: Mapping[str, Any], name: str, detail_type: str, source: str
) -> dict[str, Any]:
    """A document of a detail as one of the whole event.

    Args:
        document: JSON Schema draft-04, whose references stay within it.
        name: What the detail's schema is called.
        detail_type: The event's type.
        source: Where it comes from; empty where nobody says.
    """
    definitions = dict(document.get("definitions", {}))
    while name in definitions:
        name += "_"
    left = ("$schema", "definitions")
    definitions[name] = {key: each for key, each in document.items() if key not in left}
    reference = f"#/definitions/{name}"
    return {
        "$schema": DRAFT_04,
        "title": name,
        **event_schema({"$ref": reference}, detail_type, source),
        "definitions": {key: _rooted(each, reference) for key, each in definitions.items()},
    }


def _rooted(schema: Any, root: str) -> Any:
    """A copy in which references to the whole document lead to the detail."""
    if not isinstance(schema, dict):
        return schema
    if isinstance(schema.get("$ref"), str):
        return {"$ref": root if schema["$ref"] == "#" else schema["$ref"]}
    copy = dict(schema)
    for (keyword, *rest), child in children_of(schema):
        fresh = _rooted(child, root)
        if not rest:
            copy[keyword] = fresh
            continue
        if copy[keyword] is schema[keyword]:
            copy[keyword] = type(schema[keyword])(schema[keyword])  # its own dict or list
        copy[keyword][rest[0]] = fresh
    return copy
