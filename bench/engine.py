"""How fast the embedded engine is, beside SQLite itself on the same disk in the same run.

Run it with ``python bench/engine.py [folder]``: the folder says which disk. It takes some
seconds. "Appended" and "acknowledged" are durable: synced, not only written.
"""

import asyncio
import itertools
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import apsw

from keybus.bus.engine import Cursor, Record
from keybus.engines.sqlite import SqliteEngine

BATCH = 100
EVENT_BYTES = 1_024
EVENTS = 200_000
PUBLISHERS = 16
FETCH = 1_000
ACKS_IN_FLIGHT = 4
PACED_BATCHES = 500
PACE_SECONDS = 0.005


class Anything:
    """The selection of subscriptions whose matches are given with the events."""

    @property
    def event_types(self) -> frozenset[str]:
        """Any."""
        return frozenset()

    def accepts(self, _: bytes) -> bool:
        """Yes."""
        return True


def main() -> None:
    """Measure, and print one line a measurement."""
    folder = sys.argv[1] if len(sys.argv) > 1 else None
    with store(folder) as path:
        baseline = bare_rows(path)
    line("baseline: bare apsw, a row an event, commits of 100", baseline)
    with store(folder) as path:
        line("baseline: the same, commits of 1,000", bare_rows(path, commit=10 * BATCH))
    for subscriptions in (0, 1, 5):
        with store(folder) as path:
            rate = asyncio.run(throughput(path, subscriptions))
        line(f"appended, subscriptions keeping up: {subscriptions}", rate, baseline)
        if subscriptions:
            line("  delivered and acknowledged", rate * subscriptions, unit="deliveries/s")
    with store(folder) as path:
        line("delivered and acknowledged from a backlog", asyncio.run(backlog(path)))
    with store(folder) as path:
        delays = sorted(asyncio.run(latency(path)))
    shares = (0.5, 0.9, 0.99, 1.0)
    shown = " / ".join(f"{delays[int(share * (len(delays) - 1))] * 1e3:.2f}" for share in shares)
    print(f"{'append to fetched, 20,000 events/s: p50 / p90 / p99 / max':<58}{shown:>12} ms")


def line(what: str, rate: float, baseline: float = 0, *, unit: str = "events/s") -> None:
    """Print one measurement."""
    beside = f"  ({rate / baseline:.2f} x baseline)" if baseline else ""
    print(f"{what:<58}{rate:>12,.0f} {unit}{beside}", flush=True)


@contextmanager
def store(folder: str | None) -> Iterator[Path]:
    """A place for a store, gone afterwards."""
    with tempfile.TemporaryDirectory(dir=folder) as made:
        yield Path(made) / "store.db"


def envelopes() -> Iterator[bytes]:
    """Different bytes each time, so that nothing is the same page twice."""
    noise = os.urandom(EVENT_BYTES // 2).hex().encode()
    for index in itertools.count():
        head = b"%020d" % index
        yield head + noise[len(head) :]


def bare_rows(path: Path, commit: int = BATCH) -> float:
    """A row an event, in transactions of that many, from one thread that does nothing else."""
    connection = apsw.Connection(str(path))
    for pragma in ("journal_mode = WAL", "synchronous = FULL"):
        connection.execute(f"PRAGMA {pragma}")
    connection.execute("CREATE TABLE log (position INTEGER PRIMARY KEY, at INTEGER, envelope BLOB)")
    source = envelopes()
    batches = [[(0, next(source)) for _ in range(commit)] for _ in range(EVENTS // commit)]
    began = time.perf_counter()
    for batch in batches:
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany("INSERT INTO log (at, envelope) VALUES (?, ?)", batch)
        connection.execute("COMMIT")
    rate = EVENTS / (time.perf_counter() - began)
    connection.close()
    return rate


def prepared(names: tuple[str, ...], batches: int) -> list[list[Record]]:
    """Batches of events that match all of these subscriptions."""
    source = envelopes()
    return [
        [
            Record(next(source), f"{batch}-{index}", "bench", "bench.event", batch, names)
            for index in range(BATCH)
        ]
        for batch in range(batches)
    ]


async def throughput(path: Path, subscriptions: int) -> float:
    """Events/s until every subscription has acknowledged every event."""
    engine = SqliteEngine.at(path)
    names = tuple(f"subscription-{index}" for index in range(subscriptions))
    cursors = [await engine.open(name, Anything()) for name in names]
    batches = iter(prepared(names, EVENTS // BATCH))

    async def publish() -> None:
        for batch in batches:
            await engine.append(batch)

    began = time.perf_counter()
    await asyncio.gather(
        *(publish() for _ in range(PUBLISHERS)), *(consume(cursor) for cursor in cursors)
    )
    rate = EVENTS / (time.perf_counter() - began)
    await engine.close()
    return rate


async def consume(cursor: Cursor) -> None:
    """Fetch and acknowledge everything, a few acknowledgements on their way at any time."""
    left, acks = EVENTS, set[asyncio.Task[None]]()
    while left:
        deliveries = await cursor.fetch(FETCH)
        left -= len(deliveries)
        acks.add(asyncio.create_task(cursor.ack([each.position for each in deliveries])))
        if len(acks) >= ACKS_IN_FLIGHT:
            _, acks = await asyncio.wait(acks, return_when=asyncio.FIRST_COMPLETED)
    await asyncio.gather(*acks)


async def backlog(path: Path) -> float:
    """Deliveries/s of a subscription that finds all events in the store and none in memory."""
    engine = SqliteEngine.at(path)
    await engine.open("late", Anything())
    for batch in prepared(("late",), EVENTS // BATCH):
        await engine.append(batch)
    await engine.close()
    engine = SqliteEngine.at(path)
    cursor = await engine.open("late", Anything())
    began = time.perf_counter()
    await consume(cursor)
    rate = EVENTS / (time.perf_counter() - began)
    await engine.close()
    return rate


async def latency(path: Path) -> list[float]:
    """Seconds from append to fetched, at a steady pace with five subscriptions."""
    engine = SqliteEngine.at(path)
    names = tuple(f"subscription-{index}" for index in range(5))
    cursors = [await engine.open(name, Anything()) for name in names]
    began: dict[int, float] = {}
    found: list[float] = []

    async def follow(cursor: Cursor) -> None:
        left = PACED_BATCHES * BATCH
        while left:
            deliveries = await cursor.fetch(BATCH)
            now = time.perf_counter()
            found.extend(now - began[each.ingested_at] for each in deliveries)
            left -= len(deliveries)
            await cursor.ack([each.position for each in deliveries])

    async def publish() -> None:
        for index, batch in enumerate(prepared(names, PACED_BATCHES)):
            began[index] = time.perf_counter()
            await engine.append(batch)
            await asyncio.sleep(max(0.0, began[index] + PACE_SECONDS - time.perf_counter()))

    await asyncio.gather(publish(), *(follow(cursor) for cursor in cursors))
    await engine.close()
    return found


if __name__ == "__main__":
    main()
