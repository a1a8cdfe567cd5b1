"""A contract and all that it refers to as one document, as registries keep schemas."""

from collections.abc import Mapping
from typing import Any

from keybus.contracts.bundling import BundledSchema
from keybus.contracts.contract import Contract
from keybus.contracts.locations import Location, children_of
from keybus.contracts.naming import class_of
from keybus.contracts.validation import DRAFT_04


def document_of(contract: Contract) -> dict[str, Any]:
    """A contract and all that it refers to as one document; its references stay within it."""
    bundled = BundledSchema(contract.closure, [Location(contract.file)])
    schemas = bundled.schema["definitions"]
    assert isinstance(schemas, dict)
    root, *others = schemas
    names = {f"#/definitions/{root}": "#"}
    taken: dict[str, Any] = {}
    for each in others:
        place = bundled.place_of(["definitions", each])
        named = class_of(place) if place else each
        name = _free(named if named.isascii() else each, taken)
        taken[name] = schemas[each]
        names[f"#/definitions/{each}"] = f"#/definitions/{name}"
    for each in schemas.values():
        _refer(each, names)
    return {
        "$schema": DRAFT_04,
        **schemas[root],
        **({"definitions": dict(sorted(taken.items()))} if taken else {}),
    }


def _free(name: str, taken: Mapping[str, Any]) -> str:
    number, free = 1, name
    while free in taken:
        number += 1
        free = f"{name}{number}"
    return free


def _refer(schema: Any, names: Mapping[str, str]) -> None:
    """Let the references of a bundled schema name its definitions anew; it is nobody else's."""
    if not isinstance(schema, dict):
        return
    if isinstance(schema.get("$ref"), str):
        schema["$ref"] = names[schema["$ref"]]
    for _, child in children_of(schema):
        _refer(child, names)
