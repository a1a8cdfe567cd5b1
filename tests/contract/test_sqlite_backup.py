"""A copy of the store that is taken while it is used, and put back."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import apsw
import msgspec
import pytest

from keybus.bus.engine import Engine
from keybus.engines.sqlite import SqliteEngine
from keybus.engines.sqlite.backup import Manifest, check_backup, restore, take_backup
from keybus.engines.sqlite.backup.manifest import MANIFEST, STORE, Progress
from keybus.errors import StorageFailed
from keybus.testing.clock import ManualClock
from tests.contract.engines_under_test import (
    ANY,
    eventually,
    fetch,
    fetch_all,
    record,
    records,
    standing,
)


def quietly(_: Progress) -> None:
    """Nobody waits."""


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "data" / STORE


@pytest.fixture
async def engine(store: Path, clock: ManualClock) -> AsyncIterator[SqliteEngine]:
    engine = SqliteEngine.at(store, clock=clock)
    yield engine
    await engine.close()


def partial(folder: Path) -> list[str]:
    """What of backups was begun and not brought to its end."""
    return [each.name for each in folder.iterdir() if each.name.startswith(".")]


async def backed_up(store: Path, folder: Path) -> Manifest:
    return await asyncio.to_thread(take_backup, store, folder, quietly)


async def restored(folder: Path, store: Path, clock: ManualClock) -> SqliteEngine:
    await asyncio.to_thread(restore, folder, store, quietly)
    return SqliteEngine.at(store, clock=clock)


async def test_everything_is_as_it_was_at_the_backups_moment(
    engine: Engine, store: Path, tmp_path: Path, clock: ManualClock
) -> None:
    cursor = await engine.open("a", ANY)
    appended = await engine.append(records(10, "a"))
    await fetch(cursor)
    await cursor.ack(appended[:4])
    await cursor.retry(appended[4], delay=60.0, reason="busy")
    await cursor.bury(appended[5], reason="poison")
    await cursor.hold([appended[6]], reason="no grant")
    await engine.documents.put("things", "one", b"1")
    manifest = await backed_up(store, tmp_path / "backup")
    await cursor.ack(appended[7:])
    await engine.append(records(5, "a"))
    assert manifest.last_position == appended[-1]
    assert manifest.subscriptions == 1
    again = await restored(tmp_path / "backup", tmp_path / "again" / STORE, clock)
    cursor = await again.open("a", ANY)
    assert await standing(cursor) == (4, 0, 1, 1)
    assert (await cursor.state()).held == 1
    # What was settled since comes again, and what was put since is gone.
    assert [each.position for each in await fetch(cursor)] == list(appended[7:])
    document = await again.documents.get("things", "one")
    assert document is not None
    assert document.value == b"1"
    assert len([each async for each in again.read()]) == 10
    await again.close()


async def test_under_load_nothing_acknowledged_before_is_missing_and_nothing_is_half(
    engine: Engine, store: Path, tmp_path: Path, clock: ManualClock
) -> None:
    cursor = await engine.open("a", ANY)
    answered = settled = 0
    ending = False

    async def put() -> None:
        nonlocal answered
        while not ending:
            batch = [record(f"{answered + each} {'x' * 500}", "a") for each in range(100)]
            await engine.append(batch)
            answered += 100

    async def consume() -> None:
        nonlocal settled
        while not ending:
            await cursor.ack([each.position for each in await fetch(cursor, 50)])
            settled += 50

    async with asyncio.TaskGroup() as group:
        group.create_task(put())
        group.create_task(consume())
        await eventually(lambda: answered >= 5_000)
        for number in range(3):
            before, done = answered, settled
            manifest = await backed_up(store, tmp_path / f"backup-{number}")
            assert manifest.last_position >= before
            # Commits went on meanwhile, at last after it.
            await eventually(lambda: answered > before and settled > done)  # noqa: B023 - awaited here
            again = await restored(
                tmp_path / f"backup-{number}", tmp_path / f"again-{number}" / STORE, clock
            )
            log = [each.envelope async for each in again.read()]
            assert [int(each.split()[0]) for each in log] == list(range(len(log)))
            assert len(log) == manifest.last_position >= before
            assert len(log) % 100 == 0, "an append is there whole, or not at all"
            copy = await again.open("a", ANY)
            left = (await copy.state()).waiting
            assert left <= len(log) - done
            await fetch_all(copy, left)
            await again.close()
        ending = True


async def test_a_backup_is_its_owners_alone_and_one_file(
    engine: Engine, store: Path, tmp_path: Path
) -> None:
    await engine.append(records(5))
    told: list[Progress] = []
    folder = tmp_path / "backup"
    manifest = await asyncio.to_thread(take_backup, store, folder, told.append)
    assert {each.name for each in folder.iterdir()} == {STORE, MANIFEST}
    if sys.platform != "win32":
        assert folder.stat().st_mode & 0o077 == 0
        assert all(each.stat().st_mode & 0o077 == 0 for each in folder.iterdir())
    assert msgspec.json.decode((folder / MANIFEST).read_bytes(), type=Manifest) == manifest
    assert {each.step for each in told} == {"copying", "checking", "digesting"}
    assert check_backup(folder, quietly) == manifest
    assert partial(tmp_path) == []


async def test_a_backup_overwrites_nothing(engine: Engine, store: Path, tmp_path: Path) -> None:
    await engine.append(records(1))
    (tmp_path / "file").write_text("mine")
    (tmp_path / "folder").mkdir()
    for standing_there in ("file", "folder"):
        with pytest.raises(StorageFailed, match="stands already"):
            take_backup(store, tmp_path / standing_there, quietly)
    for missing in (tmp_path / "no" / "such", tmp_path / "file" / "below"):
        with pytest.raises(StorageFailed):
            take_backup(store, missing, quietly)
    with pytest.raises(StorageFailed, match="no store"):
        take_backup(tmp_path / "nothing.db", tmp_path / "backup", quietly)
    foreign = tmp_path / "foreign.db"
    with apsw.Connection(str(foreign)) as connection:
        connection.execute("CREATE TABLE somebody (else_ TEXT)")
    connection.close()
    with pytest.raises(StorageFailed, match="not a Keybus store"):
        take_backup(foreign, tmp_path / "backup", quietly)
    assert (tmp_path / "file").read_text() == "mine"
    assert not (tmp_path / "backup").exists()
    assert partial(tmp_path) == []


async def test_a_store_that_nobody_uses_is_backed_up_and_stays_as_it_was(
    engine: Engine, store: Path, tmp_path: Path, clock: ManualClock
) -> None:
    await engine.append(records(3))
    await engine.close()
    await backed_up(store, tmp_path / "backup")
    again = SqliteEngine.at(store, clock=clock)
    await again.append(records(1))
    assert len([each async for each in again.read()]) == 4
    await again.close()


async def test_a_restore_replaces_nothing(
    engine: Engine, store: Path, tmp_path: Path, clock: ManualClock
) -> None:
    await engine.append(records(3))
    await backed_up(store, tmp_path / "backup")
    with pytest.raises(StorageFailed, match="stands already"):
        restore(tmp_path / "backup", store, quietly)
    other = tmp_path / "other" / STORE
    another = SqliteEngine.at(other, clock=clock)
    other.rename(tmp_path / "moved")  # only its lock stands
    for beside in ("-wal", "-shm"):
        other.with_name(other.name + beside).unlink()
    with pytest.raises(StorageFailed, match="in use"):
        restore(tmp_path / "backup", other, quietly)
    assert not other.exists()
    with pytest.raises(StorageFailed):
        await another.append(records(1))
    await another.close()


@pytest.mark.parametrize("what", ["bytes", "shorter", "digest", "newer", "format", "no-json"])
async def test_a_backup_that_was_changed_is_refused(
    engine: Engine, store: Path, tmp_path: Path, what: str
) -> None:
    await engine.append(records(3))
    folder = tmp_path / "backup"
    await backed_up(store, folder)
    copy, manifest = folder / STORE, folder / MANIFEST
    whole, said = copy.read_bytes(), json.loads(manifest.read_text())
    if what == "bytes":
        copy.write_bytes(whole[:5_000] + bytes([whole[5_000] ^ 1]) + whole[5_001:])
    elif what == "shorter":
        copy.write_bytes(whole[:-4_096])
    elif what == "no-json":
        manifest.write_text("{")
    else:
        changed = {"digest": {"sha256": "0" * 64}, "newer": {"schema": 9_999}}
        manifest.write_text(json.dumps(said | changed.get(what, {"format": "keybus-backup-2"})))
    again = tmp_path / "again" / STORE
    with pytest.raises(StorageFailed):
        check_backup(folder, quietly)
    with pytest.raises(StorageFailed):
        restore(folder, again, quietly)
    assert not again.exists()
    assert not again.with_name(STORE + ".restoring").exists()


async def test_what_a_killed_restore_left_is_in_nobodys_way(
    engine: Engine, store: Path, tmp_path: Path, clock: ManualClock
) -> None:
    await engine.append(records(3))
    await backed_up(store, tmp_path / "backup")
    again = tmp_path / "again" / STORE
    again.parent.mkdir()
    again.with_name(STORE + ".restoring").write_bytes(b"half")
    opened = await restored(tmp_path / "backup", again, clock)
    assert len([each async for each in opened.read()]) == 3
    await opened.close()
