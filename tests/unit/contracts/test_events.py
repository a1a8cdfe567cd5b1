"""Generated events in use: creation, reading, immutability, wire form."""

import copy
import importlib
import pickle
from collections.abc import Iterator, Mapping
from enum import StrEnum
from functools import partial
from types import ModuleType
from typing import Any

import pytest
from msgspec import UNSET

from keybus.causality import Cause, caused_by
from keybus.clock import SystemClock
from keybus.contracts import Event, bound, bound_types, clock_for_events, create, stamp
from keybus.contracts.naming import RESERVED
from keybus.errors import InvalidEvent, UnknownEventType

SEED = {"delivery_id": "DEL-123", "status": "IN_GARAGE", "timestamp": "2023-10-27T10:00:00Z"}


class FixedClock(SystemClock):
    def time_us(self) -> int:
        return 1_769_846_400_123_456

    def uuid(self) -> str:
        return "3f0c0e9e-8a54-4b6e-9a39-0c1f5d1f2b7a"

    def hex(self, digits: int) -> str:
        return "a" * digits


@pytest.fixture(autouse=True)
def _fixed_clock() -> Iterator[None]:
    with clock_for_events(FixedClock()):
        yield


@pytest.fixture
def status(events: ModuleType) -> Any:
    return events.DeliveryStatusUpdated


@pytest.fixture
def shapes(events: ModuleType) -> Any:
    return events.SamplerShapesShown


def pointers(caught: pytest.ExceptionInfo[InvalidEvent]) -> dict[str, str]:
    return {fault.pointer: fault.code for fault in caught.value.faults}


def test_the_seed_example(status: Any) -> None:
    event = status(**SEED)
    assert event.to_dict() == {
        "id": "3f0c0e9e-8a54-4b6e-9a39-0c1f5d1f2b7a",
        "type": "delivery.status.updated",
        "time": "2026-01-31T08:00:00.123Z",
        "schema_version": "1.2.0",
        "trace": f"00-{'a' * 32}-{'a' * 16}-01",
        **SEED,
    }
    assert event.status == "IN_GARAGE"
    assert event.vehicle is None
    assert (event.type, "1.2.0", "deliveries") == (status.TYPE, status.VERSION, status.OWNER)


def test_the_class_carries_the_contracts_digest(status: Any, repository: Any) -> None:
    assert repository[status.TYPE].digest == status.DIGEST


def test_every_fault_is_listed_with_its_place(status: Any) -> None:
    with pytest.raises(InvalidEvent) as caught:
        status(
            delivery_idd="DEL-1",
            status="IN_GARAG",
            timestamp="yesterday",
            vehicle={"plat": "X"},
            attempts="3",
            type="delivery.other",
            schema_version="2.0.0",
        )
    assert pointers(caught) == {
        "/delivery_idd": "unknown-argument",
        "/delivery_id": "required",
        "/status": "enum",
        "/timestamp": "format",
        "/vehicle/plate": "required",
        "/attempts": "type",
        "/type": "other-type",
        "/schema_version": "other-version",
    }
    assert "did you mean 'delivery_id'?" in str(caught.value)
    assert caught.value.event_type == "delivery.status.updated"


def test_what_is_no_json_is_refused(status: Any) -> None:
    deep: list[Any] = []
    for _ in range(5_000):
        deep = [deep]
    for value in (
        float("nan"),
        float("inf"),
        object(),
        {1: 2},
        b"x",
        "\ud800",
        deep,
        {1, 2},
        UNSET,
    ):
        with pytest.raises(InvalidEvent) as caught:
            status(**SEED, id=value if value is not UNSET else {"a": UNSET})
        assert "not-json" in pointers(caught).values()


def test_none_means_absent_where_null_is_not_allowed(status: Any, shapes: Any) -> None:
    assert "vehicle" not in status(**SEED, vehicle=None).to_dict()
    assert "trace" not in status(**SEED, trace=None).to_dict()
    with pytest.raises(InvalidEvent):
        status(**{**SEED, "status": None})
    assert shapes(verdict=None).to_dict()["verdict"] is None
    assert shapes(verdict=None).note is UNSET
    assert shapes(verdict=None, note=None).note is None
    assert shapes(verdict=None, note=None).to_dict()["note"] is None
    assert "note" not in shapes(verdict=None, note=UNSET).to_dict()
    assert shapes(verdict=None, priority=None).to_dict()["priority"] is None


def test_a_cause_is_carried_on(status: Any) -> None:
    with caused_by(Cause("cause-1", "first-1", f"00-{'b' * 32}-{'c' * 16}-00")):
        event = status(**SEED)
    assert event.correlation_id == "first-1"
    assert event.causation_id == "cause-1"
    assert event.trace == f"00-{'b' * 32}-{'a' * 16}-00"


