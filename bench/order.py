"""What order costs: deliveries with none, with many keys, with one, and a backlog behind a blocked key.

    python bench/order.py [--events N] [--backlog N] [--memory]

Prints deliveries a second through a dispatcher (fetched, sent, acknowledged), and, of the backlog,
how long other keys' deliveries take to come through as it grows, and the memory of the process.
"""

import argparse
import asyncio
import resource
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from keybus.bus import Cursor, Delivery, DeliverySettings, Dispatcher, Engine, Record
from keybus.bus.delivery.order_key import OrderKey
from keybus.clock import SYSTEM
from keybus.engines.memory import MemoryEngine
from keybus.engines.sqlite import SqliteEngine
from keybus.protocol import Failed, Notice, Settlement

_PADDING = "x" * 800
_PAGE = 1_000


class Anything:
    """Selects every event."""

    event_types: frozenset[str] = frozenset()

    def accepts(self, _: bytes) -> bool:
        """It does."""
        return True


def record(key: str) -> Record:
    """An event of a key, of about a kilobyte."""
    text = f'{{"id":"1","detail-type":"t","source":"s","detail":{{"k":"{key}","p":"{_PADDING}"}}}}'
    return Record(text.encode(), "1", "s", "t", 1_000, ("line",))


class Consumer:
    """Acknowledges all that it is sent; fails the first of a key where it is told to."""

    def __init__(self, dispatcher: Dispatcher, fails: str = "") -> None:
        self.count, self.others = 0, asyncio.Event()
        self._fails = f'"k":"{fails}"'.encode()
        self._dispatcher = dispatcher
        self._tasks = set[asyncio.Task[None]]()
        self.session = dispatcher.join(self._take, 500)

    async def _take(self, what: Sequence[Delivery] | Notice) -> None:
        if isinstance(what, Notice):
            return
        settlement = Settlement()
        for each in what:
            if self._fails != b'"k":""' and self._fails in each.envelope:
                settlement.retry.append(Failed(each.position, "no luck", after=3_600.0))
            else:
                settlement.ack.append(each.position)
                self.count += 1
                self.others.set()
        task = asyncio.create_task(self._dispatcher.settle(self.session, settlement))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def until(self, count: int) -> None:
        """Until so many were acknowledged."""
        while self.count < count:
            self.others.clear()
            await self.others.wait()


async def append(engine: Engine, keys: Sequence[str]) -> None:
    """Events of these keys."""
    for start in range(0, len(keys), _PAGE):
        await engine.append([record(key) for key in keys[start : start + _PAGE]])


async def rate(engine: Engine, keys: Sequence[str], order: OrderKey | None) -> float:
    """Deliveries a second of a backlog of these keys."""
    cursor: Cursor = await engine.open("line", Anything())
    await append(engine, keys)
    dispatcher = Dispatcher(cursor, DeliverySettings(order=order), SYSTEM)
    began = time.perf_counter()
    await Consumer(dispatcher).until(len(keys))
    took = time.perf_counter() - began
    await dispatcher.stop()
    await engine.close()
    return len(keys) / took


async def blocked(engine: Engine, backlog: int) -> None:
    """A backlog behind one blocked key, and how others come through meanwhile."""
    cursor: Cursor = await engine.open("line", Anything())
    order = OrderKey(("k",), {}, "block")
    dispatcher = Dispatcher(cursor, DeliverySettings(order=order), SYSTEM)
    consumer = Consumer(dispatcher, fails="stuck")
    await append(engine, ["stuck"])
    step = max(backlog // 5, 1)
    for done in range(step, backlog + 1, step):
        began = time.perf_counter()
        await append(engine, ["stuck"] * step)
        while (await cursor.state()).ordered < done - 1_000:  # noqa: ASYNC110 - it is looked at, not told
            await asyncio.sleep(0.01)
        aside = step / (time.perf_counter() - began)
        seen, began = consumer.count, time.perf_counter()
        for number in range(100):
            await append(engine, [f"other-{number}"])
            await consumer.until(seen + number + 1)
        through = (time.perf_counter() - began) * 10
        count, began = 10_000, time.perf_counter()
        await append(engine, [f"key-{number % 100}" for number in range(count)])
        await consumer.until(seen + 100 + count)
        flow = count / (time.perf_counter() - began)
        state = await cursor.state()
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(
            f"  {state.ordered:>9,} behind it: appended and put aside {aside:>7,.0f}/s, "
            f"another key's event {through:.2f} ms, other keys {flow:>7,.0f}/s, "
            f"in flight {state.in_flight}, {memory:,.0f} MB"
        )
    await dispatcher.stop()
    await engine.close()


async def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description="what order by key costs")
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--backlog", type=int, default=1_000_000)
    parser.add_argument("--memory", action="store_true", help="the memory engine, not SQLite")
    chosen = parser.parse_args()
    key = OrderKey(("k",), {}, "block")
    with tempfile.TemporaryDirectory() as folder:
        numbers = iter(range(100))

        def engine() -> Engine:
            if chosen.memory:
                return MemoryEngine()
            return SqliteEngine.at(Path(folder) / f"{next(numbers)}.db")

        many = [f"key-{number % 1_000}" for number in range(chosen.events)]
        for words, keys, order in (
            ("no order", many, None),
            ("1,000 keys", many, key),
            ("one key", ["only"] * (chosen.events // 4), key),
        ):
            print(f"{words}: {await rate(engine(), keys, order):,.0f} deliveries/s")
        print("one blocked key:")
        await blocked(engine(), chosen.backlog)


if __name__ == "__main__":
    asyncio.run(main())
