"""How attributes read arrays by position, objects by name, and how maps compare and travel."""

import copy
import pickle
from pathlib import Path
from types import ModuleType

import pytest

from keybus.causality import Cause, caused_by
from keybus.contracts import create, stamp
from keybus.errors import InvalidEvent
from tests.unit.contracts.small import TEXT, bind, core, properties

A = properties(x=TEXT)
B = properties(y=TEXT)


def test_items_are_read_by_their_positions(tmp_path: Path) -> None:
    rest = properties(z=TEXT)
    pair = {"type": "array", "items": [A, B], "additionalItems": rest}
    event = bind(tmp_path, properties(pair=pair))(pair=[{"x": "1"}, {"y": "2"}, {"z": "3"}])
    assert (event.pair[0].x, event.pair[1].y, event.pair[2].z) == ("1", "2", "3")


def test_items_past_the_last_position_are_free(tmp_path: Path) -> None:
    shown = bind(tmp_path, properties(pair={"type": "array", "items": [A]}))
    assert shown(pair=[{"x": "1"}, {"x": ["2"]}]).pair[1] == {"x": ["2"]}
    assert shown(pair=[]).pair == ()


def test_members_are_read_by_their_names(tmp_path: Path) -> None:
    other = properties(z=TEXT)
    named = {"type": "object", "patternProperties": {"^n": A, "^s": B}}
    event = bind(tmp_path, properties(named=named, more={**named, "additionalProperties": other}))(
        named={"n1": {"x": "1"}, "s1": {"y": "2"}, "o": {"x": [1]}},
        more={"s1": {"y": "2"}, "o": {"z": "3"}},
    )
    assert (event.named["n1"].x, event.named["s1"].y) == ("1", "2")
    assert event.named["o"] == {"x": [1]}
    assert (event.more["s1"].y, event.more["o"].z) == ("2", "3")


def test_what_is_borrowed_from_another_file_is_read_by_the_borrowers_classes(
    tmp_path: Path,
) -> None:
    parts = {
        "list": {"type": "array", "items": A},
        "map": {"type": "object", "additionalProperties": B},
    }
    borrowed = {name: {"$ref": f"core/Event.json#/x-parts/{name}"} for name in parts}
    shown = bind(tmp_path, properties(**borrowed), event={**core(), "x-parts": parts})
    event = shown(list=[{"x": "1"}], map={"k": {"y": "2"}})
    assert (event.list[0].x, event.map["k"].y) == ("1", "2")


def test_a_value_may_be_called_like_an_annotation(tmp_path: Path) -> None:
    shown = bind(tmp_path, properties(kind={"enum": ["ClassVar", "Other"]}))
    assert shown(kind="ClassVar").kind == "ClassVar"


def test_a_map_equals_the_same_json_and_nothing_else(tmp_path: Path) -> None:
    shown = bind(tmp_path, properties(free={"type": "object"}))
    free = shown(free={"l": [1, {"a": (2,)}], "a": 1}).free
    assert free == {"l": [1, {"a": [2]}], "a": 1.0}
    assert free == {"l": (1, {"a": (2,)}), "a": 1}
    assert free != {"l": [1, {"a": [2]}], "a": True}
    assert free != {"l": [1, {"a": [2]}], "a": object()}
    assert free != [1]


def test_maps_keep_their_records_when_they_travel(tmp_path: Path) -> None:
    shown = bind(tmp_path, properties(fleet={"type": "object", "additionalProperties": A}))
    fleet = shown(fleet={"a": {"x": "1"}}).fleet
    for other in (pickle.loads(pickle.dumps(fleet)), copy.copy(fleet), copy.deepcopy(fleet)):
        assert other == fleet
        assert type(other["a"]) is type(fleet["a"])


def test_a_constructor_runs_once(tmp_path: Path) -> None:
    event = bind(tmp_path, properties(n={"type": "integer"}, o=A, free={"type": "object"}))(
        n=1, o={"x": "1"}, free={"a": 1}
    )
    before = event.to_json()
    for again, arguments in (
        (event.__init__, {"n": 2}),
        (event.o.__init__, {"x": "2"}),
        (event.free.__init__, {"document": {}, "reader": None}),
    ):
        with pytest.raises(AttributeError, match="immutable"):
            again(**arguments)
    assert event.to_json() == before


def test_an_event_keeps_its_version(tmp_path: Path) -> None:
    shown = bind(tmp_path, properties(n={"type": "integer"}))
    for change in ("1.9.0", "2.0.0", None):
        with pytest.raises(InvalidEvent, match="/schema_version"):
            shown(n=1).replace(schema_version=change)
    received = shown.from_dict({**stamp(shown(n=1), "x").to_dict(), "schema_version": "1.9.0"})
    assert received.replace(n=2).schema_version == "1.9.0"
    with pytest.raises(InvalidEvent, match=r"own version '1\.2\.0'"):
        received.replace(schema_version="1.8.0")


def test_what_a_cause_brings_is_left_out_where_the_contract_refuses_it(tmp_path: Path) -> None:
    uuid = {"type": "string", "format": "uuid"}
    event = core(correlation_id=uuid, causation_id=TEXT, trace={"type": ["string"], "maxLength": 3})
    shown = bind(tmp_path, event=event)
    with caused_by(Cause("c-1", "not-a-uuid", None)):
        made = shown()
        assert (made.correlation_id, made.trace, made.causation_id) == (None, None, "c-1")
        with pytest.raises(InvalidEvent, match="/correlation_id: Expected a UUID"):
            shown(correlation_id="mine")


def test_hints_name_what_could_still_be_given(tmp_path: Path) -> None:
    names = properties(timestamp=TEXT, typo=TEXT, correlation_id=TEXT, **{"door-id": TEXT})
    shown = bind(tmp_path, names, {"required": ["timestamp"]})
    for fields, hints in (
        ({"timestmp": "x"}, ["did you mean 'timestamp'?", ""]),
        ({"tim": "x", "timestamp": "x"}, [""]),
        ({"types": "x", "typo": "x", "timestamp": "x"}, [""]),
        ({"correlationId": "x", "timestamp": "x"}, ["did you mean 'correlation_id'?"]),
        ({"door-id": "x", "timestamp": "x"}, ["in Python it is called 'door_id'"]),
    ):
        with pytest.raises(InvalidEvent) as caught:
            shown(**fields)
        assert [fault.hint for fault in caught.value.faults] == hints
    document = {**stamp(shown(timestamp="x"), "p").to_dict(), "timestamps": "x"}
    del document["timestamp"]
    with pytest.raises(InvalidEvent, match="there is 'timestamps'; is that it"):
        shown.from_dict(document)


def test_creation_by_type_says_what_python_calls_a_property(events: ModuleType) -> None:
    for fields, hint in (({"from": "x"}, "'from_'"), ({"door-id": "x"}, "'door_id_'")):
        with pytest.raises(InvalidEvent, match=f"in Python it is called {hint}"):
            create(events.SamplerShapesShown.TYPE, verdict=None, **fields)