def test_unions_are_read_as_the_branch_that_fits(events: ModuleType, shapes: Any) -> None:
    module = events.sampler.sampler_shapes_shown
    email = shapes(verdict=None, contact={"email": "a@b"}).contact
    phone = shapes(verdict=None, contact={"phone": "1", "country": 49}).contact
    assert type(email) is module.SamplerShapesShownContactOption1
    assert type(phone) is module.SamplerShapesShownContactOption2
    assert phone.country == 49
    assert shapes(verdict=None, contact="text").contact == "text"


def test_records_and_plain_values_are_alike(events: ModuleType, shapes: Any) -> None:
    record = importlib.import_module(f"{events.__name__}.core.vehicle").Vehicle
    vehicle = record(plate="P-1")
    one = shapes(verdict=None, fleet={"a": vehicle})
    other = shapes(verdict=None, fleet={"a": {"plate": "P-1"}})
    assert one == other
    assert hash(one) == hash(other)
    assert one.fleet["a"] == vehicle
    assert repr(one.fleet) == "{'a': Vehicle(plate='P-1')}"
    with pytest.raises(InvalidEvent, match="Vehicle does not fit"):
        record(speed=1)


def test_recursion_arrays_and_maps(shapes: Any) -> None:
    event = shapes(
        verdict=None,
        tree={"label": "root", "children": [{"label": "leaf"}]},
        json=["a", ["b"]],
        stops=[{"at": "x", "grid": [[{"x": 1}], []]}],
        prices={"low": 1, "high": 2.5},
        mixed=["a"],
    )
    assert event.tree.children[0].label == "leaf"
    assert event.json == ("a", ("b",))
    assert event.stops[0].grid[0][0].x == 1
    assert dict(event.prices) == {"low": 1, "high": 2.5}
    assert event.mixed == ("a",)


def test_names_that_python_cannot_spell(shapes: Any) -> None:
    names = {
        "from_": "from",
        "class_": "class",
        "door_id": "door id",
        "door_id_": "door-id",
        "_2fa": "2fa",
        "self": "self",
        "to_json_": "to_json",
        "TYPE_": "TYPE",
        "str_": "str",
        "_init__": "__init__",
        "_document_": "_document",
        "file": "\ufb01le",
        "größe": "größe",
        "日付": "日付",
    }
    values: dict[str, Any] = {
        python: {"2fa": True, "größe": 1.5}.get(name, python) for python, name in names.items()
    }
    event = shapes(verdict=None, **values)
    document = event.to_dict()
    for python, name in names.items():
        assert document[name] == values[python] == getattr(event, python)
    with pytest.raises(InvalidEvent, match="in Python it is called 'from_'"):
        shapes(verdict=None, **{"from": "x"})


def test_nothing_public_changes_an_event(shapes: Any) -> None:
    given: dict[str, Any] = {"list": [1, {"a": 1}]}
    event = shapes(verdict=None, free=given, stops=[{"at": "x"}])
    before = event.to_json()
    given["list"][1]["a"] = 2
    event.to_dict()["free"]["list"].append(3)
    for target in (event, event.stops[0], event.free):
        for change in (
            partial(setattr, target, "verdict", "x"),
            partial(delattr, target, "verdict"),
            partial(setattr, target, "other", "x"),
        ):
            with pytest.raises(AttributeError):
                change()
    with pytest.raises(TypeError):
        event.free["x"] = 1
    with pytest.raises(TypeError):
        event.free["list"][0] = 1
    assert not hasattr(event, "__dict__")
    assert event.to_json() == before


def test_a_received_event_keeps_what_it_does_not_know(status: Any) -> None:
    text = (
        b'{"id":"3f0c0e9e-8a54-4b6e-9a39-0c1f5d1f2b7a","type":"delivery.status.updated",'
        b'"time":"2026-01-31T08:00:00Z","schema_version":"1.9.0","publisher":{"name":"x","zone":7},'
        b'"delivery_id":"D","status":"COMPLETED","timestamp":"2026-01-31T08:00:00Z",'
        b'"huge":123456789012345678901234567890,"fine":0.1234567890123456789012345,"plain":1.10}'
    )
    event = status.from_json(text)
    assert event.publisher.name == "x"
    assert event.schema_version == "1.9.0"
    assert event.to_json() == text.replace(b"1.10", b"1.1")
    assert status.from_dict(event.to_dict()) == event
    changed = event.replace(status="SCHEDULED", id=event.id)
    assert changed.to_json() == event.to_json().replace(b"COMPLETED", b"SCHEDULED")
    assert "huge=123456789012345678901234567890" in repr(event)


def test_a_changed_copy_is_another_event(status: Any) -> None:
    event = status(delivery_id="D", status="IN_GARAGE", timestamp="2026-01-31T08:00:00Z")
    with clock_for_events(SystemClock()):
        copy, another = (event.replace(status="COMPLETED") for _ in range(2))
    assert len({event.id, copy.id, another.id}) == 3
    assert copy.replace(status=event.status, id=event.id) == event


