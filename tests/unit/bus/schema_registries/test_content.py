"""A text is a schema of its kind, or every fault is told."""

import json
from typing import Any

import pytest
from jsonschema_rs import Draft4Validator

from keybus.bus.schema_registries.content import check
from keybus.bus.schema_registries.errors import BrokenSchema
from keybus.contracts.exchange_formats.openapi import draft_4

OPENAPI: dict[str, Any] = {
    "openapi": "3.0.0",
    "info": {"version": "1.0.0", "title": "Sold"},
    "paths": {},
    "components": {
        "schemas": {
            "AWSEvent": {
                "type": "object",
                "required": ["detail"],
                "properties": {
                    "detail": {"$ref": "#/components/schemas/Sold"},
                    "account": {"type": "string", "nullable": True, "enum": ["a", "b"]},
                },
            },
            "Sold": {
                "type": "object",
                "required": ["amount"],
                "properties": {
                    "amount": {"type": "number", "minimum": 0, "exclusiveMinimum": True},
                    "lines": {
                        "type": "array",
                        "items": {"type": "string", "example": "bread", "xml": {"name": "l"}},
                    },
                },
            },
        }
    },
}


def faults(kind: Any, document: Any) -> list[str]:
    text = document if isinstance(document, str) else json.dumps(document)
    with pytest.raises(BrokenSchema) as caught:
        check(kind, text)
    return [each.pointer for each in caught.value.faults]


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"$schema": "http://json-schema.org/draft-04/schema#", "type": "object"},
        {"$schema": "http://json-schema.org/draft-04/schema", "type": ["string", "null"]},
        {"properties": {"a": {"$ref": "#/definitions/b"}}, "definitions": {"b": {"enum": [1]}}},
        {"properties": {"a": {"$ref": "#"}}},
        {"enum": [{"$ref": "elsewhere.json"}]},
    ],
)
def test_a_schema_is_taken(document: Any) -> None:
    assert check("JSONSchemaDraft4", json.dumps(document)) == document


@pytest.mark.parametrize(
    ("document", "pointer"),
    [
        ("{", ""),
        ("[]", ""),
        ('{"a": 1, "a": 2}', "/a"),
        ('{"a": NaN}', ""),
        ("[" * 1000, ""),
        ({"$schema": "http://json-schema.org/draft-07/schema#"}, "/$schema"),
        ({"$schema": 4}, "/$schema"),
        ({"type": "objekt"}, "/type"),
        ({"properties": {"a": {"minLength": -1}}}, "/properties/a/minLength"),
        ({"pattern": "("}, "/pattern"),
        ({"$ref": "#/definitions/nothing"}, ""),
        ({"$ref": "other.json"}, ""),
        ({"$ref": "https://example.com/schema.json"}, ""),
        ({"definitions": {"a": {"$ref": "#/definitions/b"}}}, ""),
        ({"$ref": "#/definitions", "definitions": {}}, None),
        ({"properties": {"a": {"$ref": "#/title"}}, "title": "no schema"}, ""),
    ],
)
def test_what_is_no_schema_is_refused(document: Any, pointer: str | None) -> None:
    if pointer is None:  # a place that is an object may be a schema, whatever it was meant as
        assert check("JSONSchemaDraft4", json.dumps(document)) == document
    else:
        assert faults("JSONSchemaDraft4", document) == [pointer]


def test_an_openapi_document_is_taken() -> None:
    assert check("OpenApi3", json.dumps(OPENAPI)) == OPENAPI


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"openapi": "3.1.0"}, "/openapi"),
        ({"openapi": 3}, "/openapi"),
        ({"info": {"title": "no version"}}, "/info"),
        ({"paths": []}, "/paths"),
        ({"components": {}}, "/components/schemas"),
        ({"components": {"schemas": []}}, "/components/schemas"),
        ({"components": {"schemas": {"a b": {}}}}, "/components/schemas/a b"),
        ({"components": {"schemas": {"A": {"type": "objekt"}}}}, "/components/schemas/A/type"),
        ({"components": {"schemas": {"A": 7}}}, "/components/schemas/A"),
        (
            {"components": {"schemas": {"A": {"$ref": "#/components/schemas/B"}}}},
            "/components/schemas/A",
        ),
        ({"components": {"schemas": {"A": {"$ref": "#/info"}}}}, "/components/schemas/A"),
    ],
)
def test_what_is_no_openapi_document_is_refused(change: Any, pointer: str) -> None:
    assert faults("OpenApi3", OPENAPI | change) == [pointer]


@pytest.mark.parametrize(
    ("event", "fits"),
    [
        ({"detail": {"amount": 1}}, True),
        ({"detail": {"amount": 1, "lines": ["x"]}, "account": None}, True),
        ({"detail": {"amount": 1}, "account": "c"}, False),
        ({"detail": {"amount": 0}}, False),
        ({"detail": {"amount": 1, "lines": [None]}}, False),
        ({}, False),
    ],
)
def test_an_openapi_document_is_exported_as_what_takes_the_same_events(
    event: Any,
    fits: bool,  # noqa: FBT001 - a table
) -> None:
    exported = draft_4(OPENAPI)
    assert check("JSONSchemaDraft4", json.dumps(exported)) == exported
    assert exported["title"] == "Sold"
    assert "example" not in json.dumps(exported)
    assert Draft4Validator(exported).is_valid(event) is fits


@pytest.mark.parametrize(
    ("schemas", "root"),
    [
        ({"One": {"type": "string"}}, {"type": "string"}),
        (
            {"In": {"enum": [1]}, "Out": {"items": {"$ref": "#/components/schemas/In"}}},
            {"items": {"$ref": "#/definitions/In"}},
        ),
        (
            {"In": {"enum": [1]}, "Out": {"items": {"$ref": "#/components/schemas/%49n"}}},
            {"items": {"$ref": "#/definitions/%49n"}},
        ),
        ({"One": {"$ref": "#/components/schemas/One"}}, None),
        ({"One": {}, "Two": {}}, None),
    ],
)
def test_the_root_is_what_nothing_refers_to(schemas: Any, root: Any) -> None:
    document = OPENAPI | {"components": {"schemas": schemas}}
    if root is None:
        with pytest.raises(ValueError, match="AWSEvent"):
            draft_4(document)
        return
    exported = draft_4(document)
    assert {name: exported[name] for name in root} == root


def test_an_event_that_refers_to_itself_stays_what_it_is() -> None:
    within = {"properties": {"inner": {"$ref": "#/components/schemas/AWSEvent"}}, "type": "object"}
    exported = draft_4(OPENAPI | {"components": {"schemas": {"AWSEvent": within}}})
    validator = Draft4Validator(exported)
    assert validator.is_valid({"inner": {"inner": {}}})
    assert not validator.is_valid({"inner": {"inner": 7}})
