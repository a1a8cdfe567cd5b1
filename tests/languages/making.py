"""Made-up repositories that use every keyword of draft-04 that contracts may."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any, Final

from keybus.contracts.scaffold import scaffold
from keybus.contracts.validation import DRAFT_04

KEYWORDS: Final = frozenset(
    {"$ref", "title", "description", "default", "definitions", "format", "type", "enum"}
    | {"multipleOf", "maximum", "exclusiveMaximum", "minimum", "exclusiveMinimum"}
    | {"maxLength", "minLength", "pattern", "maxItems", "minItems", "uniqueItems"}
    | {"items", "additionalItems", "properties", "patternProperties", "additionalProperties"}
    | {"maxProperties", "minProperties", "required", "dependencies"}
    | {"allOf", "anyOf", "oneOf", "not", "x-extensible"}
)
"""What a made repository of a few dozen contracts has all of."""

SHARED: Final = ("core/Money.json", "core/Shade.json", "places/Site.json", "places/Tree.json")
_NAMES: Final = (
    *("amount", "door-id", "class", "type_", "from", "URL", "url", "httpCode", "2fa", "größe"),
    *("to_json", "toString", "hashCode", "constructor", "__proto__", "func", "range", "self"),
    *("a.b", "a b", "日付", "$ref_", "string", "default", "null", "true", "Event", "Record", "_"),
    *("id_", "ID", "Id", "equals", "getClass", "wait", "error", "interface", "enum", "extra"),
)
_WORDS: Final = (
    "How much.",
    "Ends a comment */ and another --> and \"\"\" and ''' and `ticks` ${here} {@code x} <b>.",
    'Back\\slash, \\u000a, a quote" at the end"',
    "Two lines:\nthe second; @deprecated is no tag here, nor is // this.",
)
_FORMATS: Final = ("date-time", "email", "hostname", "ipv4", "ipv6", "uri", "uuid")


def make(folder: Path, contracts: int, seed: int = 4) -> None:
    """Write a repository of this many contracts that no two are alike.

    Args:
        folder: Where to; made.
        contracts: How many events.
        seed: Of what is drawn.
    """
    scaffold(folder, "thing0.made", owner="account0")
    next(folder.glob("thing0*/*.json")).unlink()
    for file, schema in _shared().items():
        _write(folder / file, {"$schema": DRAFT_04, **schema})
    for number in range(contracts):
        _write(folder / f"kind{number % 7}" / f"Thing{number}Made.json", _event(number, seed))


def keywords_of(folder: Path) -> frozenset[str]:
    """Every keyword that its schemas use."""
    found: set[str] = set()
    for file in folder.rglob("*.json"):
        found.update(name for name in _names_in(json.loads(file.read_text())))
    return KEYWORDS & found


def _names_in(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        yield from value
    for inner in value.values() if isinstance(value, dict) else value:
        if isinstance(inner, dict | list):
            yield from _names_in(inner)


def _write(file: Path, schema: dict[str, Any]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(schema, indent=1, ensure_ascii=False))


def _shared() -> dict[str, dict[str, Any]]:
    """Files that several events refer to."""
    tree = {"type": "array", "items": {"$ref": "#"}, "maxItems": 3}
    return {
        "core/Money.json": {
            "title": "Money",
            "description": "An amount of a currency.",
            "type": "object",
            "required": ["amount", "currency"],
            "properties": {
                "amount": {"type": "number", "minimum": 0, "multipleOf": 0.01},
                "currency": {"$ref": "#/definitions/currency"},
            },
            "definitions": {"currency": {"type": "string", "enum": ["EUR", "USD", "GBP"]}},
        },
        "core/Shade.json": {
            "title": "Shade",
            "description": "A shade; there may be more.",
            "type": "string",
            "x-extensible": True,
            "enum": ["dark", "light", "in-between", "2nd", ""],
        },
        "places/Site.json": {
            "title": "Site",
            "type": "object",
            "required": ["site_id"],
            "properties": {
                "site_id": {"type": "string", "minLength": 1},
                "paint": {"$ref": "../core/Shade.json"},
                "price": {"$ref": "../core/Money.json"},
            },
            "additionalProperties": False,
        },
        "places/Tree.json": {
            "title": "Tree",
            "type": "object",
            "required": ["label"],
            "properties": {"label": {"type": "string"}, "children": tree},
        },
    }


def _event(number: int, seed: int) -> dict[str, Any]:
    random = Random(seed * 100_003 + number)
    makers = [*_MAKERS[number % len(_MAKERS) :], *_MAKERS][: random.randint(3, 9)]
    names = random.sample(_NAMES, len(makers))
    properties = {
        name: {**making(random), **_described(random)}
        for name, making in zip(names, makers, strict=True)
    }
    properties = {name: _plain(schema) for name, schema in properties.items()}
    required = sorted(random.sample(names, random.randint(0, len(names) // 2)))
    own: dict[str, Any] = {"type": "object", "properties": properties}
    if required:
        own["required"] = required
    if number % 11 == 0:
        own["dependencies"] = {names[0]: [names[1]], names[1]: {"required": [names[2]]}}
    return {
        "$schema": DRAFT_04,
        "title": f"Thing{number}Made",
        "description": random.choice(_WORDS),
        "x-keybus": {
            "type": f"thing{number}.made",
            "owner": f"account{number % 9}",
            "version": f"{1 + number % 3}.{number % 5}.0",
            "classification": "internal",
        },
        "definitions": {
            "pair": {"type": "array", "items": [{"type": "string"}, {"type": "integer"}]}
        },
        "allOf": [{"$ref": "../core/Event.json"}, own],
    }


def _described(random: Random) -> dict[str, Any]:
    words = random.choice((*_WORDS, ""))
    return {"description": words} if words else {}


def _plain(schema: dict[str, Any]) -> dict[str, Any]:
    """A reference alone: draft-04 ignores what stands beside it."""
    return {"$ref": schema["$ref"]} if "$ref" in schema else schema


def _text(random: Random) -> dict[str, Any]:
    return {"type": "string", "minLength": random.randint(0, 2), "maxLength": random.randint(5, 60)}


def _format(random: Random) -> dict[str, Any]:
    return {"type": "string", "format": random.choice(_FORMATS)}


def _pattern(random: Random) -> dict[str, Any]:
    return {
        "type": "string",
        "pattern": random.choice(("^[A-Z]{3}-[0-9]{6}$", r"^\d+\.\d+$", "a/b")),
    }


def _integer(random: Random) -> dict[str, Any]:
    return {"type": "integer", "minimum": 0, "maximum": 10 ** random.randint(1, 30), "default": 0}


def _number(random: Random) -> dict[str, Any]:
    exclusive = random.random() < 0.5
    bounds = {"minimum": -180, "maximum": 180.5, "exclusiveMaximum": exclusive}
    return {"type": "number", **bounds, "exclusiveMinimum": not exclusive}


def _listed(random: Random) -> dict[str, Any]:
    values = ["OPEN", "held", "on the way", "CLOSED*/", "ünfinished", "", "3", "class", "open"]
    listed = {"type": "string", "enum": random.sample(values, random.randint(1, len(values)))}
    return {**listed, "x-extensible": True} if random.random() < 0.3 else listed


def _mixed(random: Random) -> dict[str, Any]:
    values = [1, 2, "1", "two", None, True, -7]
    return {"enum": random.sample(values, random.randint(1, len(values)))}


def _odd(random: Random) -> dict[str, Any]:
    return {"enum": [[1.5, 2], {"x": 1}, random.choice((None, 0.1))]}


def _nullable(random: Random) -> dict[str, Any]:
    return {"type": [random.choice(("string", "integer", "boolean", "object", "array")), "null"]}


def _types(random: Random) -> dict[str, Any]:
    kinds = ("string", "integer", "number", "boolean", "object", "array", "null")
    return {"type": random.sample(kinds, random.randint(2, len(kinds)))}


def _strings(random: Random) -> dict[str, Any]:
    bounds = {"minItems": random.randint(0, 1), "maxItems": 9, "uniqueItems": random.random() < 0.5}
    return {"type": "array", "items": _text(random), **bounds}


def _tuple(random: Random) -> dict[str, Any]:
    items = [{"type": "string"}, {"type": "integer"}]
    more: Any = random.choice((False, True, {"type": "boolean"}))
    return {"type": "array", "items": items, "additionalItems": more}


def _records(random: Random) -> dict[str, Any]:
    inner = {"at": _format(random), "count": _integer(random), "kind": _listed(random)}
    item = {"type": "object", "required": ["at"], "properties": inner}
    return {"type": "array", "items": item}


def _record(random: Random) -> dict[str, Any]:
    names = random.sample(_NAMES, 3)
    inner = {name: random.choice((_text, _number, _mixed))(random) for name in names}
    closed = random.choice((True, False, {"type": "string"}))
    return {"type": "object", "properties": inner, "additionalProperties": closed}


def _map(random: Random) -> dict[str, Any]:
    values = random.choice((_text, _number, _records))(random)
    return {
        "type": "object",
        "additionalProperties": values,
        "maxProperties": 9,
        "minProperties": 0,
    }


def _patterned(random: Random) -> dict[str, Any]:
    return {
        "type": "object",
        "patternProperties": {"^x-": _text(random), "^[0-9]+$": {"type": "integer"}},
        "additionalProperties": random.random() < 0.5,
    }


def _one_of(random: Random) -> dict[str, Any]:
    by_mail = {"type": "object", "required": ["email"], "properties": {"email": {"type": "string"}}}
    by_call = {"type": "object", "required": ["phone"], "properties": {"phone": _integer(random)}}
    return {"oneOf": random.sample([by_mail, by_call, {"type": "string"}], random.randint(2, 3))}


def _any_of(random: Random) -> dict[str, Any]:
    alternatives = [{"type": "string", "maxLength": 3}, {"type": "string", "pattern": "^a"}]
    return {"anyOf": [*alternatives, {"type": "integer"}][: random.randint(2, 3)]}


def _all_of(random: Random) -> dict[str, Any]:
    return {"allOf": [{"type": "string", "minLength": 1}, {"maxLength": random.randint(2, 9)}]}


def _not(random: Random) -> dict[str, Any]:
    return {"type": "string", "not": {"enum": random.sample(["no", "none", "never"], 2)}}


def _narrowed(random: Random) -> dict[str, Any]:
    """A shared object of which this event asks more than others do."""
    more = {"required": [random.choice(("paint", "price"))]}
    return {"allOf": [{"$ref": "../places/Site.json"}, more]}


def _shared_file(random: Random) -> dict[str, Any]:
    return {"$ref": f"../{random.choice(SHARED)}"}


def _definition(random: Random) -> dict[str, Any]:
    return {
        "$ref": random.choice(("#/definitions/pair", "../core/Money.json#/definitions/currency"))
    }


def _anything(random: Random) -> dict[str, Any]:
    return random.choice(({}, {"type": "object"}, {"type": "array"}, {"title": "Whatever"}))


_MAKERS: Final[tuple[Callable[[Random], dict[str, Any]], ...]] = (
    *(_text, _format, _pattern, _integer, _number, _listed, _mixed, _odd, _nullable, _types),
    *(_strings, _tuple, _records, _record, _map, _patterned, _one_of, _any_of, _all_of, _not),
    *(_narrowed, _shared_file, _definition, _anything),
)
