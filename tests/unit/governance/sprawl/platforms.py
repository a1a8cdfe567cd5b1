"""Platforms made by hand, with contracts written to a folder."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from keybus.contracts import ContractRepository
from keybus.topology.model import Platform

CORE = ("id", "type", "time", "publisher", "schema_version")
DAY = 24 * 3600 * 1_000_000
NOW = 1_800_000_000_000_000
"""15 January 2027."""


def contracts(
    folder: Path, declared: Mapping[str, Mapping[str, Any]], owner: str = "shop"
) -> ContractRepository:
    """A repository of these event types, each with these properties."""
    folder.mkdir(exist_ok=True)
    (folder / "keybus.toml").write_text('[repository]\nname = "tiny"\n')
    for event_type, properties in declared.items():
        title = "".join(word.title() for word in event_type.replace("_", ".").split("."))
        schema = {
            "$schema": "http://json-schema.org/draft-04/schema#",
            "title": title,
            "description": "An event of the tests.",
            "type": "object",
            "x-keybus": {
                "type": event_type,
                "version": "1.0.0",
                "owner": owner,
                "classification": "internal",
            },
            "required": sorted(CORE),
            "properties": {name: {"type": "string"} for name in CORE} | dict(properties),
        }
        (folder / f"{title}.json").write_text(json.dumps(schema))
    return ContractRepository.load(folder)


def fields(text: str) -> dict[str, Any]:
    """``order_id:string total:number``."""
    pairs = (word.split(":") for word in text.split())
    return {name: {"type": kind} for name, kind in pairs}


def platform(**parts: Any) -> Platform:
    """A platform of two accounts, and these parts."""
    accounts = {
        "shop": {"id": "111111111111", "owners": ["shop-team"]},
        "desk": {"id": "222222222222", "owners": ["desk-team"]},
    }
    return msgspec.convert({"bus": "tiny", "accounts": accounts} | parts, Platform)
