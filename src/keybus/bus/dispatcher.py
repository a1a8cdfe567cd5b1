"""The dispatcher of one subscription: deliveries to whoever consumes it, as far as their credit goes.

Several consumers of a subscription share its deliveries; each is a `Session`. Everything here runs
on one event loop.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Iterable, Sequence

import msgspec

from keybus.backoff import backoff
from keybus.bus.engine import Cursor, DeadLetter, Delivery
from keybus.bus.gatekeeper import Gatekeeper
from keybus.bus.session import Send, Session
from keybus.bus.tally import Tally
from keybus.clock import Clock
from keybus.errors import EngineError
from keybus.governance import ANYBODY, Principal
from keybus.protocol import MAX_FRAME_DELIVERIES, Notice, Settlement
from keybus.topology import Retry
from keybus.topology.projection import Projection

_log = logging.getLogger(__name__)
FIRST_DELAY, LONGEST_DELAY = 0.2, 60.0
"""Bounds, in seconds, of the backoff after a delivery's first failure and after many."""
_FAILURE_PAUSE = 0.5
"""Seconds to wait after the store failed, so that a full disk is not asked without pause."""


class DeliverySettings(msgspec.Struct, frozen=True):
    """How a subscription is delivered.

    Attributes:
        retry: When a delivery gives up.
        gatekeeper: What may be delivered; None: everything.
        projection: What of an event is delivered; None: all of it.
        tally: Counts what is delivered; None: nobody asks.
    """

    retry: Retry = Retry()
    gatekeeper: Gatekeeper | None = None
    projection: Projection | None = None
    tally: Tally | None = None


