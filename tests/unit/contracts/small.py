"""Packages of bindings for one small contract each, made where a test needs it."""

import importlib
import itertools
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from keybus.contracts import ContractRepository
from keybus.contracts.bindings import generate

DRAFT = "http://json-schema.org/draft-04/schema#"
TEXT = {"type": "string"}
CORE = ("id", "type", "time", "publisher", "schema_version")
_numbers = itertools.count(1)


def core(**properties: Any) -> dict[str, Any]:
    """A ``core/Event.json`` in which these properties are declared so."""
    publisher = {"type": "object", "required": ["name"], "properties": {"name": TEXT}}
    return {
        "$schema": DRAFT,
        "type": "object",
        "required": list(CORE),
        "properties": {**dict.fromkeys(CORE, TEXT), "publisher": publisher, **properties},
    }


def contract(*schemas: Any, **more: Any) -> dict[str, Any]:
    """A contract of the type ``small.shown``."""
    metadata = {"type": "small.shown", "owner": "o", "version": "1.2.0", "classification": "public"}
    return {
        "$schema": DRAFT,
        "title": "SmallShown",
        "x-keybus": metadata,
        "allOf": [{"$ref": "core/Event.json"}, *schemas],
        **more,
    }


def properties(**declared: Any) -> dict[str, Any]:
    return {"type": "object", "properties": declared}


def package(
    tmp_path: Path, shown: dict[str, Any], event: dict[str, Any] | None = None
) -> ModuleType:
    """The generated package of one contract, imported."""
    folder = tmp_path / "contracts"
    (folder / "core").mkdir(parents=True)
    (folder / "keybus.toml").write_text('[repository]\nname = "small"\n')
    (folder / "core" / "Event.json").write_text(json.dumps(event or core()))
    (folder / "SmallShown.json").write_text(json.dumps(shown))
    name = f"small_events_{next(_numbers)}"
    generate("python", ContractRepository.load(folder), tmp_path / name)
    sys.path.insert(0, str(tmp_path))
    try:
        importlib.invalidate_caches()
        return importlib.import_module(name)
    finally:
        sys.path.remove(str(tmp_path))


def bind(tmp_path: Path, *schemas: Any, **more: Any) -> Any:
    """The event class of one contract."""
    event = more.pop("event", None)
    return package(tmp_path, contract(*schemas, **more), event).SmallShown
