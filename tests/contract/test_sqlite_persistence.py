"""What survives a close, and who may not open."""

import asyncio
import stat
from collections.abc import AsyncIterator
from pathlib import Path

import apsw
import pytest

from keybus.bus.engine import Document
from keybus.engines.sqlite import SqliteEngine
from keybus.engines.sqlite.queries import QUERIES, parse
from keybus.errors import StorageFailed
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
    texts,
)


class Stores:
    """One store, opened again and again."""

    def __init__(self, path: Path, clock: ManualClock) -> None:
        self.path, self._clock = path, clock
        self._engine: SqliteEngine | None = None

    async def open(self) -> SqliteEngine:
        await self.close()
        self._engine = SqliteEngine.at(self.path, clock=self._clock)
        return self._engine

    async def close(self) -> None:
        if self._engine is not None:
            await self._engine.close()


@pytest.fixture
async def stores(tmp_path: Path, clock: ManualClock) -> AsyncIterator[Stores]:
    stores = Stores(tmp_path / "folder" / "store.db", clock)
    yield stores
    await stores.close()


async def test_the_log_survives(stores: Stores) -> None:
    engine = await stores.open()
    before = list(await engine.append(records(10)))
    engine = await stores.open()
    after = list(await engine.append(records(1, prefix="after")))
    assert after[0] > before[-1]
    assert [event.position async for event in engine.read()] == before + after


async def test_what_was_not_settled_comes_again(stores: Stores) -> None:
    engine = await stores.open()
    cursor = await engine.open("a", ANY)
    appended = list(await engine.append(records(6, "a")))
    await fetch(cursor, 4)
    await cursor.ack([appended[0], appended[2]])
    engine = await stores.open()
    cursor = await engine.open("a", ANY)
    assert await standing(cursor) == (4, 0, 0, 0)
    again = await fetch(cursor)
    assert positions(again) == [appended[index] for index in (1, 3, 4, 5)]
    assert {delivery.attempt for delivery in again} == {1}


async def test_floor_and_sparse_survive_again_and_again(stores: Stores) -> None:
    engine = await stores.open()
    await engine.open("a", ANY)
    left = list(await engine.append(records(100, "a")))
    step = 0
    while left:
        engine = await stores.open()
        cursor = await engine.open("a", ANY)
        assert (await cursor.state()).waiting == len(left)
        found = positions(await fetch(cursor, 40))
        assert found == left[:40]
        done = found[step % 3 :: 2] or found
        await cursor.ack(done)
        left = [position for position in left if position not in done]
        step += 1
    assert await standing(await (await stores.open()).open("a", ANY)) == (0, 0, 0, 0)


async def test_attempts_and_their_times_survive(stores: Stores, clock: ManualClock) -> None:
    engine = await stores.open()
    cursor = await engine.open("a", ANY)
    one, two = await engine.append(records(2, "a"))
    await fetch(cursor)
    await cursor.retry(one, delay=0.0, reason="busy")
    await fetch(cursor)
    await cursor.retry(one, delay=60.0, reason="busy")
    await cursor.ack([two])
    engine = await stores.open()
    cursor = await engine.open("a", ANY)
    assert await standing(cursor) == (1, 0, 1, 0)
    waiting = asyncio.ensure_future(cursor.fetch(1))
    await quiet(engine)
    assert not waiting.done()
    clock.advance(60.0)
    [delivery] = await asyncio.wait_for(waiting, PATIENCE)
    assert (delivery.position, delivery.attempt) == (one, 3)
    engine = await stores.open()
    cursor = await engine.open("a", ANY)
    [delivery] = await fetch(cursor)
    assert (delivery.position, delivery.attempt) == (one, 3)
    await cursor.ack([one])
    cursor = await (await stores.open()).open("a", ANY)
    assert await standing(cursor) == (0, 0, 0, 0)


async def test_dead_letters_survive_and_own_their_bytes(stores: Stores) -> None:
    engine = await stores.open()
    cursor = await engine.open("a", ANY)
    [position] = await engine.append([record("poison", "a")])
    engine = await stores.open()
    cursor = await engine.open("a", ANY)
    await fetch(cursor)
    await cursor.bury(position, reason="no cure")
    engine = await stores.open()
    cursor = await engine.open("a", ANY)
    assert await standing(cursor) == (0, 0, 0, 1)
    [letter] = [letter async for letter in cursor.dead_letters()]
    assert (letter.envelope, letter.reason, letter.attempts) == (b"poison", "no cure", 1)


async def test_documents_survive_with_their_versions(stores: Stores) -> None:
    documents = (await stores.open()).documents
    version = await documents.put("c", "k", b"1")
    gone = await documents.put("c", "gone", b"1")
    await documents.delete("c", "gone")
    documents = (await stores.open()).documents
    assert await documents.get("c", "k") == Document("k", version, b"1")
    assert await documents.put("c", "gone", b"2", expected=0) > gone


async def test_a_subscription_known_from_before_may_be_matched_before_it_is_opened(
    stores: Stores,
) -> None:
    await (await stores.open()).open("a", ANY)
    engine = await stores.open()
    await engine.append(records(2, "a", prefix="before"))
    cursor, _ = await asyncio.gather(
        engine.open("a", ANY), engine.append(records(2, "a", prefix="during"))
    )
    await engine.append(records(1, "a", prefix="after"))
    assert await standing(cursor) == (5, 0, 0, 0)
    assert texts(await fetch_all(cursor, 5)) == [
        *("before-0", "before-1", "during-0", "during-1", "after-0"),
    ]


