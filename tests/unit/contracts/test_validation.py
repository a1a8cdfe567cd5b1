"""What validation says: which rule, where, in which words, and what to do."""

import time
from typing import Any

import pytest

from keybus.contracts.locations import Location
from keybus.contracts.validation import Validators
from keybus.errors import Fault


def faults(schema: dict[str, Any], value: Any) -> list[Fault]:
    validator = Validators({"S.json": schema}).at(Location("S.json"))
    found = validator.faults(value)
    assert validator.accepts(value) is (not found)
    return found


@pytest.mark.parametrize(
    ("schema", "value", "code", "message"),
    [
        ({"type": "integer"}, 1.0, "type", "Expected a whole number and found the number 1.0, written with a fraction."),
        ({"type": ["string", "null"]}, True, "type", "Expected null or a string and found true."),
        ({"enum": ["a", None]}, 4, "enum", 'Expected one of "a", null and found the number 4.'),
        ({"enum": ["a"]}, "b", "enum", 'Expected "a" and found the string "b".'),
        ({"pattern": "^a/$"}, "b", "pattern", 'Expected a string that matches /^a/$/ and found the string "b".'),
        ({"minimum": 3}, 2, "minimum", "Expected a number of at least 3 and found the number 2."),
        ({"minimum": 3, "exclusiveMinimum": True}, 3, "exclusiveMinimum", "Expected a number greater than 3 and found the number 3."),
        ({"maximum": 3}, 10**70, "maximum", "Expected a number of at most 3 and found a whole number of more than 60 digits."),
        ({"maximum": 3, "exclusiveMaximum": True}, 3, "exclusiveMaximum", "Expected a number less than 3 and found the number 3."),
        ({"multipleOf": 0.5}, 0.7, "multipleOf", "Expected a multiple of 0.5 and found the number 0.7."),
        ({"minLength": 1}, "", "minLength", "Expected at least 1 character and found 0."),
        ({"maxLength": 2}, "abc", "maxLength", "Expected at most 2 characters and found 3."),
        ({"minItems": 2}, [1], "minItems", "Expected at least 2 items and found 1."),
        ({"maxItems": 0}, [1], "maxItems", "Expected at most 0 items and found 1."),
        ({"minProperties": 1}, {}, "minProperties", "Expected at least 1 property and found 0."),
        ({"maxProperties": 1}, {"a": 1, "b": 2}, "maxProperties", "Expected at most 1 property and found 2."),
        ({"uniqueItems": True}, [1, 1], "uniqueItems", "Expected items that all differ, and some are equal."),
        ({"items": [{}], "additionalItems": False}, [1, 2], "additionalItems", "Expected at most 1 item and found 2."),
        ({"not": {"type": "null"}}, None, "not", "Found null, which the contract excludes with 'not'."),
        ({"oneOf": [{}, {"type": "integer"}, {"type": "null"}]}, 1, "oneOf", "Expected exactly one of 3 alternatives to fit and found the number 1, which fits 2 of them."),
        ({"format": "duration"}, "P", "format", 'Expected an ISO 8601 duration such as PT15M and found the string "P".'),
        ({"format": "date-time"}, "now", "format", 'Expected an RFC 3339 time such as 2026-01-31T08:00:00Z and found the string "now".'),
        ({"type": "string"}, [1], "type", "Expected a string and found an array of 1 item."),
    ],
)  # fmt: skip
def test_sentences(schema: dict[str, Any], value: Any, code: str, message: str) -> None:
    (fault,) = faults(schema, value)
    assert (fault.code, fault.message) == (code, message)


def test_a_missing_property_is_pointed_at_and_its_look_alike_named() -> None:
    (fault,) = faults({"required": ["delivery_id"]}, {"deliveryId": "x"})
    assert fault.pointer == "/delivery_id"
    assert fault.hint == "there is 'deliveryId'; is that it?"


def test_an_undeclared_property_is_pointed_at_and_the_nearest_named() -> None:
    schema = {"properties": {"a/b": {"properties": {"status": {}}, "additionalProperties": False}}}
    (fault,) = faults(schema, {"a/b": {"statsu": 1}})
    assert (fault.code, fault.pointer) == ("additionalProperties", "/a~1b/statsu")
    assert fault.hint == "did you mean 'status'?"


def test_the_nearest_value_of_an_enum() -> None:
    (fault,) = faults({"enum": ["IN_GARAGE", "DONE"]}, "in-garage")
    assert fault.hint == "did you mean 'IN_GARAGE'?"


def test_the_closest_alternative_is_explained() -> None:
    card = {"type": "object", "required": ["card"], "properties": {"kind": {"enum": ["card"]}}}
    cash = {"type": "object", "required": ["cash"], "properties": {"kind": {"enum": ["cash"]}}}
    (fault,) = faults({"anyOf": [{"type": "string"}, card, cash]}, {"kind": "cash"})
    assert fault.code == "anyOf"
    assert fault.hint.startswith("alternative 3 comes closest: at /cash: The property 'cash'")


def test_long_and_unprintable_values_are_shortened_safely() -> None:
    (fault,) = faults({"type": "integer"}, "\u202e\x1b[31m" + "x" * 500)
    assert len(fault.message) < 150
    assert fault.message.isprintable()


def test_faults_of_a_hostile_document_are_bounded() -> None:
    assert len(faults({"items": {"type": "string"}}, list(range(10_000)))) == 100


@pytest.mark.parametrize("pattern", ["^(a+)+$", "^(?=a)(a|a)*b$", "^(a|a)*\\1$"])
def test_no_pattern_takes_long(pattern: str) -> None:
    started = time.perf_counter()
    assert faults({"pattern": pattern}, "a" * 5_000 + "!")
    assert time.perf_counter() - started < 2


def test_what_is_no_json_is_a_fault() -> None:
    for value in (object(), {1: 2}, "\ud800"):
        (fault,) = faults({"type": ["object", "string"]}, value)
        assert fault.code == "not-json"


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("P1Y2M3DT4H5M6.5S", True),
        ("PT0S", True),
        ("P3W", True),
        ("P1D", True),
        ("P", False),
        ("PT", False),
        ("P1", False),
        ("P1DT", False),
        ("1D", False),
        ("P1W2D", False),
        ("P1D\n", False),
        ("P\u0661D", False),
    ],
)
def test_durations(text: str, fits: bool) -> None:  # noqa: FBT001 - a table's column
    assert (faults({"format": "duration"}, text) == []) is fits
    assert faults({"format": "duration"}, 5) == []


def test_uuids() -> None:
    assert not faults({"format": "uuid"}, "3F0C0E9E-8a54-4b6e-9a39-0c1f5d1f2b7a")
    assert faults({"format": "uuid"}, "3f0c0e9e8a544b6e9a390c1f5d1f2b7a")
