"""Opening a store: what fails is told, and what was made is there after a power cut."""

import os
from pathlib import Path

import pytest

from keybus.engines.sqlite import SqliteEngine
from keybus.errors import StorageFailed
from tests.reliability.disk import Disk
from tests.reliability.jumping_clock import JumpingClock
from tests.reliability.life import written
from tests.reliability.weather import failing


@pytest.mark.parametrize("after", range(15))
async def test_a_sync_that_fails_while_a_store_is_made_is_told(
    after: int, disk: Disk, vfs: str, clock: JumpingClock
) -> None:
    fault = failing("sync", times=1, after=after)
    disk.faults.append(fault)
    told = ""
    with written({}) as folder:
        try:
            engine = SqliteEngine.at(folder / "store.db", clock=clock, vfs=vfs)
        except StorageFailed as error:
            told = str(error)
        struck = fault.times < 1
        disk.faults.clear()
        if not told:
            await engine.close()
    assert ("cannot open the store" in told) == struck


async def test_folders_are_made_so_that_a_power_cut_leaves_them(
    tmp_path: Path, clock: JumpingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[int] = []
    really = os.fsync

    def fsync(descriptor: int) -> None:
        synced.append(os.fstat(descriptor).st_ino)
        really(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    for _ in range(2):
        engine = SqliteEngine.at(tmp_path / "a" / "b" / "store.db", clock=clock)
        await engine.close()
    # Each name stands in the folder above it; what was there already is nobody's to sync.
    assert sorted(synced) == sorted(each.stat().st_ino for each in (tmp_path, tmp_path / "a"))
    assert (tmp_path / "a" / "b").stat().st_mode & 0o777 == 0o700
