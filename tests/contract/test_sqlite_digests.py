"""Digests in a store: over restarts, beside envelopes, and when segments go."""

from collections.abc import AsyncIterator
from pathlib import Path

import apsw
import pytest

from keybus.bus.engine import Engine
from keybus.engines.sqlite import SqliteEngine
from keybus.testing.clock import ManualClock
from tests.contract.engines_under_test import (
    append_all,
    digest,
    digests,
    known,
    record,
    records,
)


@pytest.fixture
async def opened() -> AsyncIterator[list[Engine]]:
    """Engines that are closed in the end."""
    engines: list[Engine] = []
    yield engines
    for engine in engines:
        await engine.close()


def at(folder: Path, clock: ManualClock, opened: list[Engine]) -> SqliteEngine:
    engine = SqliteEngine.at(folder / "store.db", clock=clock)
    opened.append(engine)
    return engine


async def test_they_survive(tmp_path: Path, clock: ManualClock, opened: list[Engine]) -> None:
    engine = at(tmp_path, clock, opened)
    await append_all(engine, [known(number) for number in range(1, 4_001)])
    await engine.append([record("none"), known(4_001)])
    before = await digests(engine)
    assert len(before) == 4_001
    await engine.close()
    engine = at(tmp_path, clock, opened)
    assert await digests(engine) == before
    [position] = await engine.append([known(4_002)])
    assert await digests(engine) == {**before, position: digest(4_002)}
    assert await digests(engine, limit=1) == {position: digest(4_002)}


async def test_events_are_found_that_memory_let_go(
    tmp_path: Path, clock: ManualClock, opened: list[Engine]
) -> None:
    engine = at(tmp_path, clock, opened)
    positions = await append_all(engine, records(5_000))
    await engine.close()
    engine = at(tmp_path, clock, opened)
    asked = [positions[4_999], positions[0], positions[2_500], positions[2_501]]
    found = await engine.stored([*asked, positions[-1] + 1])
    assert {at: each.envelope for at, each in found.items()} == {
        positions[index]: f"event-{index}".encode() for index in (0, 2_500, 2_501, 4_999)
    }


async def test_what_leaves_the_log_leaves_nothing(
    tmp_path: Path, clock: ManualClock, opened: list[Engine]
) -> None:
    engine = at(tmp_path, clock, opened)
    [first] = await engine.append([known(1)])
    [second] = await engine.append([known(2)])
    await engine.close()
    connection = apsw.Connection(str(tmp_path / "store.db"))
    connection.execute("DELETE FROM log WHERE first = ?", (first,))
    connection.close()
    engine = at(tmp_path, clock, opened)
    assert await digests(engine) == {second: digest(2)}
    assert list(await engine.stored([first, second])) == [second]
