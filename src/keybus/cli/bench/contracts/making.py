"""A repository of made-up contracts, none of which is another's copy."""

import json
from pathlib import Path
from typing import Any, Final

from keybus.contracts.scaffold import scaffold
from keybus.contracts.validation import DRAFT_04

_KINDS: Final = (
    {"type": "string", "maxLength": 80},
    {"type": "integer", "minimum": 0, "maximum": 1_000_000},
    {"type": "string", "enum": ["OPEN", "HELD", "CLOSED", "LOST"]},
    {"type": "number", "minimum": -180, "maximum": 180},
    {"type": "boolean"},
    {"type": "array", "items": {"type": "string", "maxLength": 40}, "maxItems": 20},
    {"type": "string", "format": "date-time"},
    {"type": "string", "pattern": "^[A-Z]{3}-[0-9]{6}$"},
)
_LEVEL: Final = 10
"""Properties of a contract that stand in one object of their own."""


def make(folder: Path, contracts: int, properties: int) -> None:
    """Write a repository.

    Args:
        folder: Where to; made.
        contracts: How many.
        properties: How many each declares, beside the core's.
    """
    scaffold(folder, "thing0.changed", owner="account0")
    core = json.loads((folder / "core/Event.json").read_text())["properties"]
    assert core
    for number in range(contracts):
        file = folder / f"thing{number}" / f"Thing{number}Changed.json"
        file.parent.mkdir(exist_ok=True)
        file.write_text(json.dumps(contract(number, properties), indent=2))


def contract(number: int, properties: int) -> dict[str, Any]:
    """The contract ``thingN.changed``."""
    declared = {f"field_{number}_{each}": _property(number + each) for each in range(properties)}
    return {
        "$schema": DRAFT_04,
        "title": f"Thing{number}Changed",
        "description": f"The thing number {number} is not as it was.",
        "x-keybus": {
            "type": f"thing{number}.changed",
            "owner": f"account{number % 20}",
            "version": "1.0.0",
            "classification": "internal",
        },
        "allOf": [{"$ref": "../core/Event.json"}, {"type": "object", **_nested(declared)}],
    }


def changed(schema: dict[str, Any]) -> dict[str, Any]:
    """The same with an optional property more, words changed, and a bound raised, as a minor."""
    copy: dict[str, Any] = json.loads(json.dumps(schema))
    copy["x-keybus"]["version"] = "1.1.0"
    copy["description"] += " It has a colour."
    copy["allOf"][1]["properties"]["colour"] = {"type": "string", "maxLength": 20}
    return copy


def broken(schema: dict[str, Any]) -> dict[str, Any]:
    """The same with something in every tenth property that old readers do not understand."""
    copy: dict[str, Any] = json.loads(json.dumps(schema))
    copy["x-keybus"]["version"] = "2.0.0"
    for group in copy["allOf"][1]["properties"].values():
        for each in list(group.get("properties", {}).values())[:1]:
            each.clear()
            each["type"] = "null"
    return copy


def _nested(declared: dict[str, Any]) -> dict[str, Any]:
    names = list(declared)
    groups = [names[start : start + _LEVEL] for start in range(0, len(names), _LEVEL)]
    return {
        "required": ["part_0"],
        "properties": {
            f"part_{index}": {
                "type": "object",
                "required": group[:3],
                "properties": {name: declared[name] for name in group},
            }
            for index, group in enumerate(groups)
        },
    }


def _property(number: int) -> dict[str, Any]:
    return {**_KINDS[number % len(_KINDS)], "description": f"The {number}th of them."}
