"""Steps of one cursor that meet half way."""

import asyncio
from pathlib import Path

import pytest

from keybus.engines.sqlite import SqliteEngine, delays
from keybus.testing.clock import ManualClock
from tests.contract.engines_under_test import (
    ANY,
    PATIENCE,
    fetch,
    fetch_all,
    positions,
    record,
    records,
)

SECOND = 1_000_000


@pytest.fixture
async def engine(tmp_path: Path, clock: ManualClock) -> SqliteEngine:
    return SqliteEngine.at(tmp_path / "store.db", clock=clock)


async def test_a_retry_that_lands_while_a_fetch_waits_for_an_unhold_comes_back(
    engine: SqliteEngine, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delays, "DELAYS_LIMIT", 4)
    cursor = await engine.open("a", ANY)
    first, *others, last = await engine.append(records(12, "a"))
    await fetch_all(cursor, 12)
    await cursor.hold([last], reason="no grant")
    # So many that memory keeps the next four, and the store alone the other five.
    for seconds, position in enumerate(others[:9], 1):
        await cursor.retry(position, delay=10 * seconds, reason="busy")
    await cursor.ack(others[9:])
    clock.advance(40)
    assert len(await fetch_all(cursor, 4)) == 4
    # The fetch wants what is in the store alone, and waits its turn behind the unhold; the retry
    # is durable before, and due before anything that is in the store alone.
    _, freed, fetched = await asyncio.wait_for(
        asyncio.gather(
            cursor.retry(first, delay=0, reason="busy"), cursor.unhold(), cursor.fetch(1)
        ),
        PATIENCE,
    )
    assert freed == 1
    assert positions(fetched) == [first]
    assert positions(await fetch(cursor)) == [last]
    await engine.close()


async def test_what_is_out_is_not_passed_over_where_nothing_was_too_old(
    engine: SqliteEngine, tmp_path: Path, clock: ManualClock
) -> None:
    cursor = await engine.open("a", ANY)
    await engine.append([record("out", "a", at=clock.time_us())])
    [out] = await fetch(cursor)
    before = clock.time_us() + SECOND
    assert await cursor.expire(before, reason="too old", limit=10) == 0
    await engine.append([record("handled", "a", at=before)])
    await cursor.ack(positions(await fetch(cursor)))
    await engine.close()
    engine = SqliteEngine.at(tmp_path / "store.db", clock=clock)
    again = await fetch(await engine.open("a", ANY))
    assert positions(again) == [out.position]
    await engine.close()


async def test_an_append_wakes_a_fetch_that_begins_after_everything_due_was_too_old(
    engine: SqliteEngine, clock: ManualClock
) -> None:
    cursor = await engine.open("a", ANY)
    await engine.append([record("old", "a", at=clock.time_us())])
    [old] = await fetch(cursor)
    await cursor.retry(old.position, delay=0, reason="busy")
    before = clock.time_us() + SECOND
    assert await cursor.expire(before, reason="too old", limit=10) == 1
    fetched, appended = await asyncio.wait_for(
        asyncio.gather(cursor.fetch(1), engine.append([record("new", "a", at=before)])), PATIENCE
    )
    assert positions(fetched) == list(appended)
    await engine.close()
