"""De-duplication in FIFO queues: what is sent again within five minutes is not kept again.

Source: the Amazon SQS developer guide, "Exactly-once processing in Amazon SQS".
"""

import asyncio
from collections.abc import Sequence
from hashlib import blake2b, sha256
from typing import Final

from keybus.bus.engine import DIGEST_BYTES, Engine, Record
from keybus.bus.ingest.recent import Recent
from keybus.bus.ingest.window import Window
from keybus.bus.message_queues.kept import decode, sequence_of
from keybus.bus.message_queues.message import Message, Sent
from keybus.bus.message_queues.settings import QueueSettings
from keybus.clock import Clock

SECONDS: Final = 300.0
"""For how long a message is known again."""
MOST: Final = 2_000_000
"""Messages that are known again at most, of all FIFO queues; beyond them the window is shorter."""


def content_id(body: str) -> str:
    """The de-duplication id of a body: its SHA-256, as SQS makes it."""
    return sha256(body.encode()).hexdigest()


def digest_of(settings: QueueSettings, message: Message, deduplication: str) -> bytes:
    """What a message of a FIFO queue is known again by."""
    group = message.group if settings.deduplication_scope == "messageGroup" else ""
    text = f"{settings.line}\0{group}\0{deduplication}"
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=DIGEST_BYTES).digest()


class Duplicates:
    """Appends messages, each once. Belongs to one event loop; made by `open`.

    What is remembered is what stands in the log, which is therefore kept for as long.
    """

    def __init__(self, engine: Engine, clock: Clock, limit: int = MOST) -> None:
        self._engine, self._clock = engine, clock
        self._recent, self._window = Recent(1 << 12), Window(SECONDS, limit)
        self._pending: dict[bytes, asyncio.Future[None]] = {}
        self._appending = set[asyncio.Task[Sequence[int]]]()

    @classmethod
    async def open(cls, engine: Engine, clock: Clock, limit: int = MOST) -> "Duplicates":
        """Remember what was appended within the last five minutes.

        Raises:
            StorageFailed: The log could not be read.
        """
        found = cls(engine, clock, limit)
        now, time = clock.time_us(), clock.monotonic()
        reached = time - SECONDS
        async for run in engine.digests(now - round(SECONDS * 1_000_000), limit):
            age = max(0, now - run.ingested_at) / 1_000_000
            reached = max(reached, time - age)
            found._remember(run.digests, run.positions, reached)
        return found

    async def append(self, records: Sequence[Record]) -> list[Sent]:
        """Append what is new, in its order; what is not is answered as the first was.

        Args:
            records: Each with a digest.

        Raises:
            EngineError: What is new is not known to be kept.
        """
        found = await self._before({each.digest for each in records})
        # From here on nothing waits until what is new is on its way.
        fresh: dict[bytes, Record] = {}
        for each in records:
            if each.digest not in found:
                fresh.setdefault(each.digest, each)
        if fresh:
            found |= await self._append(list(fresh.values()))
        return [found[each.digest] for each in records]

    async def _append(self, fresh: Sequence[Record]) -> dict[bytes, Sent]:
        landed = asyncio.get_running_loop().create_future()
        digests = [each.digest for each in fresh]
        self._pending.update(dict.fromkeys(digests, landed))

        def land(done: "asyncio.Task[Sequence[int]]") -> None:
            self._appending.discard(done)
            for each in digests:
                del self._pending[each]
            if not (done.cancelled() or done.exception()):
                self._remember(digests, done.result(), self._clock.monotonic())
            landed.set_result(None)

        # Carried through where whoever sends goes away: or nobody would know what became of it.
        task = asyncio.ensure_future(self._engine.append(fresh))
        self._appending.add(task)
        task.add_done_callback(land)
        positions = await asyncio.shield(task)
        return dict(zip(digests, _sent(fresh, positions), strict=True))

    async def _before(self, digests: set[bytes]) -> dict[bytes, Sent]:
        """Those that were appended before; when it returns, none of the others is on its way."""
        while flights := {self._pending[each] for each in digests if each in self._pending}:
            await asyncio.wait(flights)
        if not self._recent.knows_any(list(digests)):
            return {}
        now = self._clock.monotonic()
        self._window.move(now)
        self._recent.forget(self._window.floor)
        places = {(each, at) for each in digests for at in self._recent.find(each)}
        found = await self._engine.stored([position for _, position in places])
        if any(each in self._pending for each in digests):
            return await self._before(digests)
        known: dict[bytes, Sent] = {}
        for each, position in sorted(places, key=lambda place: place[1]):
            stored = found.get(position)
            if stored is not None and (kept := decode(stored.envelope)).digest == each:
                known.setdefault(each, Sent(kept.id, sequence_of(position)))
        return known

    def _remember(self, digests: Sequence[bytes], positions: Sequence[int], now: float) -> None:
        self._recent.add(digests, positions)
        if self._window.add(now, positions[-1], len(digests)):
            self._window.move(now)
            self._recent.forget(self._window.floor)


def _sent(records: Sequence[Record], positions: Sequence[int]) -> list[Sent]:
    return [
        Sent(each.event_id, sequence_of(at)) for each, at in zip(records, positions, strict=True)
    ]
