"""What is held, and what was removed, in the store: restarts, bounds, and rows left behind."""

import asyncio
from pathlib import Path

import apsw
import pytest

from keybus.engines.sqlite import SqliteEngine, committer, delays, held, removal
from keybus.errors import StorageFailed
from keybus.testing.clock import ManualClock
from tests.contract.engines_under_test import (
    ANY,
    append_all,
    eventually,
    fetch,
    fetch_all,
    positions,
    records,
    standing,
)

TABLES = ("match", "exception", "held", "dead_letter", "removed")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


def rows(path: Path) -> dict[str, int]:
    """How many rows there are of what subscriptions leave."""
    connection = apsw.Connection(str(path))
    try:
        counts = {each: connection.execute(f"SELECT count(*) FROM {each}").get for each in TABLES}
        return {each: int(count) for each, count in counts.items()}
    finally:
        connection.close()


async def test_what_is_held_stays_so_over_restarts(path: Path, clock: ManualClock) -> None:
    engine = SqliteEngine.at(path, clock=clock)
    cursor = await engine.open("a", ANY)
    appended = await append_all(engine, records(3_000, "a"))
    await fetch_all(cursor, 2_500)
    await cursor.retry(appended[0], delay=0.0, reason="busy")
    await fetch(cursor, 1)
    await cursor.hold(appended[:1_000], reason="no grant")
    await cursor.hold(appended[1_000:2_000], reason="no grant")
    await engine.close()
    # They are in a table of their own, and the floor has passed them.
    assert rows(path)["held"] == 2_000
    assert rows(path)["exception"] == 0
    engine = SqliteEngine.at(path, clock=clock)
    cursor = await engine.open("a", ANY)
    assert await standing(cursor) == (1_000, 0, 0, 0)
    assert (await cursor.state()).held == 2_000
    assert [each.attempts async for each in cursor.held()] == [1, *[0] * 1_999]
    assert positions(await fetch_all(cursor, 1_000)) == appended[2_000:]
    assert await cursor.unhold() == 2_000
    await engine.close()
    engine = SqliteEngine.at(path, clock=clock)
    cursor = await engine.open("a", ANY)
    assert (await cursor.state()).held == 0
    found = await fetch_all(cursor, 3_000)
    assert sorted(positions(found)) == appended
    assert {each.position: each.attempt for each in found}[appended[0]] == 2
    await cursor.ack(appended)
    assert rows(path)["exception"] == 0
    await engine.close()


async def test_many_come_back_through_a_small_memory_in_log_order(
    path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delays, "DELAYS_LIMIT", 64)
    monkeypatch.setattr(held, "UNHOLD_PAGE", 50)
    engine = SqliteEngine.at(path, clock=clock)
    cursor = await engine.open("a", ANY)
    appended = await append_all(engine, records(2_000, "a"))
    await fetch_all(cursor, 2_000)
    later = appended[::10]
    for position in later:
        await cursor.retry(position, delay=60.0, reason="busy")
    aside = [position for position in appended if position not in set(later)]
    await cursor.hold(aside, reason="no grant")
    found: list[int] = []

    async def consume() -> None:
        while len(found) < len(aside):
            part = positions(await fetch(cursor, 30))
            await cursor.ack(part)
            found.extend(part)

    _, count = await asyncio.gather(consume(), cursor.unhold())
    assert count == len(aside)
    assert found == aside
    assert await standing(cursor) == (200, 0, 200, 0)
    clock.advance(60)
    assert sorted(positions(await fetch_all(cursor, 200))) == later
    await engine.close()


