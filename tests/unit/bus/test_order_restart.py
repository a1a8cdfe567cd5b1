"""Order over the end of a pump: the next one finds in the engine what the last one left."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest

from keybus.bus import Delivery, DeliverySettings, Dispatcher
from keybus.bus.delivery import lane, lanes
from keybus.bus.delivery.order_key import OrderKey
from keybus.bus.engine import ORDER, Cursor, Engine
from keybus.engines.memory import MemoryEngine
from keybus.protocol import Failed, Notice, Settlement
from keybus.testing import ManualClock
from tests.contract.engines_under_test import ANY, PATIENCE, fetch, positions, record
from tests.unit.bus.consuming import turns
from tests.unit.bus.failing import Store, failing

KEY = OrderKey(("k",), {}, "block")
ENVELOPE = '{"detail-type":"t","detail":{"k":"a"}}'


class Consumer:
    """Keeps the positions of what it is sent."""

    def __init__(self, dispatcher: Dispatcher, window: int) -> None:
        self.seen: list[int] = []
        self.dispatcher = dispatcher
        self._news = asyncio.Condition()
        self.session = dispatcher.join(self.send, window)

    async def send(self, what: Sequence[Delivery] | Notice) -> None:
        if not isinstance(what, Notice):
            async with self._news:
                self.seen += positions(what)
                self._news.notify_all()

    async def until(self, count: int) -> list[int]:
        async with asyncio.timeout(PATIENCE), self._news:
            await self._news.wait_for(lambda: len(self.seen) >= count)
        return self.seen

    async def settle(self, settlement: Settlement) -> None:
        await self.dispatcher.settle(self.session, settlement)


@pytest.fixture
async def cursor(engine: MemoryEngine, store: Store) -> Cursor:
    stored: Engine = failing(engine, store)
    return await stored.open("line", ANY)


@pytest.fixture
async def dispatcher(cursor: Cursor, clock: ManualClock) -> AsyncIterator[Dispatcher]:
    dispatcher = Dispatcher(cursor, DeliverySettings(order=KEY), clock)
    yield dispatcher
    await dispatcher.stop()


@pytest.mark.parametrize("window", [1, 10])
async def test_what_was_never_put_aside_goes_before_what_was_and_is_later(
    engine: MemoryEngine,
    cursor: Cursor,
    dispatcher: Dispatcher,
    monkeypatch: pytest.MonkeyPatch,
    window: int,
) -> None:
    for module in (lane, lanes):
        monkeypatch.setattr(module, "LANE_ROOM", 4)
    # As a crash leaves it that finds a lane half put aside: what is between was out, or waited.
    await engine.append([record(ENVELOPE, "line") for _ in range(4)])
    first, second, third, fourth = positions(await fetch(cursor))
    group = KEY.group(ENVELOPE.encode())
    await cursor.hold([first, third], reason=ORDER, group=group)
    await cursor.release([second, fourth])
    consumer = Consumer(dispatcher, window)
    settled = 0
    while settled < 4:
        seen = await consumer.until(settled + 1)
        fresh, settled = seen[settled:], len(seen)
        await consumer.settle(Settlement(ack=fresh))
    assert consumer.seen == [first, second, third, fourth]


async def test_what_is_buried_while_another_consumer_comes_holds_up_nothing(
    engine: MemoryEngine, dispatcher: Dispatcher, clock: ManualClock, store: Store
) -> None:
    [first, second] = await engine.append([record(ENVELOPE, "line") for _ in range(2)])
    consumer = Consumer(dispatcher, 10)
    assert await consumer.until(2) == [first, second]
    await consumer.settle(Settlement(retry=[Failed(first, "no luck")], release=[second]))
    clock.advance(61)
    assert await consumer.until(3) == [first, second, first]
    store.waits = lambda call: call[0] == "bury"
    burying = asyncio.create_task(consumer.settle(Settlement(bury=[Failed(first, "no cure")])))
    await store.waiting.wait()
    await dispatcher.leave(consumer.session, "gone")
    # The next one looks what is to come once more while the store has not heard of the burial.
    late = Consumer(dispatcher, 10)
    await turns()
    assert store.calls.count(("groups",)) == 2
    store.go.set()
    await burying
    assert await late.until(1) == [second]
