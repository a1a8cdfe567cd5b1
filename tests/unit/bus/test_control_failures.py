"""Whatever breaks a change off, the bus is on one version, and its log and its store say which."""

import asyncio

import pytest

from keybus.bus import Bus, Declared, NoSuchVersion
from keybus.contracts import ContractRepository
from keybus.engines.memory import MemoryEngine
from keybus.errors import EngineError, StorageFailed
from keybus.governance import Principal
from keybus.governance.audit import BUS
from keybus.testing import ManualClock
from keybus.topology import Platform, Subscription
from tests.unit.bus.consuming import Consumer, turns
from tests.unit.bus.failing import Call, Store, failing
from tests.unit.bus.offered import StartBus, status
from tests.unit.bus.test_control import NEW, changed

CENTRAL = Principal("deliveries", frozenset({"central"}), "C9")
ME = Principal("me", frozenset({"subscriber"}), "C1")
OWN = Subscription(account="deliveries", events=["delivery.status.updated@1"])
HOLDS = ("put", "platform", "current")


@pytest.fixture
async def bus(
    declared: tuple[Platform, ContractRepository],
    clock: ManualClock,
    store: Store,
    engine: MemoryEngine,
) -> Bus:
    return await Bus.start(Declared(*declared), failing(engine, store), clock=clock)


async def apply(bus: Bus, **subscriptions: Subscription | None) -> int:
    platform = changed(bus.platform, **subscriptions)
    return (await bus.apply(Declared(platform, bus.generation.contracts), CENTRAL)).version


async def acts(bus: Bus) -> list[tuple[str, object]]:
    return [(entry.action, entry.data.get("version")) async for entry in bus.audit.entries()]


async def is_whole(bus: Bus) -> bool:
    """Whether the store, the queues and the bus agree on what holds."""
    applied = await bus.versions.current()
    assert applied is not None
    assert bus.control.dispatchers.keys() == bus.platform.subscriptions.keys()
    return applied == bus.generation.applied


async def broken(bus: Bus, store: Store, number: int, *, kept: bool) -> bool:
    """Apply a change whose so many-th write fails; whether there was one."""
    left = number

    def fails(call: Call) -> bool:
        nonlocal left
        counts = call[0] in {"put", "create", "open", "close_queue"}
        left -= counts
        return counts and left == 0

    store.fails, store.kept = fails, kept
    before = bus.generation.applied.version
    try:
        assert await apply(bus, one=NEW, two=NEW, failed=None) == before + 1
    except StorageFailed:
        assert bus.generation.applied.version == before
        told = await acts(bus)
        if ("platform.applied", before + 1) in told:
            assert told[-1] == ("platform.not-applied", before + 1)
    store.fails = lambda _call: False
    return left > 0


@pytest.mark.parametrize("kept", [False, True])
async def test_a_write_that_fails_leaves_the_bus_on_one_version(
    declared: tuple[Platform, ContractRepository], clock: ManualClock, *, kept: bool
) -> None:
    number, none_failed = 0, False
    while not none_failed:
        number += 1
        store, engine = Store(), MemoryEngine(clock=clock)
        bus = await Bus.start(Declared(*declared), failing(engine, store), clock=clock)
        none_failed = await broken(bus, store, number, kept=kept)
        assert await is_whole(bus)
        version = bus.generation.applied.version
        await bus.stop()
        again = await Bus.start(None, engine, clock=clock)
        assert again.generation.applied.version == version
        with pytest.raises(NoSuchVersion):
            await again.versions.get(version + 1)
        await again.close()
    assert number > len({"version", "contracts", "one", "two", "holds", "failed"})


@pytest.mark.parametrize("where", [("open", "one"), ("create", "audit"), HOLDS])
async def test_a_change_whose_asker_goes_away_is_brought_to_its_end(
    bus: Bus, store: Store, where: Call
) -> None:
    store.waits = lambda call: call[: len(where)] == where
    applying = asyncio.create_task(apply(bus, one=NEW, failed=None))
    await store.waiting.wait()
    applying.cancel()
    await asyncio.gather(applying, return_exceptions=True)
    store.go.set()
    store.waits = lambda _call: False
    await bus.control.prune([], CENTRAL)  # comes after it
    assert bus.generation.applied.version == 2
    assert "one" in bus.platform.subscriptions
    assert await is_whole(bus)
    await bus.close()