@pytest.mark.parametrize(
    ("change", "pointer", "code"),
    [
        ({"type": "delivery.other"}, "/type", "other-type"),
        ({"schema_version": "2.0.0"}, "/schema_version", "other-major"),
        ({"publisher": UNSET}, "/publisher", "required"),
        ({"publisher": {}}, "/publisher/name", "required"),
    ],
)
def test_what_is_received_must_fit(status: Any, change: Any, pointer: str, code: str) -> None:
    document = {**stamp(status(**SEED), "x").to_dict(), **change}
    document = {name: value for name, value in document.items() if value is not UNSET}
    with pytest.raises(InvalidEvent) as caught:
        status.from_dict(document)
    assert pointers(caught) == {pointer: code}


@pytest.mark.parametrize(
    "text", [b"", b"[]", b"{", b'"\xff"', b"[" * 10_000, b"NaN", b'{"a":1e999999999999999999999}']
)
def test_text_that_is_no_event(status: Any, text: bytes) -> None:
    with pytest.raises(InvalidEvent):
        status.from_json(text)


def test_stamping(status: Any) -> None:
    event = status(**SEED)
    with pytest.raises(AttributeError, match="filled at publish"):
        _ = event.publisher
    stamped = stamp(event, "deliveries")
    assert stamped.publisher.name == "deliveries"
    assert stamped.to_dict() == {**event.to_dict(), "publisher": {"name": "deliveries"}}
    assert stamp(stamped, "deliveries") is stamped
    with pytest.raises(InvalidEvent) as caught:
        stamp(stamped, "intruder")
    assert pointers(caught) == {"/publisher/name": "other-publisher"}
    with pytest.raises(InvalidEvent) as caught:
        stamp(event, "")
    assert pointers(caught) == {"/publisher/name": "minLength"}


def test_replace_checks_again(status: Any) -> None:
    event = status(**SEED, vehicle={"plate": "P"})
    assert event.replace(vehicle=None).vehicle is None
    assert event.vehicle.replace(speed=3).speed == 3
    with pytest.raises(InvalidEvent) as caught:
        event.replace(statsu="COMPLETED", status="X")
    assert pointers(caught) == {"/statsu": "unknown-argument", "/status": "enum"}


def test_copies_pickles_equality(status: Any, shapes: Any) -> None:
    event = status(**SEED, vehicle={"plate": "P", "speed": 2})
    assert copy.copy(event) is event
    assert copy.deepcopy(event) is event
    assert pickle.loads(pickle.dumps(event)) == event
    assert event == status(**SEED, vehicle={"plate": "P", "speed": 2.0})
    assert event != event.replace(status="COMPLETED")
    assert event != event.to_dict()
    one, other = shapes(verdict=None, free={"a": 1}), shapes(verdict=None, free={"a": True})
    assert one != other
    assert one.free == {"a": 1}
    assert isinstance(one.free, Mapping)
    assert pickle.loads(pickle.dumps(one.free)) == one.free
    assert repr(event).startswith("DeliveryStatusUpdated(id='3f0c0e9e-")
    assert repr(event).endswith("vehicle=Vehicle(plate='P', speed=2))")


def test_enums_of_python_are_their_values(status: Any) -> None:
    class Status(StrEnum):
        HERE = "IN_GARAGE"

    assert status(**{**SEED, "status": Status.HERE}).to_dict()["status"] == "IN_GARAGE"


def test_lookups_by_type(status: Any) -> None:
    assert bound("delivery.status.updated") is status
    assert bound("delivery.status.updated", 1) is status
    assert bound("delivery.status.updated", 9) is None
    assert bound("delivery.status") is None
    assert {"delivery.status.updated", "sampler.shapes.shown"} <= set(bound_types())


def test_creation_by_type(status: Any) -> None:
    assert create("delivery.status.updated", **SEED) == status(**SEED)
    with pytest.raises(UnknownEventType) as caught:
        create("delivery.status.update")
    assert caught.value.nearest[0] == "delivery.status.updated"


def test_the_names_that_events_take_are_pinned() -> None:
    public = {name for name in dir(Event) if not name.startswith("_")}
    assert public == {"DEPRECATED", "from_dict", "from_json", "replace", "to_dict", "to_json"}
    single = {name for name in dir(Event) if not name.startswith("__")}
    assert single | {"TYPE", "VERSION", "DIGEST", "OWNER", "_form"} == RESERVED


def test_a_near_miss_among_the_exports(events: ModuleType) -> None:
    with pytest.raises(ImportError, match="did you mean 'DeliveryStatusUpdated'"):
        exec("from fixture_events import DeliveryStatusUpdatd", {})
    assert not hasattr(events, "wholly_other")
