"""Judges of the differ that share nothing with it but the validator: does an event break somebody?"""

import re
from collections.abc import Iterator
from typing import Any

import jsonschema_rs

from keybus.contracts.formats import FORMATS

VALIDATORS = {
    "draft-04": jsonschema_rs.Draft4Validator,
    "draft-06": jsonschema_rs.Draft6Validator,
    "draft-07": jsonschema_rs.Draft7Validator,
    "2019-09": jsonschema_rs.Draft201909Validator,
    "2020-12": jsonschema_rs.Draft202012Validator,
}


def validator(schema: Any, draft: str) -> Any:
    """A schema's validator, as the bus has it."""
    make = VALIDATORS[draft]
    return make(schema, formats=dict(FORMATS), validate_formats=True, offline=True).is_valid


def breaks(event: Any, old: Any, new: Any, draft: str = "draft-04") -> bool:
    """Whether the old schema accepts an event and the new one refuses it."""
    return validator(old, draft)(event) and not validator(new, draft)(event)


def is_declared(value: Any, schemas: list[Any], root: Any) -> bool:
    """Whether a value has only properties that one of these schemas, which may apply, declares.

    Written anew from docs/compatibility.md, by simple recursion over the schema's text.
    """
    applied = [each for schema in schemas for each in _applied(schema, root)]
    if isinstance(value, list):
        below = [inner for each in applied for inner in _items(each)]
        return all(is_declared(item, below, root) for item in value)
    if not isinstance(value, dict) or _says_nothing(applied):
        return True
    return all(_is_declared(name, inner, applied, root) for name, inner in value.items())


def _is_declared(name: str, value: Any, applied: list[Any], root: Any) -> bool:
    below, maps, spelt = [], [], False
    for each in applied:
        spelt = spelt or name in _names(each)
        below += [each["properties"][name]] if name in each.get("properties", {}) else []
        for pattern, inner in each.get("patternProperties", {}).items():
            if re.search(pattern, name):
                spelt = True
                below.append(inner)
        maps += [each["additionalProperties"]] if _is_map(each) else []
    if not spelt and not maps:
        return False
    return is_declared(value, below or ([] if spelt and below else maps), root)


def _applied(schema: Any, root: Any) -> Iterator[dict[str, Any]]:
    if not isinstance(schema, dict):
        return
    if "$ref" in schema:
        yield from _applied(root["definitions"][schema["$ref"].rpartition("/")[2]], root)
        return
    yield schema
    inner = [each for word in ("allOf", "anyOf", "oneOf") for each in schema.get(word, ())]
    inner += [schema[word] for word in ("if", "then", "else", "not") if word in schema]
    inner += [each for each in schema.get("dependencies", {}).values() if isinstance(each, dict)]
    for each in inner:
        yield from _applied(each, root)


def _items(schema: dict[str, Any]) -> Iterator[Any]:
    for word in ("items", "additionalItems", "contains", "prefixItems"):
        value = schema.get(word, ())
        yield from value if isinstance(value, list) else [value]


def _names(schema: dict[str, Any]) -> set[str]:
    names = {*schema.get("properties", ()), *schema.get("required", ())}
    for name, inner in schema.get("dependencies", {}).items():
        names |= {name, *(inner if isinstance(inner, list) else ())}
    return names


def _is_map(schema: dict[str, Any]) -> bool:
    values = schema.get("additionalProperties")
    return isinstance(values, dict) and bool(values)


def _says_nothing(applied: list[dict[str, Any]]) -> bool:
    listed = (value for each in applied for value in [*each.get("enum", ()), each.get("const")])
    if any(isinstance(value, dict | list) for value in listed):
        return True
    return not any(
        _names(each) or each.get("patternProperties") or _is_map(each) for each in applied
    )
