"""Faults of single operations, of the store's content and of our own: everybody is answered."""

import asyncio
from collections.abc import Awaitable
from pathlib import Path

import apsw
import pytest

from keybus.engines.sqlite import SqliteEngine, committer
from keybus.engines.sqlite.leases import Leases
from keybus.engines.sqlite.log import LogWriter
from keybus.engines.sqlite.reader import Reader
from keybus.errors import EngineError, StorageFailed
from keybus.testing.clock import ManualClock
from tests.contract.engines_under_test import (
    ANY,
    PATIENCE,
    fetch,
    fetch_all,
    positions,
    record,
    records,
    standing,
)

NO_TEXT = "half of a pair: \ud800"


async def outcomes(*work: Awaitable[object]) -> list[type | None]:
    """Of each, the type of what it raised."""
    answers = await asyncio.wait_for(asyncio.gather(*work, return_exceptions=True), PATIENCE)
    return [type(each) if isinstance(each, Exception) else None for each in answers]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


async def test_an_operation_that_cannot_be_written_fails_alone(
    path: Path, clock: ManualClock
) -> None:
    engine = SqliteEngine.at(path, clock=clock)
    cursor = await engine.open("a", ANY)
    one, two, three = await engine.append(records(3, "a"))
    await fetch(cursor)
    found = await outcomes(
        engine.append(records(2, "a", prefix="with")),
        cursor.ack([one]),
        engine.documents.put("c", NO_TEXT, b""),
        cursor.retry(two, delay=9, reason="busy"),
        engine.documents.put("c", "good", b"1"),
        engine.documents.delete(NO_TEXT, "k"),
        engine.open(NO_TEXT, ANY),
        cursor.bury(three, reason="poison"),
        engine.append(records(2, "a", prefix="with")),
    )
    bad = StorageFailed
    assert found == [None, None, bad, None, None, bad, bad, None, None]
    assert await standing(cursor) == (5, 0, 1, 1)
    await engine.close()
    engine = SqliteEngine.at(path, clock=clock)
    assert len([event async for event in engine.read()]) == 7
    assert await standing(await engine.open("a", ANY)) == (5, 0, 1, 1)
    assert await engine.documents.get("c", "good") is not None
    await engine.close()


