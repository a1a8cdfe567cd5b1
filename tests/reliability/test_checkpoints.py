"""A checkpoint whose sync fails: what it moved, and what was moved before it, counts as lost."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import apsw
import pytest

from keybus.engines.sqlite import SqliteEngine, checkpointer
from keybus.errors import StorageFailed
from tests.contract.engines_under_test import ANY, PATIENCE, fetch, record, texts
from tests.reliability.disk import Disk, Fault
from tests.reliability.inspection import check_integrity
from tests.reliability.jumping_clock import JumpingClock
from tests.reliability.weather import failing


class Store:
    """A store on a simulated disk; `kept` is what was acknowledged."""

    def __init__(self, folder: Path, disk: Disk, vfs: str, clock: JumpingClock) -> None:
        self._folder, self._disk, self._vfs, self._clock = folder, disk, vfs, clock
        self.engine = SqliteEngine.at(folder / "store.db", clock=clock, vfs=vfs)
        self.kept: list[str] = []

    async def open(self) -> None:
        await self.engine.open("a", ANY)

    async def append(self, count: int) -> None:
        """So many events, each a transaction, of which none is small."""
        for _ in range(count):
            name = f"event-{len(self.kept)}"
            await self.engine.append([record(name + " " * 5_000, "a")])
            self.kept.append(name)

    async def append_until_it_fails(self) -> None:
        async with asyncio.timeout(PATIENCE):
            while True:
                await self.append(1)
                await asyncio.sleep(0.01)

    def connection(self) -> apsw.Connection:
        connection = apsw.Connection(str(self._folder / "store.db"), vfs=self._vfs)
        connection.set_busy_timeout(int(PATIENCE * 1_000))
        # The WAL is the engine's to move, also where this one is the last that is open.
        connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
        return connection

    def reader(self) -> apsw.Connection:
        """Whoever moves the WAL comes no further than what this one reads."""
        connection = self.connection()
        connection.execute("BEGIN")
        connection.execute("SELECT count(*) FROM log").fetchall()
        return connection

    def wal(self) -> tuple[int, int]:
        """How many pages it has, and how many of them were moved."""
        with contextlib.closing(self.connection()) as connection:
            connection.execute("SELECT count(*) FROM log").fetchall()  # it has not looked before
            return connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_NOOP)

    def is_moved(self) -> bool:
        there, moved = self.wal()
        return there == moved

    def failing_sync(self) -> Fault:
        """The next sync of the store's file fails, and about half of it will not be there."""
        fault = failing("sync", times=1)
        fault.suffix = "store.db"
        self._disk.faults.append(fault)
        return fault

    async def left(self) -> list[str]:
        """What is delivered after a power cut."""
        self._disk.cut()
        with contextlib.suppress(apsw.Error):
            await self.engine.close()
        left = self._folder / "left"
        left.mkdir()
        assert self._disk.left is not None
        for name, content in self._disk.left.items():
            (left / name).write_bytes(content)
        assert list(check_integrity(left / "store.db", "unix")) == []
        engine = SqliteEngine.at(left / "store.db", clock=self._clock)
        found = texts(await fetch(await engine.open("a", ANY), 10_000))
        await engine.close()
        return [text.rstrip() for text in found]


@pytest.fixture
async def store(tmp_path: Path, disk: Disk, vfs: str, clock: JumpingClock) -> AsyncIterator[Store]:
    store = Store(tmp_path, disk, vfs, clock)
    await store.open()
    yield store
    disk.cut()
    with contextlib.suppress(apsw.Error):
        await store.engine.close()


@pytest.fixture(autouse=True)
def _hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpointer, "RETRY", 0.05)


async def tear(store: Store) -> None:
    """Its WAL is moved in part, and then cannot be synced."""
    first = store.reader()
    await store.append(20)
    second = store.reader()
    there, _ = store.wal()
    await store.append(20)
    first.close()
    await store.append(1)  # whoever moves the WAL may have looked just before
    await until(lambda: store.wal()[1] == there)
    fault = store.failing_sync()
    second.close()
    await store.append(1)
    await until(lambda: fault.times < 1)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110 - a file tells nobody
            await asyncio.sleep(0.01)


async def test_what_was_moved_before_a_failed_sync_is_moved_again(store: Store) -> None:
    await tear(store)
    await store.append(1)
    await until(store.is_moved)
    await store.append(1)  # over the WAL's beginning
    assert await store.left() == store.kept


async def test_a_store_closed_after_a_failed_sync_leaves_its_wal(store: Store) -> None:
    await tear(store)
    await store.engine.close()
    assert await store.left() == store.kept


async def test_while_another_program_has_the_store_open_nothing_is_moved_after_a_failed_sync(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    other = store.reader()
    other.execute("COMMIT")
    await tear(store)
    await until(lambda: "another program has the store" in caplog.text)
    _, moved = store.wal()
    await store.append(20)
    assert store.wal()[1] == moved
    other.close()
    await until(store.is_moved)
    await store.append(1)
    assert await store.left() == store.kept


async def test_a_store_that_is_opened_again_in_doubt_moves_nothing_until_it_is_alone(
    store: Store, vfs: str, tmp_path: Path, clock: JumpingClock, caplog: pytest.LogCaptureFixture
) -> None:
    other = store.reader()
    other.execute("COMMIT")
    await tear(store)
    await store.engine.close()
    store.engine = SqliteEngine.at(tmp_path / "store.db", clock=clock, vfs=vfs)
    caplog.clear()
    await store.append(1)
    await until(lambda: "another program has the store" in caplog.text)
    other.close()
    await until(store.is_moved)
    await store.append(1)
    assert await store.left() == store.kept


@pytest.mark.parametrize(
    "reads",
    [each if each in (2, 7) else pytest.param(each, marks=pytest.mark.long) for each in range(14)],
)
async def test_one_read_that_fails_while_it_is_opened_again_ends_nothing(
    store: Store, disk: Disk, reads: int
) -> None:
    await tear(store)
    disk.faults.append(failing("read", times=1, after=reads))
    for _ in range(20):
        with contextlib.suppress(StorageFailed):
            await store.append(1)
        await asyncio.sleep(0.01)
    disk.faults.clear()
    await store.append(1)
    await until(store.is_moved)
    await store.append(1)
    assert set(await store.left()) >= set(store.kept)


async def test_a_store_that_cannot_be_opened_again_says_so_until_its_disk_is_well(
    store: Store, disk: Disk
) -> None:
    await tear(store)
    disk.faults.append(failing("read"))
    with pytest.raises(StorageFailed, match="the disk fails"):
        await store.append_until_it_fails()
    disk.faults.clear()
    await store.append(1)
    await until(store.is_moved)
    await store.append(1)
    assert await store.left() == store.kept
