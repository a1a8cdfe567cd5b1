"""Message queues where the wall clock is set, forward or back: nothing is lost, and order is kept."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from keybus.bus.message_queues.received import Counts
from keybus.governance import ANYBODY
from tests.contract.engines_under_test import PATIENCE
from tests.unit.bus.created_queues import ACCOUNT, CreatedQueues, bodies
from tests.unit.bus.test_age_limits import Jumping

Q = "q.fifo"
_US = 1_000_000
_DAY = 86_400 * _US


@pytest.fixture
def jumping() -> Jumping:
    return Jumping()


@pytest.fixture(params=["memory", "sqlite"])
async def made(
    request: pytest.FixtureRequest, tmp_path: Path, jumping: Jumping
) -> AsyncIterator[CreatedQueues]:
    queues = CreatedQueues(tmp_path if request.param == "sqlite" else None, jumping)
    await queues.start()
    yield queues
    await queues.stop()


@pytest.fixture
async def stored(tmp_path: Path, jumping: Jumping) -> AsyncIterator[CreatedQueues]:
    queues = CreatedQueues(tmp_path, jumping)
    await queues.start()
    yield queues
    await queues.stop()


async def sweeps(made: CreatedQueues, count: int) -> None:
    for _ in range(count):
        await made.pass_time(10.1)


async def test_a_clock_that_was_set_forward_deletes_nothing(
    made: CreatedQueues, jumping: Jumping
) -> None:
    await made.create()
    await made.send("a", "b")
    jumping.ahead = 5 * _DAY
    await sweeps(made, 8)
    assert bodies(await made.receive(1)) == ["a"]
    jumping.ahead = 0
    assert await made.queues.counts(ACCOUNT, "q") == Counts(1, 1, 0)


@pytest.mark.parametrize("ahead", [-_DAY, _DAY])
async def test_a_delay_is_as_long_as_it_is(
    made: CreatedQueues, jumping: Jumping, ahead: int
) -> None:
    await made.create()
    await made.create(Q, delay=60)
    await made.send("d", delay=60)
    await made.send("f", to=Q, group="g")
    assert await made.poll() == []
    jumping.ahead = ahead
    assert (await made.poll(), await made.poll(10, Q)) == ([], [])
    await made.pass_time(50)
    assert (await made.poll(), await made.poll(10, Q)) == ([], [])
    await made.pass_time(11)
    assert bodies(await made.receive()) == ["d"]
    assert bodies(await made.receive(10, Q)) == ["f"]


async def test_a_group_is_in_order_where_the_clock_is_set_back(
    made: CreatedQueues, jumping: Jumping
) -> None:
    await made.create(Q, delay=10)
    jumping.ahead = 3_600 * _US
    await made.send("1", to=Q, group="g")
    jumping.ahead = 0
    await made.send("2", to=Q, group="g")
    await made.pass_time(11)
    assert bodies(await made.poll(10, Q)) == ["1", "2"]


async def test_what_is_due_after_any_delay_is_due(stored: CreatedQueues, jumping: Jumping) -> None:
    """It was sent before a restart, by a clock that was set back since."""
    await stored.create()
    await stored.create(Q, delay=60)
    await stored.send("aside", delay=60)
    assert await stored.poll() == []
    await stored.send("in line", delay=60)
    await stored.send("1", to=Q, group="g")
    jumping.ahead = -_DAY
    await stored.crash()
    await stored.send("2", to=Q, group="g")
    assert bodies(await stored.receive(10, Q)) == ["1"]
    assert sorted(bodies(await stored.receive_all(2))) == ["aside", "in line"]
    await stored.pass_time(29)
    assert await stored.poll(10, Q) == []
    await stored.pass_time(2)
    [again] = await stored.receive(1, Q)
    assert (again.body, again.count) == ("1", 2)
    await stored.delete(again, of=Q)
    assert await stored.poll(10, Q) == []
    await stored.pass_time(30)
    assert bodies(await stored.receive(10, Q)) == ["2"]


async def test_room_is_used_again_after_the_clock_was_set_forward(
    stored: CreatedQueues, jumping: Jumping
) -> None:
    await stored.create(Q)
    await sweeps(stored, 1)
    jumping.ahead = 365 * _DAY
    for name in ("a", "b"):
        await stored.send(name, to=Q, group="g")
        await stored.delete(*await stored.receive(10, Q), of=Q)
    await sweeps(stored, 20)
    assert len([each async for each in stored.store.read()]) == 2, "they are known again"
    await sweeps(stored, 15)
    assert len([each async for each in stored.store.read()]) == 1, "but for the log's end"


async def test_without_a_fifo_queue_room_is_used_again_at_once(
    stored: CreatedQueues, jumping: Jumping
) -> None:
    await stored.create()
    jumping.ahead = 365 * _DAY
    await stored.send("ahead")
    jumping.ahead = 0
    await stored.send("now")
    await stored.delete(*await stored.receive_all(2))
    await sweeps(stored, 2)
    assert len([each async for each in stored.store.read()]) == 1


async def test_a_group_that_is_due_is_not_hidden_by_one_that_is_not(
    made: CreatedQueues,
) -> None:
    await made.create(Q, delay=60)
    await made.send("b1", "b2", to=Q, group="b")
    await made.pass_time(50)
    await made.send("a1", to=Q, group="a")
    await made.pass_time(11)
    [first] = await made.poll(1, Q)
    assert first.body == "b1"
    assert await made.poll(1, Q) == []
    await made.delete(first, of=Q)
    assert bodies(await made.poll(1, Q)) == ["b2"]
    await made.pass_time(31)
    [again] = await made.poll(1, Q)
    assert (again.body, again.count) == ("b2", 2)
    await made.delete(again, of=Q)
    await made.pass_time(20)
    assert bodies(await made.poll(10, Q)) == ["a1"]


async def test_a_delay_that_is_changed_holds_at_once(made: CreatedQueues) -> None:
    await made.create(Q, delay=900)
    await made.send("a", to=Q, group="g")
    receiving = asyncio.ensure_future(made.receive(10, Q))
    await made.pass_time(1)
    assert not receiving.done()
    await made.queues.change(ACCOUNT, Q, lambda queue: replace(queue, delay=0), ANYBODY)
    await made.pass_time(1)
    assert bodies(await asyncio.wait_for(receiving, PATIENCE)) == ["a"]
