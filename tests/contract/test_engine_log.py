"""Append and read: the log."""

import asyncio

import pytest

from keybus.bus.engine import Engine
from keybus.errors import EngineError
from tests.contract.engines_under_test import ANY, append_all, fetch, record, records, texts


async def stored(engine: Engine, since: int = 0, until: int | None = None) -> list[str]:
    return [event.envelope.decode() async for event in engine.read(since, until)]


async def test_positions_grow_along_the_log(engine: Engine) -> None:
    first = await engine.append(records(3))
    second = await engine.append(records(2))
    both = [*first, *second]
    assert len(both) == 5
    assert both == sorted(set(both))


async def test_appending_nothing_is_nothing(engine: Engine) -> None:
    assert list(await engine.append([])) == []
    assert await stored(engine) == []


async def test_appends_at_once_each_keep_their_order(engine: Engine) -> None:
    answers = await asyncio.gather(
        *(engine.append(records(5, prefix=f"batch{index}")) for index in range(40))
    )
    events = {event.position: event.envelope.decode() async for event in engine.read()}
    for index, answer in enumerate(answers):
        assert [events[position] for position in answer] == [
            f"batch{index}-{each}" for each in range(5)
        ]
    assert len(events) == 200


async def test_all_or_nothing_where_a_subscription_was_never_opened(engine: Engine) -> None:
    cursor = await engine.open("known", ANY)
    with pytest.raises(EngineError, match="nobody"):
        await engine.append([record("good", "known"), record("bad", "known", "nobody")])
    assert await stored(engine) == []
    await engine.append([record("after", "known")])
    assert texts(await fetch(cursor)) == ["after"]


async def test_a_cancelled_append_is_whole_or_absent(engine: Engine) -> None:
    task = asyncio.ensure_future(engine.append(records(10)))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await engine.append(records(1, prefix="after"))
    assert len(await stored(engine)) in (1, 11)


async def test_read_by_time(engine: Engine) -> None:
    for at in (10, 20, 30, 40):
        await engine.append([record(f"at-{at}", at=at), record(f"at-{at + 5}", at=at + 5)])
    assert await stored(engine, 20, 35) == ["at-20", "at-25", "at-30"]
    assert await stored(engine, until=15) == ["at-10"]
    assert await stored(engine, since=45) == ["at-45"]
    assert await stored(engine, since=46) == []
    assert await stored(engine, 20, 20) == []


async def test_read_by_time_where_the_clock_went_back(engine: Engine) -> None:
    times = [100, 200, 50, 210, 190, 300, 60, 310]
    for at in times:
        await engine.append([record(f"at-{at}", at=at)])
    for since, until in [(0, 100), (50, 61), (190, 211), (0, 1_000), (205, 305)]:
        expected = [f"at-{at}" for at in times if since <= at < until]
        assert await stored(engine, since, until) == expected


async def test_read_goes_on_after_a_position(engine: Engine) -> None:
    positions = [
        each for at in (100, 50, 200) for each in await engine.append(records(3, prefix=f"{at}"))
    ]
    whole = [(event.position, event.envelope) async for event in engine.read()]
    for number, position in enumerate(positions, 1):
        rest = [(each.position, each.envelope) async for each in engine.read(after=position)]
        assert rest == whole[number:]
    assert [event async for event in engine.read(0, 1, after=positions[0])] == []


async def test_read_ends_where_the_log_ended_when_it_began(engine: Engine) -> None:
    await engine.append(records(3))
    seen = []
    async for event in engine.read():
        seen.append(event.envelope)
        await engine.append(records(1, prefix="later"))
    assert len(seen) == 3


async def test_large_events_and_many(engine: Engine) -> None:
    cursor = await engine.open("all", ANY)
    large = [record(f"{index}" * 300_000, "all") for index in range(5)]
    many = records(5_000, "all")
    await append_all(engine, [*large, *many])
    expected = [each.envelope.decode() for each in (*large, *many)]
    assert await stored(engine) == expected
    assert texts(await fetch(cursor, 10_000)) == expected


async def test_a_closed_engine_says_so(engine: Engine) -> None:
    cursor = await engine.open("known", ANY)
    waiting = asyncio.ensure_future(cursor.fetch(1))
    await asyncio.sleep(0)
    await engine.close()
    with pytest.raises(EngineError, match="closed"):
        await waiting
    with pytest.raises(EngineError, match="closed"):
        await engine.append(records(1))
    with pytest.raises(EngineError, match="closed"):
        await engine.open("another", ANY)
    await engine.close()
