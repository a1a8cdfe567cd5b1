"""What may not be delivered now is overtaken by nothing of its key."""

import json
from collections.abc import AsyncIterator

import msgspec
import pytest

from keybus.bus import Bus, Declared
from keybus.contracts import ContractRepository
from keybus.engines.memory import MemoryEngine
from keybus.envelope import Entry
from keybus.governance import Principal
from keybus.protocol import Failed, Settlement
from keybus.testing import ManualClock
from keybus.topology import Platform, Subscription
from keybus.topology.model import Grant, Order, Publisher
from tests.unit.bus.consuming import Consumer, turns
from tests.unit.bus.failing import Store, failing
from tests.unit.bus.test_order import numbers

ENDS, LATER = "2023-11-14T22:14:20Z", "2023-12-14"
"""60 s after the manual clock's start, and a month."""
DELIVERIES = Principal("deliveries", frozenset({"publisher", "subscriber"}), "C1")
ME = Principal("me", frozenset({"subscriber"}), "C2")


def granting(platform: Platform, *, parcels: str, doors: str) -> Platform:
    def grant(source: str, expires: str) -> Grant:
        return Grant(
            account="me",
            reason="to know where parcels are",
            approver="delivery-team",
            expires=expires,
            sources=[source],
        )

    line = Subscription(
        account="me", filter={"source": ["parcels", "doors"]}, order=Order(key="/k")
    )
    return msgspec.structs.replace(
        platform,
        publishers={
            **platform.publishers,
            "outside": Publisher(account="deliveries", events=[], sources=["parcels", "doors"]),
        },
        subscriptions={**platform.subscriptions, "line": line},
        grants={"parcels": grant("parcels", parcels), "doors": grant("doors", doors)},
    )


@pytest.fixture
async def bus(
    declared: tuple[Platform, ContractRepository],
    clock: ManualClock,
    store: Store,
    engine: MemoryEngine,
) -> AsyncIterator[Bus]:
    platform, contracts = declared
    bus = await Bus.start(
        Declared(granting(platform, parcels=ENDS, doors=LATER), contracts),
        failing(engine, store),
        authorization="enforce",
        clock=clock,
    )
    yield bus
    await bus.close()


async def renew(bus: Bus, parcels: str) -> None:
    platform = granting(bus.platform, parcels=parcels, doors=LATER)
    await bus.apply(Declared(platform, bus.generation.contracts))


def sent(source: str, key: str, number: int) -> Entry:
    detail = json.dumps({"k": key, "n": number}).encode()
    return Entry(source, "Something Happened", msgspec.Raw(detail))


async def put(bus: Bus, *entries: Entry) -> None:
    assert all(each.event_id for each in await bus.put(entries, DELIVERIES))


async def test_nothing_of_its_key_overtakes_what_is_held(bus: Bus, clock: ManualClock) -> None:
    consumer = Consumer(bus, "line", 100, ME)
    clock.advance(60)
    await put(
        bus,
        sent("doors", "a", 0),
        sent("parcels", "a", 1),
        *(sent("doors", "a", n) for n in range(2, 300)),
        sent("doors", "b", 300),
    )
    await put(bus, sent("doors", "a", 301), sent("doors", "b", 302))
    first = await consumer.until(2)
    await consumer.ack(*first)
    seen = await consumer.until(3)
    await turns()
    assert numbers(seen) == [0, 300, 302]
    await consumer.ack(seen[2])
    state = (await bus.states())["line"]
    assert (state.held, state.ordered) == (1, 299)
    await renew(bus, "2023-11-01")  # still not
    await turns()
    assert numbers(consumer.deliveries) == [0, 300, 302]
    state = (await bus.states())["line"]
    assert state.held == 1
    await renew(bus, LATER)
    count = 3
    while count < 303:
        fresh = (await consumer.until(count + 1))[count:]
        count += len(fresh)
        await consumer.ack(*fresh)
    assert numbers(consumer.deliveries)[3:] == [*range(1, 300), 301]
    state = (await bus.states())["line"]
    assert (state.waiting, state.held, state.ordered) == (0, 0, 0)


async def test_a_failure_whose_grant_ends_is_held_before_what_follows(
    bus: Bus, clock: ManualClock
) -> None:
    consumer = Consumer(bus, "line", 100, ME)
    await put(bus, sent("parcels", "a", 0))
    [first] = await consumer.until(1)
    await put(bus, *(sent("doors", "a", n) for n in range(1, 250)))
    await consumer.settle(Settlement(retry=[Failed(first.position, "no luck")]))
    clock.advance(60)
    await turns()
    assert len(consumer.deliveries) == 1
    assert (await bus.states())["line"].held == 1
    await consumer.leave()
    await renew(bus, LATER)
    late = Consumer(bus, "line", 100, ME)
    count = 0
    while count < 250:
        fresh = (await late.until(count + 1))[count:]
        count += len(fresh)
        await late.ack(*fresh)
    assert numbers(late.deliveries) == list(range(250))
    assert late.deliveries[0].attempt == 2


async def test_a_grant_that_is_renewed_while_keys_are_put_aside_lets_all_of_them_go(
    bus: Bus, clock: ManualClock, store: Store
) -> None:
    consumer = Consumer(bus, "line", 100, ME)
    clock.advance(60)
    store.waits = lambda call: call[0] == "hold"
    await put(bus, sent("parcels", "a", 0), sent("parcels", "b", 1))
    await store.waiting.wait()  # one key after the other
    await renew(bus, LATER)
    store.go.set()
    assert sorted(numbers(await consumer.until(2))) == [0, 1]
