"""Deliveries that are put aside, and come back when somebody says so."""

import asyncio

import pytest

from keybus.bus.engine import Engine, Held
from keybus.errors import EngineError
from keybus.testing.clock import ManualClock
from tests.contract.engines_under_test import (
    ANY,
    PATIENCE,
    fetch,
    fetch_all,
    positions,
    quiet,
    record,
    records,
    standing,
)


async def test_what_is_held_is_not_delivered_and_holds_up_nothing(engine: Engine) -> None:
    cursor = await engine.open("a", ANY)
    appended = list(await engine.append(records(6, "a")))
    await fetch(cursor, 4)
    await cursor.hold(appended[:3], reason="no grant")
    assert await standing(cursor) == (2, 1, 0, 0)
    assert (await cursor.state()).held == 3
    assert positions(await fetch(cursor)) == appended[4:]
    await cursor.ack(appended[3:])
    waiting = asyncio.ensure_future(cursor.fetch(10))
    await quiet(engine)
    assert not waiting.done()
    assert await cursor.unhold() == 3
    assert positions(await asyncio.wait_for(waiting, PATIENCE)) == appended[:3]
    assert (await cursor.state()).held == 0
    await cursor.ack(appended)
    assert await standing(cursor) == (0, 0, 0, 0)


async def test_holding_counts_no_attempt(engine: Engine) -> None:
    cursor = await engine.open("a", ANY)
    fresh, tried = await engine.append(records(2, "a"))
    await fetch(cursor)
    await cursor.retry(tried, delay=0.0, reason="busy")
    await fetch(cursor)
    for _ in range(3):
        await cursor.hold([tried, fresh], reason="no grant")
        assert await cursor.unhold() == 2
        found = {each.position: each.attempt for each in await fetch_all(cursor, 2)}
        assert found == {fresh: 1, tried: 2}
    await cursor.retry(fresh, delay=0.0, reason="busy")
    await cursor.bury(tried, reason="poison")
    assert [each.attempts async for each in cursor.dead_letters()] == [2]
    assert [each.attempt for each in await fetch(cursor)] == [2]


async def test_what_is_held_says_why_in_log_order(engine: Engine, clock: ManualClock) -> None:
    cursor = await engine.open("a", ANY)
    one, two = await engine.append([record("one", "a", at=5), record("two", "a", at=6)])
    await fetch(cursor)
    await cursor.retry(one, delay=0.0, reason="busy")
    await cursor.hold([two], reason="grant g2 expired")
    since = clock.time_us()
    clock.advance(3)
    await fetch(cursor)
    await cursor.hold([one], reason="gewährt bis gestern")
    assert [each async for each in cursor.held()] == [
        Held(one, 5, b"one", 1, "gewährt bis gestern", since + 3_000_000),
        Held(two, 6, b"two", 0, "grant g2 expired", since),
    ]
    assert await cursor.unhold() == 2
    assert [each async for each in cursor.held()] == []


async def test_many_come_back_in_log_order_before_the_line(engine: Engine) -> None:
    cursor = await engine.open("a", ANY)
    appended = list(await engine.append(records(1_000, "a")))
    for _ in range(9):
        found = positions(await fetch(cursor, 100))
        # Held in any order.
        await cursor.hold(found[::-1], reason="no grant")
    assert len([each async for each in cursor.held()]) == 900
    assert await cursor.unhold() == 900
    found = [*positions(await fetch_all(cursor, 1_000, limit=70))]
    assert found == appended
    assert await cursor.unhold() == 0


async def test_delays_go_on_while_others_come_back(engine: Engine, clock: ManualClock) -> None:
    cursor = await engine.open("a", ANY)
    soon, late, held = await engine.append(records(3, "a"))
    await fetch(cursor)
    await cursor.retry(soon, delay=5.0, reason="busy")
    await cursor.retry(late, delay=9.0, reason="busy")
    await cursor.hold([held], reason="no grant")
    assert await standing(cursor) == (2, 0, 2, 0)
    assert await cursor.unhold() == 1
    assert await standing(cursor) == (3, 0, 2, 0)
    assert positions(await fetch(cursor)) == [held]
    clock.advance(5)
    assert positions(await fetch(cursor)) == [soon]
    clock.advance(4)
    assert positions(await fetch(cursor)) == [late]


async def test_holding_what_is_not_leased_does_nothing(engine: Engine) -> None:
    cursor = await engine.open("a", ANY)
    one, two = await engine.append(records(2, "a"))
    await fetch(cursor, 1)
    await cursor.hold([one, one, two, 10_000], reason="no grant")
    await cursor.hold([one], reason="again")
    await cursor.ack([one])
    assert (await cursor.state()).held == 1
    assert positions(await fetch(cursor)) == [two]


async def test_a_hold_whose_reason_is_no_text_leaves_the_leases(engine: Engine) -> None:
    cursor = await engine.open("a", ANY)
    [position] = await engine.append(records(1, "a"))
    await fetch(cursor)
    with pytest.raises(EngineError, match="reason"):
        await cursor.hold([position], reason="\ud800")
    assert await standing(cursor) == (0, 1, 0, 0)


async def test_of_a_hold_and_others_at_once_one_counts(engine: Engine) -> None:
    cursor = await engine.open("a", ANY)
    [position] = await engine.append(records(1, "a"))
    await fetch(cursor)
    await asyncio.gather(
        cursor.hold([position], reason="no grant"),
        cursor.ack([position]),
        cursor.retry(position, delay=0.0, reason="late"),
    )
    assert await standing(cursor) == (0, 0, 0, 0)
    assert await cursor.unhold() == 1
    assert [each.attempt for each in await fetch(cursor)] == [1]


async def test_what_is_tried_again_held_and_unheld_at_once_is_not_lost(engine: Engine) -> None:
    cursor = await engine.open("a", ANY)
    appended = list(await engine.append(records(20, "a")))
    await fetch(cursor)
    for position in appended:
        await cursor.retry(position, delay=0.0, reason="busy")
    await fetch_all(cursor, 20)
    # Both may be written by the same transaction.
    await asyncio.gather(cursor.hold(appended, reason="no grant"), cursor.unhold())
    await cursor.unhold()
    assert await standing(cursor) == (20, 0, 0, 0)
    found = await fetch_all(cursor, 20)
    assert {each.attempt for each in found} == {2}
    assert sorted(positions(found)) == appended


async def test_unholding_twice_at_once_brings_each_back_once(engine: Engine) -> None:
    cursor = await engine.open("a", ANY)
    appended = list(await engine.append(records(50, "a")))
    await fetch(cursor)
    await cursor.hold(appended, reason="no grant")
    counts = await asyncio.gather(cursor.unhold(), cursor.unhold())
    assert sum(counts) == 50
    assert positions(await fetch_all(cursor, 50)) == appended
    assert await standing(cursor) == (0, 50, 0, 0)