async def test_what_the_log_has_as_applied_and_is_not_is_written_down_once_it_can_be(
    bus: Bus, store: Store, engine: MemoryEngine, clock: ManualClock
) -> None:
    full = False

    def fails(call: Call) -> bool:
        nonlocal full
        full = full or call[:3] == HOLDS
        return full and call[0] in {"put", "create"}

    store.fails = fails
    with pytest.raises(StorageFailed, match="the disk is full"):
        await apply(bus, one=NEW)
    assert ("platform.applied", 2) in await acts(bus)
    await bus.stop()
    again = await Bus.start(None, engine, clock=clock)
    assert (await acts(again))[-1] == ("platform.not-applied", 2)
    assert again.generation.applied.version == 1
    await again.close()


async def test_other_rules_hold_at_once_for_every_subscription(bus: Bus, store: Store) -> None:
    consumers = [Consumer(bus, name) for name in ("all", "failed", "impatient")]
    await turns()
    store.waits = lambda call: call[0] in {"close_queue", "state"}
    applying = asyncio.create_task(apply(bus, all=None, failed=None, late=NEW))
    await store.waiting.wait()
    assert [bool(each.session.ended) for each in consumers] == [True, True, False]
    assert "late" in bus.control.dispatchers
    store.go.set()
    await applying
    await bus.close()


async def test_stopping_waits_for_a_change_and_takes_no_other(bus: Bus, store: Store) -> None:
    store.waits = lambda call: call[:3] == HOLDS
    applying = asyncio.create_task(apply(bus, one=NEW))
    await store.waiting.wait()
    waiting = asyncio.create_task(apply(bus, two=NEW))
    await turns()
    stopping = asyncio.create_task(bus.stop())
    await turns()
    assert not stopping.done()
    store.go.set()
    await stopping
    assert await applying == 2
    with pytest.raises(EngineError, match="stopping"):
        await waiting
    others = asyncio.all_tasks() - {asyncio.current_task()}
    assert not [task for task in others if "keybus" in str(task.get_coro())]
    await bus.close()


async def test_what_a_consumer_had_when_its_subscription_went_to_another_account_is_untried(
    start: StartBus,
) -> None:
    bus = await start(authorization="enforce")
    owner = Principal("deliveries", frozenset({"publisher", "subscriber"}), "C2")
    await apply(bus, own=OWN)
    consumer = Consumer(bus, "own", principal=owner)
    await bus.put([status(1), status(2)], owner)
    await consumer.until(2)
    await apply(bus, own=NEW)
    assert consumer.session.ended
    await consumer.leave()
    state = (await bus.states())["own"]
    assert (state.waiting, state.in_flight, state.delayed) == (2, 0, 0)


async def test_refusals_that_could_not_be_written_down_are_counted(
    bus: Bus, store: Store, clock: ManualClock
) -> None:
    await turns()
    store.fails = lambda call: call[:2] == ("create", "audit")
    bus.audit.note(BUS, "exchange.refused", "x", "event")
    await turns()
    store.fails = lambda _call: False
    clock.advance(60)
    await turns()
    await bus.audit.write(BUS, "test.done")
    overflow = [each async for each in bus.audit.entries() if each.action == "audit.overflow"]
    assert [entry.data["refusals"] for entry in overflow] == [1]
    await bus.close()


async def test_a_consumer_that_was_let_in_by_rules_that_hold_no_longer_gets_nothing(
    start: StartBus,
) -> None:
    bus = await start(authorization="enforce")
    owner = Principal("deliveries", frozenset({"publisher", "subscriber"}), "C2")
    await apply(bus, own=OWN)
    late = Consumer(bus, "own", principal=ME)
    await bus.put([status()], owner)
    await turns()
    assert not late.deliveries
    assert "own" in late.session.ended
    await bus.audit.write(BUS, "test.done")
    refused = [each async for each in bus.audit.entries() if each.action == "exchange.refused"]
    assert [(each.actor.account, each.subject) for each in refused] == [("me", "consume own")]
