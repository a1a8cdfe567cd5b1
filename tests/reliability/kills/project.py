"""The load's project: its contract and its platform, in a folder."""

import json
import shutil
from pathlib import Path
from typing import Any, Final

from tests.reliability.kills.event import EVENT_TYPE, PLATFORM
from tests.running import EXAMPLE

_CONTRACT: Final[dict[str, Any]] = {
    "$schema": "http://json-schema.org/draft-04/schema#",
    "title": "ReliabilityCounted",
    "description": "Something was counted.",
    "x-keybus": {
        "type": EVENT_TYPE,
        "owner": "checker",
        "version": "1.0.0",
        "classification": "internal",
    },
    "allOf": [
        {"$ref": "../core/Event.json"},
        {
            "type": "object",
            "required": ["number", "key"],
            "properties": {
                "number": {"type": "integer", "description": "How many there were."},
                "key": {"type": "string", "description": "What it is in order by."},
                "even": {"type": "boolean", "description": "Whether two divides the number."},
                "third": {"type": "boolean", "description": "Whether three divides it."},
                "noise": {"type": "string", "description": "What nobody guesses."},
            },
        },
    ],
}


def write_project(folder: Path, more: str = "") -> None:
    """Write the project of the load.

    Args:
        folder: The folder; it is made.
        more: What follows in its platform file.
    """
    contracts = folder / "contracts"
    shutil.copytree(EXAMPLE / "contracts" / "core", contracts / "core")
    shutil.copy(EXAMPLE / "contracts" / "keybus.toml", contracts)
    write_contract(contracts)
    write_platform(folder, more)


def write_platform(folder: Path, more: str = "") -> None:
    """Write the platform file of the load.

    Args:
        folder: Where it is.
        more: What follows in it.
    """
    (folder / "platform.yaml").write_text(PLATFORM + more)


def write_contract(contracts: Path) -> None:
    """Write the contract of the load's events.

    Args:
        contracts: The folder of the contracts.
    """
    (contracts / "reliability").mkdir()
    (contracts / "reliability" / "ReliabilityCounted.json").write_text(json.dumps(_CONTRACT))
