"""The simulated disk: what was synced is left, and of the rest anything may be."""

import random

import apsw
import pytest

from tests.reliability.disk import SECTOR, Disk, Fault, PowerIsOff

SEEDS = range(200)
NAME, WAL = "store.db", "store.db-wal"
OLD, NEW = b"o" * 4 * SECTOR, b"n" * 4 * SECTOR


def left_of(seed: int) -> bytes:
    """Of a file that was synced, and written over without a sync."""
    disk = Disk({NAME: OLD}, random.Random(seed))
    disk.write(NAME, 0, NEW)
    disk.cut()
    assert disk.left is not None
    return disk.left[NAME]


def sectors(content: bytes) -> set[bytes]:
    return {content[start : start + SECTOR] for start in range(0, len(content), SECTOR)}


def test_what_was_synced_is_left_whatever_happens() -> None:
    for seed in SEEDS:
        disk = Disk({NAME: OLD}, random.Random(seed))
        disk.write(NAME, SECTOR, NEW)
        disk.sync(NAME)
        disk.write(NAME, 5 * SECTOR, OLD)
        disk.cut()
        assert disk.left is not None
        assert disk.left[NAME][: 5 * SECTOR] == OLD[:SECTOR] + NEW


def test_what_was_not_synced_is_kept_or_lost_or_torn_between_sectors() -> None:
    found = {left_of(seed) for seed in SEEDS}
    assert {OLD, NEW} < found
    for content in found:
        assert sectors(content) <= {OLD[:SECTOR], NEW[:SECTOR]}


def test_later_writes_may_be_kept_without_earlier_ones() -> None:
    found = set()
    for seed in SEEDS:
        disk = Disk({NAME: OLD}, random.Random(seed))
        disk.write(NAME, 0, NEW[:SECTOR])
        disk.write(NAME, SECTOR, NEW[:SECTOR])
        disk.cut()
        assert disk.left is not None
        found.add(disk.left[NAME][: 2 * SECTOR])
    assert OLD[:SECTOR] + NEW[:SECTOR] in found


def test_a_truncation_is_undone_where_it_was_not_synced() -> None:
    sizes = set()
    for seed in SEEDS:
        disk = Disk({NAME: OLD}, random.Random(seed))
        disk.truncate(NAME, SECTOR)
        disk.cut()
        assert disk.left is not None
        sizes.add(len(disk.left[NAME]))
    assert sizes == {SECTOR, len(OLD)}


def test_a_name_is_left_for_certain_once_the_first_sync_of_a_wal_synced_the_folder() -> None:
    there = {"before": set[bool](), "after": set[bool]()}
    for seed in SEEDS:
        for when in there:
            disk = Disk({}, random.Random(seed))
            disk.open(NAME, create=False)
            disk.open(WAL, create=True)
            if when == "after":
                disk.sync(WAL)
            disk.cut()
            assert disk.left is not None
            there[when] |= {name in disk.left for name in (NAME, WAL)}
    assert there == {"before": {True, False}, "after": {True}}


def test_a_deleted_file_may_come_back_unless_the_folder_was_synced() -> None:
    there = {True: set[bool](), False: set[bool]()}
    for seed in SEEDS:
        for sync, found in there.items():
            disk = Disk({WAL: OLD}, random.Random(seed))
            disk.delete(WAL, sync=sync)
            disk.cut()
            assert disk.left is not None
            found.add(WAL in disk.left)
    assert there == {True: {False}, False: {True, False}}


def test_a_wal_that_was_there_before_syncs_the_folder_as_well() -> None:
    for seed in SEEDS:
        disk = Disk({WAL: OLD}, random.Random(seed))
        disk.delete(WAL, sync=False)
        disk.open(NAME, create=False)
        disk.open(WAL, create=True)
        disk.sync(WAL)
        disk.cut()
        assert disk.left == {NAME: b"", WAL: b""}


def test_after_a_kill_everything_is_there_and_what_was_not_synced_still_is_not() -> None:
    found = set()
    for seed in SEEDS:
        disk = Disk({NAME: OLD}, random.Random(seed), cut_at=1, kill=True)
        with pytest.raises(PowerIsOff):
            disk.write(NAME, 0, NEW)
        assert disk.off
        assert disk.contents == {NAME: NEW}
        disk = disk.next(cut_at=0)
        disk.read(NAME)
        disk.cut()
        assert disk.left is not None
        found.add(disk.left[NAME])
    assert {OLD, NEW} < found


def test_the_power_fails_in_the_middle_of_the_act_that_was_named() -> None:
    disk = Disk({NAME: OLD}, random.Random(1), cut_at=2)
    disk.write(NAME, 0, NEW)
    with pytest.raises(PowerIsOff):
        disk.sync(NAME)
    assert disk.off
    with pytest.raises(PowerIsOff):
        disk.read(NAME)


def test_what_a_failed_sync_forgot_is_not_synced_by_the_next_one() -> None:
    found = set()
    for seed in SEEDS:
        disk = Disk({NAME: OLD}, random.Random(seed))
        disk.write(NAME, 0, NEW)
        disk.faults.append(Fault("sync", lambda: apsw.IOError("no"), times=1))
        with pytest.raises(apsw.IOError):
            disk.sync(NAME)
        disk.sync(NAME)
        disk.cut()
        assert disk.left is not None
        found.add(disk.left[NAME])
    assert found == {OLD, NEW}


def test_a_fault_strikes_when_and_where_it_was_told_to() -> None:
    disk = Disk({NAME: OLD, WAL: OLD}, random.Random(1))
    full = Fault("write", lambda: apsw.FullError("full"), suffix="-wal", after=1, growing=True)
    disk.faults.append(full)
    disk.write(NAME, len(OLD), NEW)
    disk.write(WAL, 0, NEW)
    disk.write(WAL, len(OLD), NEW)
    with pytest.raises(apsw.FullError):
        disk.write(WAL, 2 * len(OLD), NEW)
    disk.write(WAL, 0, NEW)
