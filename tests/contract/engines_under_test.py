"""Every engine the contract is tested on: another one is one more entry here."""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from keybus.bus.engine import DIGEST_BYTES, MAX_RECORDS, Cursor, Delivery, Engine, Record
from keybus.clock import Clock
from keybus.engines.memory import MemoryEngine
from keybus.engines.sqlite import SqliteEngine

PATIENCE = 20.0
"""Seconds after which something that must happen is taken to have failed."""


class Anything:
    """The selection of tests that say themselves what matches."""

    @property
    def event_types(self) -> frozenset[str]:
        return frozenset()

    def accepts(self, _: bytes) -> bool:
        return True


ANY = Anything()


def _memory(_: Path, clock: Clock) -> Engine:
    return MemoryEngine(clock)


def _sqlite(folder: Path, clock: Clock) -> Engine:
    return SqliteEngine.at(folder / "store.db", clock=clock)


ENGINES: dict[str, Callable[[Path, Clock], Engine]] = {"memory": _memory, "sqlite": _sqlite}


def record(text: str, *matched: str, at: int = 1_000) -> Record:
    return Record(
        envelope=text.encode(),
        event_id=f"id-{text}",
        source="tests",
        event_type="test.event",
        ingested_at=at,
        matched=matched,
    )


def records(count: int, *matched: str, prefix: str = "event") -> list[Record]:
    return [record(f"{prefix}-{index}", *matched) for index in range(count)]


def digest(number: int) -> bytes:
    return number.to_bytes(DIGEST_BYTES, "big")


def known(number: int, at: int = 1_000) -> Record:
    """A record with a digest; of a number above 0."""
    return msgspec.structs.replace(record(f"event-{number}", at=at), digest=digest(number))


async def digests(engine: Engine, since: int = 0, limit: int = 10_000) -> dict[int, bytes]:
    """What the engine has, by position; in log order."""
    found: dict[int, bytes] = {}
    async for run in engine.digests(since, limit):
        assert run.positions
        assert run.ingested_at >= since
        found.update(zip(run.positions, run.digests, strict=True))
    assert list(found) == sorted(found)
    return found


async def append_all(engine: Engine, batch: Sequence[Record]) -> list[int]:
    """More than one append may have."""
    starts = range(0, len(batch), MAX_RECORDS)
    parts = [engine.append(batch[start : start + MAX_RECORDS]) for start in starts]
    return [position for part in await asyncio.gather(*parts) for position in part]


async def fetch(cursor: Cursor, limit: int = 100) -> Sequence[Delivery]:
    return await asyncio.wait_for(cursor.fetch(limit), PATIENCE)


async def fetch_all(cursor: Cursor, count: int, limit: int = 1_000) -> list[Delivery]:
    """So many deliveries, however many fetches they take."""
    found: list[Delivery] = []
    while len(found) < count:
        found += await fetch(cursor, min(limit, count - len(found)))
    return found


async def eventually(true: Callable[[], bool], patience: float = PATIENCE) -> None:
    """Wait for what another thread is about to do."""
    async with asyncio.timeout(patience):
        while not true():  # noqa: ASYNC110 - a thread of the engine's own sets no event
            await asyncio.sleep(0.005)


async def quiet(engine: Engine) -> None:
    """Everything that was begun has had its chance to be delivered."""
    await engine.documents.put("tests", "quiet", b"")
    await engine.documents.get("tests", "quiet")
    for _ in range(10):
        await asyncio.sleep(0)


def texts(deliveries: Sequence[Delivery]) -> list[str]:
    return [delivery.envelope.decode() for delivery in deliveries]


def positions(deliveries: Sequence[Delivery]) -> list[int]:
    return [delivery.position for delivery in deliveries]


async def standing(cursor: Cursor) -> tuple[int, int, int, int]:
    """Waiting, in flight, delayed, dead."""
    state = await cursor.state()
    return state.waiting, state.in_flight, state.delayed, state.dead
