"""Dead letters in the store: over a crash, over a schema, and a million of them."""

import asyncio
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import apsw
import pytest

from keybus.bus.dead_letters.letters import LetterChoice
from keybus.bus.engine import Cursor
from keybus.engines.sqlite import SqliteEngine
from keybus.engines.sqlite.migrations import migrations
from keybus.engines.sqlite.queries import QUERIES
from keybus.errors import StorageFailed
from keybus.testing.clock import ManualClock
from tests.contract.engines_under_test import (
    ANY,
    fetch,
    fetch_all,
    positions,
    records,
    standing,
    texts,
)
from tests.contract.test_sqlite_bounds import count

ALL = LetterChoice()
KILLED_AFTER = (90, 400, 900)
"""After how many answers each child is killed."""
MILLION = 1_000_000
LAST = f"{1_000 + 19_000:016}"
"""The id of a dead letter far behind."""
FIRST = 6
"""The schema's version from which dead letters have causes."""


def on_file(path: Path, sql: str, *bindings: int) -> None:
    connection = apsw.Connection(str(path))
    try:
        connection.execute(sql, bindings)
    finally:
        connection.close()


async def bury_all(cursor: Cursor, many: int) -> list[int]:
    found = positions(await fetch_all(cursor, many))
    await asyncio.gather(*(cursor.bury(each, reason="poison") for each in found))
    return found


