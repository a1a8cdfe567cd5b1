"""Migrations of ``small.shown``, as their files say them, and contracts for them."""

import json
from typing import Any

from keybus.contracts import Contract
from keybus.contracts.migrations import Migration
from keybus.errors import Fault
from tests.unit.contracts.releases.releasing import TYPE
from tests.unit.contracts.small import contract, core

HEAD = {
    "id": "3f0c0e9e-8a54-4b6e-9a39-0c1f5d1f2b7a",
    "type": TYPE,
    "time": "2026-01-31T08:00:00Z",
    "publisher": {"name": "shop"},
    "schema_version": "2.0.0",
}


def read(text: str, name: str = "2-to-1.json") -> tuple[Migration | None, list[Fault]]:
    return Migration.parse(TYPE, name, text)


def moves(*steps: dict[str, Any], name: str = "2-to-1.json") -> Migration:
    found, faults = read(json.dumps({"steps": steps}), name)
    assert not faults
    assert found is not None
    return found


def expression(text: str, name: str = "2-to-1.jsonata") -> Migration:
    found, faults = read(text, name)
    assert not faults, faults
    assert found is not None
    return found


def shown(version: str, required: list[str], **declared: Any) -> Contract:
    """The contract ``small.shown`` with these properties, some of them required."""
    schema = contract({"type": "object", "required": required, "properties": declared})
    schema["x-keybus"] = {**schema["x-keybus"], "version": version}
    if not required:
        del schema["allOf"][1]["required"]
    return Contract({"core/Event.json": core(), "SmallShown.json": schema}, "SmallShown.json")
