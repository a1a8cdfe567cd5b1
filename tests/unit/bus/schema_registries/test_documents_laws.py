"""Laws of the documents that contracts and OpenAPI's schemas become: they take the same values."""

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema_rs import Draft4Validator

from keybus.bus.schema_registries.content import check
from keybus.contracts import Contract
from keybus.contracts.exchange_formats.openapi import draft_4
from keybus.contracts.exchange_formats.self_contained import document_of
from keybus.contracts.formats import FORMATS
from tests.unit.contracts.compatibility.schemas import EVENTS, schemas

pytestmark = pytest.mark.long
DRAFT = 4
PARTS = ("parts/Part.json", "parts/deep/Part.json", "Other.json#/definitions/own")
FROM_ROOT = dict(zip(("one", "two", "three"), PARTS, strict=True))
HEAD = {
    "title": "LawHeld",
    "x-keybus": {
        "type": "law.held",
        "owner": "shop",
        "version": "1.0.0",
        "classification": "public",
    },
}


def validator(schema: Any) -> Draft4Validator:
    return Draft4Validator(schema, formats=dict(FORMATS), validate_formats=True)


def alone(drawn: Any) -> Any:
    """A drawn schema that refers to nothing."""
    return json.loads(json.dumps(drawn).replace('{"$ref": "#/definitions/X"}', '{"minLength": 1}'))


ALONE = schemas(DRAFT).map(alone)


def within(names: dict[str, str]) -> dict[str, Any]:
    """Properties that refer to others, each of which may refer on."""
    return {"properties": {name: {"$ref": reference} for name, reference in names.items()}}


@given(drawn=st.lists(ALONE, min_size=4, max_size=4), data=st.data())
def test_a_contracts_document_takes_what_its_files_take(
    drawn: list[Any], data: st.DataObject
) -> None:
    root, *parts = drawn
    documents: dict[str, Any] = {
        "LawHeld.json": {**HEAD, "allOf": [copy.deepcopy(root), within(FROM_ROOT)]},
        PARTS[0]: {"allOf": [parts[0], within({"two": "deep/Part.json", "self": "#"})]},
        PARTS[1]: {
            "allOf": [parts[1], within({"up": "../Part.json", "root": "../../LawHeld.json"})]
        },
        "Other.json": {"definitions": {"own": {"allOf": [parts[2], within({"one": PARTS[0]})]}}},
    }
    found = validator(document_of(Contract(documents, "LawHeld.json")))
    plain = [validator(each) for each in drawn]
    for _ in range(20):
        values = data.draw(st.lists(st.sampled_from(EVENTS), min_size=4, max_size=4))
        outer, one, two, three = values
        # No drawn schema knows these names, so each decides about its own value alone.
        assert found.is_valid(outer) is plain[0].is_valid(outer)
        for name, part, value in zip(FROM_ROOT, plain[1:], (one, two, three), strict=True):
            event = {name: value}
            wanted = plain[0].is_valid(event) and part.is_valid(value)
            assert found.is_valid(event) is wanted, (name, value)
        assert found.is_valid({"one": {"self": one}}) is (
            plain[0].is_valid({"one": {"self": one}})
            and plain[1].is_valid({"self": one})
            and plain[1].is_valid(one)
        )


@given(drawn=ALONE, other=ALONE, values=st.lists(st.sampled_from(EVENTS)))
def test_an_openapi_documents_schema_takes_what_it_took(
    drawn: Any, other: Any, values: list[Any]
) -> None:
    components = {
        "AWSEvent": {"allOf": [drawn, within({"detail": "#/components/schemas/Detail"})]},
        "Detail": other,
    }
    document = {
        "openapi": "3.0.3",
        "info": {"title": "Laws", "version": "1"},
        "paths": {},
        "components": {"schemas": components},
    }
    check("OpenApi3", json.dumps(document))
    exported = draft_4(document)
    check("JSONSchemaDraft4", json.dumps(exported))
    found, root, detail = validator(exported), validator(drawn), validator(other)
    for value in values:
        assert found.is_valid(value) is root.is_valid(value)
        event = {"detail": value}
        assert found.is_valid(event) is (root.is_valid(event) and detail.is_valid(value))
