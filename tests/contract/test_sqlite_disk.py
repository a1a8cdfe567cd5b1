"""What reaches the disk before somebody is answered, and what a disk that does not sync leaves."""

import logging
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from keybus.engines.sqlite import SqliteEngine, checkpointer
from keybus.engines.sqlite.checkpointer import INTERVAL
from keybus.errors import StorageFailed
from keybus.testing.clock import ManualClock
from tests.contract.engines_under_test import ANY, eventually, fetch, positions, record, records
from tests.contract.recording_vfs import RecordingVFS


@pytest.fixture
def disk() -> Iterator[RecordingVFS]:
    disk = RecordingVFS()
    yield disk
    disk.unregister()


async def test_an_answer_comes_after_a_sync_that_followed_the_write(
    disk: RecordingVFS, tmp_path: Path, clock: ManualClock
) -> None:
    engine = SqliteEngine.at(tmp_path / "store.db", clock=clock)
    cursor = await engine.open("a", ANY)
    for index in range(20):
        text = f"a text of its own: {index:04}"
        await engine.append([record(text, "a")])
        assert_synced(disk, text.encode())
        [delivery] = await fetch(cursor)
        await cursor.retry(delivery.position, delay=60, reason=f"a reason of its own: {index:04}")
        assert_synced(disk, f"a reason of its own: {index:04}".encode())
    await engine.close()


def assert_synced(disk: RecordingVFS, text: bytes) -> None:
    wal = [act for act in disk.acts if act.file.endswith("-wal")]
    written = max(index for index, act in enumerate(wal) if text in act.data)
    synced = max((index for index, act in enumerate(wal) if act.verb == "sync"), default=-1)
    assert synced > written


async def test_what_could_not_be_synced_does_not_come_back_after_a_crash(
    disk: RecordingVFS, tmp_path: Path, clock: ManualClock
) -> None:
    path, copy = tmp_path / "store.db", tmp_path / "copy" / "store.db"
    engine = SqliteEngine.at(path, clock=clock)
    kept = list(await engine.append(records(2)))
    disk.failing = "-wal"
    with pytest.raises(StorageFailed):
        await engine.append([record("failed")])
    copy.parent.mkdir()
    for suffix in ("-wal", ""):
        shutil.copy(f"{path}{suffix}", f"{copy}{suffix}")
    disk.failing = None
    crashed = SqliteEngine.at(copy, clock=clock)
    assert [event.position async for event in crashed.read()] == kept
    await crashed.close()
    kept += await engine.append([record("after")])
    assert [event.position async for event in engine.read()] == kept
    await engine.close()


async def test_checkpoints_that_fail_are_logged_once(
    disk: RecordingVFS,
    tmp_path: Path,
    clock: ManualClock,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(checkpointer, "RETRY", 0.05)
    engine = SqliteEngine.at(tmp_path / "store.db", clock=clock)
    cursor = await engine.open("a", ANY)

    def heard() -> int:
        return sum(each.levelno == logging.ERROR for each in caplog.records)

    def checkpointed() -> bool:
        # Moving the WAL writes into the store itself.
        return any(act.file.endswith("store.db") for act in disk.acts)

    def synced() -> bool:
        return any(act.verb == "sync" and act.file.endswith("store.db") for act in disk.acts)

    for _streak in range(2):
        disk.failing = "store.db"
        await engine.append(records(5, "a"))
        await eventually(lambda: heard() > 0)
        for _ in range(3):
            disk.acts.clear()
            await engine.append(records(5, "a"))
            await eventually(checkpointed, patience=20 * INTERVAL)
        assert heard() == 1
        caplog.clear()
        disk.failing = None
        disk.acts.clear()
        await cursor.ack(positions(await fetch(cursor)))
        await eventually(synced)
    await engine.close()
