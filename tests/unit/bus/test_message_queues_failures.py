"""Message queues whose documents or whose store fail, are slow, or are damaged."""

import asyncio
import logging
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from keybus.bus.message_queues import MessageQueueError, NoSuchQueue
from keybus.engines.memory import MemoryEngine
from keybus.errors import StorageFailed
from keybus.governance import ANYBODY
from keybus.testing import ManualClock
from tests.contract.engines_under_test import PATIENCE
from tests.unit.bus.created_queues import ACCOUNT, CreatedQueues, bodies
from tests.unit.bus.failing import Call, Store, failing

KEY = f"{ACCOUNT}/q"


@pytest.fixture
async def made(tmp_path: Path, clock: ManualClock, store: Store) -> AsyncIterator[CreatedQueues]:
    """Queues whose documents fail where the test says so."""
    queues = CreatedQueues(tmp_path, clock)
    queues.documents = failing(MemoryEngine(clock=clock), store)
    await queues.start()
    yield queues
    await queues.stop()


@pytest.fixture
async def slow(clock: ManualClock, store: Store) -> AsyncIterator[CreatedQueues]:
    """Queues whose messages' store fails, or waits, where the test says so."""
    queues = CreatedQueues(None, clock)
    queues.store = failing(MemoryEngine(clock=clock), store)
    await queues.start()
    yield queues
    store.go.set()
    await queues.stop()


def writes(call: Call) -> bool:
    return call[0] in ("put", "delete") and call[1] == "message-queues"


def touches(call: Call) -> bool:
    return writes(call) or call[:2] == ("get", "message-queues")


async def again(made: CreatedQueues) -> None:
    await made.stop()
    await made.start()


@pytest.mark.parametrize("kept", [True, False])
async def test_what_is_sent_after_a_purge_of_unknown_outcome_is_there_after_a_restart(
    made: CreatedQueues, store: Store, *, kept: bool
) -> None:
    await made.create()
    await made.send("before")
    store.fails, store.kept = writes, kept
    if kept:
        await made.queues.purge(ACCOUNT, "q", ANYBODY)
    else:
        with pytest.raises(StorageFailed):
            await made.queues.purge(ACCOUNT, "q", ANYBODY)
    store.fails = lambda _call: False
    await made.send("after")
    await again(made)
    expected = ["after"] if kept else ["after", "before"]
    assert sorted(bodies(await made.receive_all(len(expected)))) == expected


@pytest.mark.parametrize("kept", [True, False])
async def test_nothing_is_taken_while_nobody_knows_what_a_purge_left(
    made: CreatedQueues, store: Store, *, kept: bool
) -> None:
    await made.create()
    await made.create("other")
    await made.send("before")
    store.fails, store.kept = touches, kept
    with pytest.raises(StorageFailed):
        await made.queues.purge(ACCOUNT, "q", ANYBODY)
    with pytest.raises(StorageFailed):
        await made.send("too early")
    await made.send("elsewhere", to="other")
    store.fails = lambda _call: False
    await made.send("after")
    await again(made)
    expected = ["after"] if kept else ["after", "before"]
    assert sorted(bodies(await made.receive_all(len(expected)))) == expected


async def test_a_deletion_of_unknown_outcome_is_looked_at(
    made: CreatedQueues, store: Store
) -> None:
    await made.create()
    store.fails, store.kept = touches, True
    with pytest.raises(StorageFailed):
        await made.queues.delete(ACCOUNT, "q", ANYBODY)
    store.fails = lambda _call: False
    with pytest.raises(NoSuchQueue):
        await made.send("to nobody")
    assert list(await made.store.queues()) == []
    await made.create()
    await made.send("a")
    await again(made)
    assert bodies(await made.receive()) == ["a"]


async def test_a_change_goes_on_where_whoever_asked_goes_away(
    made: CreatedQueues, store: Store
) -> None:
    await made.create()
    await made.send("before")
    store.waits = writes
    purging = asyncio.ensure_future(made.queues.purge(ACCOUNT, "q", ANYBODY))
    await store.waiting.wait()
    purging.cancel()
    sending = asyncio.ensure_future(made.send("after"))
    store.go.set()
    with pytest.raises(asyncio.CancelledError):
        await purging
    await sending
    await again(made)
    assert bodies(await made.receive()) == ["after"]


