"""Message queues after the end of the process, in order and not: nothing is lost."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from keybus.bus.message_queues.errors import MoveTaskRefused, NoSuchMoveTask
from keybus.bus.message_queues.moves import NO_SOURCE
from keybus.bus.message_queues.received import Counts
from keybus.governance import ANYBODY
from keybus.testing import ManualClock
from tests.contract.engines_under_test import eventually
from tests.unit.bus.created_queues import ACCOUNT, CreatedQueues, bodies

Q = "q.fifo"


@pytest.fixture
async def made(tmp_path: Path, clock: ManualClock) -> AsyncIterator[CreatedQueues]:
    queues = CreatedQueues(tmp_path, clock)
    await queues.start()
    yield queues
    await queues.stop()


@pytest.fixture(params=["memory", "sqlite"])
async def both(
    request: pytest.FixtureRequest, tmp_path: Path, clock: ManualClock
) -> AsyncIterator[CreatedQueues]:
    queues = CreatedQueues(tmp_path if request.param == "sqlite" else None, clock)
    await queues.start()
    yield queues
    await queues.stop()


async def test_what_was_sent_is_there_after_a_crash_and_in_order(made: CreatedQueues) -> None:
    await made.create(Q)
    await made.send(*map(str, range(20)), to=Q, group="a")
    out = await made.receive(4, Q)
    await made.delete(*out[:2], of=Q)
    await made.crash()
    found: list[str] = []
    while len(found) < 18:
        received = await made.receive(10, Q)
        found += bodies(received)
        await made.delete(*received, of=Q)
    assert found == [str(each) for each in range(2, 20)]
    assert await made.poll(10, Q) == []


async def test_what_was_out_at_a_crash_comes_all_at_once(made: CreatedQueues) -> None:
    await made.create()
    await made.send(*map(str, range(30)))
    out = await made.receive_all(25)
    await made.crash()
    assert set(bodies(await made.receive_all(30))) >= set(bodies(out))


async def test_attempts_and_duplicates_are_known_after_a_crash(made: CreatedQueues) -> None:
    await made.create(Q)
    [sent] = await made.send("a", to=Q, group="a")
    await made.receive(of=Q)
    await made.pass_time(31)
    await made.crash()
    assert await made.send("a", to=Q, group="a") == [sent]
    [received] = await made.receive(of=Q)
    assert (received.count, received.sequence) == (2, sent.sequence)


async def test_a_handle_from_before_a_crash_still_deletes(made: CreatedQueues) -> None:
    await made.create()
    await made.send("a", "b")
    received = await made.receive_all(2)
    await made.crash()
    await made.delete(*received)
    assert await made.poll() == []


async def test_delays_go_on_after_a_crash(made: CreatedQueues) -> None:
    await made.create()
    await made.send("a", delay=60)
    await made.send("b", delay=30)
    assert await made.poll() == []
    await made.crash()
    assert await made.poll() == []
    await made.pass_time(30)
    assert bodies(await made.receive()) == ["b"]
    await made.pass_time(30)
    [last] = await made.receive(1)
    assert (last.body, last.count) in (("a", 1), ("b", 2))


async def test_what_a_deletion_left_behind_is_removed(made: CreatedQueues) -> None:
    await made.create()
    await made.create("other")
    await made.send("a")
    await made.documents.documents.delete("message-queues", f"{ACCOUNT}/q")
    await made.crash()
    assert [each.name for each in made.queues.all()] == ["other"]
    assert list(await made.store.queues()) == [made.queues.get(ACCOUNT, "other").line]


async def test_a_store_that_is_gone_leaves_empty_queues(
    made: CreatedQueues, tmp_path: Path
) -> None:
    await made.create()
    await made.send("a")
    await made.stop()
    made.folder = tmp_path / "new"
    await made.start()
    assert await made.poll() == []
    await made.send("b")
    assert bodies(await made.receive()) == ["b"]


async def test_dead_letters_go_back_to_where_they_came_from(both: CreatedQueues) -> None:
    await both.create("dead")
    await both.create(redrive=("dead", 1))
    await both.send("a", "b", "c")
    received = await both.receive_all(3)
    await both.pass_time(31)
    assert await both.poll() == []
    assert (await both.queues.counts(ACCOUNT, "dead")).visible == 3
    task = await both.queues.moves.start(ACCOUNT, "dead", ANYBODY)
    assert task.total == 3
    await eventually(lambda: both.queues.moves.of(ACCOUNT, "dead")[0].state == "COMPLETED")
    [ended] = both.queues.moves.of(ACCOUNT, "dead")
    assert (ended.moved, ended.ended_us > 0) == (3, True)
    again = await both.receive_all(3)
    assert sorted(bodies(again)) == ["a", "b", "c"]
    assert {each.count for each in again} == {1}
    assert not {each.id for each in again} & {each.id for each in received}
    assert await both.queues.counts(ACCOUNT, "dead") == Counts(0, 0, 0)


async def test_a_task_can_have_a_target_and_a_rate_and_be_cancelled(both: CreatedQueues) -> None:
    await both.create("dead")
    await both.create("other")
    await both.create(redrive=("dead", 1))
    await both.send(*map(str, range(10)), to="dead")
    moves = both.queues.moves
    task = await moves.start(ACCOUNT, "dead", ANYBODY, target=(ACCOUNT, "other"), rate=4)
    with pytest.raises(MoveTaskRefused, match="running already"):
        await moves.start(ACCOUNT, "dead", ANYBODY)
    await eventually(lambda: moves.of(ACCOUNT, "dead")[0].moved == 4)
    with pytest.raises(NoSuchMoveTask):
        await moves.cancel(task.handle, ANYBODY, account="somebody")
    cancelled = await moves.cancel(task.handle, ANYBODY, account=ACCOUNT)
    assert (cancelled.state, cancelled.moved) == ("CANCELLED", 4)
    with pytest.raises(NoSuchMoveTask):
        await moves.cancel(task.handle, ANYBODY, account=ACCOUNT)
    assert len(await both.receive_all(4, "other")) == 4
    assert (await both.queues.counts(ACCOUNT, "dead")).visible == 6


async def test_a_task_goes_on_after_a_crash(made: CreatedQueues, clock: ManualClock) -> None:
    await made.create("dead")
    await made.create("other")
    await made.create(redrive=("dead", 1))
    await made.send(*map(str, range(10)), to="dead")
    moves = made.queues.moves
    await moves.start(ACCOUNT, "dead", ANYBODY, target=(ACCOUNT, "other"), rate=4)
    await eventually(lambda: moves.of(ACCOUNT, "dead")[0].moved == 4)
    await made.crash()
    moves = made.queues.moves

    def ended() -> bool:
        clock.advance(0.5)
        return moves.of(ACCOUNT, "dead")[0].state == "COMPLETED"

    await eventually(ended)
    assert len({each.body for each in await made.receive_all(10, "other")}) == 10


async def test_what_cannot_be_moved_says_so(both: CreatedQueues) -> None:
    await both.create("dead")
    await both.create("plain")
    await both.create("other.fifo")
    await both.create(redrive=("dead", 1))
    moves = both.queues.moves
    for name, target in (
        ("plain", None),
        ("dead", (ACCOUNT, "dead")),
        ("dead", (ACCOUNT, "other.fifo")),
    ):
        with pytest.raises(MoveTaskRefused):
            await moves.start(ACCOUNT, name, ANYBODY, target=target)
    await both.send("of nowhere", to="dead")
    await moves.start(ACCOUNT, "dead", ANYBODY)
    await eventually(lambda: moves.of(ACCOUNT, "dead")[0].state == "FAILED")
    assert NO_SOURCE in moves.of(ACCOUNT, "dead")[0].reason
    [left] = await both.receive(of="dead")
    assert left.count == 1
