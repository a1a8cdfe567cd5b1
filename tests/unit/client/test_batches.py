"""Handlers that take lists: how many, when, and what becomes of each event."""

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from keybus import EventSubscriber, Handled, PartlyFailed, SettingsError
from keybus.testing import InMemoryBus

PLATFORM = """\
bus: tiny
accounts:
  deliveries: {id: "111111111111"}
  me: {id: "222222222222"}
publishers:
  key.delivery: {account: deliveries, events: [delivery.status.updated]}
subscriptions:
  all: {account: me, events: [delivery.status.updated@1]}
  keyed: {account: me, events: [delivery.status.updated@1], order: {key: /delivery_id}}
"""
TYPE = "delivery.status.updated"


@pytest.fixture
def bus(tmp_path: Path, example: Path) -> Iterator[InMemoryBus]:
    (tmp_path / "contracts").symlink_to(example / "contracts")
    (tmp_path / "platform.yaml").write_text(PLATFORM)
    with InMemoryBus(tmp_path) as bus:
        yield bus


def publish(bus: InMemoryBus, events: ModuleType, *keys: int) -> None:
    bus.publisher("key.delivery").publish_many(
        [
            events.DeliveryStatusUpdated(
                delivery_id=f"DEL-{key}", status="IN_GARAGE", timestamp="2026-01-31T08:00:00Z"
            )
            for key in keys
        ]
    )


def test_a_handler_gets_as_many_as_it_asks_for(bus: InMemoryBus, events: ModuleType) -> None:
    publish(bus, events, *range(25))
    lists: list[list[Any]] = []
    subscriber = bus.subscriber("all")

    @subscriber.on_batch(events.DeliveryStatusUpdated, size=10, window=0.2)
    async def many(batch: list[Any]) -> None:
        lists.append(batch)

    with bus.running(subscriber):
        bus.settle(seconds=30)
    assert sorted(map(len, lists)) == [5, 10, 10]
    seen = [event.delivery_id for batch in lists for event in batch]
    assert sorted(seen) == sorted(f"DEL-{number}" for number in range(25))


def test_a_window_waits_for_company(bus: InMemoryBus, events: ModuleType) -> None:
    lists: list[list[Any]] = []
    first = threading.Event()
    subscriber = bus.subscriber("all")

    @subscriber.on_batch(TYPE, size=2, window=300.0)
    def many(batch: list[Any]) -> None:
        lists.append(batch)
        first.set()

    with bus.running(subscriber):
        publish(bus, events, 1)
        publish(bus, events, 2)
        assert first.wait(30)
        bus.settle(seconds=30)
    assert [len(batch) for batch in lists] == [2]


def test_without_a_window_nobody_waits(bus: InMemoryBus, events: ModuleType) -> None:
    lists: list[list[Any]] = []
    subscriber = bus.subscriber("all")

    @subscriber.on_batch(events.DeliveryStatusUpdated)
    async def many(batch: list[Any]) -> None:
        lists.append(batch)

    with bus.running(subscriber):
        publish(bus, events, 1)
        bus.settle(seconds=30)
    assert [len(batch) for batch in lists] == [1]


def test_a_list_that_fails_comes_again(bus: InMemoryBus, events: ModuleType) -> None:
    publish(bus, events, 1, 2, 3)
    told: list[Handled] = []
    tries: list[int] = []
    subscriber = EventSubscriber("all", transport=bus.transport, observer=told.append)

    @subscriber.on_batch(events.DeliveryStatusUpdated, size=3, window=5.0)
    async def many(batch: list[Any]) -> None:
        tries.append(len(batch))
        if len(tries) == 1:
            raise RuntimeError("no luck")

    with bus.running(subscriber):
        bus.settle(seconds=60)
    assert (tries[0], sum(tries[1:])) == (3, 3)
    outcomes = [(each.outcome, each.attempt) for each in told]
    assert outcomes.count(("failed", 1)) == outcomes.count(("handled", 2)) == 3
    assert told[0].reason == "RuntimeError: no luck"


def test_what_failed_of_a_list_can_be_named(bus: InMemoryBus, events: ModuleType) -> None:
    publish(bus, events, 1, 2, 3)
    told: list[Handled] = []
    lists: list[list[str]] = []
    subscriber = EventSubscriber("all", transport=bus.transport, observer=told.append)

    @subscriber.on_batch(events.DeliveryStatusUpdated, size=3, window=1.0)
    async def many(batch: list[Any]) -> None:
        lists.append([event.delivery_id for event in batch])
        if len(lists) == 1:
            bad = [event for event in batch if event.delivery_id == "DEL-2"]
            raise PartlyFailed(bad, "nobody at home")

    with bus.running(subscriber):
        bus.settle(seconds=60)
    assert lists == [["DEL-1", "DEL-2", "DEL-3"], ["DEL-2"]]
    assert [each.outcome for each in told].count("failed") == 1
    assert "nobody at home" in next(each.reason for each in told if each.outcome == "failed")


@pytest.mark.parametrize("size", [2, 7, 100])
def test_events_of_one_key_stay_in_order(bus: InMemoryBus, events: ModuleType, size: int) -> None:
    publish(bus, events, *[1, 2] * 5)
    order = [envelope.decoded_detail()["id"] for envelope in bus.published]
    handled: list[str] = []
    failed: list[str] = []
    subscriber = bus.subscriber("keyed")

    @subscriber.on_batch(events.DeliveryStatusUpdated, size=size)
    async def many(batch: list[Any]) -> None:
        assert len(batch) <= size
        if failed:
            handled.extend(event.id for event in batch)
            return
        failed.append(batch[0].id)  # what follows it of its key has to come after it
        key = batch[0].delivery_id
        handled.extend(event.id for event in batch if event.delivery_id != key)
        raise PartlyFailed(batch[:1], "not yet")

    with bus.running(subscriber):
        bus.settle(seconds=60)
    assert [each for each in handled if each in order[0::2]] == order[0::2]
    assert [each for each in handled if each in order[1::2]] == order[1::2]


async def test_what_waits_for_company_is_handed_back_at_the_end(
    bus: InMemoryBus, events: ModuleType
) -> None:
    publish(bus, events, 1)
    subscriber = bus.subscriber("all")

    @subscriber.on_batch(TYPE, size=5, window=300.0)
    async def many(_: list[Any]) -> None:
        pytest.fail("it is not full, and its window is not over")

    serving = asyncio.create_task(subscriber.serve())
    async with asyncio.timeout(30):
        while (await asyncio.to_thread(state, bus)).in_flight != 1:  # noqa: ASYNC110 - another loop's
            await asyncio.sleep(0.01)
        subscriber.stop()
        await serving
    left = state(bus)
    assert (left.waiting, left.in_flight, left.delayed) == (1, 0, 0)


def state(bus: InMemoryBus) -> Any:
    return bus.call(bus.running_bus.states())["all"]


@pytest.mark.parametrize(("size", "window"), [(0, 0.0), (501, 0.0), (1, -1.0), (1, 301.0)])
def test_a_batch_that_cannot_be_is_refused(size: int, window: float) -> None:
    with pytest.raises(SettingsError, match="batch's"):
        EventSubscriber("x").on_batch("Key Event", size=size, window=window)
