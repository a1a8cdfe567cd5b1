"""What is held while rules change, the store fails or the bus stops is neither lost nor let go."""

import asyncio

import msgspec
import pytest

from keybus.bus import Bus, Declared
from keybus.contracts import ContractRepository
from keybus.engines.memory import MemoryEngine
from keybus.governance.audit import BUS
from keybus.testing import ManualClock
from keybus.topology import Platform
from tests.unit.bus.consuming import Consumer, turns
from tests.unit.bus.failing import Store, failing
from tests.unit.bus.offered import status
from tests.unit.bus.test_control import NEW, changed
from tests.unit.bus.test_holding import DELIVERIES, ENDS, ME, SIXTY_SECONDS, granting

LATER = "2023-11-15"


@pytest.fixture
async def bus(
    declared: tuple[Platform, ContractRepository],
    clock: ManualClock,
    store: Store,
    engine: MemoryEngine,
) -> Bus:
    platform, contracts = declared
    return await Bus.start(
        Declared(granting(platform, ENDS), contracts),
        failing(engine, store),
        authorization="enforce",
        clock=clock,
    )


async def apply(bus: Bus, platform: Platform) -> None:
    await bus.apply(Declared(platform, bus.generation.contracts))


async def actions(bus: Bus) -> list[str]:
    await bus.audit.write(BUS, "test.done")
    return [entry.action async for entry in bus.audit.entries()]


async def test_stopping_while_a_delivery_is_put_aside_leaves_it_to_the_next_start(
    bus: Bus, clock: ManualClock, store: Store, engine: MemoryEngine
) -> None:
    Consumer(bus, "all", principal=ME)
    clock.advance(SIXTY_SECONDS)
    store.waits = lambda call: call[0] == "hold"
    await bus.put([status()], DELIVERIES)
    await store.waiting.wait()
    await bus.stop()
    state = await engine.queue_state("all")
    assert (state.waiting, state.in_flight) == (1, 0)
    await engine.close()


async def test_a_grant_that_goes_while_others_are_put_aside_goes_for_the_whole_batch(
    bus: Bus, clock: ManualClock, store: Store
) -> None:
    filtered = {"source": [{"prefix": "key."}]}
    both = msgspec.structs.replace(NEW, events=[], filter=filtered)
    await apply(bus, changed(bus.platform, both=both))
    store.waits = lambda call: call[0] == "hold"
    consumer = Consumer(bus, "both", principal=ME)
    other = msgspec.structs.replace(status(2), detail_type="delivery.created")
    await bus.put([status(1), other], DELIVERIES)
    await store.waiting.wait()  # one of the two may be delivered, so far
    clock.advance(SIXTY_SECONDS)
    store.go.set()
    await turns()
    assert not consumer.deliveries
    assert (await bus.states())["both"].held == 2
    await bus.close()


async def test_a_delivery_that_is_held_is_a_refused_exchange(bus: Bus, clock: ManualClock) -> None:
    Consumer(bus, "all", principal=ME)
    clock.advance(SIXTY_SECONDS)
    await bus.put([status(1), status(2)], DELIVERIES)
    await turns()
    await bus.audit.write(BUS, "test.done")
    refused = [each async for each in bus.audit.entries() if each.action == "exchange.refused"]
    assert [(each.actor.account, each.subject) for each in refused] == [("me", "deliver to all")]
    await bus.close()


async def test_what_could_not_be_let_go_is_let_go_later(
    bus: Bus, clock: ManualClock, store: Store
) -> None:
    consumer = Consumer(bus, "all", principal=ME)
    clock.advance(SIXTY_SECONDS)
    await bus.put([status()], DELIVERIES)
    await turns()
    store.fails = lambda call: call[0] == "unhold"
    await apply(bus, granting(bus.platform, LATER))
    await turns()
    assert (await bus.states())["all"].held == 1
    store.fails = lambda _call: False
    clock.advance(5)
    await consumer.until(1)
    assert (await bus.states())["all"].held == 0
    await bus.close()


async def test_a_grant_that_ends_while_a_subscription_is_added_is_told_of_once(
    bus: Bus, clock: ManualClock, store: Store
) -> None:
    consumer = Consumer(bus, "all", principal=ME)
    await turns()
    store.waits = lambda call: call[:3] == ("put", "platform", "current")
    applying = asyncio.create_task(apply(bus, changed(bus.platform, late=NEW)))
    await store.waiting.wait()
    clock.advance(SIXTY_SECONDS)
    await turns()
    store.go.set()
    await applying
    await turns()
    assert [notice.code for notice in consumer.notices] == ["grant-expired"]
    assert (await actions(bus)).count("grant.expired") == 1
    await bus.close()


async def test_a_grant_whose_end_could_not_be_written_down_is_told_at_once_and_written_later(
    bus: Bus, clock: ManualClock, store: Store
) -> None:
    consumer = Consumer(bus, "all", principal=ME)
    await turns()
    store.fails = lambda call: call[:2] == ("create", "audit")
    clock.advance(SIXTY_SECONDS)
    await consumer.until_told()
    await turns()
    store.fails = lambda _call: False
    clock.advance(30)
    await turns()
    assert (await actions(bus)).count("grant.expired") == 1
    await bus.close()
