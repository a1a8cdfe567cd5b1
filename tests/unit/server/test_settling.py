"""A consumer's acknowledgements do not wait for each other's commits; everything else has its turn."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any, cast

import pytest

from keybus.bus import Cursor, Delivery, DeliverySettings, Dispatcher, Session
from keybus.bus.engine import Record
from keybus.engines.memory import MemoryEngine
from keybus.protocol import Failed, Notice, Settlement
from keybus.server.native.settling import MOST_AT_ONCE, Settling
from keybus.testing import ManualClock

COUNT = MOST_AT_ONCE + 10


class Everything:
    """A subscription's selection."""

    event_types = frozenset[str]()

    def accepts(self, envelope: bytes) -> bool:
        return bool(envelope)


class SlowCursor:
    """A disk whose commits wait until the test lets them."""

    def __init__(self, inner: Cursor) -> None:
        self._inner = inner
        self.commits = asyncio.Event()
        self.begun: list[str] = []
        self.news = asyncio.Condition()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def ack(self, positions: Sequence[int]) -> None:
        await self._begin("ack")
        await self.commits.wait()
        await self._inner.ack(positions)

    async def retry(self, position: int, **how: Any) -> None:
        await self._begin("retry")
        await self._inner.retry(position, **how)

    async def until(self, count: int) -> None:
        async with asyncio.timeout(5), self.news:
            await self.news.wait_for(lambda: len(self.begun) >= count)

    async def _begin(self, what: str) -> None:
        async with self.news:
            self.begun.append(what)
            self.news.notify_all()


class Bench:
    """A consumer that has been sent everything, over a slow cursor."""

    def __init__(self, cursor: SlowCursor, dispatcher: Dispatcher) -> None:
        self.cursor, self.dispatcher = cursor, dispatcher
        self.positions: list[int] = []
        self.all_sent = asyncio.Event()
        self.session: Session = dispatcher.join(self.send, COUNT)

    async def send(self, batch: Sequence[Delivery] | Notice) -> None:
        assert not isinstance(batch, Notice)
        self.positions += [each.position for each in batch]
        if len(self.positions) == COUNT:
            self.all_sent.set()


@pytest.fixture
async def consumer() -> AsyncIterator[Bench]:
    clock = ManualClock()
    engine = MemoryEngine(clock=clock)
    cursor = SlowCursor(await engine.open("all", Everything()))
    records = [Record(b"{}", str(n), "s", "t", n, ("all",)) for n in range(COUNT)]
    await engine.append(records)
    dispatcher = Dispatcher(cast("Cursor", cursor), DeliverySettings(), clock)
    found = Bench(cursor, dispatcher)
    await asyncio.wait_for(found.all_sent.wait(), 5)
    yield found
    cursor.commits.set()
    await dispatcher.stop()
    await engine.close()


async def test_an_acknowledgement_does_not_wait_for_the_one_before_it(consumer: Bench) -> None:
    async with asyncio.TaskGroup() as group:
        settling = Settling(group, consumer.dispatcher, consumer.session)
        for position in consumer.positions[:3]:
            await settling.take(Settlement(ack=[position]))
        await consumer.cursor.until(3)
        assert (await consumer.cursor.state()).in_flight == COUNT
        consumer.cursor.commits.set()
    assert (await consumer.cursor.state()).in_flight == COUNT - 3
    assert consumer.dispatcher.acknowledged == 3


async def test_a_failure_waits_for_the_acknowledgements_before_it(consumer: Bench) -> None:
    first, second, *_ = consumer.positions
    async with asyncio.TaskGroup() as group:
        settling = Settling(group, consumer.dispatcher, consumer.session)
        await settling.take(Settlement(ack=[first]))
        failing = group.create_task(settling.take(Settlement(retry=[Failed(second, "no luck")])))
        await consumer.cursor.until(1)
        assert not failing.done()
        consumer.cursor.commits.set()
    assert consumer.cursor.begun == ["ack", "retry"]


async def test_what_waits_for_the_store_is_bounded(consumer: Bench) -> None:
    async def acknowledge(settling: Settling) -> None:
        for position in consumer.positions:
            await settling.take(Settlement(ack=[position]))

    async with asyncio.TaskGroup() as group:
        settling = Settling(group, consumer.dispatcher, consumer.session)
        acknowledging = group.create_task(acknowledge(settling))
        await consumer.cursor.until(MOST_AT_ONCE)
        for _ in range(100):
            await asyncio.sleep(0)
        assert len(consumer.cursor.begun) == MOST_AT_ONCE
        assert not acknowledging.done()
        consumer.cursor.commits.set()
    assert (await consumer.cursor.state()).in_flight == 0
    assert consumer.cursor.begun == ["ack"] * COUNT


async def test_a_heartbeat_settles_nothing(consumer: Bench) -> None:
    async with asyncio.TaskGroup() as group:
        await Settling(group, consumer.dispatcher, consumer.session).take(Settlement())
    assert consumer.cursor.begun == []
    assert (await consumer.cursor.state()).in_flight == COUNT
