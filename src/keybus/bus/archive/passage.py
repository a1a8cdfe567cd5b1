"""A passage: one replay under way, page after page through the log."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final

import msgspec

from keybus.bus.archive.looking import TURN, page_of
from keybus.bus.archive.replay import Replay
from keybus.bus.archive.sieve import Sieve, Unfit
from keybus.bus.delivery.dispatcher import Dispatcher
from keybus.bus.engine import Engine, Record, Stored
from keybus.bus.ingest.router import Router
from keybus.clock import Clock, pause
from keybus.envelope import is_of_platform
from keybus.errors import EngineError, StorageFailed
from keybus.patterns import Pattern

FULL: Final = 10_000
"""A queue in which so many wait is sent nothing more until there are fewer."""
ROOM_SECONDS: Final = 0.2
"""How often it is looked whether there are."""
FAILURE_PAUSE: Final = 1.0
_log = logging.getLogger(__name__)


class Gone(Exception):
    """The subscription that a replay goes to is there no more."""


class Surroundings(msgspec.Struct, frozen=True):
    """What a replay goes by, as it is at each moment.

    Attributes:
        engine: Where the log is.
        router: Which subscriptions an event matches now.
        dispatchers: How each subscription is delivered now.
        taken: Told of events that became durable.
        clock: Time.
    """

    engine: Engine
    router: Callable[[], Router]
    dispatchers: Callable[[], Mapping[str, Dispatcher]]
    taken: Callable[[Sequence[Record], Sequence[int]], None]
    clock: Clock


class Passage:
    """Sends what one replay is to send.

    A page is appended, and then its place is kept: where the process ends in between, the page is
    sent twice. It never gets further ahead of the consumers than `FULL` and a page.

    Args:
        replay: How it stands.
        around: What it goes by.
        keep: Writes down how it stands.

    Attributes:
        replay: How it stands.
        stop: Set when it is to end after the page that is being sent.
    """

    def __init__(
        self, replay: Replay, around: Surroundings, keep: Callable[[Replay], Awaitable[None]]
    ) -> None:
        self.replay = replay
        self.stop = asyncio.Event()
        self._around, self._keep = around, keep
        self._pattern = Pattern.parse(replay.wanted.pattern) if replay.wanted.pattern else None

    async def run(self) -> bool:
        """Send page after page; a store that fails is asked again. Whether all was sent.

        Raises:
            Gone: There is nobody any more to send it to.
        """
        while not self.stop.is_set():
            try:
                if await self._has_room() and not await self._step():
                    return True
            except StorageFailed as error:
                _log.warning("replay %s waits for the store: %s", self.replay.id, error)
                await pause(self._around.clock, FAILURE_PAUSE, self.stop)
            except EngineError as error:  # a queue that it matched may just have been removed
                _log.warning("replay %s looks once more: %s", self.replay.id, error)
                await pause(self._around.clock, FAILURE_PAUSE, self.stop)
        return False

    async def _has_room(self) -> bool:
        """Whether the queues have room; else it waits a while."""
        full = await self._full()
        if full != self.replay.waits_for:
            self.replay = msgspec.structs.replace(self.replay, waits_for=full)
        if full:
            await pause(self._around.clock, ROOM_SECONDS, self.stop)
        return not full

    async def _full(self) -> str:
        """The queue that it has to wait for; empty where there is none.

        Of the whole bus, only those that are being consumed: a dead consumer holds up nobody else.
        """
        dispatchers, to = self._around.dispatchers(), self.replay.wanted.to
        if to and to not in dispatchers:
            raise Gone(f"there is no subscription {to!r} any more")
        for name, dispatcher in [(to, dispatchers[to])] if to else list(dispatchers.items()):
            if not self.replay.wanted.is_for(name):
                continue
            if to or (dispatcher.consumers and not dispatcher.paused):
                state = await dispatcher.cursor.state()
                if state.waiting > FULL:
                    return name
        return ""

    async def _step(self) -> bool:
        """Send a page; whether there may be more."""
        replay = self.replay
        page, more = await page_of(self._around.engine, replay.wanted, replay.place)
        if not page:
            return False
        looked, records, replay = await self._sifted(page, replay.rate or len(page))
        if records:
            self._around.taken(records, await self._around.engine.append(records))
        last = looked[-1]
        self.replay = msgspec.structs.replace(
            replay,
            looked=replay.looked + len(looked),
            sent=replay.sent + len(records),
            first_us=replay.first_us or looked[0].ingested_at,
            at_us=last.ingested_at,
            place=last.position,
        )
        await self._keep(self.replay)
        if more or len(looked) < len(page):
            seconds = len(records) / replay.rate if replay.rate else 0.0
            await pause(self._around.clock, seconds, self.stop)
            return True
        return False

    async def _sifted(
        self, page: Sequence[Stored], most: int
    ) -> tuple[Sequence[Stored], list[Record], Replay]:
        """As much of a page as brings so many to send; these, and the counts."""
        wanted, now = self.replay.wanted, self._around.clock.time_us()
        sieve = Sieve(
            wanted,
            self._pattern,
            self.replay.name,
            self._around.router(),
            self._around.dispatchers(),
        )
        records: list[Record] = []
        withheld = unfit = looked = 0
        for stored in page:
            looked += 1
            if looked % TURN == 0:
                await asyncio.sleep(0)
            if self.replay.origin is not None and not is_of_platform(stored.envelope):
                continue  # archives are of the platform's bus
            try:
                sifted = sieve.sift(stored, now)
            except Unfit as error:
                unfit += 1
                _log.warning("replay %s: position %d: %s", self.replay.id, stored.position, error)
                continue
            withheld += len(sifted.withheld)
            if sifted.record is not None:
                records.append(sifted.record)
                if len(records) == most:
                    break
        counted = msgspec.structs.replace(
            self.replay,
            withheld=self.replay.withheld + withheld,
            unfit=self.replay.unfit + unfit,
        )
        return page[:looked], records, counted
