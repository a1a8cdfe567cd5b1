"""A million events behind one blocked key: bounded memory, and other keys go on."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from keybus.bus import Delivery, DeliverySettings, Dispatcher, Session
from keybus.bus.delivery import lanes
from keybus.bus.delivery.lane import LANE_ROOM
from keybus.bus.delivery.order_key import OrderKey
from keybus.protocol import MAX_FRAME_DELIVERIES, Failed, Notice, Settlement
from keybus.testing import ManualClock
from tests.contract.engines_under_test import ANY, ENGINES, record

MILLION = 1_000_000
STUCK = '{"detail-type":"t","detail":{"k":"stuck"}}'


class Failing:
    """Fails what is of the stuck key, and handles all else."""

    def __init__(self, dispatcher: Dispatcher) -> None:
        self._dispatcher = dispatcher
        self.handled = 0
        self.news = asyncio.Condition()
        self.session: Session = dispatcher.join(self.take, 500)
        self._settling = set[asyncio.Task[None]]()

    async def take(self, what: Sequence[Delivery] | Notice) -> None:
        if not isinstance(what, Notice):
            task = asyncio.create_task(self._settle(what))
            self._settling.add(task)
            task.add_done_callback(self._settling.discard)

    async def _settle(self, batch: Sequence[Delivery]) -> None:
        settlement = Settlement()
        for each in batch:
            if b"stuck" in each.envelope:
                settlement.retry.append(Failed(each.position, "no luck"))
            else:
                settlement.ack.append(each.position)
        await self._dispatcher.settle(self.session, settlement)
        async with self.news:
            self.handled += len(settlement.ack)
            self.news.notify_all()

    async def until(self, count: int) -> None:
        async with asyncio.timeout(120), self.news:
            await self.news.wait_for(lambda: self.handled >= count)


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", ["memory", pytest.param("sqlite", marks=pytest.mark.soak)])
async def test_a_million_behind_one_key(tmp_path: Path, name: str) -> None:
    clock = ManualClock()
    engine = ENGINES[name](tmp_path, clock)
    cursor = await engine.open("line", ANY)
    settings = DeliverySettings(order=OrderKey(("k",), {}, "block"))
    dispatcher = Dispatcher(cursor, settings, clock)
    consumer = Failing(dispatcher)
    await engine.append([record(STUCK, "line")])
    others = 0
    for start in range(0, MILLION, 50_000):
        for _ in range(50):
            await engine.append([record(STUCK, "line")] * 1_000)
        keys = [f'{{"detail-type":"t","detail":{{"k":{n}}}}}' for n in range(200)]
        await engine.append([record(each, "line") for each in keys])
        others += len(keys)
        # What comes last in the log is handled: everything before it went by.
        await consumer.until(others)
        state = await cursor.state()
        assert state.in_flight <= lanes.TOTAL_ROOM
        assert state.ordered >= start + 50_000 - LANE_ROOM - MAX_FRAME_DELIVERIES
    await dispatcher.stop()
    state = await cursor.state()
    assert (state.in_flight, state.waiting) == (0, MILLION + 1)
    [group] = await cursor.groups()
    assert group.returning <= LANE_ROOM
    await engine.close()
