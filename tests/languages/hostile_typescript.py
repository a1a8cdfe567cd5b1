"""Contracts whose names and words are as bad as can be for TypeScript."""

import json
from pathlib import Path
from typing import Any

from keybus.contracts.scaffold import scaffold
from keybus.contracts.validation import DRAFT_04

_TEXT = {"type": "string"}
_NAMES = (
    *("class", "new", "delete", "constructor", "prototype", "__proto__", "toString", "valueOf"),
    *("type?", "a-b", "a_b", "A_B", "a b", "2fa", "1.5", "07", "", "$", "$ref_", "größe", "日付"),
    *("it's", 'say "x"', "back\\slash", "tab\there", "line\nbreak", "*/", "${x}", "`", "\u202e"),
    *("readonly", "readonly x", "string", "unknown", "never", "get", "set", "await", "\U000e0041"),
)
_WORDS = "@deprecated is no tag; ends */ here.\n@param nor this; \u2028 `x` {@link y} \\"


def write(folder: Path) -> Path:
    """Write them.

    Args:
        folder: Where to; made.
    """
    scaffold(folder, "odd.shown", owner="odd")
    next(folder.glob("odd*/*.json")).unlink()
    inner = {"type": "object", "properties": dict.fromkeys(_NAMES, _TEXT)}
    values = ["*/", "it's", 'say "x"', "\\", "\n", "", "\u202e", 7, -7, 12345678901234567890, True]
    documents: dict[str, Any] = {
        "index.json": {**inner, "description": _WORDS},
        "contracts.json": {"enum": values},
        "core/Record.json": {"type": "object", "properties": {"of": {"$ref": "#"}}},
        "core/Date.json": {"type": "object", "properties": {"of": {"$ref": "Record.json"}}},
        "left/Site.json": inner,
        "right/Site.json": {
            "type": "object",
            "properties": {"left": {"$ref": "../left/Site.json"}},
        },
        "Site.json": {"type": "object", "properties": {"right": {"$ref": "right/Site.json"}}},
    }
    files = [*documents, "core/Record.json#/properties/of"]
    own: dict[str, Any] = {f"uses {file}": {"$ref": f"../{file}"} for file in files}
    own |= {"oddShown": {**inner, "description": _WORDS}, "values": {"enum": values}}
    own |= {name: {"type": "array", "items": {"enum": values}} for name in _NAMES[:3]}
    documents["odd/OddShown.json"] = _event("odd.shown", {"type": "object", "properties": own})
    for name, schema in documents.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(json.dumps({"$schema": DRAFT_04, **schema}))
    return folder


def _event(event_type: str, own: dict[str, Any]) -> dict[str, Any]:
    return {
        "title": "OddShown",
        "description": _WORDS,
        "x-keybus": {
            "type": event_type,
            "owner": "odd",
            "version": "1.0.0",
            "classification": "public",
        },
        "allOf": [{"$ref": "../core/Event.json"}, own],
    }
