"""What was out when the process died is known after the next start, and little beside it."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import apsw
import pytest

from keybus.bus.engine import ORDER, Cursor, Delivery, Group
from keybus.engines.sqlite import SqliteEngine, marks
from keybus.engines.sqlite.queries import query
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


class Crashing:
    """One store; each crash goes on with its files as they were at that moment."""

    def __init__(self, folder: Path, clock: ManualClock) -> None:
        self._folder, self._clock, self._count = folder, clock, 0
        self.engine = self._open()

    @property
    def path(self) -> Path:
        return self._folder / str(self._count) / "store.db"

    async def crash(self) -> SqliteEngine:
        old, dying = self.path, self.engine
        self._count += 1
        self.path.parent.mkdir()
        # The WAL first: a checkpoint in between moves frames that the copy has.
        for suffix in ("-wal", ""):
            if (file := old.with_name(old.name + suffix)).exists():
                shutil.copy(file, self.path.with_name(file.name))
        await dying.close()
        self.engine = self._open()
        return self.engine

    async def restart(self) -> SqliteEngine:
        await self.engine.close()
        self.engine = self._open()
        return self.engine

    def _open(self) -> SqliteEngine:
        return SqliteEngine.at(self.path, clock=self._clock)


@pytest.fixture
async def crashing(tmp_path: Path, clock: ManualClock) -> AsyncIterator[Crashing]:
    crashing = Crashing(tmp_path, clock)
    yield crashing
    await crashing.engine.close()


async def test_what_was_out_at_a_crash_is_to_go_by_itself(crashing: Crashing) -> None:
    cursor = await crashing.engine.open("a", ANY)
    appended = list(await crashing.engine.append(records(10, "a")))
    await fetch(cursor, 6)
    await cursor.ack(appended[:2])
    engine = await crashing.crash()
    cursor = await engine.open("a", ANY)
    later = list(await engine.append(records(3, "a")))
    found = {each.position: each.alone for each in await fetch_all(cursor, 11)}
    assert [found[each] for each in appended[2:6]] == [True] * 4
    assert [found[each] for each in later] == [False] * 3
    assert {each.attempt for each in await fetch_again(cursor, list(found))} == {1}


async def fetch_again(cursor: Cursor, leased: list[int]) -> list[Delivery]:
    await cursor.release(leased)
    return await fetch_all(cursor, len(leased))


async def test_of_a_backlog_few_are_taken_for_what_was_out(crashing: Crashing) -> None:
    cursor = await crashing.engine.open("a", ANY)
    appended = await append_all(crashing.engine, records(6_000, "a"))
    for start in range(0, 3_000, 100):
        await cursor.ack(positions(await fetch_all(cursor, 100)))
        assert start < 3_000
    await fetch_all(cursor, 100)
    engine = await crashing.crash()
    cursor = await engine.open("a", ANY)
    found = await fetch_all(cursor, 3_000)
    alone = [each.position for each in found if each.alone]
    assert alone[:100] == appended[3_000:3_100]
    assert len(alone) <= 100 + marks.AHEAD
    assert alone == appended[3_000 : 3_000 + len(alone)]


async def test_what_was_closed_in_order_had_nothing_out(crashing: Crashing) -> None:
    cursor = await crashing.engine.open("a", ANY)
    await crashing.engine.append(records(10, "a"))
    await fetch(cursor, 5)
    engine = await crashing.restart()
    cursor = await engine.open("a", ANY)
    assert not any(each.alone for each in await fetch_all(cursor, 10))
    await engine.close_queue("a")
    await quiet(engine)
    engine = await crashing.crash()
    cursor = await engine.open("a", ANY)
    assert not any(each.alone for each in await fetch_all(cursor, 10))


async def test_of_what_was_tried_before_what_was_out_is_known(
    crashing: Crashing, clock: ManualClock
) -> None:
    cursor = await crashing.engine.open("a", ANY)
    appended = list(await crashing.engine.append(records(6, "a")))
    await fetch(cursor)
    for number, each in enumerate(appended):
        await cursor.retry(each, delay=1.0 + number, reason="busy", group="g")
    clock.advance(3.5)
    assert positions(await fetch(cursor)) == appended[:3]
    await cursor.ack(appended[:1])
    engine = await crashing.crash()
    cursor = await engine.open("a", ANY)
    clock.advance(10)
    found = await fetch_all(cursor, 5)
    assert [(each.position, each.alone, each.attempt) for each in sorted(found, key=str)] == [
        (each, each in appended[1:3], 2) for each in appended[1:]
    ]


async def test_an_attempt_counted_ahead_stands_after_a_crash(crashing: Crashing) -> None:
    cursor = await crashing.engine.open("a", ANY)
    one, two = await crashing.engine.append(records(2, "a"))
    for attempt in (1, 2, 3):
        found = {each.position: each.attempt for each in await fetch_all(cursor, 2)}
        assert found == {one: attempt, two: 1}
        await cursor.begin(one, reason="the bus stopped with it")
        cursor = await (await crashing.crash()).open("a", ANY)
    [first, second] = await fetch_all(cursor, 2)
    assert (first.alone, first.attempt, second.alone) == (True, 4, True)
    await cursor.ack([one, two])
    cursor = await (await crashing.crash()).open("a", ANY)
    assert await standing(cursor) == (0, 0, 0, 0)


async def test_groups_are_known_after_a_crash(crashing: Crashing) -> None:
    cursor = await crashing.engine.open("a", ANY)
    appended = list(await crashing.engine.append(records(9, "a")))
    await fetch(cursor)
    await cursor.retry(appended[0], delay=60.0, reason="busy", group="g")
    await cursor.hold(appended[1:4], reason=ORDER, group="g")
    await cursor.hold(appended[4:6], reason="no grant", group="h")
    for _ in range(2):
        cursor = await (await crashing.crash()).open("a", ANY)
        assert list(await cursor.groups()) == [
            Group("g", 1, appended[3], appended[1]),
            Group("h", 0, appended[5], appended[4]),
        ]
        state = await cursor.state()
        assert (state.ordered, state.held, state.waiting) == (3, 2, 7)
    assert await cursor.unhold("g", 2) == 2
    cursor = await (await crashing.crash()).open("a", ANY)
    assert next(iter(await cursor.groups())) == Group("g", 3, appended[3], appended[3])
    state = await cursor.state()
    assert (state.ordered, state.held, state.waiting) == (1, 2, 7)


async def test_groups_are_asked_after_all_that_was_submitted(crashing: Crashing) -> None:
    cursor = await crashing.engine.open("a", ANY)
    appended = list(await crashing.engine.append(records(2, "a")))
    await fetch(cursor)
    _, _, groups = await asyncio.gather(
        cursor.retry(appended[0], delay=0.0, reason="busy", group="g"),
        cursor.hold(appended[1:], reason=ORDER, group="h"),
        cursor.groups(),
    )
    assert [each.name for each in groups] == ["g", "h"]


async def test_finding_a_group_takes_no_scan(crashing: Crashing) -> None:
    cursor = await crashing.engine.open("a", ANY)
    appended = await append_all(crashing.engine, records(3_000, "a"))
    await fetch_all(cursor, 3_000)
    await cursor.hold(appended[:2_900], reason=ORDER, group="g")
    await cursor.hold(appended[2_900:], reason=ORDER, group="h")
    await quiet(crashing.engine)
    connection = apsw.Connection(str(crashing.path))
    steps = 0

    def count() -> bool:
        nonlocal steps
        steps += 1
        return False

    connection.set_progress_handler(count, 1)
    subscription = connection.execute("SELECT id FROM subscription").get
    for sql, bindings in (
        (query("groups"), (subscription,)),
        (query("held_page_of_group"), (subscription, "h", 10_000, 5)),
    ):
        steps = 0
        assert list(connection.execute(sql, bindings))
        assert steps < 1_000, sql
    connection.close()
