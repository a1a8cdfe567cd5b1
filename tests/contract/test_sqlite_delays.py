"""Delays beyond memory: loads that race settlements, and how long they hold up the loop."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from keybus.bus.engine import Cursor
from keybus.engines.sqlite import SqliteEngine, delays, ledger
from keybus.engines.sqlite.reader import Reader, Row
from keybus.testing.clock import ManualClock
from tests.contract.engines_under_test import (
    ANY,
    append_all,
    fetch,
    fetch_all,
    positions,
    quiet,
    records,
    standing,
)

LIMIT = 8


class SlowReads:
    """Rows that were read are handed over only when the test says so."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.held = asyncio.Event()
        self.go_on = asyncio.Event()
        self.go_on.set()
        rows = Reader.rows

        async def slow(reader: Reader, sql: str, bindings: tuple[int | str, ...]) -> list[Row]:
            found = await rows(reader, sql, bindings)
            self.held.set()
            await self.go_on.wait()
            return found

        patch.setattr(Reader, "rows", slow)

    def hold(self) -> None:
        self.held.clear()
        self.go_on.clear()


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> SlowReads:
    monkeypatch.setattr(delays, "DELAYS_LIMIT", LIMIT)
    monkeypatch.setattr(ledger, "SPARSE_LIMIT", LIMIT)
    return SlowReads(monkeypatch)


class Process:
    """A store, and one subscription of it, opened again and again."""

    def __init__(self, path: Path, clock: ManualClock) -> None:
        self._path, self._clock = path, clock

    async def start(self) -> Cursor:
        self.engine = SqliteEngine.at(self._path, clock=self._clock)
        return await self.engine.open("a", ANY)

    async def restart(self) -> Cursor:
        await self.engine.close()
        return await self.start()


@pytest.fixture
async def process(tmp_path: Path, clock: ManualClock) -> AsyncIterator[Process]:
    process = Process(tmp_path / "store.db", clock)
    yield process
    await process.engine.close()


async def delayed(process: Process, count: int) -> tuple[Cursor, list[int]]:
    """A cursor with so many delays, a second apart, all of them in the store."""
    cursor = await process.start()
    appended = await append_all(process.engine, records(count, "a"))
    await fetch_all(cursor, count)
    for index, position in enumerate(appended):
        await cursor.retry(position, delay=1 + index, reason="busy")
    return await process.restart(), appended


async def test_a_retry_that_lands_during_a_load_hides_nothing_in_the_store(
    process: Process, reads: SlowReads, clock: ManualClock
) -> None:
    cursor, appended = await delayed(process, 3 * LIMIT)
    clock.advance(LIMIT + 0.5)
    first = positions(await fetch_all(cursor, LIMIT))
    assert first == appended[:LIMIT]
    reads.hold()
    loading = asyncio.ensure_future(cursor.fetch(1))
    await reads.held.wait()
    for position in first:
        await cursor.retry(position, delay=0, reason="again")
    reads.go_on.set()
    again = positions(await loading)
    again += positions(await fetch_all(cursor, LIMIT - len(again)))
    assert sorted(again) == first
    await cursor.ack(again)
    assert await standing(cursor) == (2 * LIMIT, 0, 2 * LIMIT, 0)
    clock.advance(100)
    assert sorted(positions(await fetch_all(cursor, 2 * LIMIT))) == appended[LIMIT:]
    assert await standing(cursor) == (0, 2 * LIMIT, 0, 0)


async def test_a_retry_committed_before_a_load_and_told_of_after_it_is_counted_once(
    process: Process, reads: SlowReads, clock: ManualClock
) -> None:
    cursor, appended = await delayed(process, 2 * LIMIT - 3)
    clock.advance(LIMIT + 0.5)
    held = positions(await fetch_all(cursor, LIMIT))
    reads.hold()
    loading = asyncio.ensure_future(cursor.fetch(100))
    retries = [asyncio.ensure_future(cursor.retry(p, delay=50, reason="again")) for p in held]
    await reads.held.wait()
    await asyncio.gather(*retries)
    reads.go_on.set()
    await quiet(process.engine)
    assert await standing(cursor) == (2 * LIMIT - 3, 0, 2 * LIMIT - 3, 0)
    clock.advance(100)
    found = positions(await loading)
    found += positions(await fetch_all(cursor, 2 * LIMIT - 3 - len(found)))
    assert sorted(found) == appended


@pytest.mark.parametrize("settled_by", ["ack", "bury", "retry"])
async def test_what_was_settled_during_a_load_does_not_come_back(
    process: Process, reads: SlowReads, clock: ManualClock, settled_by: str
) -> None:
    # Leases that the floor left behind have rows that are due at once: two pages of an earlier
    # process, then three of this one.
    cursor = await process.start()
    appended = await append_all(process.engine, records(8 * LIMIT, "a"))
    await fetch_all(cursor, 4 * LIMIT)
    await cursor.ack(appended[2 * LIMIT : 4 * LIMIT])
    cursor = await process.restart()
    await fetch_all(cursor, LIMIT)
    await fetch_all(cursor, 5 * LIMIT)
    stuck = appended[4 * LIMIT :][:3]
    await cursor.ack(appended[4 * LIMIT + 3 :])
    reads.hold()
    loading = asyncio.ensure_future(cursor.fetch(100))
    await reads.held.wait()
    for position in stuck:
        if settled_by == "ack":
            await cursor.ack([position])
        elif settled_by == "bury":
            await cursor.bury(position, reason="poison")
        else:
            await cursor.retry(position, delay=600, reason="busy")
    reads.go_on.set()
    await quiet(process.engine)
    assert not loading.done()
    kept, dead = (3 if settled_by == "retry" else 0), (3 if settled_by == "bury" else 0)
    assert await standing(cursor) == (kept, 2 * LIMIT, kept, dead)
    clock.advance(600)
    await cursor.release(appended[:1])
    found = [*await loading]
    found += await fetch_all(cursor, 1 + kept - len(found))
    assert {each.position: each.attempt for each in found} == {
        appended[0]: 1,
        **(dict.fromkeys(stuck, 2) if kept else {}),
    }


@pytest.mark.long
async def test_many_released_leases_do_not_freeze_the_loop(
    process: Process, clock: ManualClock
) -> None:
    cursor = await process.start()
    total = 2 * delays.DELAYS_LIMIT + 2
    appended = await append_all(process.engine, records(total, "a"))
    await fetch_all(cursor, total)
    await asyncio.gather(*(cursor.retry(p, delay=1, reason="busy") for p in appended))
    cursor = await process.restart()
    clock.advance(5)
    held = await fetch_all(cursor, delays.DELAYS_LIMIT)
    await cursor.release(positions(held))
    # Of the processor, as what else the machine does is no work of this loop's.
    began = time.process_time()
    await fetch(cursor, 10)
    assert time.process_time() - began < 0.5
    # The same with as many that are being settled, each on its own.
    held = await fetch_all(cursor, delays.DELAYS_LIMIT)
    steps = [asyncio.ensure_future(cursor.retry(p, delay=1, reason="x")) for p in positions(held)]
    await asyncio.sleep(0)
    began = time.process_time()
    await fetch(cursor, 10)
    await asyncio.gather(*steps)
    assert time.process_time() - began < 4
