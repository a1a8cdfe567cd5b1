"""De-duplication: a contract event that comes again within five minutes is not appended again."""

import asyncio
import logging
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Final, NamedTuple

import msgspec

from keybus.bus.engine import Engine, Record
from keybus.bus.ingest.identity import Identity
from keybus.bus.ingest.recent import Recent
from keybus.bus.ingest.window import Window
from keybus.clock import Clock
from keybus.envelope import Envelope, decode
from keybus.errors import EngineError

SECONDS: Final = 300.0
"""For how long an event is known again, at least; at most a second longer."""
MOST: Final = 12_500_000
"""Events that are remembered at most: more than 300 s at 40,000/s, in 270 MB."""
_MANY: Final = 100
_NO_FIRSTS: Final[Mapping[str, str]] = {}
_log = logging.getLogger(__name__)


class Appended(NamedTuple):
    """What became of records.

    Attributes:
        records: Those that were appended, in their order.
        positions: Theirs.
        firsts: The first one's event id, by the event id of each that was not appended.
    """

    records: Sequence[Record]
    positions: Sequence[int]
    firsts: Mapping[str, str]


class DeduplicationState(msgspec.Struct, frozen=True):
    """How de-duplication stands.

    Attributes:
        remembered: How many events are kept in memory.
        reach: For how many seconds events are known again: fewer than 300 where there are more
            than memory is given to.
        duplicates: How many events were not appended since the start, as they had been before,
            by their source.
        differing: How many of these had other content than the first.
    """

    remembered: int
    reach: float
    duplicates: Mapping[str, int]
    differing: int


