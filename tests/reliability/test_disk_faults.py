"""Disks that are full, do not sync or cannot be read: it is told, and nothing acknowledged is lost."""

import contextlib
from collections.abc import Callable
from pathlib import Path

import apsw
import pytest

from keybus.engines.sqlite import SqliteEngine
from keybus.envelope import decode
from keybus.errors import StorageFailed
from keybus.protocol import Settlement
from tests.contract.engines_under_test import ANY, fetch, positions, record, records, texts
from tests.reliability.disk import Disk, Fault
from tests.reliability.history import Cut, History
from tests.reliability.jumping_clock import JumpingClock
from tests.reliability.kills.event import number_of
from tests.reliability.parts import storms
from tests.reliability.small_bus import put, small_bus
from tests.reliability.told import problems
from tests.reliability.weather import failing, full
from tests.unit.bus.consuming import Consumer, turns

FAULTS: dict[str, tuple[Callable[[], Fault], str]] = {
    "full": (full, "disk is full"),
    "writes": (lambda: failing("write"), "disk fails"),
    "syncs": (lambda: failing("sync"), "disk fails"),
}
DOUBTFUL = "while it fails"


@pytest.mark.parametrize("name", FAULTS)
async def test_a_disk_that_fails_is_told_and_worked_on_once_it_is_well(
    name: str, disk: Disk, vfs: str, tmp_path: Path, clock: JumpingClock
) -> None:
    fault, told = FAULTS[name]
    engine = SqliteEngine.at(tmp_path / "store.db", clock=clock, vfs=vfs)
    cursor = await engine.open("a", ANY)
    await engine.append(records(3, "a"))
    held = positions(await fetch(cursor, 1))
    disk.faults.append(fault())
    with pytest.raises(StorageFailed, match=told) as caught:
        await engine.append([record(DOUBTFUL, "a")])
    assert caught.value.hint
    with pytest.raises(StorageFailed, match=told):
        await engine.documents.put("tests", "key", b"x" * 100_000)
    with pytest.raises(StorageFailed, match=told):
        await cursor.bury(held[0], reason="poison")
    # What can be read is still delivered.
    held += positions(await fetch(cursor, 1))
    disk.faults.clear()
    await cursor.ack(held)
    await engine.append([record("after it", "a")])
    assert await left(engine, disk, tmp_path, clock) == ["event-2", "after it"]


async def test_one_sync_that_fails_costs_one_answer_and_nothing_else(
    disk: Disk, vfs: str, tmp_path: Path, clock: JumpingClock
) -> None:
    engine = SqliteEngine.at(tmp_path / "store.db", clock=clock, vfs=vfs)
    await engine.open("a", ANY)
    kept = []
    for index in range(20):
        if index % 3 == 0:
            disk.faults[:] = [failing("sync", times=1)]
            with pytest.raises(StorageFailed, match="disk fails"):
                await engine.append([record(DOUBTFUL, "a")])
        await engine.append([record(f"kept {index}", "a")])
        kept.append(f"kept {index}")
    assert await left(engine, disk, tmp_path, clock) == kept


async def test_what_cannot_be_read_is_told_and_delivered_later(
    disk: Disk, vfs: str, tmp_path: Path, clock: JumpingClock
) -> None:
    engine = SqliteEngine.at(tmp_path / "store.db", clock=clock, vfs=vfs)
    await engine.open("a", ANY)
    await engine.append(records(50, "a"))
    await engine.close()
    engine = SqliteEngine.at(tmp_path / "store.db", clock=clock, vfs=vfs)
    cursor = await engine.open("a", ANY)
    disk.faults.append(failing("read"))
    with pytest.raises(StorageFailed, match="could not be read: the disk fails"):
        await cursor.fetch(100)
    disk.faults.clear()
    assert texts(await fetch(cursor)) == texts_of(50)
    await engine.close()


async def test_a_store_whose_disk_cannot_be_read_is_not_opened_and_says_why(
    disk: Disk, vfs: str, tmp_path: Path, clock: JumpingClock
) -> None:
    engine = SqliteEngine.at(tmp_path / "store.db", clock=clock, vfs=vfs)
    await engine.open("a", ANY)
    await engine.append(records(5, "a"))
    await engine.close()
    disk.faults.append(failing("read"))
    with pytest.raises(StorageFailed, match="the disk fails"):
        SqliteEngine.at(tmp_path / "store.db", clock=clock, vfs=vfs)
    disk.faults.clear()
    engine = SqliteEngine.at(tmp_path / "store.db", clock=clock, vfs=vfs)
    assert texts(await fetch(await engine.open("a", ANY))) == texts_of(5)
    await engine.close()


async def test_a_bus_on_a_full_disk_refuses_events_and_goes_on_when_there_is_room(
    disk: Disk, vfs: str, tmp_path: Path, clock: JumpingClock
) -> None:
    engine = SqliteEngine.at(tmp_path / "store.db", clock=clock, vfs=vfs)
    async with small_bus(engine, tmp_path / "app", clock) as bus:
        consumer = Consumer(bus, "everything")
        [taken] = await put(bus, 1)
        assert taken.event_id
        [first] = await consumer.until(1)
        disk.faults.append(full())
        [refused] = await put(bus, 2)
        assert not refused.event_id
        assert "full" in refused.message
        # An acknowledgement that could not be kept: the event comes again, when there is room.
        await consumer.ack(first)
        disk.faults.clear()
        [taken] = await put(bus, 3)
        assert taken.event_id
        await turns()
        clock.advance(10)
        came = await consumer.until(3)
        assert [number_of(bytes(decode(each.envelope).detail)) for each in came] == [1, 1, 3]
        await consumer.settle(Settlement(ack=[each.position for each in came]))
        assert (await bus.dispatcher("everything").cursor.state()).waiting == 0
    await engine.close()


@pytest.mark.parametrize("seed", range(5))
async def test_nothing_answered_is_lost_in_storms_of_faults(seed: int) -> None:
    found = await storms(History(seed))
    assert problems(found) == []
    assert failures(found)


@pytest.mark.soak
@pytest.mark.timeout(300)
async def test_nothing_answered_is_lost_in_many_storms_of_faults() -> None:
    found = [cut for seed in range(100, 130) for cut in await storms(History(seed))]
    assert problems(found) == []
    assert failures(found) > 300


def failures(found: list[Cut]) -> int:
    """How often a store said that it could not."""
    return sum(cut.failures for cut in found)


def texts_of(count: int) -> list[str]:
    return [each.envelope.decode() for each in records(count)]


async def left(engine: SqliteEngine, disk: Disk, folder: Path, clock: JumpingClock) -> list[str]:
    """What is to be delivered after a power cut, but for what nobody was told of."""
    disk.cut()
    with contextlib.suppress(apsw.Error):
        await engine.close()
    (folder / "left").mkdir()
    assert disk.left is not None
    for name, content in disk.left.items():
        (folder / "left" / name).write_bytes(content)
    engine = SqliteEngine.at(folder / "left" / "store.db", clock=clock)
    found = texts(await fetch(await engine.open("a", ANY)))
    await engine.close()
    return [text for text in found if text != DOUBTFUL]