async def test_only_its_owner_may_read_the_store(stores: Stores) -> None:
    engine = await stores.open()
    await engine.append(records(1))
    assert stat.S_IMODE(stores.path.parent.stat().st_mode) == 0o700
    files = list(stores.path.parent.iterdir())
    assert len(files) >= 3
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


async def test_a_second_opener_is_refused(stores: Stores) -> None:
    engine = await stores.open()
    with pytest.raises(StorageFailed, match="in use by another process"):
        SqliteEngine.at(stores.path)
    await engine.append(records(1))
    await stores.open()


async def test_a_newer_schema_is_refused(stores: Stores) -> None:
    await stores.open()
    await stores.close()
    with apsw.Connection(str(stores.path)) as connection:
        connection.execute("UPDATE meta SET value = 999 WHERE key = 'schema'")
    connection.close()
    with pytest.raises(StorageFailed, match="schema version 999, newer"):
        SqliteEngine.at(stores.path)
    with pytest.raises(StorageFailed, match="newer"):
        SqliteEngine.at(stores.path)


BACK_TO = {
    9: "DROP TABLE dropped",
    8: "DROP INDEX dead_letter_by_position",
    7: "ALTER TABLE subscription DROP COLUMN filled",
    6: "DROP TRIGGER forget_digests; DROP TABLE digest",
    5: "DROP TRIGGER settle_redriven; DROP TABLE redriven; DROP TABLE dead_letter;"
    "DROP TABLE letter_count; DELETE FROM meta WHERE key = 'dead_letter';"
    "ALTER TABLE exception DROP COLUMN first_at; ALTER TABLE exception DROP COLUMN last_at;"
    "ALTER TABLE held DROP COLUMN first_at; ALTER TABLE held DROP COLUMN last_at;"
    "CREATE TABLE dead_letter (id INTEGER PRIMARY KEY, subscription INTEGER NOT NULL,"
    " position INTEGER NOT NULL, ingested_at INTEGER NOT NULL, attempts INTEGER NOT NULL,"
    " buried_at INTEGER NOT NULL, reason TEXT NOT NULL, envelope BLOB NOT NULL) STRICT;"
    "CREATE INDEX dead_letter_by_subscription ON dead_letter (subscription)",
    3: "DROP INDEX exception_by_group; DROP INDEX held_by_group;"
    "ALTER TABLE exception DROP COLUMN grp; ALTER TABLE exception DROP COLUMN alone;"
    "ALTER TABLE held DROP COLUMN grp; ALTER TABLE subscription DROP COLUMN ordered;"
    "ALTER TABLE subscription DROP COLUMN fetched; ALTER TABLE subscription DROP COLUMN fetched_due;"
    "ALTER TABLE subscription DROP COLUMN fetched_at",
    2: "DROP TABLE held; DROP TABLE removed; ALTER TABLE subscription DROP COLUMN held;"
    "DELETE FROM meta WHERE key = 'subscription'",
    1: "ALTER TABLE exception DROP COLUMN delay; ALTER TABLE exception DROP COLUMN noted_at",
}
"""What undoes the schema's versions after each."""


@pytest.mark.parametrize("version", [1, 2, 3])
async def test_stores_of_earlier_schemas_are_kept(
    stores: Stores, clock: ManualClock, version: int
) -> None:
    engine = await stores.open()
    cursor = await engine.open("a", ANY)
    [position] = await engine.append(records(1, "a"))
    await fetch(cursor)
    await cursor.retry(position, delay=40.0, reason="busy")
    await stores.close()
    with apsw.Connection(str(stores.path)) as connection:
        for each, undo in BACK_TO.items():
            if each >= version:
                connection.execute(undo)
        connection.execute("UPDATE meta SET value = ? WHERE key = 'schema'", (version,))
    connection.close()
    engine = await stores.open()
    cursor, another = await engine.open("a", ANY), await engine.open("b", ANY)
    assert await standing(cursor) == (1, 0, 1, 0)
    assert await standing(another) == (0, 0, 0, 0)
    clock.advance(40.0)
    assert (await fetch(cursor))[0].attempt == 2
    await cursor.hold([position], reason="no grant")
    cursor = await (await stores.open()).open("a", ANY)
    assert (await cursor.state()).held == await cursor.unhold() == 1
    assert (await fetch(cursor))[0].attempt == 2


async def test_a_file_that_is_no_store_is_refused(tmp_path: Path) -> None:
    foreign = tmp_path / "foreign.db"
    connection = apsw.Connection(str(foreign))
    connection.execute("CREATE TABLE somebody (else_ TEXT)")
    connection.close()
    with pytest.raises(StorageFailed, match="not a Keybus store"):
        SqliteEngine.at(foreign)
    noise = tmp_path / "noise.db"
    noise.write_bytes(b"not a database at all, but long enough to be looked at" * 100)
    with pytest.raises(StorageFailed, match=r"noise\.db"):
        SqliteEngine.at(noise)
    with pytest.raises(StorageFailed):
        SqliteEngine.at(noise / "below" / "a-file.db")


def test_every_query_has_one_name() -> None:
    assert len(QUERIES) > 20
    assert all(QUERIES.values())
    with pytest.raises(ValueError, match="twice"):
        parse("-- name: twice\nSELECT 1;\n-- name: twice\nSELECT 2;\n")
