"""What is settled is kept for as long, and up to as much, as the platform says."""

import asyncio
import logging

import msgspec
import pytest

from keybus.bus import Bus, Declared
from keybus.bus.archive.retention import SWEEP_SECONDS
from keybus.governance.audit import AuditEntry
from keybus.protocol import Settlement
from keybus.testing import ManualClock
from keybus.topology.model import Archive
from tests.unit.bus.consuming import Consumer, turns
from tests.unit.bus.offered import foreign
from tests.unit.bus.test_holding import DELIVERIES, ME

HOUR = 3_600


class Jumping(ManualClock):
    """A wall clock that somebody sets; seconds pass as ever."""

    jump = 0

    def time_us(self) -> int:
        return super().time_us() + self.jump


@pytest.fixture
def clock() -> Jumping:
    return Jumping()


async def keeping(bus: Bus, **limits: int) -> None:
    changed = msgspec.structs.replace(bus.platform, archive=Archive(**limits))
    await bus.apply(Declared(changed, bus.generation.contracts))


async def put(bus: Bus, count: int, size: int = 10) -> None:
    """So many foreign events, which one subscription asks for."""
    for _ in range(count):
        await bus.put([foreign(detail=f'{{"text": "{"x" * size}"}}')], DELIVERIES)


async def handle(bus: Bus, count: int) -> None:
    consumer = Consumer(bus, "foreign", window=10_000, principal=ME)
    async with asyncio.timeout(60):
        while len(consumer.deliveries) < count:  # noqa: ASYNC110 - many, on a slow machine
            await asyncio.sleep(0)
    await consumer.settle(Settlement(ack=[each.position for each in consumer.deliveries[:count]]))
    await consumer.leave()


async def swept(clock: ManualClock) -> None:
    """The next look, and what it does."""
    clock.advance(SWEEP_SECONDS)
    for _ in range(20):
        await turns()


async def dropped(bus: Bus) -> list[AuditEntry]:
    return [each async for each in bus.audit.entries() if each.action == "archive.dropped"]


async def log(bus: Bus) -> int:
    return len([None async for _ in bus.engine.read()])


async def test_without_limits_everything_is_kept(bus: Bus, clock: ManualClock) -> None:
    await put(bus, 3)
    await handle(bus, 3)
    clock.advance(1_000 * 24 * HOUR)
    await swept(clock)
    assert await log(bus) == 3
    info = await bus.retention.info()
    assert (info.max_age, info.max_size, info.over, info.needed_by) == (None, None, 0, ())
    assert 0 < info.first_at <= info.last_at


async def test_what_is_too_old_is_dropped_and_that_is_written_down(
    bus: Bus, clock: ManualClock
) -> None:
    await keeping(bus, max_age=HOUR)
    await put(bus, 20)
    await handle(bus, 20)
    clock.advance(HOUR / 2)
    await put(bus, 3)
    await handle(bus, 3)
    await swept(clock)
    assert await log(bus) == 23
    clock.advance(HOUR / 2)
    await swept(clock)
    assert await log(bus) == 3
    [entry] = await dropped(bus)
    assert entry.data["events"] == 20
    assert (await bus.retention.info()).first_at == bus.clock.time_us() - round(
        (HOUR / 2 + 2 * SWEEP_SECONDS) * 1_000_000
    )


async def test_what_waits_is_kept_whatever_its_age(bus: Bus, clock: ManualClock) -> None:
    await keeping(bus, max_age=HOUR)
    await put(bus, 5)
    clock.advance(HOUR)
    await put(bus, 1)
    clock.advance(HOUR)
    await swept(clock)
    assert await log(bus) == 6
    assert (await bus.retention.info()).needed_by == ("foreign",)
    await handle(bus, 5)
    await swept(clock)
    assert await log(bus) == 1
    assert (await bus.states())["foreign"].waiting == 1


async def test_a_clock_that_is_set_forward_drops_nothing(bus: Bus, clock: Jumping) -> None:
    await keeping(bus, max_age=HOUR)
    await put(bus, 3)
    await handle(bus, 3)
    clock.jump = 24 * HOUR * 1_000_000
    await swept(clock)
    assert await log(bus) == 3


async def test_what_is_too_much_is_dropped_the_oldest_first(bus: Bus, clock: ManualClock) -> None:
    await keeping(bus, max_size=1_000_000)
    await put(bus, 30, size=50_000)
    await handle(bus, 30)
    clock.advance(660)
    await put(bus, 5, size=50_000)
    await handle(bus, 5)
    before = [each.position async for each in bus.engine.read()]
    await swept(clock)
    after = [each.position async for each in bus.engine.read()]
    assert 5 <= len(after) < 30
    assert after == before[-len(after) :]
    info = await bus.retention.info()
    assert (info.size <= 1_000_000, info.over) == (True, 0)


async def test_where_the_size_cannot_be_kept_to_it_says_who_needs_it(
    bus: Bus, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    await keeping(bus, max_size=1_000_000)
    await put(bus, 30, size=50_000)
    clock.advance(660)
    with caplog.at_level(logging.WARNING, "keybus.bus.archive.retention"):
        for _ in range(3):
            await swept(clock)
    assert await log(bus) == 30
    info = await bus.retention.info()
    assert (info.over > 400_000, info.needed_by) == (True, ("foreign",))
    told = [each for each in caplog.messages if "archive.max_size" in each]
    assert len(told) == 1
    assert "needed by: foreign" in told[0]
