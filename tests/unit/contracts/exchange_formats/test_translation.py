"""Schemas of later drafts in draft-04: what is kept takes the same values, what is not is told."""

import json
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema_rs import Draft4Validator

from keybus.contracts.exchange_formats.translation import Translated, translated
from keybus.contracts.validation import schema_faults
from tests.unit.contracts.compatibility.schemas import EVENTS, definitions, schemas

URIS = {
    6: "http://json-schema.org/draft-06/schema#",
    7: "http://json-schema.org/draft-07/schema#",
    2019: "https://json-schema.org/draft/2019-09/schema",
    2020: "https://json-schema.org/draft/2020-12/schema",
}


def of(schema: Any, draft: int = 7, **others: Any) -> Translated:
    if isinstance(schema, dict):
        schema = {"$schema": URIS[draft], **schema}
    return translated(schema, others)


def whole(found: Translated) -> dict[str, Any]:
    """It as one document, which draft-04's meta-schema takes."""
    document = {"allOf": [found.schema], "definitions": found.definitions}
    assert schema_faults(document) == []
    return document


def takes(found: Translated, value: Any) -> bool:
    return bool(Draft4Validator(whole(found)).is_valid(value))


@pytest.mark.parametrize(
    ("schema", "draft", "good", "bad"),
    [
        ({"const": 5}, 7, [5], [6, "5", None]),
        ({"const": None}, 6, [None], [0]),
        ({"enum": [1, 1.0, True], "const": 1}, 7, [1], [True, 2]),
        ({"enum": []}, 7, [], [1, None]),
        ({"exclusiveMinimum": 3}, 6, [4], [3, 2]),
        ({"exclusiveMinimum": 3, "minimum": 3}, 7, [3.5], [3]),
        ({"exclusiveMaximum": 3, "maximum": 2}, 7, [2], [2.5]),
        ({"minLength": 2.0}, 7, ["ab"], ["a"]),
        ({"required": []}, 7, [{}, 1], []),
        ({"properties": {"a": False, "b": True}}, 7, [{"b": 1}], [{"a": 1}]),
        ({"items": False}, 7, [[], 1], [[1]]),
        ({"additionalProperties": {"const": 1}}, 7, [{"x": 1}], [{"x": 2}]),
        ({"contains": {"const": 1}}, 7, [[0, 1], "no array"], [[], [0]]),
        ({"contains": {"const": 1}, "minContains": 0}, 2019, [[], [0]], []),
        (
            {"if": {"required": ["a"]}, "then": {"required": ["b"]}, "else": {"required": ["c"]}},
            7,
            [{"a": 1, "b": 1}, {"c": 1}],
            [{"a": 1}, {"b": 1}],
        ),
        ({"then": {"required": ["b"]}}, 7, [{}], []),
        ({"prefixItems": [{"const": 1}], "items": False}, 2020, [[1], []], [[1, 2], [2]]),
        ({"items": [{"const": 1}], "additionalItems": {"const": 2}}, 7, [[1, 2]], [[1, 3]]),
        (
            {"dependentRequired": {"a": ["b"], "c": []}},
            2019,
            [{"a": 1, "b": 1}, {"c": 1}],
            [{"a": 1}],
        ),
        (
            {"dependentSchemas": {"a": {"required": ["c"]}}, "dependentRequired": {"a": ["b"]}},
            2020,
            [{"a": 1, "b": 1, "c": 1}],
            [{"a": 1, "b": 1}, {"a": 1, "c": 1}],
        ),
        ({"$defs": {"A": {"const": 1}}, "$ref": "#/$defs/A", "type": "integer"}, 2020, [1], [2]),
        ({"$defs": {"A": {"$anchor": "x", "const": 1}}, "$ref": "#x"}, 2019, [1], [2]),
        (
            {
                "$id": "http://a.example/b.json",
                "$defs": {"A": {"$id": "c.json", "const": 1}},
                "$ref": "c.json",
            },
            2020,
            [1],
            [2],
        ),
        (
            {"properties": {"next": {"$ref": "#"}, "a": {"const": 1}}},
            7,
            [{"next": {"next": {"a": 1}}}],
            [{"next": {"next": {"a": 2}}}],
        ),
        (
            {"properties": {"a": {"const": 1}, "b": {"$ref": "#/properties/a"}}},
            7,
            [{"b": 1}],
            [{"b": 2}],
        ),
    ],
)
def test_what_draft_04_says_in_other_words(
    schema: dict[str, Any], draft: int, good: list[Any], bad: list[Any]
) -> None:
    found = of(schema, draft)
    assert found.losses == ()
    assert [each for each in good if not takes(found, each)] == []
    assert [each for each in bad if takes(found, each)] == []


