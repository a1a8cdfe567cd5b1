"""Queues that are closed, opened again, and removed, while others use them."""

import asyncio
from collections.abc import Awaitable

import pytest

from keybus.bus.engine import Cursor, Engine
from keybus.errors import EngineError
from keybus.testing.clock import ManualClock
from tests.contract.engines_under_test import (
    ANY,
    PATIENCE,
    fetch,
    fetch_all,
    positions,
    quiet,
    records,
    standing,
)


async def refused(*work: Awaitable[object]) -> None:
    answers = await asyncio.wait_for(asyncio.gather(*work, return_exceptions=True), PATIENCE)
    assert [type(answer) for answer in answers] == [EngineError] * len(work)


async def everything_refused(cursor: Cursor) -> None:
    async def read_held() -> None:
        async for _ in cursor.held():
            pass

    async def read_dead() -> None:
        async for _ in cursor.dead_letters():
            pass

    await refused(
        cursor.fetch(1),
        cursor.ack([1]),
        cursor.retry(1, delay=0.0, reason="busy"),
        cursor.bury(1, reason="poison"),
        cursor.hold([1], reason="no grant"),
        cursor.unhold(),
        cursor.state(),
        read_held(),
        read_dead(),
    )
    await cursor.release([1])


async def one_of_each(engine: Engine) -> list[int]:
    """Of queue a: acknowledged, delayed, dead, held, leased, waiting."""
    cursor = await engine.open("a", ANY)
    acked, delayed, dead, held, leased, waiting = await engine.append(records(6, "a"))
    await fetch(cursor, 5)
    await cursor.ack([acked])
    await cursor.retry(delayed, delay=5.0, reason="busy")
    await cursor.bury(dead, reason="poison")
    await cursor.hold([held], reason="no grant")
    return [acked, delayed, dead, held, leased, waiting]


async def test_a_queue_opened_again_goes_on_where_it_stood(
    engine: Engine, clock: ManualClock
) -> None:
    _, delayed, _, held, leased, waiting = await one_of_each(engine)
    before = await engine.open("a", ANY)
    await engine.close_queue("a")
    await everything_refused(before)
    [later] = await engine.append(records(1, "a"))
    after = await engine.open("a", ANY)
    assert await standing(after) == (4, 0, 1, 1)
    assert (await after.state()).held == 1
    found = await fetch(after)
    assert positions(found) == [leased, waiting, later]
    assert {each.attempt for each in found} == {1}
    clock.advance(5)
    assert [(each.position, each.attempt) for each in await fetch(after)] == [(delayed, 2)]
    assert await after.unhold() == 1
    assert positions(await fetch(after)) == [held]


async def test_closing_a_queue_ends_a_fetch_that_waits(engine: Engine) -> None:
    cursor = await engine.open("a", ANY)
    waiting = asyncio.ensure_future(cursor.fetch(1))
    await quiet(engine)
    await engine.close_queue("a")
    with pytest.raises(EngineError, match="was closed"):
        await asyncio.wait_for(waiting, PATIENCE)


async def test_closing_what_is_not_open_does_nothing(engine: Engine) -> None:
    await engine.close_queue("a")
    cursor = await engine.open("a", ANY)
    await engine.close_queue("a")
    await engine.close_queue("a")
    again = await engine.open("a", ANY)
    assert again is not cursor
    assert await engine.open("a", ANY) is again


async def test_what_was_begun_before_a_queue_closed_is_settled(engine: Engine) -> None:
    cursor = await engine.open("a", ANY)
    appended = list(await engine.append(records(4, "a")))
    await fetch(cursor, 3)
    settling = [
        asyncio.ensure_future(cursor.ack([appended[0]])),
        asyncio.ensure_future(cursor.retry(appended[1], delay=0.0, reason="busy")),
        asyncio.ensure_future(cursor.hold([appended[2]], reason="no grant")),
    ]
    await asyncio.sleep(0)
    await engine.close_queue("a")
    again = await engine.open("a", ANY)
    await asyncio.gather(*settling)
    assert (await again.state()).held == 1
    found = await fetch_all(again, 2)
    assert [(each.position, each.attempt) for each in found] == [(appended[1], 2), (appended[3], 1)]


