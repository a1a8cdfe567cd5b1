"""Standard message queues: what is promised of them, over both engines."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from pathlib import Path

import pytest
from msgspec.structs import replace

from keybus.bus.message_queues import (
    Attribute,
    InvalidReceipt,
    Message,
    MessageQueueError,
    NoSuchQueue,
    QueueExists,
    QueueSettings,
    TooManyInFlight,
    changing,
)
from keybus.bus.message_queues import receiver as receiver_module
from keybus.bus.message_queues.errors import NotInFlight, TooManyQueues, VisibilityTooLong
from keybus.bus.message_queues.received import Counts
from keybus.governance import ANYBODY
from keybus.testing import ManualClock
from tests.contract.engines_under_test import PATIENCE, eventually
from tests.unit.bus.created_queues import ACCOUNT, CreatedQueues, bodies


@pytest.fixture(params=["memory", "sqlite"])
async def made(
    request: pytest.FixtureRequest, tmp_path: Path, clock: ManualClock
) -> AsyncIterator[CreatedQueues]:
    queues = CreatedQueues(tmp_path if request.param == "sqlite" else None, clock)
    await queues.start()
    yield queues
    await queues.stop()


async def test_a_message_is_received_as_it_was_sent(
    made: CreatedQueues, clock: ManualClock
) -> None:
    await made.create()
    message = Message(
        "hello ☃",
        {"text": Attribute("String", "t"), "bytes": Attribute("Binary.x", b"\xff\0")},
        {"AWSTraceHeader": Attribute("String", "Root=1")},
    )
    [sent] = await made.queues.send(ACCOUNT, "q", [message], "somebody")
    [received] = await made.receive()
    assert (received.id, received.body, received.sender) == (sent.id, "hello ☃", "somebody")
    assert (received.attributes, received.system) == (message.attributes, message.system)
    assert (received.count, received.sent_us, received.first_us) == (
        1,
        clock.time_us(),
        clock.time_us(),
    )
    assert (received.sequence, received.group, received.source) == ("", "", "")


async def test_a_queue_is_found_by_its_own_account_alone(made: CreatedQueues) -> None:
    """Also where one account's name begins as another's does."""
    queue = await made.queues.create(QueueSettings(account=f"{ACCOUNT}/eu", name="q"), ANYBODY)
    assert made.queues.find(f"{ACCOUNT}/eu", "q") == queue
    assert made.queues.find(ACCOUNT, "eu/q") is None
    with pytest.raises(NoSuchQueue):
        await made.queues.send(ACCOUNT, "eu/q", [Message("x")])


async def test_a_deleted_message_is_gone(made: CreatedQueues) -> None:
    await made.create()
    await made.send("a", "b")
    received = await made.receive_all(2)
    assert await made.queues.counts(ACCOUNT, "q") == Counts(0, 2, 0)
    await made.delete(*received)
    assert await made.queues.counts(ACCOUNT, "q") == Counts(0, 0, 0)
    await made.pass_time(60)
    assert await made.poll() == []


async def test_an_invisible_message_comes_back_when_its_time_ends_and_counts(
    made: CreatedQueues,
) -> None:
    await made.create()
    await made.send("a")
    [first] = await made.receive(visibility=30)
    await made.pass_time(29)
    assert await made.poll() == []
    await made.pass_time(1)
    [second] = await made.receive()
    assert (second.count, second.id, second.first_us) == (2, first.id, first.first_us)
    assert second.receipt != first.receipt


async def test_a_visibility_timeout_can_be_ended_and_extended_up_to_twelve_hours(
    made: CreatedQueues,
) -> None:
    await made.create()
    await made.send("a")
    receiver = await made.receiver()
    [first] = await made.receive(visibility=30)
    await receiver.change_visibility(first.receipt, 0)
    [second] = await made.receive(visibility=30)
    await receiver.change_visibility(second.receipt, 100)
    await made.pass_time(60)
    assert await made.poll() == []
    with pytest.raises(VisibilityTooLong):
        await receiver.change_visibility(second.receipt, 43_200)
    await receiver.change_visibility(second.receipt, 43_000)
    await made.pass_time(42_000)
    assert await made.poll() == []
    with pytest.raises(NotInFlight):
        await receiver.change_visibility(first.receipt, 10)
    with pytest.raises(InvalidReceipt):
        await receiver.change_visibility("AAAA", 10)


async def test_a_long_poll_has_what_comes_while_it_waits(made: CreatedQueues) -> None:
    await made.create()
    receiving = asyncio.ensure_future(made.receive())
    await asyncio.sleep(0)
    assert not receiving.done()
    await made.send("a")
    assert bodies(await receiving) == ["a"]


async def test_a_poll_of_an_empty_queue_ends_after_its_time(made: CreatedQueues) -> None:
    await made.create()
    receiver = await made.receiver()
    assert await receiver.receive(10, 0, 30) == []
    receiving = asyncio.ensure_future(receiver.receive(10, 20, 30))
    await made.pass_time(19.9)
    assert not receiving.done()
    await made.pass_time(0.2)
    assert await asyncio.wait_for(receiving, PATIENCE) == []


async def test_what_was_for_a_client_that_went_away_goes_back_untried(
    made: CreatedQueues,
) -> None:
    await made.create()
    receiver, leaves = await made.receiver(), asyncio.Event()
    receiving = asyncio.ensure_future(receiver.receive(10, 20, 30, leaves))
    await made.pass_time(1)
    leaves.set()
    assert await asyncio.wait_for(receiving, PATIENCE) == []
    cancelled = asyncio.ensure_future(receiver.receive(10, 20, 30))
    await asyncio.sleep(0)
    cancelled.cancel()
    await made.send("a")
    [received] = await made.receive()
    assert received.count == 1
    await receiver.release([received.receipt])
    [again] = await made.receive()
    assert again.count == 1


async def test_receipt_handles_are_this_queues_own(made: CreatedQueues) -> None:
    await made.create()
    await made.create("other")
    await made.send("a")
    [received] = await made.receive()
    other = await made.receiver("other")
    for wrong in (received.receipt[:-2] + "AA", "", "☃", "x" * 5_000, received.receipt + "="):
        with pytest.raises(InvalidReceipt):
            await (await made.receiver()).delete(wrong)
    with pytest.raises(InvalidReceipt):
        await other.delete(received.receipt)
    await made.delete(received)


async def test_a_late_deletion_holds_where_nobody_has_it_again(made: CreatedQueues) -> None:
    await made.create()
    await made.send("a", "b")
    received = await made.receive_all(2)
    await made.pass_time(31)
    late = received[0]
    await made.delete(late)
    [left] = await made.receive()
    assert left.body == received[1].body
    await made.delete(received[1])  # an old handle: it is somebody else's now
    await made.pass_time(31)
    assert bodies(await made.receive()) == [left.body]
    await made.delete(late)


async def test_delays_count_no_attempt(made: CreatedQueues) -> None:
    await made.create(delay=60)
    await made.send("queue's")
    await made.send("own", delay=10)
    await made.send("none", delay=0)
    assert await made.queues.counts(ACCOUNT, "q") == Counts(1, 0, 2)
    assert bodies(await made.poll()) == ["none"]
    assert await made.poll() == []
    assert await made.queues.counts(ACCOUNT, "q") == Counts(0, 1, 2)
    await made.pass_time(10)
    [own] = await made.receive()
    assert (own.body, own.count) == ("own", 1)
    await made.pass_time(50)
    [late] = await made.receive(1)
    assert late.body in ("queue's", "none")


async def test_what_was_received_too_often_moves_to_the_dead_letter_queue(
    made: CreatedQueues,
) -> None:
    await made.create("dead")
    await made.create(redrive=("dead", 2))
    await made.send("bad")
    for count in (1, 2):
        [received] = await made.receive()
        assert received.count == count
        await made.pass_time(30)
    assert await made.poll() == []
    [letter] = await made.receive(of="dead")
    assert (letter.id, letter.body, letter.count) == (received.id, "bad", 1)
    assert (letter.source, letter.sent_us) == (f"{ACCOUNT}/q", received.sent_us)
    assert await made.queues.counts(ACCOUNT, "q") == Counts(0, 0, 0)
    assert [each.name for each in made.queues.sources(ACCOUNT, "dead")] == ["q"]


async def test_without_its_dead_letter_queue_a_message_stays(made: CreatedQueues) -> None:
    await made.create(redrive=("nowhere", 1))
    await made.send("bad")
    await made.receive()
    await made.pass_time(30)
    [again] = await made.receive()
    assert again.count == 2


async def test_what_is_too_old_is_deleted(made: CreatedQueues) -> None:
    await made.create(retention=60)
    await made.send("old", "older")
    await made.pass_time(59)
    await made.send("young")
    await made.pass_time(2)
    assert bodies(await made.receive_all(1)) == ["young"]
    for _ in range(8):  # the sweep comes once a minute
        await made.pass_time(10)
    line = made.queues.get(ACCOUNT, "q").line
    state = await made.store.queue_state(line)
    assert (state.waiting, state.dead) == (0, 0)


async def test_no_more_than_so_many_are_in_flight(
    made: CreatedQueues, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receiver_module, "MOST_IN_FLIGHT", 3)
    await made.create()
    await made.send("a", "b", "c", "d")
    received = await made.receive_all(3)
    with pytest.raises(TooManyInFlight):
        await made.receive()
    await made.delete(received[0])
    assert bodies(await made.receive()) == ["d"]


async def test_a_purged_queue_is_empty_and_goes_on(made: CreatedQueues) -> None:
    await made.create()
    await made.send("a", "b")
    [out] = await made.receive(1)
    await made.queues.purge(ACCOUNT, "q", ANYBODY)
    assert await made.queues.counts(ACCOUNT, "q") == Counts(0, 0, 0)
    await made.delete(out)
    await made.send("c")
    assert bodies(await made.receive()) == ["c"]
    await made.pass_time(60)
    assert bodies(await made.receive()) == ["c"]


async def test_who_waits_at_a_deleted_queue_is_told(made: CreatedQueues) -> None:
    await made.create()
    receiving = asyncio.ensure_future(made.receive())
    await made.pass_time(1)
    await made.queues.delete(ACCOUNT, "q", ANYBODY)
    with pytest.raises(NoSuchQueue):
        await receiving
    with pytest.raises(NoSuchQueue):
        await made.send("a")
    assert made.queues.find(ACCOUNT, "q") is None
    assert list(await made.store.queues()) == []
    await made.create()
    assert await made.poll() == []


async def test_a_receive_goes_on_where_its_queue_is_purged(made: CreatedQueues) -> None:
    await made.create()
    receiving = asyncio.ensure_future(made.receive())
    await made.pass_time(1)
    await made.queues.purge(ACCOUNT, "q", ANYBODY)
    await made.send("a")
    assert bodies(await receiving) == ["a"]


async def test_a_queue_is_created_once(made: CreatedQueues) -> None:
    first = await made.create(visibility=10)
    assert await made.create(visibility=10) == first
    with pytest.raises(QueueExists) as raised:
        await made.create(visibility=11)
    assert raised.value.attribute == "visibility"
    asked = QueueSettings(account=ACCOUNT, name="q")
    assert await made.queues.create(asked, ANYBODY, given=()) == first
    assert made.queues.all() == [first]


async def test_changes_hold_for_what_is_there(made: CreatedQueues, clock: ManualClock) -> None:
    settings = await made.create(retention=1_000)
    await made.send("a")
    clock.advance(100)
    kept = await made.queues.change(
        ACCOUNT, "q", lambda queue: replace(queue, retention=60, tags={"a": "b"}), ANYBODY
    )
    assert (kept.created_us, kept.modified_us) == (settings.created_us, clock.time_us())
    assert made.queues.get(ACCOUNT, "q").tags == {"a": "b"}
    assert await made.poll() == []


async def test_changes_at_once_all_hold(made: CreatedQueues, clock: ManualClock) -> None:
    await made.create(tags={"a": "1"})

    def change(**fields: object) -> Awaitable[QueueSettings]:
        return made.queues.change(ACCOUNT, "q", lambda queue: replace(queue, **fields), ANYBODY)

    def tag(queue: QueueSettings) -> QueueSettings:
        return replace(queue, tags={**queue.tags, "b": "2"})

    await asyncio.gather(
        change(visibility=77), made.queues.change(ACCOUNT, "q", tag, ANYBODY), change(wait=3)
    )
    found = made.queues.get(ACCOUNT, "q")
    assert (found.visibility, found.wait, found.tags) == (77, 3, {"a": "1", "b": "2"})
    clock.advance(1)
    assert await change(wait=3) == found, "nothing is written where nothing changes"


async def test_the_audit_log_is_told_what_changed_and_no_more(made: CreatedQueues) -> None:
    await made.create(policy="long " * 100)
    await made.queues.change(ACCOUNT, "q", lambda queue: replace(queue, wait=3), ANYBODY)
    told = [each async for each in made.audit.entries() if each.action == "message-queue.changed"]
    assert [each.data for each in told] == [{"wait": 3}]


async def test_an_account_has_so_many_queues_and_others_have_theirs(
    made: CreatedQueues, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changing, "MOST_OF_ACCOUNT", 2)
    await made.create("a")
    await made.create("b")
    with pytest.raises(TooManyQueues, match="has 2 queues"):
        await made.create("c")
    await made.create("a")
    await made.queues.create(QueueSettings(account="other", name="c"), ANYBODY)
    await made.queues.delete(ACCOUNT, "a", ANYBODY)
    await made.create("c")


async def test_many_receivers_share_and_nobody_has_one_twice(made: CreatedQueues) -> None:
    await made.create()
    await made.send(*map(str, range(300)))
    seen: list[str] = []

    async def consume() -> None:
        while len(seen) < 300:
            received = await (await made.receiver()).receive(7, 20, 30)
            seen.extend(bodies(received))
            await made.delete(*received)

    consumers = [asyncio.ensure_future(consume()) for _ in range(5)]
    await eventually(lambda: len(seen) >= 300)
    for each in consumers:
        each.cancel()
    assert sorted(seen, key=int) == [str(each) for each in range(300)]


async def test_an_idle_receiver_leaves(made: CreatedQueues) -> None:
    await made.create()
    await made.send("a")
    [received] = await made.receive()
    await made.delete(received)
    queue = await made.queues._queue(made.queues.get(ACCOUNT, "q"))  # noqa: SLF001 - nothing else says who consumes
    dispatcher = await queue.dispatcher()
    assert dispatcher.consumers == 1
    await made.pass_time(31)
    await made.pass_time(31)
    assert dispatcher.consumers == 0
    await made.send("b")
    assert bodies(await made.receive()) == ["b"]


async def test_a_bus_without_a_store_for_messages_says_so(clock: ManualClock) -> None:
    queues = CreatedQueues(None, clock)
    await queues.start()
    await queues.stop()
    with pytest.raises(MessageQueueError, match="keeps no message queues"):
        await queues.create()
