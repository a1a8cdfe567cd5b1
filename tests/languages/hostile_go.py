"""Contracts with the names, words and shapes that Go finds hardest, and values at their limits."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from keybus.contracts.naming import title_of_type
from keybus.contracts.scaffold import scaffold
from keybus.contracts.validation import DRAFT_04

_TEXT: Final = {"type": "string"}
_NAMES: Final = (
    *("", "-", "a,b", "`", '"', "\\", "\n", "\x00", "😀", "Extra", "extra", "marshal_json"),
    *("keybus_contract", "unmarshalJSON", "MarshalJSON", "e\u0301", "ΐ", "ǆ", "ﬃ", "عربى", "__"),
    *("$", "$$", "_", "1", "-1", "json", "type_", "go", "func", "map[string]any", "\ufeffx"),
    *("x\u2028y", "ß", "id ", "ID", "Id", "iD", "user_ids", "html_url", 'a`b"c', "aⅣ", "x‿y"),
)
_WORDS: Final = (
    "# Heading",
    "[link]: http://x.example",
    "- a list\n- of two",
    "    indented code",
    "//go:embed x",
    "go:build ignore",
    "+build ignore",
    "//line foo.go:1",
    "a\x00b\x07\ufeff\u2028\u202e",
    "x" * 300,
    "`` and ''",
    "1. one\n2. two",
    "*/ end",
    "# A\n\nB",
    "Parameters:\n\n  foo",
    "http://example.com/" + "y" * 200,
    "\ttab\n\n\n\n\tmore\r\nand more",
)
_LISTS: Final[Mapping[str, dict[str, Any]]] = {
    "texts": {"enum": ["", "a", "A", "a b", "+", "-", "1", "01", "IN_GARAGE", "in-garage", '`"\n']},
    "large": {"enum": [99999999999999999999, 1]},
    "only_true": {"enum": [True]},
    "nothing": {"enum": [None]},
    "signs": {"enum": [-1, 0, 1, None]},
    "grows": {"type": "integer", "enum": [1, 2], "x-extensible": True},
    "numbers": {"type": "number", "enum": [1, 2]},
    "mixed": {"enum": ["a", 1, None]},
    "items": {"type": "array", "items": {"enum": ["x", None]}},
    "values": {"type": "object", "additionalProperties": {"enum": [1, None]}},
}
_SHARED: Final[Mapping[str, dict[str, Any]]] = {
    "core/Chain.json": {
        "type": "object",
        "required": ["next"],
        "properties": {"next": {"$ref": "Chain.json"}},
    },
    "core/Nest.json": {"type": "array", "items": {"$ref": "Nest.json"}},
    "core/NestMap.json": {
        "type": ["object", "null"],
        "additionalProperties": {"$ref": "NestMap.json"},
    },
    "core/Ping.json": {
        "type": "object",
        "required": ["pong"],
        "properties": {"pong": {"$ref": "Pong.json"}},
    },
    "core/Pong.json": {
        "type": "object",
        "required": ["ping"],
        "properties": {"ping": {"$ref": "Ping.json"}},
    },
    "core/Union.json": {
        "oneOf": [
            _TEXT,
            {"type": "array", "items": {"$ref": "Union.json"}},
            {"type": "object", "required": ["u"], "properties": {"u": {"$ref": "Union.json"}}},
        ]
    },
    "device/Windows.json": {"type": "object", "properties": {"a": _TEXT}},
    "device/thing_test.json": {"type": "object", "properties": {"a": _TEXT}},
    "2fa.json": {"type": "object", "properties": {"a": _TEXT}},
    "_x.json": {"type": "object", "properties": {"a": _TEXT}},
    "größe/ß.json": {"type": "object", "properties": {"a": _TEXT}},
    "odd name/with space%41.json": {"type": "object", "properties": {"a": _TEXT}},
}
_REFERENCES: Final = {
    "chain": "../core/Chain.json",
    "nest": "../core/Nest.json",
    "nest_map": "../core/NestMap.json",
    "ping": "../core/Ping.json",
    "union": "../core/Union.json",
    "windows": "../device/Windows.json",
    "test": "../device/thing_test.json",
    "digits": "../2fa.json",
    "underscore": "../_x.json",
    "letters": "../gr%C3%B6%C3%9Fe/%C3%9F.json",
    "spaces": "../odd%20name/with%20space%2541.json",
}
_SHAPES: Final[Mapping[str, dict[str, Any]]] = {
    "owner": {"type": "object", "properties": {"name": _TEXT}},
    "version": {"type": "object", "properties": {"name": _TEXT}},
    "needed": {"type": ["array", "null"], "items": _TEXT},
    "nulls": {"type": ["array", "null"], "items": {"type": ["string", "null"]}},
    "holes": {"type": ["object", "null"], "additionalProperties": {"type": ["integer", "null"]}},
    "tuple": {"type": "array", "items": [_TEXT, {"type": "integer"}]},
    "cube": {
        "type": "array",
        "items": {"type": "array", "items": {"type": "array", "items": {"type": "number"}}},
    },
    "null": {"type": "null"},
    "never": {"not": {}},
    "deep": {
        "type": "object",
        "properties": {
            "a": {
                "type": "object",
                "required": ["b"],
                "properties": {"b": {"type": ["integer", "null"]}},
            }
        },
    },
}

STRICT: Final[Sequence[tuple[dict[str, Any], Sequence[Any]]]] = (
    (
        {"type": "string", "format": "uri"},
        (
            *("urn:a:b", "a:b", "http:", "http://[::1]/", "http://a/b c", "http://ü.de/", "//x"),
            *("http://a/%zz", "http://a:b/", "http://[x]/", "http://a?b[c]", "http://a#b#c", ""),
        ),
    ),
    (
        {"type": "string", "format": "hostname"},
        ["a.b", "xn--a", "1.2.3.4", "a" * 63, "a" * 64, "a.b.", "-a", "a-.b", "a_b", "ü.de", ""],
    ),
    (
        {"type": "string", "format": "email"},
        (
            *("a@b", '"a b"@c', '"a\\"b"@c', "a@[127.0.0.1]", "a@[IPv6:::1]", "@b", "a@b."),
            *("a@b..c", "a b@c", "a.@b", "a@b@c", "ü@b.de", "a" * 65 + "@b"),
        ),
    ),
    (
        {"type": "string", "format": "date-time"},
        (
            *("2020-01-01t00:00:00z", "2016-12-31T23:59:60Z", "2016-12-31T15:59:60-08:00"),
            *("2020-01-01T00:00:60Z", "2020-02-30T00:00:00Z", "2020-01-01T24:00:00Z"),
            *("2020-01-01T00:00:00+24:00", "2020-01-01T00:00:00.Z", "2020-01-01 00:00:00Z"),
        ),
    ),
    ({"type": "string", "format": "ipv4"}, ["1.2.3.4", "01.2.3.4", "1.2.3.+4", "256.1.1.1"]),
    ({"type": "string", "format": "ipv6"}, ["::1", "::ffff:1.2.3.4", "::1%eth0", "1::2::3"]),
    (
        {"type": "string", "format": "duration"},
        ["P1W", "PT1.5S", "P1Y1D", "PT1H1S", "P", "PT", "P1DT", "P1WT1H", "P1M1Y", "p1d"],
    ),
    ({"type": "string", "format": "a-format-of-our-own"}, ["x"]),
    ({"type": "string", "pattern": r"^\d+$"}, ["1", "\u0661", "1\n"]),
    ({"type": "string", "pattern": r"^\s$"}, ["\u00a0", "\v", "\ufeff", "\u2028", "\x85", "a"]),
    ({"type": "string", "pattern": r"^\S$"}, ["\u00a0", "\x85", "a"]),
    ({"type": "string", "pattern": r"^[^\s]+$"}, ["a\u00a0", "a"]),
    ({"type": "string", "pattern": r"^\u0041\/\-$"}, ["A/-", "a/-"]),
    ({"type": "string", "pattern": r"^(?!x)(.)\1$"}, ["yy", "xx", "yz"]),
    ({"type": "string", "pattern": r"^\p{Script=Greek}\P{Lu}$"}, ["\u03b1b", "ab", "\u03b1B"]),
    ({"type": "string", "maxLength": 2}, ["😀😀", "e\u0301x"]),
    ({"type": "integer"}, [1, 10**30, 1.5]),
    ({"type": "number", "multipleOf": 0.01}, [19.99, 0.07, 0.015, 1]),
    ({"minimum": 9007199254740993}, [9007199254740993, 9007199254740992, "text"]),
    ({"maximum": 5, "exclusiveMaximum": True}, [5, 4.999]),
    ({"enum": [1, "1", None]}, [1, 1.0, "1", True, None, 0]),
    ({"type": "array", "uniqueItems": True}, [[1, 1.0], [1, True], [{"a": 1}, {"a": 1.0}], [0, 1]]),
    ({"type": "integer", "enum": [1, 2], "x-extensible": True}, [1, 3, "3", None]),
    ({"enum": ["a", 1], "x-extensible": True}, ["b", 2, None, True]),
    ({"type": "object", "dependencies": {"a": ["b"]}}, [{"a": 1}, {"a": 1, "b": 1}, {}]),
    ({"oneOf": [{"type": "number"}, {"minimum": 3}]}, [1, 5, "text"]),
)
"""Schemas, and values that fit them or just do not."""


def hostile(folder: Path) -> Path:
    """Write a repository of such contracts; answers its folder."""
    scaffold(folder, "odd.thing", owner="odd")
    next(folder.glob("odd/*.json")).unlink()
    for name, schema in _SHARED.items():
        write(folder / name, {"$schema": DRAFT_04, "title": "Shared", **schema})
    texts = dict.fromkeys(_NAMES, _TEXT)
    contracts = [
        contract("odd.names.used", texts, required=_NAMES[:5]),
        contract(
            "odd.words.said",
            {f"p{at}": {**_TEXT, "description": words} for at, words in enumerate(_WORDS)},
            description="\n\n".join(_WORDS),
        ),
        *(contract(f"odd.word{at}.said", {}, description=w) for at, w in enumerate(_WORDS)),
        contract("odd.lists.made", _LISTS, required=["signs"]),
        contract(
            "odd.shapes.held",
            {**_SHAPES, **{name: {"$ref": file} for name, file in _REFERENCES.items()}},
            required=["needed", "nest_map", "null"],
        ),
        contract("odd.windows", {"a": _TEXT}),
        contract("odd.some.test", {"type": {"enum": ["odd.some.test"]}}),
    ]
    for schema in contracts:
        write(folder / "odd" / f"{schema['title']}.json", schema)
    return folder


def contract(
    event_type: str,
    properties: Mapping[str, Any],
    *,
    required: Sequence[str] = (),
    description: str = "",
) -> dict[str, Any]:
    """The contract of an event with these properties."""
    own: dict[str, Any] = {"type": "object", "properties": dict(properties)}
    if required:
        own["required"] = list(required)
    return {
        "$schema": DRAFT_04,
        "title": title_of_type(event_type),
        "description": description,
        "x-keybus": {
            "type": event_type,
            "owner": "samplers",
            "version": "1.0.0",
            "classification": "public",
        },
        "allOf": [{"$ref": "../core/Event.json"}, own],
    }


def write(file: Path, schema: Mapping[str, Any]) -> None:
    """Write a schema file, and its folders."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(schema))
