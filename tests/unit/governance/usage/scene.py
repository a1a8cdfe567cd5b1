"""A small repository and its users: events that are given whole, in part, and made into others."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from keybus.contracts import ContractRepository
from keybus.topology.model import Platform

TYPE = "order.placed"
FILE = "OrderPlaced.json"
CORE = ("id", "type", "time", "publisher", "schema_version")
TEXT: dict[str, Any] = {"type": "string"}
SITE: dict[str, Any] = {
    "$schema": "http://json-schema.org/draft-04/schema#",
    "type": "object",
    "required": ["kind"],
    "properties": {
        "kind": {"enum": ["HOME", "SHOP"]},
        "name": TEXT,
        "gate": {"type": "object", "properties": {"code": {"type": "integer"}}},
    },
}
PROPERTIES: dict[str, Any] = {
    "number": TEXT,
    "status": {"$ref": "core/Status.json"},
    "before": {"$ref": "core/Status.json"},
    "site": {"$ref": "core/Site.json"},
    "home": {"$ref": "core/Site.json"},
    "stops": {"type": "array", "items": {"$ref": "core/Site.json"}},
    "labels": {"type": "object", "additionalProperties": {"$ref": "core/Site.json"}},
    "sealed": {"type": "object", "properties": {"wax": TEXT}, "additionalProperties": False},
    "note": TEXT,
    "tree": {"$ref": "#/definitions/tree"},
}
TREE: dict[str, Any] = {
    "type": "object",
    "properties": {
        "leaf": TEXT,
        "twigs": {"type": "array", "items": {"$ref": "#/definitions/tree"}},
    },
}


def order(version: str = "1.0.0", **more: Any) -> dict[str, Any]:
    """The contract ``order.placed``."""
    metadata = {"type": TYPE, "version": version, "owner": "shop", "classification": "internal"}
    return {
        "$schema": "http://json-schema.org/draft-04/schema#",
        "title": "OrderPlaced",
        "description": "An order was placed.",
        "type": "object",
        "x-keybus": {**metadata, "key": "/number", **more},
        "required": [*CORE, "number", "status"],
        "properties": {**dict.fromkeys(CORE, TEXT), **PROPERTIES},
        "definitions": {"tree": TREE},
    }


def write(folder: Path) -> Path:
    """The repository, as files."""
    (folder / "core").mkdir(parents=True)
    (folder / "keybus.toml").write_text('[repository]\nname = "tiny"\n')
    draft = "http://json-schema.org/draft-04/schema#"
    status = {"$schema": draft, "enum": ["NEW", "PAID"], "type": "string"}
    for file, schema in {FILE: order(), "core/Site.json": SITE, "core/Status.json": status}.items():
        (folder / file).write_text(json.dumps(schema))
    return folder


def edit(folder: Path, file: str, change: Callable[[dict[str, Any]], object]) -> None:
    """Change a file."""
    schema = json.loads((folder / file).read_text())
    change(schema)
    (folder / file).write_text(json.dumps(schema))


def repository(folder: Path) -> ContractRepository:
    """The repository in a folder, written where there is none."""
    return ContractRepository.load(folder if folder.exists() else write(folder))


def platform(**subscriptions: dict[str, Any]) -> Platform:
    """One publisher of the type, and these subscriptions; to ``order.placed@1`` where none is said."""
    return msgspec.convert(
        {
            "bus": "tiny",
            "accounts": {
                "shop": {"id": "111111111111"},
                "desk": {"id": "222222222222"},
            },
            "publishers": {"shop.orders": {"account": "shop", "events": [TYPE]}},
            "subscriptions": {
                name: {
                    "account": "desk",
                    **({} if "events" in each or "by" in each else {"events": [f"{TYPE}@1"]}),
                    **{k: v for k, v in each.items() if k != "by"},
                }
                for name, each in subscriptions.items()
            },
        },
        Platform,
    )