async def test_an_unhold_that_breaks_off_goes_on_when_called_again(
    path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(held, "UNHOLD_PAGE", 10)
    engine = SqliteEngine.at(path, clock=clock)
    cursor = await engine.open("a", ANY)
    appended = list(await engine.append(records(100, "a")))
    await fetch(cursor)
    await cursor.hold(appended, reason="no grant")
    unholding = asyncio.ensure_future(cursor.unhold())
    assert positions(await fetch(cursor, 5)) == appended[:5]
    unholding.cancel()
    await asyncio.wait([unholding])
    await engine.close()
    engine = SqliteEngine.at(path, clock=clock)
    cursor = await engine.open("a", ANY)
    left = (await cursor.state()).held
    assert 0 < left <= 90
    assert await standing(cursor) == (100 - left, 0, 0, 0)
    assert await cursor.unhold() == left
    assert sorted(positions(await fetch_all(cursor, 100))) == appended
    await engine.close()


async def used(engine: SqliteEngine, name: str) -> None:
    """A queue with rows in every table."""
    cursor = await engine.open(name, ANY)
    appended = await append_all(engine, records(400, name))
    await fetch_all(cursor, 300)
    await cursor.hold(appended[:100], reason="no grant")
    await asyncio.gather(*(cursor.bury(each, reason="poison") for each in appended[100:200]))
    retries = [cursor.retry(each, delay=60.0, reason="busy") for each in appended[200:300]]
    await asyncio.gather(*retries)


async def test_what_a_removed_queue_left_is_swept_and_others_keep_theirs(
    path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(removal, "SWEEP_ROWS", 30)
    engine = SqliteEngine.at(path, clock=clock)
    await used(engine, "b")
    before = rows(path)
    await used(engine, "a")
    await engine.remove("a")
    await eventually(lambda: rows(path) == before)
    await engine.remove("b")
    await eventually(lambda: not any(rows(path).values()))
    await engine.close()


async def test_a_sweep_that_broke_off_goes_on_at_the_next_start(
    path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = SqliteEngine.at(path, clock=clock)
    await used(engine, "a")
    before = rows(path)
    with monkeypatch.context() as patch:
        patch.setattr(removal, "SWEEP_ROWS", 1)
        await engine.remove("a")
        await engine.close()
    left = rows(path)
    assert left["removed"] == 1
    assert 0 < left["held"] <= before["held"]
    engine = SqliteEngine.at(path, clock=clock)
    assert await engine.queues() == []
    # The new one has nothing to do with the rows of the old one.
    fresh = await engine.open("a", ANY)
    assert await standing(fresh) == (0, 0, 0, 0)
    await eventually(lambda: not any(rows(path).values()))
    await engine.close()


async def test_an_append_overtaken_by_a_removal_is_kept_without_the_match(
    path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(committer, "QUEUE_BYTES", 10)
    engine = SqliteEngine.at(path, clock=clock)
    await engine.open("a", ANY)
    cursor = await engine.open("b", ANY)
    # The second waits for room, while what needs none overtakes it.
    appends = [
        asyncio.ensure_future(engine.append(records(2, "a", "b", prefix=f"long-{each}")))
        for each in range(2)
    ]
    await asyncio.sleep(0)
    await engine.remove("a")
    first, second = await asyncio.gather(*appends)
    assert positions(await fetch_all(cursor, 4)) == [*first, *second]
    fresh = await engine.open("a", ANY)
    assert await standing(fresh) == (0, 0, 0, 0)
    await eventually(lambda: rows(path)["match"] == 2 and rows(path)["removed"] == 0)
    await engine.close()


async def test_a_removal_that_cannot_be_written_leaves_the_queue_in_use(
    path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = SqliteEngine.at(path, clock=clock)
    cursor = await engine.open("a", ANY)
    appended = list(await engine.append(records(2, "a")))

    def full(*_: object) -> None:
        raise apsw.FullError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(removal.Remove, "apply", full)
        with pytest.raises(StorageFailed):
            await engine.remove("a")
    assert await engine.queues() == ["a"]
    await cursor.ack(positions(await fetch(cursor)))
    appended += await engine.append(records(1, "a"))
    assert positions(await fetch(cursor)) == appended[2:]
    await engine.close()
