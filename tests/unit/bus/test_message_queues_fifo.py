"""FIFO message queues: order in a group, and nothing twice within five minutes."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from keybus.bus.message_queues import Message
from keybus.bus.message_queues.errors import GroupNeeded, NotInFlight
from keybus.testing import ManualClock
from tests.contract.engines_under_test import PATIENCE
from tests.unit.bus.created_queues import ACCOUNT, CreatedQueues, bodies

Q = "q.fifo"


@pytest.fixture(params=["memory", "sqlite"])
async def made(
    request: pytest.FixtureRequest, tmp_path: Path, clock: ManualClock
) -> AsyncIterator[CreatedQueues]:
    queues = CreatedQueues(tmp_path if request.param == "sqlite" else None, clock)
    await queues.start()
    yield queues
    await queues.stop()


async def test_a_group_comes_in_order_and_waits_for_what_is_out(made: CreatedQueues) -> None:
    await made.create(Q)
    await made.send("a1", "a2", "a3", to=Q, group="a")
    await made.send("b1", to=Q, group="b")
    first = await made.receive(2, Q)
    assert bodies(first) == ["a1", "a2"]
    assert bodies(await made.receive(10, Q)) == ["b1"]
    assert await made.poll(10, Q) == []
    await made.delete(first[0], of=Q)
    assert await made.poll(10, Q) == []
    await made.delete(first[1], of=Q)
    [last] = await made.receive(10, Q)
    assert (last.body, last.group, last.deduplication) == ("a3", "a", "a3")


async def test_what_times_out_comes_first_again(made: CreatedQueues) -> None:
    await made.create(Q)
    await made.send("1", "2", "3", to=Q, group="a")
    first, *_ = await made.receive(2, Q)
    await made.delete(first, of=Q)
    await made.pass_time(31)
    found = []
    for _ in range(2):
        [received] = await made.receive(1, Q)
        found.append((received.body, received.count))
        await made.delete(received, of=Q)
    assert found == [("2", 2), ("3", 1)]


async def test_two_receives_never_share_a_group(made: CreatedQueues) -> None:
    await made.create(Q)
    receiver = await made.receiver(Q)
    both = [asyncio.ensure_future(receiver.receive(1, 20, 30)) for _ in range(2)]
    await made.pass_time(0)
    await made.send("a1", "a2", to=Q, group="a")
    done, waits = await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED, timeout=PATIENCE)
    [first] = done.pop().result()
    await made.pass_time(1)
    assert first.body == "a1"
    assert len(waits) == 1
    [other] = waits
    assert not other.done()
    await made.delete(first, of=Q)
    assert bodies(await other) == ["a2"]


async def test_a_message_that_is_sent_again_is_kept_once(
    made: CreatedQueues, clock: ManualClock
) -> None:
    await made.create(Q)
    [first] = await made.send("a", to=Q, group="a")
    [other] = await made.send("b", to=Q, group="a")
    assert await made.send("a", "a", to=Q, group="a") == [first, first]
    assert len(first.sequence) == 20
    assert int(other.sequence) > int(first.sequence)
    received = await made.receive(10, Q)
    assert [each.sequence for each in received] == [first.sequence, other.sequence]
    await made.delete(*received, of=Q)
    clock.advance(290)
    assert await made.send("a", to=Q, group="a") == [first]
    clock.advance(12)
    [later] = await made.send("a", to=Q, group="a")
    assert later.id != first.id


async def test_two_sends_at_once_keep_one(made: CreatedQueues) -> None:
    await made.create(Q)
    sent = await asyncio.gather(*(made.send("a", to=Q, group="a") for _ in range(5)))
    assert len({each[0] for each in sent}) == 1
    assert len(await made.receive(10, Q)) == 1


async def test_the_scope_and_the_content_of_deduplication(made: CreatedQueues) -> None:
    await made.create(Q, content_deduplication=True, deduplication_scope="messageGroup")
    one, other = Message("same", group="a"), Message("same", group="b")
    first = await made.queues.send(ACCOUNT, Q, [one])
    second = await made.queues.send(ACCOUNT, Q, [other, one])
    assert second[1] == first[0] != second[0]
    received = await made.receive(10, Q)
    assert received[0].deduplication == (
        "0967115f2813a3541eaef77de9d9d5773f1c0c04314b0bbfe4ff3b3b1c55b5d5"
    )


async def test_a_group_and_an_id_are_needed(made: CreatedQueues) -> None:
    await made.create(Q)
    for message in (Message("a", deduplication="1"), Message("a", group="g")):
        with pytest.raises(GroupNeeded):
            await made.queues.send(ACCOUNT, Q, [message])


async def test_a_late_deletion_is_refused(made: CreatedQueues) -> None:
    await made.create(Q)
    await made.send("a", to=Q, group="a")
    [received] = await made.receive(of=Q)
    await made.pass_time(31)
    receiver = await made.receiver(Q)
    with pytest.raises(NotInFlight):
        await receiver.delete(received.receipt)
    [again] = await made.receive(of=Q)
    with pytest.raises(NotInFlight):
        await receiver.delete(received.receipt)
    await receiver.delete(again.receipt)
    await receiver.delete(again.receipt)


async def test_the_queues_delay_holds_every_message(made: CreatedQueues) -> None:
    await made.create(Q, delay=60)
    await made.send("a1", "a2", to=Q, group="a")
    assert await made.poll(10, Q) == []
    receiving = asyncio.ensure_future(made.receive(10, Q))
    await made.pass_time(19)
    await made.pass_time(2)
    assert await receiving == []
    receiving = asyncio.ensure_future(made.receive(10, Q))
    await made.pass_time(19)
    assert not receiving.done()
    await made.pass_time(20.5)
    receiving = asyncio.ensure_future(made.receive(10, Q))
    [first, second] = await receiving
    assert (first.body, first.count, second.body) == ("a1", 1, "a2")


async def test_dead_letters_keep_their_group_and_let_the_rest_go_on(made: CreatedQueues) -> None:
    await made.create("dead.fifo")
    await made.create(Q, redrive=("dead.fifo", 1))
    await made.send("1", "2", to=Q, group="a")
    [bad] = await made.receive(1, Q)
    await made.pass_time(31)
    [good] = await made.receive(10, Q)
    assert good.body == "2"
    [letter] = await made.receive(10, "dead.fifo")
    assert (letter.id, letter.group, letter.deduplication) == (bad.id, "a", "1")
