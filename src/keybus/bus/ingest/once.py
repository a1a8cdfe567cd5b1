"""What is appended to a log once: what comes again within five minutes is known again."""

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import Collection, Sequence
from typing import Final, NamedTuple, Self

from keybus.bus.engine import Engine, Record, Stored
from keybus.bus.ingest.recent import Recent
from keybus.bus.ingest.window import Window
from keybus.clock import Clock
from keybus.errors import EngineError

SECONDS: Final = 300.0
"""For how long something is known again, at least; at most a second longer."""
_log = logging.getLogger(__name__)


class Added(NamedTuple):
    """What became of records.

    Attributes:
        records: Those that were appended, in their order.
        positions: Theirs.
        again: The others, each with the first of its digest.
    """

    records: Sequence[Record]
    positions: Sequence[int]
    again: Sequence[tuple[Record, Stored]] = ()


class Once(ABC):
    """Appends records, of each digest one. Belongs to one event loop; made by `open`.

    It goes by `Record.digest`; records without one are appended as they come. What is remembered is
    what stands in the log, so that it is as durable as the log; nothing is answered that is not.

    Args:
        engine: Where the log is.
        clock: Its monotonic time says what is too old; over a restart, its wall clock.
        limit: How many are remembered at most; None: `most`.

    Attributes:
        most: How many are remembered at most where nobody says otherwise.
        rows: Of what they are remembered in, as `Recent` has them.
    """

    most: int
    rows: int

    def __init__(self, engine: Engine, clock: Clock, limit: int | None = None) -> None:
        self._engine, self._clock = engine, clock
        self._limit = self.most if limit is None else limit
        self._recent, self._window = Recent(self.rows), Window(SECONDS, self._limit)
        self._pending: dict[bytes, _Flight] = {}
        self._searches = set[asyncio.Task[None]]()
        self._told_crowded = False

    @classmethod
    async def open(cls, engine: Engine, clock: Clock, limit: int | None = None) -> Self:
        """Remember what was appended within the last five minutes.

        Raises:
            StorageFailed: The log could not be read.
        """
        found = cls(engine, clock, limit)
        now, time = clock.time_us(), clock.monotonic()
        reached = time - SECONDS
        async for run in engine.digests(now - round(SECONDS * 1_000_000), found._limit):
            # What the wall clock says comes from the future is as old as it can be least.
            age = max(0, now - run.ingested_at) / 1_000_000
            reached = max(reached, time - age)
            found._remember(run.digests, run.positions, reached)
        return found

    @abstractmethod
    def digest_in(self, envelope: bytes) -> bytes:
        """The digest that something was appended with, by its envelope."""

    async def _add(self, records: Sequence[Record]) -> Added:
        """Append what is new, in its order; everything is durable on return.

        What comes again while the first is on its way waits for what becomes of that.

        Args:
            records: At most `keybus.bus.engine.MAX_RECORDS`.

        Raises:
            EngineError: What is new is not known to be kept.
        """
        digests = [record.digest for record in records if record.digest]
        if not digests:
            return Added(records, await self._engine.append(records))
        if (
            len(set(digests)) == len(digests)
            and self._pending.keys().isdisjoint(digests)
            and not self._recent.knows_any(digests)
        ):
            return Added(records, await self._append(records, digests))
        return await self._append_new(records)

    async def close(self) -> None:
        """Stop finding out what became of appends whose callers went away."""
        for search in self._searches:
            search.cancel()
        await asyncio.gather(*self._searches, return_exceptions=True)

    async def _append_new(self, records: Sequence[Record]) -> Added:
        firsts = await self._firsts({record.digest for record in records if record.digest})
        # From here on nothing waits until what is new is on its way.
        fresh, again, new = list[Record](), list[Record](), dict[bytes, None]()
        for record in records:
            if record.digest and (record.digest in firsts or record.digest in new):
                again.append(record)
                continue
            fresh.append(record)
            if record.digest:
                new[record.digest] = None
        positions: Sequence[int] = ()
        if new:
            positions = await self._append(fresh, list(new))
        elif fresh:
            positions = await self._engine.append(fresh)
        for record, position in zip(fresh, positions, strict=True):
            firsts[record.digest] = Stored(position, record.ingested_at, record.envelope)
        return Added(fresh, positions, [(each, firsts[each.digest]) for each in again])

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

    async def _firsts(self, digests: Collection[bytes]) -> dict[bytes, Stored]:
        """The first ones, by those digests that were appended before.

        When it returns, none of the others is on its way.
        """
        firsts: dict[bytes, Stored] = {}
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
                if stored is not None and self.digest_in(stored.envelope) == digest:
                    firsts.setdefault(digest, stored)

    async def _find_out(self, flight: "_Flight", since: int) -> None:
        """Remember what became of an append, now that nobody waits for its answer."""
        try:
            async for run in self._engine.digests(since, self._limit):
                pairs = zip(run.digests, run.positions, strict=True)
                kept = [pair for pair in pairs if pair[0] in flight.digests]
                for digest, position in kept:
                    self._recent.add([digest], [position])
        except EngineError:
            _log.exception("what somebody sent who went away may be taken again")
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


class _Flight:
    """Records that are being appended, and those that wait for what becomes of them.

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