async def test_queues_and_how_they_stand_open_or_not(engine: Engine) -> None:
    assert await engine.queues() == []
    await one_of_each(engine)
    await engine.open("b", ANY)
    assert await engine.queues() == ["a", "b"]
    state = await engine.queue_state("a")
    assert (state.waiting, state.in_flight, state.delayed, state.dead, state.held) == (
        2,
        1,
        1,
        1,
        1,
    )
    await engine.close_queue("a")
    await engine.append(records(3, "a", "b"))
    assert await engine.queues() == ["a", "b"]
    state = await engine.queue_state("a")
    assert (state.waiting, state.in_flight, state.delayed, state.dead, state.held) == (
        6,
        0,
        1,
        1,
        1,
    )
    with pytest.raises(EngineError, match="no such subscription: c"):
        await engine.queue_state("c")


async def test_a_removed_queue_is_gone_and_its_name_makes_a_new_one(engine: Engine) -> None:
    await one_of_each(engine)
    before, other = await engine.open("a", ANY), await engine.open("b", ANY)
    await engine.append(records(2, "b"))
    await engine.remove("a")
    assert await engine.queues() == ["b"]
    await everything_refused(before)
    with pytest.raises(EngineError, match="no such subscription: a"):
        await engine.append(records(1, "a", "b"))
    after = await engine.open("a", ANY)
    assert await standing(after) == (0, 0, 0, 0)
    assert (await after.state()).held == 0
    assert [each async for each in after.dead_letters()] == []
    [position] = await engine.append(records(1, "a"))
    [delivery] = await fetch(after)
    assert (delivery.position, delivery.attempt) == (position, 1)
    assert await standing(other) == (2, 0, 0, 0)


@pytest.mark.parametrize("closed", [False, True])
async def test_removing_a_queue_that_is_closed_or_not_there(
    engine: Engine, *, closed: bool
) -> None:
    await engine.open("b", ANY)
    if closed:
        await one_of_each(engine)
        await engine.close_queue("a")
    await engine.remove("a")
    await engine.remove("a")
    assert await engine.queues() == ["b"]


async def test_removing_a_queue_while_everybody_uses_it(engine: Engine) -> None:
    for turn in range(20):
        cursor = await engine.open("a", ANY)
        other = await engine.open("b", ANY)
        appended = list(await engine.append(records(8, "a", prefix=f"turn-{turn}")))
        await fetch(cursor, 6)
        fetching = asyncio.ensure_future(cursor.fetch(1))
        work: list[Awaitable[object]] = [
            engine.append(records(3, "a", "b")),
            cursor.ack(appended[:2]),
            cursor.hold(appended[2:4], reason="no grant"),
            cursor.retry(appended[4], delay=0.0, reason="busy"),
            cursor.bury(appended[5], reason="poison"),
            cursor.unhold(),
        ]
        work.insert(turn % (len(work) + 1), engine.remove("a"))
        tasks = [asyncio.ensure_future(each) for each in work]
        for _ in range(turn % 4):
            await asyncio.sleep(0)
        opening = asyncio.ensure_future(engine.open("a", ANY))
        answers = await asyncio.wait_for(
            asyncio.gather(*tasks, fetching, return_exceptions=True), PATIENCE
        )
        # Whoever came too late was told so.
        assert all(type(each) is EngineError for each in answers if isinstance(each, Exception))
        await opening
        await engine.remove("a")
        fresh = await engine.open("a", ANY)
        assert await standing(fresh) == (0, 0, 0, 0)
        assert (await fresh.state()).held == 0
        state = await other.state()
        if state.waiting:
            await other.ack(positions(await fetch_all(other, state.waiting)))


async def test_opening_and_removing_at_once_end_in_a_queue_that_works(engine: Engine) -> None:
    for turn in range(10):
        await engine.open("a", ANY)
        work: list[Awaitable[object]] = [
            engine.remove("a"),
            engine.open("a", ANY),
            engine.close_queue("a"),
            engine.open("a", ANY),
            engine.remove("a"),
            engine.open("a", ANY),
        ]
        tasks = [asyncio.ensure_future(each) for each in work]
        await asyncio.sleep(0)
        for task in tasks[: turn % 4]:
            task.cancel()
        await asyncio.wait(tasks, timeout=PATIENCE)
        cursor = await engine.open("a", ANY)
        [position] = await engine.append(records(1, "a"))
        assert positions(await fetch(cursor)) == [position]
        await cursor.ack([position])
        assert await standing(cursor) == (0, 0, 0, 0)