class Deduplication:
    """Appends events, each contract event once. Belongs to one event loop; made by `open`.

    It goes by `Record.digest`; events without one are appended as they come. What is remembered is
    what stands in the log, so that it is as durable as the log; nothing is answered that is not.

    Args:
        engine: Where events are kept.
        clock: Its monotonic time says what is too old; over a restart, its wall clock.
        limit: How many events are remembered at most.
    """

    def __init__(self, engine: Engine, clock: Clock, limit: int = MOST) -> None:
        self._engine, self._clock, self._limit = engine, clock, limit
        self._recent = Recent()
        self._window = Window(SECONDS, limit)
        self._pending: dict[bytes, _Flight] = {}
        self._searches = set[asyncio.Task[None]]()
        self._duplicates = Counter[str]()
        self._differing = 0
        self._told: set[tuple[str, str]] = set()
        self._told_crowded = False

    @classmethod
    async def open(cls, engine: Engine, clock: Clock, limit: int = MOST) -> "Deduplication":
        """Remember what was appended to the engine within the last five minutes.

        Raises:
            StorageFailed: The log could not be read.
        """
        found = cls(engine, clock, limit)
        now, time = clock.time_us(), clock.monotonic()
        reached = time - SECONDS
        async for run in engine.digests(now - round(SECONDS * 1_000_000), limit):
            # What the wall clock says comes from the future is as old as it can be least.
            age = max(0, now - run.ingested_at) / 1_000_000
            reached = max(reached, time - age)
            found._remember(run.digests, run.positions, reached)
        return found

    async def append(self, records: Sequence[Record]) -> Appended:
        """Append what is new, in its order; everything is durable on return.

        What comes again while the first is on its way waits for what becomes of that.

        Args:
            records: At most `keybus.bus.engine.MAX_RECORDS`.

        Raises:
            EngineError: What is new is not known to be kept.
        """
        digests = [record.digest for record in records if record.digest]
        if not digests:
            return Appended(records, await self._engine.append(records), _NO_FIRSTS)
        if (
            len(set(digests)) == len(digests)
            and self._pending.keys().isdisjoint(digests)
            and not self._recent.knows_any(digests)
        ):
            return Appended(records, await self._append(records, digests), _NO_FIRSTS)
        return await self._append_new(records)

    def state(self) -> DeduplicationState:
        """How it stands now."""
        now = self._clock.monotonic()
        self._window.move(now)
        reach = self._window.reach(now)
        return DeduplicationState(len(self._recent), reach, dict(self._duplicates), self._differing)

    async def close(self) -> None:
        """Stop finding out what became of appends whose callers went away."""
        for search in self._searches:
            search.cancel()
        await asyncio.gather(*self._searches, return_exceptions=True)

    async def _append_new(self, records: Sequence[Record]) -> Appended:
        firsts = await self._firsts({record.digest for record in records if record.digest})
        # From here on nothing waits until what is new is on its way.
        fresh, again = list[Record](), list[tuple[Record, bytes]]()
        for record in records:
            first = firsts.get(record.digest) if record.digest else None
            if first is not None:
                again.append((record, first))
                continue
            fresh.append(record)
            if record.digest:
                firsts[record.digest] = record.envelope
        positions: Sequence[int] = ()
        if digests := [record.digest for record in fresh if record.digest]:
            positions = await self._append(fresh, digests)
        elif fresh:
            positions = await self._engine.append(fresh)
        duplicates = {each.event_id: self._count(each, decode(first)) for each, first in again}
        return Appended(fresh, positions, duplicates)

    async def _append(self, records: Sequence[Record], digests: Sequence[bytes]) -> Sequence[int]:
        flight = _Flight(digests)
        self._pending.update(dict.fromkeys(digests, flight))
        try:
            positions = await self._engine.append(records)
        except EngineError:
            self._end(flight)
            raise
        except BaseException:
            # Whoever asked went away, and what was begun is carried through.
            search = asyncio.create_task(self._find_out(flight, records[0].ingested_at))
            self._searches.add(search)
            search.add_done_callback(self._searches.discard)
            raise
        places = positions
        if len(digests) < len(records):
            pairs = zip(records, positions, strict=True)
            places = [position for record, position in pairs if record.digest]
        self._remember(digests, places, self._clock.monotonic())
        self._end(flight)
        return positions

    async def _firsts(self, digests: Collection[bytes]) -> dict[bytes, bytes]:
        """The envelopes of the first events, by those digests that were appended before.

        When it returns, none of the others is on its way.
        """
        firsts: dict[bytes, bytes] = {}
        looked_at = set[tuple[bytes, int]]()
        while True:
            unknown = [digest for digest in digests if digest not in firsts]
            if flights := {self._pending[each] for each in unknown if each in self._pending}:
                for flight in flights:
                    await flight.end()
                continue
            self._forget(self._clock.monotonic())
            places = {(each, at) for each in unknown for at in self._recent.find(each)} - looked_at
            if not places:
                return firsts
            looked_at |= places
            found = await self._engine.stored([position for _, position in places])
            for digest, position in sorted(places, key=lambda place: place[1]):
                stored = found.get(position)
                if stored is not None and _digest_in(stored.envelope) == digest:
                    firsts.setdefault(digest, stored.envelope)

    async def _find_out(self, flight: "_Flight", since: int) -> None:
        """Remember what became of an append, now that nobody waits for its answer."""
        try:
            async for run in self._engine.digests(since, self._limit):
                pairs = zip(run.digests, run.positions, strict=True)
                kept = [pair for pair in pairs if pair[0] in flight.digests]
                for digest, position in kept:
                    self._recent.add([digest], [position])
        except EngineError:
            _log.exception("events whose publisher went away may be taken again")
        finally:
            self._end(flight)

    def _remember(self, digests: Sequence[bytes], positions: Sequence[int], now: float) -> None:
        self._recent.add(digests, positions)
        if self._window.add(now, positions[-1], len(digests)):
            self._forget(now)

    def _forget(self, now: float) -> None:
        window = self._window
        window.move(now)
        self._recent.forget(window.floor)
        if window.crowded and not self._told_crowded:
            _log.warning(
                "de-duplication remembers %d events, which are those of the last %.0f s, not of %.0f",
                self._limit,
                window.reach(now),
                SECONDS,
            )
        self._told_crowded = window.crowded

    def _end(self, flight: "_Flight") -> None:
        for digest in flight.digests:
            del self._pending[digest]
        flight.land()

    def _count(self, record: Record, first: Envelope) -> str:
        """Keep book of a duplicate; the first one's event id."""
        self._duplicates[record.source] += 1
        if decode(record.envelope).detail != first.detail:
            self._differing += 1
            key = (record.source, record.event_type)
            if key not in self._told and len(self._told) < _MANY:
                self._told.add(key)
                _log.warning(
                    "an event of type %r from %r came again with the id of event %s, but with other"
                    " content; it was not taken",
                    record.event_type,
                    record.source,
                    first.id,
                )
        return first.id


class _Flight:
    """Events that are being appended, and those that wait for what becomes of them.

    Attributes:
        digests: Theirs.
    """

    def __init__(self, digests: Collection[bytes]) -> None:
        self.digests = digests
        self._landed = False
        self._awaited: asyncio.Event | None = None  # made only where somebody waits

    async def end(self) -> None:
        """Wait until it is known what became of them."""
        if self._landed:
            return
        if self._awaited is None:
            self._awaited = asyncio.Event()
        await self._awaited.wait()

    def land(self) -> None:
        """It is known."""
        self._landed = True
        if self._awaited is not None:
            self._awaited.set()


def _digest_in(envelope: bytes) -> bytes:
    event = decode(envelope)
    return Identity(event.account, event.detail_type).digest(event.decoded_detail())
