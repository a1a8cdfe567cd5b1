"""Inputs are made after the projection, for webhooks and for a queue's consumers alike."""

import json
from typing import Any

import msgspec
import pytest

from keybus.bus import Bus
from keybus.bus.control.versions import Declared
from keybus.contracts import ContractRepository
from keybus.engines.memory import MemoryEngine
from keybus.testing import ManualClock
from keybus.topology import Platform
from keybus.topology.model import Subscription
from tests.unit.bus.consuming import Consumer
from tests.unit.bus.offered import status
from tests.unit.bus.targets.conftest import StartHooked
from tests.unit.bus.targets.endpoint import Endpoint
from tests.unit.bus.targets.watching import dead, until_state

LOOP = "detail.delivery_id = 'DEL-1' ? ($f := function() { $f() }; $f()) : detail.delivery_id"
TEMPLATE = {
    "paths": {"id": "$.detail.delivery_id", "site": "$.detail.site.name"},
    "template": '{"text": "<id>", "site": <site>}',
}


@pytest.fixture
async def queue(declared: tuple[Platform, ContractRepository], clock: ManualClock) -> Any:
    """Starts a bus on which the subscription ``all`` is a queue with an input."""
    started: list[Bus] = []

    async def start(**target: Any) -> Bus:
        platform, contracts = declared
        subscription = {
            "account": "me",
            "events": ["delivery.status.updated@1"],
            "target": target,
        }
        subscriptions = {"all": msgspec.convert(subscription, Subscription)}
        platform = msgspec.structs.replace(platform, subscriptions=subscriptions)
        engine = MemoryEngine(clock=clock)
        started.append(await Bus.start(Declared(platform, contracts), engine, clock=clock))
        return started[-1]

    yield start
    for bus in started:
        await bus.close()


@pytest.mark.parametrize(
    ("target", "body"),
    [
        ({"input": '"done"'}, b'"done"'),
        ({"input_path": "$.detail.delivery_id"}, b'"DEL-7"'),
        ({"input_transformer": TEMPLATE}, b'{"text":"DEL-7","site":"North"}'),
        ({"jsonata": "{'id': detail.delivery_id}"}, b'{"id":"DEL-7"}'),
    ],
    ids=lambda each: next(iter(each)) if isinstance(each, dict) else "",
)
async def test_both_kinds_of_target_are_handed_it(
    hooked: StartHooked, endpoint: Endpoint, queue: Any, target: dict[str, Any], body: bytes
) -> None:
    entry = status(7, site={"name": "North"})
    posting = await hooked(**target)
    await posting.put([entry])
    [request] = await endpoint.until(1)
    assert request.body == body
    waiting = await queue(**target)
    consumer = Consumer(waiting, "all")
    await waiting.put([entry])
    [delivery] = await consumer.until(1)
    assert delivery.envelope == body
    await consumer.ack(delivery)
    await until_state(waiting, waiting=0, in_flight=0)


async def test_what_the_projection_cuts_no_input_sees(
    hooked: StartHooked, endpoint: Endpoint
) -> None:
    bus = await hooked(subscription={"fields": ["/delivery_id"]}, jsonata="$keys(detail)")
    await bus.put([status(1, garage_code="4711")])
    [request] = await endpoint.until(1)
    assert "garage_code" not in request.event
    assert "delivery_id" in request.event


async def test_what_no_input_can_be_made_of_is_a_dead_letter_with_its_event(
    hooked: StartHooked, endpoint: Endpoint, queue: Any
) -> None:
    posting, waiting = await hooked(jsonata=LOOP), await queue(jsonata=LOOP)
    consumer = Consumer(waiting, "all")
    for bus in (posting, waiting):
        await bus.put([status(1), status(2)])
        await until_state(bus, dead=1)
        [letter] = await dead(bus)
        assert "its input cannot be made: the expression takes longer" in letter.reason
        assert letter.cause == "input"
        assert json.loads(letter.envelope)["detail"]["delivery_id"] == "DEL-1"
    [request] = await endpoint.until(1)
    assert request.body == b'"DEL-2"'
    [delivery] = await consumer.until(1)
    assert delivery.envelope == b'"DEL-2"'


async def test_a_template_cannot_grow_without_end(hooked: StartHooked) -> None:
    template = "[" + ", ".join(["<aws.events.event.json>"] * 300) + "]"
    bus = await hooked(input_transformer={"template": template})
    await bus.put([status(1, note="x" * 50_000)])
    await until_state(bus, dead=1)
    assert "more than 2097152 bytes" in (await dead(bus))[0].reason


async def test_an_event_as_deep_as_may_be_can_be_filled_in(
    hooked: StartHooked, endpoint: Endpoint
) -> None:
    bus = await hooked(
        input_transformer={"paths": {"d": "$.detail"}, "template": '{"d": <d>, "q": "<d>"}'}
    )
    deep: Any = []
    for _ in range(900):
        deep = [deep]
    await bus.put([status(1, deep=deep)])
    [request] = await endpoint.until(1)
    assert request.body.count(b"[") == 2 * 901
