"""Draft-04 schemas as draft-07 has them, which AsyncAPI's own schemas are made of.

Both mean the same but for this: draft-04's ``exclusiveMinimum`` and ``exclusiveMaximum`` are true or
false, draft-07's are numbers (JSON Schema draft-06 release notes). Keywords that draft-04 does not
know mean something to AsyncAPI, ``discriminator`` for one, so they are left out; ``x-…`` stays.

What no keyword can say: to draft-04 ``1.0`` is no integer, to draft-07 it is one.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from keybus.contracts.locations import children_of

_KEPT: Final = frozenset(
    {"title", "description", "default", "definitions", "format", "type", "enum"}
    | {"multipleOf", "maximum", "exclusiveMaximum", "minimum", "exclusiveMinimum"}
    | {"maxLength", "minLength", "pattern", "maxItems", "minItems", "uniqueItems"}
    | {"items", "additionalItems", "properties", "patternProperties", "additionalProperties"}
    | {"maxProperties", "minProperties", "required", "dependencies"}
    | {"allOf", "anyOf", "oneOf", "not"}
)
_BOUNDS: Final = {"minimum": "exclusiveMinimum", "maximum": "exclusiveMaximum"}
_TEXTS: Final = ("title", "description", "format")
METADATA: Final = "x-keybus"


def as_draft07(schema: Any, refer: Callable[[str], str]) -> Any:
    """A copy of a draft-04 schema that says the same in draft-07.

    Args:
        schema: The schema; not changed.
        refer: What to write for a reference.
    """
    if not isinstance(schema, dict):
        return schema
    if isinstance(schema.get("$ref"), str):
        return {"$ref": refer(schema["$ref"])}
    copy = {keyword: value for keyword, value in schema.items() if _is_kept(keyword, value)}
    for (keyword, *rest), child in children_of(schema):
        if keyword in copy:
            _put(copy, schema, keyword, rest, as_draft07(child, refer))
    for bound, exclusive in _BOUNDS.items():
        is_exclusive = copy.pop(exclusive, False)
        if is_exclusive is True and bound in copy:
            copy[exclusive] = copy.pop(bound)
    return copy


def _put(
    copy: dict[str, Any], schema: Mapping[str, Any], keyword: Any, rest: list[Any], fresh: Any
) -> None:
    """Put a subschema's copy in its place; what holds it becomes the copy's own first."""
    if not rest:
        copy[keyword] = fresh
        return
    if copy[keyword] is schema[keyword]:
        copy[keyword] = type(schema[keyword])(schema[keyword])
    copy[keyword][rest[0]] = fresh


def _is_kept(keyword: str, value: Any) -> bool:
    if keyword in _TEXTS:
        return isinstance(value, str)
    return keyword in _KEPT or (keyword.startswith("x-") and keyword != METADATA)
