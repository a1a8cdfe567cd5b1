"""A disk that is full, and has room again."""

import asyncio
import resource
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from keybus.engines.sqlite import SqliteEngine
from keybus.errors import StorageFailed
from keybus.testing.clock import ManualClock
from tests.contract.engines_under_test import (
    ANY,
    fetch,
    fetch_all,
    positions,
    record,
    records,
    standing,
    texts,
)


@contextmanager
def full_disk() -> Iterator[None]:
    """No file of this process may grow beyond a kilobyte: the system refuses to write more."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_024, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


async def refused(*work: Coroutine[object, object, object]) -> None:
    answers = await asyncio.gather(*work, return_exceptions=True)
    assert [type(answer) for answer in answers] == [StorageFailed] * len(work)


async def test_a_full_disk_fails_its_callers_and_keeps_what_was_answered(
    tmp_path: Path, clock: ManualClock
) -> None:
    path = tmp_path / "store.db"
    engine = SqliteEngine.at(path, clock=clock)
    cursor = await engine.open("a", ANY)
    [held] = await engine.append(records(1, "a", prefix="held"))
    kept = list(await engine.append(records(10, "a", prefix="kept")))
    await fetch(cursor, 6)
    await cursor.hold([held], reason="no grant")
    await cursor.ack([kept[1]])
    with full_disk():
        await refused(*(engine.append(records(5, "a")) for _ in range(3)))
        await refused(
            cursor.ack([kept[0]]),
            cursor.retry(kept[3], delay=0.0, reason="busy"),
            cursor.bury(kept[4], reason="poison"),
            engine.documents.put("c", "k", b"1"),
            engine.open("another", ANY),
            cursor.hold([kept[2]], reason="no grant"),
            cursor.unhold(),
            engine.remove("a"),
        )
        assert (await cursor.state()).held == 1
        assert await engine.queues() == ["a"]
        # What failed changed nothing, and what stands can be read.
        assert await standing(cursor) == (5, 4, 0, 0)
        assert len([event async for event in engine.read()]) == 11
        assert positions(await fetch(cursor, 1)) == [kept[5]]
    assert await engine.documents.get("c", "k") is None
    # Leases stand as before, so that each may be settled after all.
    await cursor.ack([kept[0], kept[2], kept[5]])
    await cursor.retry(kept[3], delay=0.0, reason="busy")
    await cursor.bury(kept[4], reason="poison")
    [late] = await engine.append([record("late", "a")])
    assert late > kept[-1]
    await engine.close()
    engine = SqliteEngine.at(path, clock=clock)
    cursor = await engine.open("a", ANY)
    assert [each.position async for each in cursor.held()] == [held]
    assert await cursor.unhold() == 1
    found = await fetch_all(cursor, 7)
    assert positions(found) == [held, kept[3], *kept[6:], late]
    assert [each.attempt for each in found[:3]] == [1, 2, 1]
    assert texts(found)[-1] == "late"
    assert await standing(cursor) == (0, 7, 0, 1)
    assert len([event async for event in engine.read()]) == 12
    await engine.close()


async def test_a_group_that_failed_between_two_leaves_no_gap_in_the_floor(
    tmp_path: Path, clock: ManualClock
) -> None:
    path = tmp_path / "store.db"
    engine = SqliteEngine.at(path, clock=clock)
    cursor = await engine.open("a", ANY)
    appended = list(await engine.append(records(300, "a")))
    first = positions(await fetch(cursor, 100))
    with full_disk(), pytest.raises(StorageFailed):
        await cursor.ack(first)
    second = positions(await fetch(cursor, 100))
    await cursor.ack(second)
    with full_disk(), pytest.raises(StorageFailed):
        await cursor.ack(first[:50])
    await cursor.ack(first[50:])
    await engine.close()
    engine = SqliteEngine.at(path, clock=clock)
    cursor = await engine.open("a", ANY)
    assert positions(await fetch_all(cursor, 150)) == appended[:50] + appended[200:]
    await engine.close()
