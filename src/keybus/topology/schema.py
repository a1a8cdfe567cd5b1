"""The JSON Schemas of platform files and of teams' files, made from the model."""

import inspect
import re
from copy import deepcopy
from typing import Any

import msgspec

from keybus.topology.model import NAME_PATTERN, Platform

Schema = dict[str, Any]

SECTIONS = ("accounts", "publishers", "grants", "subscriptions", "exceptions")
"""The parts of a platform that have names."""
TEAM_SECTIONS = ("publishers", "subscriptions", "grants")
"""Those that a team's own file may declare."""

_BASE = "https://json-schema.org/draft/2020-12/schema"
_OWN_ACCOUNT = ("Publisher", "Subscription")  # what is the team's own, whose account goes unsaid
ATTRIBUTE = re.compile(r"^    (\w+): ((?:.+)(?:\n {8}.+)*)", re.MULTILINE)
"""Finds what a docstring says of each attribute of its class."""
_INCLUDE = {
    "description": "The file of each account's team, or a list; `*` stands for any part of a name. "
    "Relative to this file.",
    "type": "object",
    "propertyNames": {"pattern": NAME_PATTERN},
    "additionalProperties": {
        "type": ["string", "array"],
        "minLength": 1,
        "minItems": 1,
        "items": {"type": "string", "minLength": 1},
    },
}


def editor_schema() -> Schema:
    """The JSON Schema (draft 2020-12) of ``platform.yaml``."""
    definitions = _definitions()
    root = definitions["Platform"]
    root["properties"]["include"] = deepcopy(_INCLUDE)
    return {
        "$schema": _BASE,
        "$id": "urn:keybus:platform",
        "title": "Keybus platform",
        "$ref": "#/$defs/Platform",
        "$defs": definitions,
    }


def team_schema() -> Schema:
    """The JSON Schema (draft 2020-12) of a team's own file, which a platform file includes."""
    definitions = _definitions()
    for name in _OWN_ACCOUNT:
        definitions[name]["required"] = [
            key for key in definitions[name].get("required", ()) if key != "account"
        ]
    properties = definitions.pop("Platform")["properties"]
    definitions["Team"] = {
        "title": "Team",
        "description": "What one account's team declares of a platform.",
        "type": "object",
        "properties": {section: properties[section] for section in TEAM_SECTIONS},
        "additionalProperties": False,
    }
    for name in ("Account", "Quota", "Waiver", "Minimum", "Archive", "Admission"):
        del definitions[name]
    return {
        "$schema": _BASE,
        "$id": "urn:keybus:team",
        "title": "Keybus team",
        "$ref": "#/$defs/Team",
        "$defs": definitions,
    }


def _definitions() -> dict[str, Schema]:
    definitions: dict[str, Schema] = msgspec.json.schema(Platform)["$defs"]
    kinds = _kinds(Platform)
    for name, definition in definitions.items():
        document = inspect.getdoc(kinds[name]) or ""
        described = dict(ATTRIBUTE.findall(document.partition("Attributes:\n")[2]))
        definition["description"] = document.partition("\n")[0]
        for key, value in definition["properties"].items():
            definition["properties"][key] = _plain(value, _one_line(described[key]))
    return definitions


def _plain(schema: Schema, description: str) -> Schema:
    """A property's schema, where what may be None is left out instead of written as null."""
    choices = schema.get("anyOf", ())
    [*others] = (choice for choice in choices if choice != {"type": "null"})
    if others:
        [only] = others
        schema = {key: value for key, value in schema.items() if key not in {"anyOf", "default"}}
        schema |= only
    if schema.get("type") == "object" and "additionalProperties" not in schema:
        schema["type"] = ["object", "null"]  # a filter; an empty one in YAML is null
    return {"description": description} | schema


def _kinds(kind: type[msgspec.Struct]) -> dict[str, type[msgspec.Struct]]:
    """The Structs of a model, by their names."""
    found: dict[str, type[msgspec.Struct]] = {}
    waiting: list[Any] = [msgspec.inspect.type_info(kind)]
    while waiting:
        info = waiting.pop()
        if isinstance(info, msgspec.inspect.StructType) and info.cls.__name__ not in found:
            found[info.cls.__name__] = info.cls
            waiting += [field.type for field in info.fields]
        elif isinstance(info, msgspec.inspect.UnionType):
            waiting += info.types
        elif isinstance(info, msgspec.inspect.DictType):
            waiting.append(info.value_type)
    return found


def _one_line(text: str) -> str:
    return " ".join(text.replace("``", "`").replace("None:", "left out:").split())
