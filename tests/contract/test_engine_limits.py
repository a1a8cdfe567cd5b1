"""What an engine refuses at once, and clocks that are set while it runs."""

import asyncio
import math
from collections.abc import Callable
from pathlib import Path

import pytest

from keybus.bus.engine import MAX_RECORDS, Engine
from keybus.clock import Clock
from keybus.errors import EngineError
from keybus.testing.clock import ManualClock
from tests.contract.engines_under_test import (
    ANY,
    ENGINES,
    PATIENCE,
    fetch,
    positions,
    quiet,
    record,
    records,
    standing,
)

YEAR = 365 * 24 * 3600 * 1_000_000


async def test_an_append_has_a_greatest_length(engine: Engine) -> None:
    with pytest.raises(EngineError, match="at most 1,000 records, not 1,001"):
        await engine.append(records(MAX_RECORDS + 1))
    await engine.append(records(MAX_RECORDS))
    assert len([event async for event in engine.read()]) == MAX_RECORDS


@pytest.mark.parametrize("delay", [math.nan, math.inf, -1.0, 1e300, 1e9])
async def test_a_delay_that_is_no_time_is_refused_and_the_lease_stands(
    engine: Engine, delay: float
) -> None:
    cursor = await engine.open("a", ANY)
    [position] = await engine.append(records(1, "a"))
    await fetch(cursor)
    with pytest.raises(EngineError, match="delay"):
        await cursor.retry(position, delay=delay, reason="busy")
    assert await standing(cursor) == (0, 1, 0, 0)
    await cursor.retry(position, delay=0.0, reason="busy")
    assert positions(await fetch(cursor)) == [position]


async def test_a_reason_that_is_no_text_is_refused_and_the_lease_stands(engine: Engine) -> None:
    cursor = await engine.open("a", ANY)
    [position] = await engine.append(records(1, "a"))
    await fetch(cursor)
    with pytest.raises(EngineError, match="reason"):
        await cursor.retry(position, delay=0.0, reason="\ud800")
    with pytest.raises(EngineError, match="reason"):
        await cursor.bury(position, reason="\ud800")
    assert await standing(cursor) == (0, 1, 0, 0)
    await cursor.bury(position, reason="größer")
    assert [letter.reason async for letter in cursor.dead_letters()] == ["größer"]


class WallClock(ManualClock):
    """A clock whose wall time is set, while the monotonic one goes on."""

    def __init__(self) -> None:
        super().__init__()
        self.ahead = 0

    def time_us(self) -> int:
        return super().time_us() + self.ahead


@pytest.mark.parametrize("make", ENGINES.values(), ids=ENGINES)
@pytest.mark.parametrize(("before", "after"), [(YEAR, 0), (0, YEAR), (-YEAR, 0), (0, -YEAR)])
async def test_setting_the_clock_neither_hastens_nor_delays_a_retry(
    make: Callable[[Path, Clock], Engine], tmp_path: Path, before: int, after: int
) -> None:
    clock = WallClock()
    engine = make(tmp_path, clock)
    cursor = await engine.open("a", ANY)
    [position] = await engine.append([record("x", "a")])
    await fetch(cursor)
    clock.ahead = before
    await cursor.retry(position, delay=10.0, reason="busy")
    clock.ahead = after
    waiting = asyncio.ensure_future(cursor.fetch(1))
    clock.advance(9.9)
    await quiet(engine)
    assert not waiting.done()
    assert await standing(cursor) == (1, 0, 1, 0)
    clock.advance(0.1)
    assert positions(await asyncio.wait_for(waiting, PATIENCE)) == [position]
    await engine.close()


@pytest.mark.parametrize("make", ENGINES.values(), ids=ENGINES)
@pytest.mark.parametrize("after", [YEAR, -YEAR])
async def test_a_queue_opened_again_goes_by_the_same_time(
    make: Callable[[Path, Clock], Engine], tmp_path: Path, after: int
) -> None:
    clock = WallClock()
    engine = make(tmp_path, clock)
    cursor = await engine.open("a", ANY)
    one, two = await engine.append(records(2, "a"))
    await fetch(cursor)
    await cursor.retry(one, delay=10.0, reason="busy")
    clock.ahead = after
    await cursor.retry(two, delay=10.0, reason="busy")
    clock.advance(4)
    await engine.close_queue("a")
    cursor = await engine.open("a", ANY)
    clock.advance(5.9)
    assert await standing(cursor) == (2, 0, 2, 0)
    clock.advance(0.1)
    assert positions(await fetch(cursor)) == [one, two]
    await engine.close()


@pytest.mark.parametrize(
    ("first", "noted", "reopened", "left"),
    [
        (0, 0, 0, 7.0),  # nobody touched it
        (YEAR, YEAR, 0, 10.0),  # no longer than it was at first
        (-YEAR, 0, 0, 7.0),  # wrong only when the process began
        (YEAR, 0, 0, 7.0),
    ],
)
async def test_over_a_restart_a_delay_goes_by_the_wall_clock_but_never_grows(
    tmp_path: Path, first: int, noted: int, reopened: int, left: float
) -> None:
    clock, make = WallClock(), ENGINES["sqlite"]
    clock.ahead = first
    engine = make(tmp_path, clock)
    cursor = await engine.open("a", ANY)
    [position] = await engine.append([record("x", "a")])
    await fetch(cursor)
    clock.ahead = noted
    await cursor.retry(position, delay=10.0, reason="busy")
    await engine.close()
    clock.advance(3)
    clock.ahead = reopened
    engine = make(tmp_path, clock)
    cursor = await engine.open("a", ANY)
    waiting = asyncio.ensure_future(cursor.fetch(1))
    await quiet(engine)
    clock.advance(left - 0.1)
    await quiet(engine)
    assert not waiting.done()
    clock.advance(0.1 + 1e-5)  # a time that is worked out twice is rounded twice
    assert positions(await asyncio.wait_for(waiting, PATIENCE)) == [position]
    await engine.close()
