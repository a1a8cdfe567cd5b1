"""Message move tasks where something is in their way: they end, and say how."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from keybus.bus.message_queues import NoSuchQueue
from keybus.bus.message_queues import receiver as receiver_module
from keybus.bus.message_queues.errors import MoveTaskRefused
from keybus.bus.message_queues.move_task import MoveTask
from keybus.engines.memory import MemoryEngine
from keybus.errors import StorageFailed
from keybus.governance import ANYBODY
from keybus.testing import ManualClock
from tests.contract.engines_under_test import eventually
from tests.unit.bus.created_queues import ACCOUNT, CreatedQueues, bodies
from tests.unit.bus.failing import Call, Store, failing

DEAD, Q = "dead", "q"


@pytest.fixture
async def made(clock: ManualClock, store: Store) -> AsyncIterator[CreatedQueues]:
    """A queue with its dead-letter queue, whose documents and store fail where a test says so."""
    queues = CreatedQueues(None, clock)
    queues.documents = failing(MemoryEngine(clock=clock), store)
    queues.store = failing(MemoryEngine(clock=clock), store)
    await queues.start()
    await queues.create(DEAD)
    await queues.create(Q, redrive=(DEAD, 1))
    yield queues
    store.fails = lambda _call: False
    await queues.stop()


def keeps_task(call: Call) -> bool:
    return call[:2] == ("put", "message-move-tasks")


async def begin(made: CreatedQueues, source: str = DEAD, target: str | None = Q) -> MoveTask:
    where = None if target is None else (ACCOUNT, target)
    return await made.queues.moves.start(ACCOUNT, source, ANYBODY, target=where)


async def ended(made: CreatedQueues, clock: ManualClock, source: str = DEAD) -> MoveTask:
    """The latest task of a queue once it is over, however long the clock has to go on."""

    def over() -> bool:
        clock.advance(0.5)
        return made.queues.moves.of(ACCOUNT, source)[0].state != "RUNNING"

    await eventually(over)
    return made.queues.moves.of(ACCOUNT, source)[0]


async def test_a_task_waits_while_too_much_is_out(
    made: CreatedQueues, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receiver_module, "MOST_IN_FLIGHT", 1)
    await made.send("x", "y", to=DEAD)
    [out] = await made.receive(1, DEAD)
    await begin(made)
    await made.pass_time(5)
    assert made.queues.moves.of(ACCOUNT, DEAD)[0].state == "RUNNING"
    await made.delete(out, of=DEAD)
    task = await ended(made, clock)
    assert (task.state, task.moved) == ("COMPLETED", 1)
    assert bodies(await made.receive()) == ["y"]


async def test_a_task_that_waits_can_be_cancelled(
    made: CreatedQueues, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receiver_module, "MOST_IN_FLIGHT", 1)
    await made.send("x", "y", to=DEAD)
    await made.receive(1, DEAD)
    task = await begin(made)
    await made.pass_time(0)
    cancelled = await made.queues.moves.cancel(task.handle, ANYBODY, account=ACCOUNT)
    assert cancelled.state == "CANCELLED"


async def test_a_task_that_could_not_be_kept_has_not_begun(
    made: CreatedQueues, clock: ManualClock, store: Store
) -> None:
    await made.send("x", to=DEAD)
    store.fails = keeps_task
    with pytest.raises(StorageFailed):
        await begin(made)
    assert made.queues.moves.of(ACCOUNT, DEAD) == []
    store.fails = lambda _call: False
    await begin(made)
    assert (await ended(made, clock)).state == "COMPLETED"


async def test_an_end_that_cannot_be_kept_is_kept_later(
    made: CreatedQueues, clock: ManualClock, store: Store
) -> None:
    await made.send("of nowhere", to=DEAD)
    kept: list[Call] = []

    def third(call: Call) -> bool:
        if keeps_task(call):
            kept.append(call)
        return keeps_task(call) and len(kept) == 3  # its beginning, its page, its end

    store.fails = third
    await begin(made, target=None)
    assert (await ended(made, clock)).state == "FAILED"
    assert len(kept) > 3


async def test_messages_go_back_at_once_where_a_page_cannot_be_kept(
    made: CreatedQueues, clock: ManualClock, store: Store
) -> None:
    """And where one can go nowhere, what is behind it waits for nobody."""
    await made.send("of nowhere", "x", to=DEAD)
    kept: list[Call] = []

    def page(call: Call) -> bool:
        if keeps_task(call):
            kept.append(call)
        return keeps_task(call) and len(kept) > 1

    store.fails = page
    await begin(made, target=None)
    await eventually(lambda: len(kept) > 1)
    assert sorted(bodies(await made.receive_all(2, DEAD))) == ["of nowhere", "x"]
    store.fails = lambda _call: False
    await ended(made, clock)


async def test_what_could_not_be_deleted_is_moved_again(
    made: CreatedQueues, clock: ManualClock, store: Store
) -> None:
    await made.send("x", to=DEAD)
    failed: list[Call] = []

    def once(call: Call) -> bool:
        if call[0] == "ack" and not failed:
            failed.append(call)
            return True
        return False

    store.fails = once
    await begin(made)
    task = await ended(made, clock)
    assert (task.state, task.moved) == ("COMPLETED", 1)
    assert bodies(await made.receive_all(2)) == ["x", "x"]


async def test_a_task_is_over_when_nothing_is_left_that_may_be_had(
    made: CreatedQueues, clock: ManualClock
) -> None:
    await made.create("dead.fifo")
    await made.create("q.fifo", redrive=("dead.fifo", 1))
    await made.send("1", "2", "3", to="dead.fifo", group="g")
    [out] = await made.receive(1, "dead.fifo", visibility=3_600)
    await begin(made, "dead.fifo", "q.fifo")
    await made.pass_time(5)
    assert made.queues.moves.of(ACCOUNT, "dead.fifo")[0].state == "RUNNING"
    await made.delete(out, of="dead.fifo")
    task = await ended(made, clock, "dead.fifo")
    assert (task.state, task.moved) == ("COMPLETED", 2)


async def test_tasks_go_with_their_queue(made: CreatedQueues, clock: ManualClock) -> None:
    await begin(made)
    await ended(made, clock)
    await made.send(*map(str, range(10)), to=DEAD)
    moves = made.queues.moves
    await moves.start(ACCOUNT, DEAD, ANYBODY, target=(ACCOUNT, Q), rate=1)
    await eventually(lambda: moves.of(ACCOUNT, DEAD)[0].moved == 1)
    await made.queues.delete(ACCOUNT, DEAD, ANYBODY)
    await eventually(lambda: not moves.of(ACCOUNT, DEAD))
    kept = made.documents.documents.list("message-move-tasks")
    assert [each.key async for each in kept] == []
    await made.create(DEAD)
    assert moves.of(ACCOUNT, DEAD) == []


async def test_a_task_whose_target_is_gone_fails_and_another_can_begin(
    made: CreatedQueues, clock: ManualClock
) -> None:
    await made.create("other")
    await made.send("x", "y", to=DEAD)
    moves = made.queues.moves
    await moves.start(ACCOUNT, DEAD, ANYBODY, target=(ACCOUNT, "other"), rate=1)
    await eventually(lambda: moves.of(ACCOUNT, DEAD)[0].moved == 1)
    with pytest.raises(MoveTaskRefused):
        await begin(made)
    await made.queues.delete(ACCOUNT, "other", ANYBODY)
    task = await ended(made, clock)
    assert (task.state, task.moved, "other" in task.reason) == ("FAILED", 1, True)
    with pytest.raises(NoSuchQueue):
        await begin(made, target="other")
    await begin(made)
    assert (await ended(made, clock)).state == "COMPLETED"


async def test_none_begins_once_the_bus_stops(
    made: CreatedQueues, clock: ManualClock, store: Store
) -> None:
    await made.send("x", to=DEAD)
    store.waits = keeps_task
    beginning = asyncio.ensure_future(begin(made))
    await store.waiting.wait()
    await made.queues.stop()
    store.waits = lambda _call: False
    store.go.set()
    task = await beginning
    await made.pass_time(5)
    assert made.queues.moves.of(ACCOUNT, DEAD) == [task], "it goes on at the next start"
    await made.stop()
    made.store = MemoryEngine(clock=clock)
    await made.start()
    assert (await ended(made, clock)).handle == task.handle
