"""Discoverers look at the log: at what has no contract, from when they are started, over restarts."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from msgspec.structs import replace

from keybus.bus import Bus
from keybus.bus.control.versions import Declared
from keybus.bus.schema_registries import discovering
from keybus.bus.schema_registries.discovered import REGISTRY
from keybus.bus.schema_registries.discoverer import Discoverer
from keybus.bus.schema_registries.discoverers import MOST_DISCOVERERS
from keybus.bus.schema_registries.discovering import SWEEP_SECONDS
from keybus.bus.schema_registries.errors import NoSuchSchema, SchemaExists, TooManySchemas
from keybus.contracts import ContractRepository
from keybus.engines.memory import MemoryEngine
from keybus.governance import ANYBODY
from keybus.testing import ManualClock
from keybus.topology import Platform
from tests.unit.bus.offered import StartBus, foreign, status

ARN = "arn:aws:events:local:222222222222:event-bus/default"
ID = "events-event-bus-default"
MS = 1_000_000
DAY = 86_400


def looking(clock: ManualClock, **more: Any) -> Discoverer:
    """A discoverer of the platform's bus, for somebody who may see everything."""
    made = Discoverer(
        "me", ID, ARN, own_bus=False, state="STARTED", since=clock.time_us(), roles=(), asks=False
    )
    return replace(made, **more)


async def put(bus: Bus, *details: dict[str, Any], event_type: str = "Door Opened") -> None:
    entries = [foreign(detail=json.dumps(each), of_type=event_type) for each in details]
    assert all(each.event_id for each in await bus.put(entries))


@pytest.fixture(autouse=True)
def nothing_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """However far this clock moves on while other threads work."""
    monkeypatch.setattr(discovering, "LONGEST_LAG_US", 10 * DAY * MS)
    monkeypatch.setattr(discovering, "SHARE", 1.0)  # or it would rest for what they take


async def until(clock: ManualClock, reached: Callable[[], Awaitable[bool]]) -> None:
    """Let time pass, sweep by sweep, until something is reached."""
    async with asyncio.timeout(60):
        while not await reached():
            clock.advance(SWEEP_SECONDS)
            await asyncio.to_thread(int)  # a turn for the threads that check schemas, too


def has_seen(bus: Bus, position: int) -> Callable[[], Awaitable[bool]]:
    """Whether the discoverer has looked so far."""

    async def reached() -> bool:
        return bus.discoverers.find("me", ID).through >= position

    return reached


async def found(bus: Bus) -> dict[str, list[str]]:
    """The properties of every discovered detail, by the schema's name."""
    shelf = bus.schema_registries.shelf
    told = {}
    for schema in await shelf.schemas("me", REGISTRY):
        text = json.loads(await shelf.content(schema, schema.newest))
        components = text["components"]["schemas"]
        [detail] = [each for name, each in components.items() if name != "AWSEvent"]
        told[schema.name] = sorted(detail.get("properties", {}))
    return told


async def test_it_sees_what_has_no_contract_from_now_on(
    declared: tuple[Platform, ContractRepository], engine: MemoryEngine, clock: ManualClock
) -> None:
    bus = await Bus.start(Declared(*declared), engine, clock=clock)
    await put(bus, {"before": 1})
    clock.advance(1)
    await bus.discoverers.create(looking(clock), ANYBODY)
    await put(bus, {"a": 1}, {"b": 1})
    assert (await bus.put([status()]))[0].event_id
    await until(clock, has_seen(bus, 4))
    assert await found(bus) == {"other.app@DoorOpened": ["a", "b"]}
    await bus.stop()
    again = await Bus.start(None, engine, clock=clock)
    await put(again, {"c": 1})
    await until(clock, has_seen(again, 5))
    assert await found(again) == {"other.app@DoorOpened": ["a", "b", "c"]}

    def stopped(before: Discoverer) -> Discoverer:
        return replace(before, state="STOPPED")

    await again.discoverers.change("me", ID, stopped, ANYBODY)
    await put(again, {"d": 1})
    for _ in range(20):
        clock.advance(SWEEP_SECONDS)
        await asyncio.sleep(0)
    assert again.discoverers.find("me", ID).through == 5
    await again.close()


async def test_what_comes_faster_than_it_looks_is_passed_over(
    start: StartBus, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    bus = await start()
    monkeypatch.setattr(discovering, "PAGE", 2)
    await bus.discoverers.create(looking(clock), ANYBODY)
    await put(bus, {"old": 1})
    clock.advance(11 * DAY)
    await put(bus, *({f"n{number}": 1} for number in range(5)))
    await until(clock, has_seen(bus, 6))
    assert (await found(bus))["other.app@DoorOpened"] == [f"n{number}" for number in range(5)]


async def test_only_its_own_bus_and_what_it_may_read(start: StartBus, clock: ManualClock) -> None:
    bus = await start()
    other = looking(clock, id="other", source_arn=f"{ARN}-own", own_bus=True)
    nobody = looking(clock, account="deliveries", asks=True, roles=())
    mine = looking(clock)
    for each in (other, nobody, mine):
        await bus.discoverers.create(each, ANYBODY)
    await put(bus, {"a": 1})
    await until(clock, has_seen(bus, 1))
    assert list(await found(bus)) == ["other.app@DoorOpened"]
    assert await bus.schema_registries.shelf.schemas("deliveries", REGISTRY) == []


async def test_they_are_named_and_bounded(bus: Bus, clock: ManualClock) -> None:
    idle = looking(clock, state="STOPPED")
    await bus.discoverers.create(idle, ANYBODY)
    with pytest.raises(SchemaExists):
        await bus.discoverers.create(idle, ANYBODY)
    for number in range(1, MOST_DISCOVERERS):
        more = replace(idle, id=f"d{number}", source_arn=f"{ARN}{number}")
        await bus.discoverers.create(more, ANYBODY)
    with pytest.raises(TooManySchemas):
        await bus.discoverers.create(replace(idle, id="more", source_arn="more"), ANYBODY)
    assert len(bus.discoverers.of("me")) == MOST_DISCOVERERS
    assert bus.discoverers.of("deliveries") == []
    await bus.discoverers.delete("me", ID, ANYBODY)
    with pytest.raises(NoSuchSchema):
        await bus.discoverers.delete("me", ID, ANYBODY)
    acts = [each.action async for each in bus.audit.entries()]
    assert acts.count("schema-discoverer.created") == MOST_DISCOVERERS
    assert acts.count("schema-discoverer.deleted") == 1
