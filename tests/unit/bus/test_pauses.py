"""Subscriptions are paused and resumed: their deliveries wait, and nothing is lost."""

import pytest

from keybus.bus import Bus, Declared
from keybus.contracts import ContractRepository
from keybus.engines.memory import MemoryEngine
from keybus.errors import StorageFailed, SubscriptionError
from keybus.protocol import PauseInfo
from keybus.testing import ManualClock
from keybus.topology import Platform
from tests.unit.bus.consuming import Consumer, turns
from tests.unit.bus.failing import Store, failing
from tests.unit.bus.offered import status
from tests.unit.bus.test_holding import ME


async def test_nothing_is_delivered_while_it_is_paused_and_all_of_it_after(
    bus: Bus, clock: ManualClock
) -> None:
    consumer, other = Consumer(bus, "all"), Consumer(bus, "failed")
    await bus.put([status(1)])
    [first] = await consumer.until(1)
    paused = await bus.pauses.pause("all", ME, "the database is moved")
    assert paused == PauseInfo("the database is moved", "me", clock.time_us())
    await bus.put([status(2), status(3, "FAILED")])
    await other.until(1)
    await turns()
    assert len(consumer.deliveries) == 1
    [notice] = await consumer.until_told()
    assert (notice.code, "me: the database is moved" in notice.message) == ("paused", True)
    # What was out may be settled meanwhile.
    await consumer.ack(first)
    state = (await bus.states())["all"]
    assert (state.waiting, state.in_flight, state.held, state.dead) == (2, 0, 0, 0)
    info = next(each for each in await bus.subscriptions() if each.name == "all")
    assert info.paused == paused
    await bus.pauses.resume("all", ME)
    assert [each.attempt for each in await consumer.until(3)] == [1, 1, 1]
    assert [each.code for each in await consumer.until_told(2)] == ["paused", "resumed"]
    assert bus.pauses.of("all") is None


async def test_whoever_comes_while_it_is_paused_is_told(bus: Bus) -> None:
    await bus.put([status(1)])
    await bus.pauses.pause("all", ME)
    consumer = Consumer(bus, "all")
    assert [each.code for each in await consumer.until_told()] == ["paused"]
    await turns()
    assert consumer.deliveries == []
    await bus.pauses.resume("all", ME)
    assert len(await consumer.until(1)) == 1


async def test_a_pause_is_written_down_once_and_outlives_a_restart(
    declared: tuple[Platform, ContractRepository], clock: ManualClock
) -> None:
    engine = MemoryEngine(clock=clock)
    bus = await Bus.start(Declared(*declared), engine, clock=clock)
    first = await bus.pauses.pause("all", ME, "why")
    clock.advance(1)
    assert await bus.pauses.pause("all", ME, "another reason") == first
    await bus.stop()
    bus = await Bus.start(None, engine, clock=clock)
    assert bus.pauses.of("all") == first
    consumer = Consumer(bus, "all")
    await bus.put([status(1)])
    await turns()
    assert consumer.deliveries == []
    await bus.pauses.resume("all", ME)
    await bus.pauses.resume("all", ME)
    assert len(await consumer.until(1)) == 1
    entries = [each async for each in bus.audit.entries() if "subscription." in each.action]
    told = [(each.action, each.subject, each.actor.account, each.data) for each in entries]
    assert told[-2:] == [
        ("subscription.paused", "all", "me", {"reason": "why"}),
        ("subscription.resumed", "all", "me", {}),
    ]
    assert [each[0] for each in told].count("subscription.paused") == 1
    await bus.close()


async def test_only_what_there_is_can_be_paused(bus: Bus) -> None:
    with pytest.raises(SubscriptionError, match="nobody"):
        await bus.pauses.pause("nobody", ME)
    with pytest.raises(SubscriptionError, match="nobody"):
        await bus.pauses.resume("nobody", ME)


async def test_a_pause_that_cannot_be_kept_does_not_hold(
    declared: tuple[Platform, ContractRepository], clock: ManualClock, store: Store
) -> None:
    bus = await Bus.start(
        Declared(*declared), failing(MemoryEngine(clock=clock), store), clock=clock
    )
    store.fails = lambda call: call[1:2] == ("paused",)
    with pytest.raises(StorageFailed):
        await bus.pauses.pause("all", ME)
    assert bus.pauses.of("all") is None
    consumer = Consumer(bus, "all")
    await bus.put([status(1)])
    assert len(await consumer.until(1)) == 1
    store.fails = lambda _call: False
    await bus.pauses.pause("all", ME)
    store.fails = lambda call: call[1:2] == ("paused",)
    with pytest.raises(StorageFailed):
        await bus.pauses.resume("all", ME)
    assert bus.pauses.of("all") is not None
    await bus.put([status(2)])
    await turns()
    assert len(consumer.deliveries) == 1
    store.fails = lambda _call: False
    await bus.close()
