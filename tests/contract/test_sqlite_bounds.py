"""What must stay bounded however far a consumer is behind, and must still be right."""

import asyncio
from pathlib import Path

import apsw
import pytest

from keybus.engines.sqlite import SqliteEngine
from keybus.testing.clock import ManualClock
from tests.contract.engines_under_test import (
    ANY,
    append_all,
    fetch,
    fetch_all,
    positions,
    record,
    records,
    standing,
)


def count(path: Path, sql: str) -> int:
    connection = apsw.Connection(str(path))
    try:
        return int(connection.execute(sql).get)
    finally:
        connection.close()


async def test_a_backlog_far_beyond_memory_comes_in_order(
    tmp_path: Path, clock: ManualClock
) -> None:
    engine = SqliteEngine.at(tmp_path / "store.db", clock=clock)
    cursor, third = await engine.open("all", ANY), await engine.open("third", ANY)
    batch = [record("x", "all", *(("third",) if each % 3 == 0 else ())) for each in range(3_000)]
    appended: list[int] = []
    for _ in range(60):
        appended += await append_all(engine, batch)
    assert await standing(cursor) == (180_000, 0, 0, 0)
    found: list[int] = []
    while len(found) < len(appended):
        deliveries = positions(await fetch(cursor, 5_000))
        await cursor.ack(deliveries)
        found += deliveries
        if len(found) % 50_000 == 0:
            # Appends go on while the consumer catches up.
            appended += await append_all(engine, batch)
    assert found == appended
    assert positions(await fetch_all(third, len(appended) // 3)) == appended[::3]
    await engine.close()


async def test_appends_while_the_backlog_is_loaded_are_not_lost(
    tmp_path: Path, clock: ManualClock
) -> None:
    path = tmp_path / "store.db"
    engine = SqliteEngine.at(path, clock=clock)
    await engine.open("a", ANY)
    appended = list(await engine.append(records(50, "a")))
    await engine.close()
    engine = SqliteEngine.at(path, clock=clock)
    cursor = await engine.open("a", ANY)
    found: list[int] = []

    async def publish() -> None:
        for _ in range(100):
            appended.extend(await engine.append(records(3, "a")))

    async def consume() -> None:
        while len(found) < 350:
            found.extend(positions(await fetch(cursor, 7)))

    await asyncio.gather(publish(), consume())
    assert found == appended
    await engine.close()


async def test_a_stuck_lease_is_left_behind_by_the_floor(
    tmp_path: Path, clock: ManualClock
) -> None:
    path = tmp_path / "store.db"
    engine = SqliteEngine.at(path, clock=clock)
    cursor = await engine.open("a", ANY)
    appended = await append_all(engine, records(9_000, "a"))
    await fetch_all(cursor, 9_000)
    stuck = [appended[0], appended[10], appended[4_000]]
    done = [position for position in appended if position not in stuck]
    for start in range(0, len(done), 500):
        await cursor.ack(done[start : start + 500])
    assert await standing(cursor) == (0, 3, 0, 0)
    assert count(path, "SELECT length(sparse) FROM subscription") <= 8 * 2_500
    assert count(path, "SELECT count(*) FROM exception") == len(stuck)
    # Settled late, each in its own way, by whoever still holds it.
    await cursor.ack([stuck[0]])
    await cursor.retry(stuck[1], delay=0.0, reason="slow")
    assert count(path, "SELECT count(*) FROM exception") == 2
    await engine.close()
    engine = SqliteEngine.at(path, clock=clock)
    cursor = await engine.open("a", ANY)
    assert await standing(cursor) == (2, 0, 0, 0)
    again = {delivery.position: delivery.attempt for delivery in await fetch_all(cursor, 2)}
    assert again == {stuck[1]: 2, stuck[2]: 1}
    await cursor.ack(list(again))
    assert count(path, "SELECT count(*) FROM exception") == 0
    await engine.close()


async def test_match_rows_under_the_floor_are_deleted(tmp_path: Path, clock: ManualClock) -> None:
    path = tmp_path / "store.db"
    engine = SqliteEngine.at(path, clock=clock)
    cursor = await engine.open("a", ANY)
    for _ in range(200):
        await engine.append(records(100, "a"))
        await cursor.ack(positions(await fetch_all(cursor, 100)))
    assert count(path, "SELECT count(*) FROM match") < 100
    assert count(path, "SELECT sum(last - first + 1) FROM log") == 20_000
    await engine.close()


@pytest.mark.long
async def test_delays_far_beyond_memory_come_in_the_order_of_their_times(
    tmp_path: Path, clock: ManualClock
) -> None:
    path = tmp_path / "store.db"
    engine = SqliteEngine.at(path, clock=clock)
    cursor = await engine.open("a", ANY)
    total = 36_000
    appended = await append_all(engine, records(total, "a"))
    await fetch_all(cursor, total, limit=total)
    await asyncio.gather(
        *(
            cursor.retry(position, delay=1.0 + (position * 7_919 % total), reason="busy")
            for position in appended
        )
    )
    assert await standing(cursor) == (total, 0, total, 0)
    clock.advance(total + 1.0)
    first = await fetch_all(cursor, total // 3)
    await cursor.ack(positions(first))
    await engine.close()
    engine = SqliteEngine.at(path, clock=clock)
    cursor = await engine.open("a", ANY)
    rest = await fetch_all(cursor, total - len(first))
    assert sorted(positions(first) + positions(rest)) == appended
    assert {delivery.attempt for delivery in [*first, *rest]} == {2}
    await cursor.ack(positions(rest))
    assert await standing(cursor) == (0, 0, 0, 0)
    await engine.close()