async def test_a_damaged_document_closes_its_queue_and_no_other(
    made: CreatedQueues, caplog: pytest.LogCaptureFixture
) -> None:
    await made.create()
    await made.create("other")
    await made.send("kept")
    documents = made.documents.documents
    document = await documents.get("message-queues", KEY)
    assert document is not None
    await documents.put("message-queues", KEY, b'{"account": 5}')
    await documents.put("message-move-tasks", "broken", b"{")
    with caplog.at_level(logging.ERROR):
        await again(made)
    assert KEY in caplog.text
    assert "broken" in caplog.text
    await made.send("a", to="other")
    assert bodies(await made.receive(of="other")) == ["a"]
    with pytest.raises(NoSuchQueue):
        await made.send("b")
    with pytest.raises(MessageQueueError, match="cannot be read"):
        await made.create()
    await documents.put("message-queues", KEY, document.value)
    await again(made)
    assert bodies(await made.receive()) == ["kept"]


async def test_a_store_that_is_slow_holds_up_nobody(slow: CreatedQueues, store: Store) -> None:
    """Else its receiver's session would be lost, with all that was received through it."""
    await slow.create()
    await slow.send("late", delay=60)
    store.waits = lambda call: call[0] == "hold"
    receiving = asyncio.ensure_future(slow.receive())
    await asyncio.wait_for(store.waiting.wait(), PATIENCE)
    await slow.send("now")
    assert bodies(await receiving) == ["now"]
    store.go.set()
    await slow.pass_time(61)
    assert "late" in bodies(await slow.receive())


async def test_what_was_put_aside_in_part_goes_on_time(slow: CreatedQueues, store: Store) -> None:
    await slow.create()
    await slow.send("first", delay=2)
    await slow.send("second", delay=3)
    held: list[Call] = []

    def second(call: Call) -> bool:
        if call[0] == "hold":
            held.append(call)
        return call[0] == "hold" and len(held) == 2

    store.fails = second
    receiving = asyncio.ensure_future(slow.receive())
    await slow.pass_time(1)
    assert not receiving.done()
    assert len(held) >= 2
    for _ in range(4):
        await slow.pass_time(1)
    assert sorted([*bodies(await receiving), *bodies(await slow.poll())]) == ["first", "second"]


async def test_nothing_is_handed_out_once_it_is_stopped(made: CreatedQueues) -> None:
    await made.create()
    await made.send("a")
    await made.queues.stop()
    async with asyncio.timeout(PATIENCE):
        assert await (await made.receiver()).receive(1, 1_000, 30) == []


async def test_two_sends_at_once_keep_one_also_while_the_log_is_read(
    slow: CreatedQueues, store: Store
) -> None:
    await slow.create("q.fifo")
    await slow.send("known", to="q.fifo", group="g")
    store.waits = lambda call: call[0] == "stored"
    both = asyncio.ensure_future(slow.send("known", "new", to="q.fifo", group="g"))
    await asyncio.wait_for(store.waiting.wait(), PATIENCE)
    [other] = await slow.send("new", to="q.fifo", group="g")
    store.go.set()
    assert (await both)[1] == other
    assert bodies(await slow.receive(10, "q.fifo")) == ["known", "new"]


async def test_a_change_that_refuses_changes_nothing(made: CreatedQueues) -> None:
    before = await made.create()

    def refuse(_queue: object) -> None:
        raise MessageQueueError("no")

    with pytest.raises(MessageQueueError, match="no"):
        await made.queues.change(ACCOUNT, "q", refuse, ANYBODY)  # type: ignore[arg-type]
    assert made.queues.get(ACCOUNT, "q") == before
    changed = await made.queues.change(ACCOUNT, "q", lambda queue: replace(queue, wait=1), ANYBODY)
    assert changed.wait == 1
