"""The wall clock is set by an hour or a day: delays keep their length, and nothing is lost."""

import asyncio
from pathlib import Path

import pytest

from keybus.engines.sqlite import SqliteEngine
from tests.contract.engines_under_test import (
    ANY,
    PATIENCE,
    fetch,
    positions,
    quiet,
    records,
    standing,
)
from tests.reliability.jumping_clock import JumpingClock
from tests.reliability.small_bus import put, small_bus
from tests.unit.bus.consuming import Consumer, turns

HOUR, DAY = 3_600, 86_400
JUMPS = (-DAY, -HOUR, HOUR, DAY)


@pytest.fixture(params=JUMPS)
def jump(request: pytest.FixtureRequest) -> int:
    """By how many seconds the wall clock is set."""
    seconds: int = request.param
    return seconds


async def test_a_delay_is_neither_shorter_nor_longer_when_the_clock_is_set(
    jump: int, tmp_path: Path, clock: JumpingClock
) -> None:
    engine = SqliteEngine.at(tmp_path / "store.db", clock=clock)
    cursor = await engine.open("a", ANY)
    [position] = await engine.append(records(1, "a"))
    await fetch(cursor)
    await cursor.retry(position, delay=60, reason="busy")
    clock.jump(jump)
    clock.advance(59)
    waiting = asyncio.ensure_future(cursor.fetch(1))
    await quiet(engine)
    assert not waiting.done()
    clock.advance(1)
    [delivery] = await asyncio.wait_for(waiting, PATIENCE)
    assert delivery.attempt == 2
    await engine.close()


async def test_over_a_restart_a_delay_is_at_most_as_long_as_it_was(
    jump: int, tmp_path: Path, clock: JumpingClock
) -> None:
    path = tmp_path / "store.db"
    engine = SqliteEngine.at(path, clock=clock)
    cursor = await engine.open("a", ANY)
    [position] = await engine.append(records(1, "a"))
    await fetch(cursor)
    await cursor.retry(position, delay=60, reason="busy")
    await engine.close()
    clock.jump(jump)
    engine = SqliteEngine.at(path, clock=clock)
    cursor = await engine.open("a", ANY)
    assert await standing(cursor) == (1, 0, int(jump < 0), 0)
    clock.advance(60)
    [delivery] = await fetch(cursor)
    assert delivery.attempt == 2
    await engine.close()


async def test_what_is_leased_stays_leased_when_the_clock_is_set(
    jump: int, tmp_path: Path, clock: JumpingClock
) -> None:
    engine = SqliteEngine.at(tmp_path / "store.db", clock=clock)
    async with small_bus(engine, tmp_path / "app", clock) as bus:
        consumer = Consumer(bus, "everything")
        await put(bus, 1, 2)
        leased = await consumer.until(2)
        clock.jump(jump)
        await put(bus, 3)
        came = await consumer.until(3)
        await turns()
        assert positions(consumer.deliveries) == sorted(set(positions(came)))
        await consumer.ack(*leased)
        state = await bus.dispatcher("everything").cursor.state()
        assert (state.waiting, state.in_flight) == (0, 1)
    await engine.close()


async def test_the_log_is_read_by_time_although_the_clock_was_set_back(
    jump: int, tmp_path: Path, clock: JumpingClock
) -> None:
    engine = SqliteEngine.at(tmp_path / "store.db", clock=clock)
    async with small_bus(engine, tmp_path / "app", clock) as bus:
        await put(bus, 1)
        before = clock.time_us()
        clock.jump(jump)
        await put(bus, 2)
        now = clock.time_us()
        found = [event.ingested_at async for event in engine.read(min(before, now))]
        assert found == [before, now]
        later = [event.ingested_at async for event in engine.read(max(before, now))]
        assert later == [max(before, now)]
    await engine.close()
