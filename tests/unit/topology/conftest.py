"""A small platform of its own: two contracts, and a way to hear what is wrong with a file."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from keybus.errors import Fault, TopologyError
from keybus.topology import load_platform

FaultsOf = Callable[[str], tuple[Fault, ...]]


def contract(event_type: str, properties: dict[str, Any]) -> dict[str, Any]:
    core = {name: {"type": "string"} for name in ("id", "type", "time", "publisher")}
    core["schema_version"] = {"type": "string"}
    title = "".join(word.title() for word in event_type.replace("_", ".").split("."))
    return {
        "$schema": "http://json-schema.org/draft-04/schema#",
        "title": title,
        "description": "An event of the tests.",
        "type": "object",
        "x-keybus": {
            "type": event_type,
            "version": "1.0.0",
            "owner": "me",
            "classification": "internal",
        },
        "required": sorted(core),
        "properties": core | properties,
    }


@pytest.fixture
def declared(tmp_path: Path) -> Path:
    """A folder with contracts of `order.placed` and `door_unit.opened`."""
    folder = tmp_path / "contracts"
    folder.mkdir()
    (folder / "keybus.toml").write_text('[repository]\nname = "tiny"\n')
    site = {"type": "object", "properties": {"kind": {"type": "string"}}}
    stops = {"type": "array", "items": site}
    labels = {"type": "object", "additionalProperties": site}
    text = {"type": "string"}
    order = {
        "status": text,
        "site": site,
        "labels": labels,
        "grade": {"enum": ["TOP", "MIDDLE", "LOW"]},
        "weight": {"type": "integer", "minimum": 1, "maximum": 9},
    }
    for file, schema in {
        "OrderPlaced": contract("order.placed", order),
        "DoorUnitOpened": contract("door_unit.opened", {"stops": stops, "statue": text}),
    }.items():
        (folder / f"{file}.json").write_text(json.dumps(schema))
    return tmp_path


@pytest.fixture
def faults_of(declared: Path) -> FaultsOf:
    """All that is wrong with a platform file beside these contracts."""

    def faults(text: str) -> tuple[Fault, ...]:
        (declared / "platform.yaml").write_text(text)
        try:
            load_platform(declared)
        except TopologyError as error:
            return error.faults
        return ()

    return faults