async def test_a_committer_that_fails_in_itself_refuses_everything_from_then_on(
    path: Path,
    clock: ManualClock,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    engine = SqliteEngine.at(path, clock=clock)
    cursor = await engine.open("a", ANY)
    await engine.append(records(3, "a"))
    held = positions(await fetch(cursor, 1))

    def out_of_memory(_: LogWriter) -> None:
        raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr(LogWriter, "keep", out_of_memory)
        assert await outcomes(engine.append(records(1)), cursor.ack(held)) == [StorageFailed] * 2
    assert (
        await outcomes(
            engine.append(records(1)), cursor.ack(held), engine.documents.put("c", "k", b"")
        )
        == [StorageFailed] * 3
    )
    assert "until it is opened again" in caplog.text
    assert await standing(cursor) == (2, 1, 0, 0)
    await engine.close()
    engine = SqliteEngine.at(path, clock=clock)
    await engine.append(records(1))
    await engine.close()


async def test_an_answer_that_cannot_be_given_leaves_nobody_else_waiting(
    path: Path,
    clock: ManualClock,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    engine = SqliteEngine.at(path, clock=clock)
    cursor = await engine.open("a", ANY)
    await engine.append(records(3, "a"))
    held = positions(await fetch(cursor))

    def broken(*_: object) -> None:
        raise ValueError("no such lease")

    with monkeypatch.context() as patch:
        patch.setattr(Leases, "settled", broken)
        found = await outcomes(
            engine.append(records(1)), cursor.ack(held), engine.documents.put("c", "k", b"")
        )
    assert found == [None, StorageFailed, None]
    assert "no such lease" in caplog.text
    await engine.close()


async def test_appends_wait_where_too_much_is_queued(
    path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(committer, "QUEUE_BYTES", 10)
    engine = SqliteEngine.at(path, clock=clock)
    slow = apsw.Connection(str(path))
    slow.execute("BEGIN IMMEDIATE")  # the committer waits for it, as for a slow disk
    appends = [asyncio.ensure_future(engine.append([record("0123456789")])) for _ in range(4)]
    for _ in range(10):
        await asyncio.sleep(0)
    # What was queued is carried out, what waits for room is not.
    appends[0].cancel()
    appends[1].cancel()
    slow.execute("ROLLBACK")
    slow.close()
    await asyncio.wait(appends, timeout=PATIENCE)
    assert [append.cancelled() for append in appends] == [True, True, False, False]
    assert len([event async for event in engine.read()]) == 3
    late = [asyncio.ensure_future(engine.append([record("0123456789")])) for _ in range(3)]
    await asyncio.sleep(0)
    await engine.close()
    assert await outcomes(*late) == [None, EngineError, EngineError]


@pytest.mark.parametrize(
    "damage",
    [
        "DELETE FROM log WHERE first = 11",
        "UPDATE log SET sizes = x'00' WHERE first = 11",
        "UPDATE log SET sizes = x'' WHERE first = 11",
        "UPDATE log SET envelopes = x'' WHERE first = 11",
    ],
)
async def test_a_damaged_log_is_an_error_and_never_endless(
    path: Path, clock: ManualClock, damage: str
) -> None:
    engine = SqliteEngine.at(path, clock=clock)
    await engine.open("a", ANY)
    for _ in range(3):
        await engine.append(records(10, "a"))
    await engine.close()
    connection = apsw.Connection(str(path))
    connection.execute(damage)
    connection.close()
    engine = SqliteEngine.at(path, clock=clock)
    cursor = await engine.open("a", ANY)

    async def read() -> None:
        async for _ in engine.read():
            pass

    assert await outcomes(cursor.fetch(25), read()) == [StorageFailed] * 2
    assert await standing(cursor) == (30, 0, 0, 0)
    await engine.close()


async def test_a_fetch_cancelled_while_it_reads_leases_nothing(
    path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = SqliteEngine.at(path, clock=clock)
    await engine.open("a", ANY)
    appended = list(await engine.append(records(5, "a")))
    await engine.close()
    engine = SqliteEngine.at(path, clock=clock)
    cursor = await engine.open("a", ANY)
    await cursor.retry((await fetch(cursor, 1))[0].position, delay=0, reason="busy")
    reading = asyncio.Event()

    async def for_ever(*_: object) -> None:
        reading.set()
        await asyncio.Event().wait()

    with monkeypatch.context() as patch:
        patch.setattr(Reader, "events", for_ever)
        fetching = asyncio.ensure_future(cursor.fetch(5))
        await asyncio.wait_for(reading.wait(), PATIENCE)
        assert await standing(cursor) == (5, 0, 0, 0)
        fetching.cancel()
        await asyncio.wait([fetching])
    assert await standing(cursor) == (5, 0, 0, 0)
    assert positions(await asyncio.wait_for(fetch_all(cursor, 5), PATIENCE)) == appended
    await engine.close()


async def test_burials_of_what_is_not_in_memory(path: Path, clock: ManualClock) -> None:
    engine = SqliteEngine.at(path, clock=clock)
    await engine.open("a", ANY)
    for index in range(20):
        await engine.append(records(50, "a", prefix=f"batch-{index}"))
    await engine.close()
    engine = SqliteEngine.at(path, clock=clock)
    cursor = await engine.open("a", ANY)
    found = await fetch_all(cursor, 1_000)
    burials = [cursor.bury(each.position, reason="poison") for each in found]
    assert await outcomes(*burials, engine.append(records(1))) == [None] * 1_001
    letters = {each.position: each.envelope async for each in cursor.dead_letters()}
    assert letters == {each.position: each.envelope for each in found}
    await engine.close()
