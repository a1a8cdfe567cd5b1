"""Events before they have a publisher, and the publisher that they get."""

from pathlib import Path
from typing import Any

import pytest

from keybus.contracts import stamp
from keybus.errors import InvalidEvent
from tests.unit.contracts.small import TEXT, bind, core, properties


@pytest.mark.parametrize(
    "schema",
    [
        {"dependencies": {"id": ["publisher"]}},
        {"minProperties": 5},
        {"properties": {"publisher": {"properties": {"name": {"pattern": "^x-"}}}}},
        {"properties": {"publisher": {"properties": {"name": {"enum": ["x-ray"]}}}}},
        {
            "oneOf": [
                {"properties": {"publisher": {"properties": {"name": {"enum": ["x-ray"]}}}}},
                {"properties": {"publisher": {"properties": {"name": {"enum": ["x-two"]}}}}},
            ]
        },
    ],
)
def test_an_event_waits_for_its_publisher_whatever_the_contract_asks(
    tmp_path: Path, schema: Any
) -> None:
    event = bind(tmp_path, schema)()
    assert "publisher" not in event.to_dict()
    assert stamp(event, "x-ray").publisher.name == "x-ray"


def test_a_publisher_that_is_a_text(tmp_path: Path) -> None:
    shown = bind(tmp_path, event=core(publisher={"type": "string", "enum": ["a", "b"]}))
    assert stamp(shown(), "b").publisher == "b"
    with pytest.raises(InvalidEvent, match="/publisher: Expected one of"):
        stamp(shown(), "c")


@pytest.mark.parametrize(
    ("schema", "fields", "pointer"),
    [
        ({**properties(gate=TEXT), "maxProperties": 5}, {"gate": "x"}, ""),
        ({**properties(gate=TEXT), "minProperties": 6}, {}, ""),
        ({**properties(gate=TEXT), "dependencies": {"id": ["gate"]}}, {}, "/gate"),
        ({**properties(gate=TEXT), "required": ["gate"]}, {}, "/gate"),
        (properties(publisher={"pattern": "^x"}, gate=TEXT), {"gate": 1}, "/gate"),
    ],
)
def test_nothing_else_is_forgiven(
    tmp_path: Path, schema: Any, fields: dict[str, Any], pointer: str
) -> None:
    with pytest.raises(InvalidEvent) as caught:
        bind(tmp_path, schema)(**fields)
    assert [fault.pointer for fault in caught.value.faults] == [pointer]


def test_an_event_within_an_event_is_whole(tmp_path: Path) -> None:
    shown = bind(tmp_path, properties(before={"$ref": "SmallShown.json"}))
    with pytest.raises(InvalidEvent, match="/before/publisher: The property 'publisher' is"):
        shown(before=shown())
    outer: Any = stamp(shown(before=stamp(shown(), "x")), "y")
    assert outer.before.publisher.name == "x"


@pytest.mark.parametrize(
    ("publisher", "sentence"),
    [
        (None, "/publisher: Expected the publisher 'x' and found null."),
        ({}, "/publisher: Expected the publisher 'x' and found an object without a name."),
        ({"name": "y"}, "/publisher/name: Expected the publisher 'x' and found the string \"y\"."),
    ],
)
def test_a_publisher_that_stands_is_not_replaced(
    tmp_path: Path, publisher: Any, sentence: str
) -> None:
    loose = {"type": ["object", "null"], "properties": {"name": TEXT}}
    event = bind(tmp_path, event=core(publisher=loose))(publisher=publisher)
    with pytest.raises(InvalidEvent) as caught:
        stamp(event, "x")
    assert sentence in str(caught.value)