@pytest.mark.parametrize(
    ("schema", "pointer", "keyword"),
    [
        (
            {"properties": {"a": {"propertyNames": {"pattern": "^a"}}}},
            "/properties/a",
            "propertyNames",
        ),
        ({"unevaluatedProperties": False}, "", "unevaluatedProperties"),
        ({"contains": {}, "minContains": 2, "maxContains": 3}, "", "minContains"),
        ({"items": {"$ref": "https://elsewhere.example/a.json"}}, "/items", "$ref"),
        ({"items": {"$ref": "#/$defs/none"}}, "/items", "$ref"),
        ({"items": {"$dynamicRef": "#x"}}, "/items", "$dynamicRef"),
        ({"pattern": "("}, "", "pattern"),
        ({"patternProperties": {"(": {}}, "additionalProperties": False}, "", "patternProperties"),
        ({"properties": []}, "", "properties"),
        ({"required": "a"}, "", "required"),
        ({"enum": "a"}, "", "enum"),
        ({"type": ["string", "file"]}, "", "type"),
        ({"anyOf": []}, "", "anyOf"),
        ({"allOf": [7]}, "/allOf/0", ""),
        ({"minimum": "1"}, "", "minimum"),
    ],
)
def test_what_cannot_be_carried_is_told(schema: dict[str, Any], pointer: str, keyword: str) -> None:
    found = of(schema, 2019)
    assert (pointer, keyword) in {(each.pointer, each.keyword) for each in found.losses}
    whole(found)
    assert of({**schema, "x": 1}, 2020).losses


def test_what_stands_beside_a_reference() -> None:
    schema = {"$defs": {"A": {}}, "$ref": "#/$defs/A", "description": "An a.", "minLength": 2}
    old, new = of(schema, 7), of(schema, 2019)
    assert [(each.keyword, each.pointer) for each in old.losses] == [("minLength", "")]
    assert old.schema["description"] == new.schema["description"] == "An a."
    assert (new.losses, new.schema["minLength"]) == ((), 2)


def test_documents_that_are_referred_to() -> None:
    part = {"$schema": URIS[2020], "$defs": {"Q": {"const": 1}}, "$ref": "#/$defs/Q"}
    schema = {"properties": {"a": {"$ref": "part.json"}, "b": {"$ref": "part.json#/$defs/Q"}}}
    for more in ({}, {"$id": "https://example.com/schemas/order.json"}):
        found = of({**schema, **more}, 7, **{"part.json": part})
        assert (found.losses, sorted(found.definitions)) == ((), ["Q", "part"])
        assert takes(found, {"a": 1, "b": 1})
        assert not takes(found, {"a": 2})
        assert not takes(found, {"b": 2})


def test_names_that_clash_are_told_apart() -> None:
    schema = {
        "definitions": {"A b": {"const": 1}, "A/b": {"const": 2}},
        "properties": {
            "one": {"$ref": "#/definitions/A%20b"},
            "two": {"$ref": "#/definitions/A~1b"},
        },
    }
    found = of(schema)
    assert (len(found.definitions), found.losses) == (2, ())
    assert takes(found, {"one": 1, "two": 2})
    assert not takes(found, {"two": 1})


def test_what_only_others_know_is_kept_as_an_annotation() -> None:
    found = of({"properties": {"a": {"javaType": "Long", "connect.index": 0, "required": ["b"]}}})
    assert found.schema["properties"]["a"] == {
        "x-javaType": "Long",
        "x-connect.index": 0,
        "required": ["b"],
    }


@pytest.mark.long
@given(draft=st.sampled_from(sorted(URIS)), data=st.data())
def test_a_translation_takes_the_same_values(draft: int, data: st.DataObject) -> None:
    drawn, shared = data.draw(schemas(draft)), data.draw(definitions(draft))
    schema = {"$schema": URIS[draft], "allOf": [drawn], "definitions": {"X": shared}}
    found = translated(schema)
    was = jsonschema_rs.validator_for(schema, validate_formats=False)
    now = Draft4Validator(whole(found), validate_formats=False)
    for value in data.draw(st.lists(st.sampled_from(EVENTS), min_size=20, max_size=60)):
        if "1.0" in json.dumps(value):  # which only draft-04 takes for no integer
            continue
        if not found.losses:
            assert now.is_valid(value) is was.is_valid(value), (value, found)
