"""Queues that begin before they were made: filled from the log, then delivered in its order."""

import asyncio
from pathlib import Path
from random import Random

import pytest

from keybus.bus.engine import Cursor, Engine
from keybus.engines.sqlite import SqliteEngine
from keybus.testing.clock import ManualClock
from tests.contract.engines_under_test import (
    ANY,
    append_all,
    fetch,
    fetch_all,
    positions,
    quiet,
    record,
    records,
    standing,
)


async def fill_up(engine: Engine, cursor: Cursor, wanted: set[int], page: int) -> None:
    """Go through the log as the bus does."""
    assert cursor.filled is not None
    while log := [event.position async for event in engine.read(after=cursor.filled)][:page]:
        await cursor.fill([each for each in log if each in wanted], log[-1])
    await cursor.fill([], cursor.filled, whole=True)


async def test_nothing_is_delivered_until_it_is_whole_and_then_in_log_order(
    engine: Engine,
) -> None:
    past = await append_all(engine, records(10))
    cursor = await engine.open("a", ANY, 0)
    assert cursor.filled is not None
    live = await append_all(engine, records(5, "a"))
    waiting = asyncio.ensure_future(cursor.fetch(100))
    await quiet(engine)
    await cursor.fill(past[:3], past[2])
    await cursor.fill(past[5:], past[9])
    await quiet(engine)
    assert not waiting.done()
    assert await standing(cursor) == (13, 0, 0, 0)
    await cursor.fill([], live[-1], whole=True)
    found = list(await asyncio.wait_for(waiting, 20))
    found += await fetch_all(cursor, 13 - len(found))
    assert positions(found) == [*past[:3], *past[5:], *live]
    assert {each.attempt for each in found} == {1}
    await cursor.ack(positions(found))
    later = await append_all(engine, records(2, "a"))
    assert positions(await fetch_all(cursor, 2)) == later
    # It is whole for good.
    assert (await engine.open("a", ANY, 0)).filled is None
    await cursor.fill(past, past[-1])
    await quiet(engine)
    assert await standing(cursor) == (0, 2, 0, 0)


async def test_what_appends_have_matched_is_not_there_twice(engine: Engine) -> None:
    cursor = await engine.open("a", ANY, 0)
    await engine.open("b", ANY)
    # As where events of older rules land among those of newer ones.
    mixed = await engine.append([record(str(each), *"ab"[each % 2 :]) for each in range(8)])
    await cursor.fill(list(mixed[:5]), mixed[4])
    await cursor.fill(list(mixed[2:]), mixed[-1])
    assert (await cursor.state()).waiting == 8
    await cursor.fill([], mixed[-1], whole=True)
    found = await fetch_all(cursor, 8)
    assert positions(found) == list(mixed)
    await cursor.ack(positions(found))
    await quiet(engine)
    assert await standing(cursor) == (0, 0, 0, 0)


async def test_where_it_begins(engine: Engine) -> None:
    none = await engine.open("none", ANY, 0)
    assert none.filled is not None
    for at in (10, 20, 30):
        await engine.append([record(f"at-{at}", at=at)])
    whole = await engine.open("whole", ANY)
    assert whole.filled is None
    # One that is there begins where it began.
    assert (await engine.open("whole", ANY, 0)).filled is None
    expected = {"begin": (0, [10, 20, 30]), "middle": (20, [20, 30]), "end": (31, [])}
    for name, (since, times) in expected.items():
        cursor = await engine.open(name, ANY, since)
        assert cursor.filled is not None
        found = [each.ingested_at async for each in engine.read(since, after=cursor.filled)]
        assert found == times
    await fill_up(engine, none, {1, 2, 3}, 2)
    assert [each.ingested_at for each in await fetch_all(none, 3)] == [10, 20, 30]


async def test_nothing_expires_before_it_is_whole(engine: Engine) -> None:
    past = await append_all(engine, records(3))
    cursor = await engine.open("a", ANY, 0)
    await cursor.fill(past, past[-1])
    await append_all(engine, [record("late", at=9_000)])
    assert await cursor.expire(5_000, reason="old", limit=10) == 0
    await cursor.fill([], past[-1], whole=True)
    assert await cursor.expire(5_000, reason="old", limit=10) == 3
    assert await standing(cursor) == (0, 0, 0, 3)


async def test_a_removed_queue_is_made_anew(engine: Engine) -> None:
    past = await append_all(engine, records(3))
    cursor = await engine.open("a", ANY, 0)
    await cursor.fill(past, past[-1])
    await engine.remove("a")
    cursor = await engine.open("a", ANY)
    assert cursor.filled is None
    assert await standing(cursor) == (0, 0, 0, 0)


@pytest.mark.parametrize("seed", range(2))
async def test_any_mixture_is_delivered_once_and_in_order(engine: Engine, seed: int) -> None:
    random = Random(seed)
    cursor, wanted = None, set[int]()
    made = random.randrange(0, 4_000)
    total = 0
    while total < 6_000 or cursor is None:
        if total >= made and cursor is None:
            cursor = await engine.open("a", ANY, 0)
        batch = [
            record("x", *(["a"] if cursor is not None and random.random() < 0.4 else []))
            for _ in range(random.randrange(1, 900))
        ]
        found = await engine.append(batch)
        total += len(batch)
        # What was matched is wanted, and so is some of the rest, as of older rules.
        wanted.update(p for p, each in zip(found, batch, strict=True) if each.matched)
        wanted.update(p for p in found if random.random() < 0.3)
    await fill_up(engine, cursor, wanted, random.choice([97, 1_000, 5_000]))
    assert (await cursor.state()).waiting == len(wanted)
    got = await fetch_all(cursor, len(wanted), 500)
    assert positions(got) == sorted(wanted)
    await cursor.ack(positions(got))
    assert await standing(cursor) == (0, 0, 0, 0)


async def test_a_filling_goes_on_after_a_restart(tmp_path: Path, clock: ManualClock) -> None:
    path = tmp_path / "store.db"
    engine = SqliteEngine.at(path, clock=clock)
    past = await append_all(engine, records(3_000))
    cursor = await engine.open("a", ANY, 0)
    live = await append_all(engine, records(10, "a"))
    await cursor.fill(past[:1_000:2], past[999])
    await engine.close()
    engine = SqliteEngine.at(path, clock=clock)
    assert (await engine.queue_state("a")).waiting == 510
    live += await append_all(engine, records(10, "a"))
    cursor = await engine.open("a", ANY)
    assert cursor.filled == past[999]
    waiting = asyncio.ensure_future(cursor.fetch(1))
    await quiet(engine)
    # The page before may have been looked at once more.
    await cursor.fill(past[:2_000:2], past[1_999])
    await cursor.fill(past[2_000::2], past[-1])
    await quiet(engine)
    assert not waiting.done()
    await cursor.fill(live, live[-1], whole=True)
    [first] = await asyncio.wait_for(waiting, 20)
    found = [first, *await fetch_all(cursor, 1_519)]
    assert positions(found) == [*past[::2], *live]
    await cursor.ack(positions(found[:700]))
    await engine.close()
    engine = SqliteEngine.at(path, clock=clock)
    cursor = await engine.open("a", ANY)
    assert cursor.filled is None
    assert positions(await fetch(cursor, 2)) == positions(found[700:702])
    await engine.close()