class Dispatcher:
    """Fetches from a subscription's cursor and shares the deliveries out.

    Args:
        cursor: The subscription's place in the log.
        settings: How it delivers.
        clock: Time and jitter.

    Attributes:
        cursor: The subscription's place in the log.
        acknowledged: Deliveries handled since the dispatcher was made.
    """

    def __init__(self, cursor: Cursor, settings: DeliverySettings, clock: Clock) -> None:
        self.cursor = cursor
        self.acknowledged = 0
        self._settings, self._clock = settings, clock
        self._sessions: list[Session] = []
        self._ready = asyncio.Event()
        self._pump: asyncio.Task[None] | None = None
        self._stopped = False
        self._store_fails = False

    @property
    def consumers(self) -> int:
        """How many consumers are connected."""
        return len(self._sessions)

    @property
    def sessions(self) -> Sequence[Session]:
        """Everybody who consumes."""
        return tuple(self._sessions)

    async def change(self, settings: DeliverySettings) -> None:
        """Deliver by other settings from now on, and look again at what was held.

        Raises:
            StorageFailed: What was held stays so for now.
        """
        self._settings = settings
        await self.unhold()

    async def unhold(self) -> None:
        """Look again at what was held; what may still not be delivered is held once more.

        Raises:
            StorageFailed: It stays held.
        """
        if (await self.cursor.state()).held:
            await self.cursor.unhold()

    async def dead_letters(self) -> AsyncIterator[tuple[DeadLetter, str]]:
        """All dead letters, oldest first, each as the account may have it now.

        Yields:
            The letter, its event as it would be delivered; and why it may not be had, if so.
        """
        async for letter in self.cursor.dead_letters():
            settings, withheld, envelope = self._settings, "", letter.envelope
            if settings.gatekeeper is not None:
                withheld = settings.gatekeeper.objection(envelope, self._clock.time_us())
            if settings.projection is not None:
                envelope = settings.projection.apply(envelope)
            yield msgspec.structs.replace(letter, envelope=envelope), withheld

    def tell(self, notice: Notice) -> None:
        """Tell everybody who consumes."""
        for session in self._sessions:
            session.tell(notice)

    def join(self, send: Send, window: int, principal: Principal = ANYBODY) -> Session:
        """Let a consumer in.

        Args:
            send: Takes a frame's deliveries to it.
            window: How many deliveries it may have unsettled.
            principal: Who it is.
        """
        session = Session(send, window, principal, self._ready.set)
        if self._stopped:
            session.leaving = True
            return session
        self._sessions.append(session)
        self._ready.set()
        if self._settings.tally is not None:
            self._settings.tally.connected()
        if self._pump is None:
            self._pump = asyncio.create_task(self._run(), name=f"dispatch {self.cursor.name}")
        return session

    async def leave(self, session: Session, reason: str) -> None:
        """Let a consumer go: each delivery it held counts a failed attempt.

        Without the count, a message that kills its consumer would come back for ever. One that
        had said that it was leaving hands back untried what it held.
        """
        if session in self._sessions:
            self._sessions.remove(session)
        await session.stop()
        held = session.take(list(session.leased))
        if session.leaving:
            await self.cursor.release([delivery.position for delivery in held])
        else:
            await asyncio.gather(*self._failed(held, reason))

    async def settle(self, session: Session, settlement: Settlement) -> None:
        """Do what a consumer says of its deliveries; what it does not hold is passed over.

        What the store cannot keep is delivered again.
        """
        session.leaving = session.leaving or settlement.leaving
        acked = session.take(settlement.ack)
        released = session.take(settlement.release)
        steps: list[Awaitable[object]] = [self._acknowledge(acked)] if acked else []
        for item in settlement.retry:
            steps += self._failed(session.take([item.position]), item.reason)
        for item in settlement.bury:
            steps += [
                self._settled([delivery], self.cursor.bury(delivery.position, reason=item.reason))
                for delivery in session.take([item.position])
            ]
        await self.cursor.release([delivery.position for delivery in released])
        self._ready.set()
        await asyncio.gather(*steps)

    async def stop(self) -> None:
        """Stop dispatching and hand back, untried, what is out with consumers."""
        self._stopped = True
        sessions, self._sessions = self._sessions, []
        pump, self._pump = self._pump, None
        if pump is not None:
            pump.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await pump
        for session in sessions:
            await session.stop()
            held = session.take(list(session.leased))
            await self.cursor.release([delivery.position for delivery in held])

    async def _acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        positions = [delivery.position for delivery in deliveries]
        if await self._settled(deliveries, self.cursor.ack(positions)):
            self.acknowledged += len(deliveries)
            if self._settings.tally is not None:
                self._settings.tally.acknowledged(len(deliveries))

    def _failed(self, deliveries: Iterable[Delivery], reason: str) -> list[Awaitable[object]]:
        """Try again later, or give up where the attempts are used up."""
        return [
            self._settled(
                [each],
                self.cursor.bury(each.position, reason=reason)
                if each.attempt > self._settings.retry.attempts
                else self.cursor.retry(each.position, delay=self._delay(each), reason=reason),
            )
            for each in deliveries
        ]

    def _delay(self, delivery: Delivery) -> float:
        return backoff(delivery.attempt, self._clock, first=FIRST_DELAY, longest=LONGEST_DELAY)

    async def _settled(self, deliveries: Sequence[Delivery], step: Awaitable[None]) -> bool:
        """Whether the store kept it; where it did not, the deliveries come again."""
        try:
            await step
        except EngineError:
            _log.exception("%s: could not settle, so it is delivered again", self.cursor.name)
            self._store_fails = True
            await self.cursor.release([delivery.position for delivery in deliveries])
            return False
        return True

    async def _run(self) -> None:
        while True:
            if self._store_fails:
                self._store_fails = False
                await self._clock.sleep(_FAILURE_PAUSE)
            limit = await self._credit()
            try:
                batch = await self.cursor.fetch(min(limit, MAX_FRAME_DELIVERIES))
            except Exception:  # noqa: BLE001 - logged; without its pump a subscription is dead
                _log.exception("%s: cannot fetch, trying again", self.cursor.name)
                self._store_fails = True
                continue
            try:
                await self._hand_out(batch)
            except Exception:  # noqa: BLE001 - logged; without its pump a subscription is dead
                _log.exception("%s: cannot deliver, trying again", self.cursor.name)
                self._store_fails = True
                await self.cursor.release([delivery.position for delivery in batch])

    async def _credit(self) -> int:
        """The most that one consumer can take, once there is one that can take any."""
        while (best := self._best()) is None:
            self._ready.clear()
            await self._ready.wait()
        return best.credit

    def _best(self) -> Session | None:
        """The consumer that can take the most; None where nobody can take any."""
        best = max(self._sessions, key=lambda session: session.credit, default=None)
        return best if best is not None and best.credit else None

    async def _hand_out(self, batch: Sequence[Delivery]) -> None:
        """Give the batch to whoever can take most of it now; what nobody can take goes back."""
        batch = self._projected(await self._permitted(batch))
        while batch and (best := self._best()) is not None:
            share = best.credit
            best.hand(batch[:share])
            if self._settings.tally is not None:
                self._settings.tally.delivered(batch[:share])
            batch = batch[share:]
        await self.cursor.release([delivery.position for delivery in batch])

    async def _permitted(self, batch: Sequence[Delivery]) -> Sequence[Delivery]:
        """What of the batch may be delivered; the others are held, durably."""
        settings = self._settings
        if settings.gatekeeper is None:
            return batch
        permitted, refused = settings.gatekeeper.sort(batch, self._clock.time_us())
        for reason, positions in refused.items():
            held = [each for each in batch if each.position in positions]
            await self._settled(held, self.cursor.hold(list(positions), reason=reason))
        if refused and self._settings is not settings:  # they were changed meanwhile
            await self.cursor.unhold()
        return permitted

    def _projected(self, batch: Sequence[Delivery]) -> Sequence[Delivery]:
        projection = self._settings.projection
        if projection is None:
            return batch
        return [
            Delivery(each.position, each.ingested_at, projection.apply(each.envelope), each.attempt)
            for each in batch
        ]
