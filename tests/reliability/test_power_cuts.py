"""The power fails at any moment: what was answered is there, and what was settled stays settled."""

import pytest

from tests.reliability.history import History
from tests.reliability.old_store import old_store
from tests.reliability.parts import cuts, migrations
from tests.reliability.synchronous import Level, weakened
from tests.reliability.told import problems

MOMENTS = {"opening", "recovering", "working", "ending"}


@pytest.mark.long
async def test_nothing_answered_is_lost_over_power_cuts() -> None:
    found = [cut for seed in range(8) for cut in await cuts(History(seed))]
    assert problems(found) == []
    assert {cut.when for cut in found} == MOMENTS
    assert {cut.kill for cut in found} == {True, False}
    assert {cut.act for cut in found} >= {"write store.db", "write store.db-wal"}
    assert sum(cut.delivered for cut in found) > 1_000


async def test_nothing_is_lost_of_an_old_store_when_the_power_fails_while_it_is_migrated() -> None:
    found = [cut for seed in range(6) for cut in await migrations(History(seed))]
    assert problems(found) == []


async def test_an_old_store_has_something_in_every_state() -> None:
    history = History(0)
    history.begin_with(old_store(history.answers))
    assert problems([await history.cut(0, steps=0)]) == []
    places = {
        fate.certain.place
        for queue in history.answers.queues.values()
        for fate in queue.fates.values()
    }
    assert places == {"line", "dead", "gone"}


@pytest.mark.parametrize("level", ["OFF", "NORMAL"])
async def test_a_store_that_does_not_sync_its_commits_is_caught(level: Level) -> None:
    lost = 0
    with weakened(level):
        for seed in range(20):
            lost += sum(cut.lost for cut in await cuts(History(seed)))
            if lost:
                break
    assert lost


@pytest.mark.soak
@pytest.mark.timeout(600)
@pytest.mark.parametrize("start", [1_000, 2_000, 3_000, 4_000])
async def test_nothing_answered_is_lost_over_hundreds_of_power_cuts(start: int) -> None:
    found = [cut for seed in range(start, start + 25) for cut in await cuts(History(seed))]
    assert problems(found) == []
    assert len(found) == 25 * 7


@pytest.mark.soak
@pytest.mark.timeout(300)
async def test_the_power_may_fail_at_every_act_of_a_migration() -> None:
    found = []
    for at in range(1, 80):
        history = History(at)
        history.begin_with(old_store(history.answers))
        found += [
            await history.cut(at),
            await history.cut(at % 11 + 1),
            await history.cut(0, steps=2),
        ]
    assert problems(found) == []
