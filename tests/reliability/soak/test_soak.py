"""`keybus serve` takes no more memory, files, threads or tasks, however long it is used."""

from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest

from tests.reliability.soak.report import Report, Trough, growths
from tests.reliability.soak.run import Soak
from tests.reliability.soak.vitals import is_told

MIB = 1 << 20


def trough(cycle: int, **found: int) -> Trough:
    usual = {
        "events": 1_000 * cycle, "backlog": 30_000, "waiting": 0, "peak": 120 * MIB,
        "resident": 100 * MIB, "private": 70 * MIB, "files": 30, "threads": 10, "tasks": 50,
        "store": 80 * MIB,
    }  # fmt: skip
    return Trough(cycle=cycle, minute=float(cycle), **(usual | found))


def report(troughs: Sequence[Trough], *, lost: int = 0, problems: Sequence[str] = ()) -> Report:
    return Report(
        rate=1_000,
        minutes=10.0,
        events=10_000,
        deliveries=40_000,
        troughs=troughs,
        growths=growths(troughs),
        lost=lost,
        problems=problems,
    )


def test_a_report_says_what_grows_and_is_not_good_then() -> None:
    flat = report([trough(each) for each in range(1, 9)])
    assert flat.good
    assert [line.split()[1] for line in flat.table() if "bound" in line] == ["flat"] * 6
    leaking = report([trough(each, files=30 + 2 * each) for each in range(1, 9)])
    assert not leaking.good
    assert [each.name for each in leaking.growths if not each.flat] == ["files"]
    assert any(
        line.startswith("files     GROWS  +6.00 in the last 3.0") for line in leaking.table()
    )


def test_a_report_is_not_good_where_something_is_lost_or_wrong_or_it_was_too_short() -> None:
    troughs = [trough(each) for each in range(1, 9)]
    assert not report(troughs, lost=1).good
    assert not report(troughs, problems=["it was refused"]).good
    short = report(troughs[:3])
    assert not short.good
    assert any("too few troughs" in line for line in short.table())


def test_a_report_can_be_read_again() -> None:
    found = report([trough(each) for each in range(1, 9)])
    written = msgspec.json.encode(found)
    assert msgspec.json.encode(msgspec.json.decode(written, type=Report)) == written


@pytest.mark.soak
@pytest.mark.timeout(900)
@pytest.mark.skipif(not is_told(), reason="this system does not say what a process takes")
async def test_a_bus_takes_no_more_however_often_its_backlog_grows_and_shrinks(
    tmp_path: Path,
) -> None:
    found = await Soak(tmp_path, rate=400, grow_seconds=8.0).run(3.0)
    assert found.good, "\n".join(found.table())
    assert max(each.backlog for each in found.troughs) > 5_000
    assert found.lost == 0
