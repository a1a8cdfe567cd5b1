"""A delivery in another major's form: its envelope's bytes, as a subscription gets them."""

import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import msgspec

from keybus.bus.forms.forms import Forms
from keybus.bus.forms.shape import Shape
from keybus.cli.bench.pipeline.bodies import detail
from keybus.cli.bench.pipeline.project import EVENT_TYPE, SOURCE, write_project
from keybus.contracts import Contract, ContractRepository
from keybus.contracts.editions import Edition, Editions
from keybus.contracts.migrations import Migrations
from keybus.envelope import Envelope, encode
from keybus.topology import Subscription

DELIVERIES: Final = 500
BACK: Final = {
    "steps": [
        {"op": "move", "from": "/parcel", "path": "/parcel_id"},
        {"op": "move", "from": "/city", "path": "/site/city"},
        {"op": "move", "from": "/size/weight_grams", "path": "/weight_grams"},
        {"op": "remove", "path": "/size"},
    ]
}
"""Three moves from major 2 to major 1."""

Run = Callable[[], None]


def deliveries() -> list[tuple[str, str, Run, Run, float]]:
    """What is measured: its name, what it is beside, it and its baseline, and its goal in µs.

    Each run is of `DELIVERIES` deliveries of different events.
    """
    contracts = _two_majors()
    envelopes = [encode(_envelope(number)) for number in range(DELIVERIES)]

    def to(forms: Forms, major: int) -> Shape:
        asked = Subscription(account="desk", events=[f"{EVENT_TYPE}@{major}"])
        shape = Shape.compile(asked, contracts, forms)
        assert shape is not None
        return shape

    def deliver(shape: Shape) -> None:
        for each in envelopes:
            shape.apply(each)

    known = Forms(contracts)
    deliver(to(known, 1))
    assert b'"parcel_id"' in to(known, 1).apply(envelopes[0])

    def first() -> None:
        deliver(to(Forms(contracts), 1))

    def next_one() -> None:
        deliver(to(known, 1))

    def untouched() -> None:
        deliver(to(known, 2))

    beside = "the same delivery in the major that it came in"
    return [
        ("one delivery translated, the first subscription", beside, first, untouched, 25.0),
        ("one delivery translated, each further subscription", beside, next_one, untouched, 4.0),
    ]


def _two_majors() -> ContractRepository:
    """A repository that is at major 2, with major 1 released beside it."""
    with tempfile.TemporaryDirectory(prefix="keybus-") as name:
        write_project(Path(name), 1)
        first = ContractRepository.load(Path(name) / "contracts")
        file = Path(name) / "contracts" / "ParcelStatusUpdated.json"
        file.write_text(json.dumps(_second(json.loads(file.read_text()))))
        second = ContractRepository.load(Path(name) / "contracts")
        found: dict[int, Contract] = {1: first[EVENT_TYPE], 2: second[EVENT_TYPE]}
        editions = Editions({EVENT_TYPE: {each: Edition(of) for each, of in found.items()}})
        migrations = Migrations.of_texts({f"{EVENT_TYPE}/2-to-1.json": json.dumps(BACK)})
        return second.beside(editions, migrations)


def _second(contract: dict[str, Any]) -> dict[str, Any]:
    """The contract of major 2: three of its properties stand elsewhere."""
    contract["x-keybus"] |= {"version": "2.0.0", "key": "/parcel"}
    own = contract["allOf"][1]
    own["required"] = ["parcel", "status", "sent_us"]
    properties = own["properties"]
    properties["parcel"] = properties.pop("parcel_id")
    properties["city"] = properties["site"]["properties"].pop("city")
    properties["site"]["required"] = ["name"]
    weight = {"weight_grams": properties.pop("weight_grams")}
    properties["size"] = {"type": "object", "properties": weight}
    return contract


def _envelope(number: int) -> Envelope:
    event = msgspec.json.decode(detail())
    event |= {"schema_version": "2.0.0", "parcel": f"PCL-{number:08}"}
    event["city"] = event["site"].pop("city")
    event["size"] = {"weight_grams": event.pop("weight_grams")}
    del event["parcel_id"]
    return Envelope(
        version="0",
        id=f"00000000-0000-4000-8000-{number:012}",
        detail_type=EVENT_TYPE,
        source=SOURCE,
        account="222222222222",
        time="2026-01-31T08:00:00Z",
        region="local",
        resources=(),
        detail=msgspec.Raw(msgspec.json.encode(event)),
    )