def test_a_process_that_is_killed_while_it_redrives_loses_and_doubles_nothing(
    tmp_path: Path,
) -> None:
    store = tmp_path / "store.db"
    appended: set[str] = set()
    acked: set[str] = set()
    for run, lines in enumerate(KILLED_AFTER):
        child = subprocess.Popen(
            [sys.executable, "-m", "tests.contract.redriving_child", str(store), f"run{run}"],
            cwd=Path(__file__).parents[2],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert child.stdout is not None
        with child, child.stdout:
            said = [child.stdout.readline() for _ in range(lines)]
            child.kill()
            said += child.stdout.readlines()
        words = [line.split() for line in said if line.endswith("\n")]
        appended |= {text for verb, text in words if verb == "appended"}
        acked |= {text for verb, text in words if verb == "acked"}
        # Each is in one place: a dead letter, deliverable, or settled.
        dead, waiting, log = asyncio.run(look(store))
        assert appended <= log
        assert dead.isdisjoint(waiting)
        assert acked.isdisjoint(dead | waiting)
    assert acked


async def look(store: Path) -> tuple[set[str], set[str], set[str]]:
    """Dead letters, what is delivered, and all there ever was; each once."""
    engine = SqliteEngine.at(store)
    cursor = await engine.open("a", ANY)
    state = await cursor.state()
    dead = [each.envelope.decode() async for each in cursor.letters.each()]
    assert state.dead == len(dead) == len(set(dead))
    assert sum(each.count for each in (await cursor.letters.summary(ALL)).groups) == len(dead)
    waiting = texts(await fetch_all(cursor, state.waiting)) if state.waiting else []
    assert len(waiting) == len(set(waiting))
    log = {each.envelope.decode() async for each in engine.read()}
    await engine.close()
    return set(dead), set(waiting), log


async def test_what_was_redriven_survives_with_its_own_bytes(
    tmp_path: Path, clock: ManualClock
) -> None:
    path = tmp_path / "store.db"
    engine = SqliteEngine.at(path, clock=clock)
    cursor = await engine.open("a", ANY)
    await engine.append(records(4, "a"))
    found = await bury_all(cursor, 4)
    assert await cursor.letters.redrive(LetterChoice(), 3) == 3
    await engine.close()
    # As where the log has let go of them.
    on_file(path, "UPDATE log SET envelopes = zeroblob(length(envelopes))")
    engine = SqliteEngine.at(path, clock=clock)
    cursor = await engine.open("a", ANY)
    assert await standing(cursor) == (3, 0, 0, 1)
    delivered = await fetch_all(cursor, 3)
    assert texts(delivered) == ["event-0", "event-1", "event-2"]
    assert all(each.redriven_at for each in delivered)
    await cursor.hold([found[0]], reason="no grant")
    assert [each.envelope async for each in cursor.held()] == [b"event-0"]
    await cursor.bury(found[1], reason="again")
    await cursor.ack([found[2]])
    assert count(path, "SELECT count(*) FROM redriven") == 1
    await cursor.unhold()
    [held] = await fetch(cursor)
    assert held.envelope == b"event-0"
    await cursor.ack([found[0]])
    assert count(path, "SELECT count(*) FROM redriven") == 0
    letters = {each.position: each async for each in cursor.letters.each()}
    assert {each: letters[each].redriven for each in letters} == {found[1]: 1, found[3]: 0}
    assert letters[found[1]].envelope == b"event-1"
    await engine.close()


async def test_a_store_that_fails_leaves_the_letters(tmp_path: Path, clock: ManualClock) -> None:
    path = tmp_path / "store.db"
    engine = SqliteEngine.at(path, clock=clock)
    cursor = await engine.open("a", ANY)
    await engine.append(records(10, "a"))
    await bury_all(cursor, 5)
    blocker = apsw.Connection(str(path))
    blocker.execute(
        "CREATE TRIGGER broken BEFORE DELETE ON dead_letter WHEN old.position = 3"
        " BEGIN SELECT raise(ABORT, 'no'); END;"
        "CREATE TRIGGER shut BEFORE INSERT ON dead_letter WHEN new.position = 7"
        " BEGIN SELECT raise(ABORT, 'no'); END"
    )
    for call in (cursor.letters.redrive(ALL, 9), cursor.letters.purge(ALL, 9)):
        with pytest.raises(StorageFailed):
            await call
    assert await standing(cursor) == (5, 0, 0, 5)
    with pytest.raises(StorageFailed):
        await cursor.expire(2_000, reason="too old", limit=9)
    assert await standing(cursor) == (5, 0, 0, 5)
    blocker.execute("DROP TRIGGER broken; DROP TRIGGER shut")
    blocker.close()
    assert await cursor.letters.redrive(ALL, 9) == 5
    # Redriven just now, so not too old.
    assert await cursor.expire(2_000, reason="too old", limit=9) == 5
    assert await standing(cursor) == (5, 0, 0, 5)
    assert positions(await fetch_all(cursor, 5)) == [1, 2, 3, 4, 5]
    await engine.close()


async def test_dead_letters_of_an_earlier_schema_are_kept(
    tmp_path: Path, clock: ManualClock
) -> None:
    path = tmp_path / "store.db"
    old = apsw.Connection(str(path))
    for version, sql in migrations().items():
        if version < FIRST:
            old.execute(sql)
            old.execute(QUERIES["set_schema_version"], (version,))
    old.execute("INSERT INTO subscription (id, name, floor, sparse) VALUES (1, 'a', 0, x'')")
    event = b'{"id":"e1","detail-type":"order.placed","source":"shop","detail":{}}'
    for buried_at, envelope in ((900, event), (500, b"no JSON"), (950, b'{"id":[1]}')):
        old.execute(
            "INSERT INTO dead_letter (subscription, position, ingested_at, attempts, buried_at,"
            " reason, envelope) VALUES (1, ?, 1, 3, ?, 'poison', ?)",
            (buried_at, buried_at, envelope),
        )
    old.close()
    engine = SqliteEngine.at(path, clock=clock)
    cursor = await engine.open("a", ANY)
    letters = [each async for each in cursor.letters.each()]
    assert [each.position for each in letters] == [900, 500, 950]
    assert [int(each.id) for each in letters] == [901, 902, 953]
    assert [each.cause for each in letters] == ["unknown"] * 3
    assert (letters[0].event_id, letters[0].event_type) == ("e1", "order.placed")
    assert (letters[0].source, letters[1].source) == ("shop", "")
    assert await standing(cursor) == (0, 0, 0, 3)
    assert len((await cursor.letters.summary(ALL)).groups) == 2
    await engine.append(records(1, "a"))
    await bury_all(cursor, 1)
    last = [each.id async for each in cursor.letters.each()][-1]
    assert int(last) == clock.time_us()
    await engine.close()


CALLS: dict[str, Callable[[Cursor], object]] = {
    "the last page": lambda c: c.letters.page(LetterChoice(after=LAST), 10),
    "a page of a rare cause": lambda c: c.letters.page(LetterChoice(cause="rare"), 10),
    "a page of a rare type": lambda c: c.letters.page(LetterChoice(event_type="rare"), 10),
    "one by its id": lambda c: c.letters.page(LetterChoice(ids=(LAST,)), 1),
    "counts by kind": lambda c: c.letters.summary(ALL),
    "counts of a cause": lambda c: c.letters.summary(LetterChoice(cause="rare")),
    "a redrive of one": lambda c: c.letters.redrive(LetterChoice(cause="rare"), 1),
    "a purge of one": lambda c: c.letters.purge(LetterChoice(event_type="rare"), 1),
    "how it stands": lambda c: c.state(),
}


def fill(path: Path, many: int) -> None:
    """So many dead letters of two kinds, and two of others in the middle."""
    on_file(
        path,
        "INSERT INTO dead_letter (id, subscription, position, event_id, event_type, source,"
        " ingested_at, attempts, cause, reason, first_at, last_at, buried_at, redriven, envelope)"
        " WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < ?1)"
        " SELECT 1000 + n, 1, n, '', CASE n WHEN ?1 / 2 THEN 'rare' ELSE 'order.placed' END,"
        " 'shop', 1, 1, CASE n WHEN ?1 / 2 + 1 THEN 'rare' ELSE iif(n % 2, 'rejected', 'attempts')"
        " END, 'poison', 1, 1, 1, 0, zeroblob(200) FROM n",
        many,
    )
    on_file(path, "UPDATE meta SET value = 1000 + ? WHERE key = 'dead_letter'", many)


async def steps(path: Path, call: Callable[[Cursor], object]) -> int:
    """How many steps of SQLite's machine a call takes, in hundreds, on all connections."""
    taken = 0

    def hook(connection: apsw.Connection) -> None:
        def progress() -> bool:
            nonlocal taken
            taken += 1
            return False

        connection.set_progress_handler(progress, 100)

    apsw.connection_hooks.append(hook)
    try:
        engine = SqliteEngine.at(path)
        cursor = await engine.open("a", ANY)
        before = taken
        await call(cursor)  # type: ignore[misc]  # each is a coroutine
        after = taken - before
        await engine.close()
    finally:
        apsw.connection_hooks.remove(hook)
    return after


@pytest.mark.parametrize("many", [20_000, pytest.param(MILLION, marks=pytest.mark.long)])
async def test_however_many_there_are_a_page_a_count_and_a_move_cost_the_same(
    tmp_path: Path, many: int
) -> None:
    path = tmp_path / "store.db"
    engine = SqliteEngine.at(path)
    await engine.open("a", ANY)
    await engine.close()
    fill(path, many)
    costs = {name: await steps(path, call) for name, call in CALLS.items()}
    # A look at each would be two hundred of these, and more.
    assert max(costs.values()) < 40, costs
    engine = SqliteEngine.at(path)
    assert (await engine.queue_state("a")).dead == many - 2
    await engine.close()


@pytest.mark.parametrize("many", [20_000, pytest.param(MILLION, marks=pytest.mark.long)])
async def test_looking_for_what_is_too_old_costs_little_where_nothing_is(
    tmp_path: Path, many: int
) -> None:
    path = tmp_path / "store.db"
    engine = SqliteEngine.at(path)
    await engine.open("a", ANY)
    for start in range(0, many, 1_000):
        await engine.append(records(1_000, "a", prefix=str(start)))
    await engine.close()

    async def expire(cursor: Cursor) -> None:
        assert await cursor.expire(1_000, reason="too old", limit=1_000) == 0

    assert await steps(path, expire) < 5
    engine = SqliteEngine.at(path)
    cursor = await engine.open("a", ANY)
    assert await cursor.expire(1_001, reason="too old", limit=1_000) == 1_000
    assert await standing(cursor) == (many - 1_000, 0, 0, 1_000)
    assert positions(await fetch(cursor, 3)) == [1_001, 1_002, 1_003]
    await engine.close()
