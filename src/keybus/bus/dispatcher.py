"""The dispatcher of one subscription: deliveries to whoever consumes it, as far as their credit goes.

Several consumers of a subscription share its deliveries; each is a `Session`. Everything here runs
on one event loop.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Iterable, Sequence

from keybus.backoff import backoff
from keybus.bus.delivery_settings import DeliverySettings, Judged
from keybus.bus.engine import Cursor, DeadLetter, Delivery
from keybus.bus.session import Send, Session
from keybus.clock import Clock
from keybus.errors import EngineError
from keybus.governance import ANYBODY, Principal
from keybus.protocol import MAX_FRAME_DELIVERIES, Notice, Settlement

_log = logging.getLogger(__name__)
FIRST_DELAY, LONGEST_DELAY = 0.2, 60.0
"""Bounds, in seconds, of the backoff after a delivery's first failure and after many."""
_FAILURE_PAUSE = 0.5
"""Seconds to wait after the store failed, so that a full disk is not asked without pause."""
_HELD_PAUSE = 5.0
"""The same, before held deliveries are looked at once more."""
_MOST_REASONS = 20
"""Reasons for holding that are remembered and told: events may have a thousand sources."""


class Dispatcher:
    """Fetches from a subscription's cursor and shares the deliveries out.

    Args:
        cursor: The subscription's place in the log.
        settings: How it delivers.
        clock: Time and jitter.

    Attributes:
        cursor: The subscription's place in the log.
        acknowledged: Deliveries handled since the dispatcher was made.
        holding: Why deliveries were held under the settings of now, each reason once.
    """

    def __init__(self, cursor: Cursor, settings: DeliverySettings, clock: Clock) -> None:
        self.cursor = cursor
        self.acknowledged = 0
        self.holding: dict[str, None] = {}  # in the order in which they came
        self._settings, self._clock = settings, clock
        self._sessions: list[Session] = []
        self._ready = asyncio.Event()
        self._pump: asyncio.Task[None] | None = None
        self._looking: asyncio.Task[None] | None = None
        self._look_again = False
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

    def change(self, settings: DeliverySettings) -> None:
        """Deliver by other settings from now on; look again, soon, at what was held."""
        self._settings = settings
        self.holding.clear()
        self._unhold()

    async def dead_letters(self) -> AsyncIterator[tuple[DeadLetter, str]]:
        """All dead letters, oldest first, each as the account may have it now.

        Yields:
            The letter, its event as it would be delivered; and why it may not be had, if so.
        """
        async for letter in self.cursor.dead_letters():
            yield self._settings.show(letter, self._clock.time_us())

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
        had said that it was leaving, or that may consume no longer, hands back untried what it
        held: nothing of that is the events' fault.
        """
        if session in self._sessions:
            self._sessions.remove(session)
        await session.stop()
        held = session.take(list(session.leased))
        if session.leaving or session.ended:
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
        tasks = [task for task in (self._pump, self._looking) if task is not None]
        self._pump = self._looking = None
        for task in tasks:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
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
        """Give the batch to whoever can take most of it now; what nobody was given goes back."""
        given: set[int] = set()
        try:
            ready = await self._ready_to_go(batch)
            while ready and (best := self._best()) is not None:
                share, ready = ready[: best.credit], ready[best.credit :]
                best.hand(share)
                given.update(delivery.position for delivery in share)
                if self._settings.tally is not None:
                    self._settings.tally.delivered(share)
        finally:  # also where it is stopped while something is put aside
            back = [each.position for each in batch if each.position not in given]
            if back:
                await self.cursor.release(back)

    async def _ready_to_go(self, batch: Sequence[Delivery]) -> Sequence[Delivery]:
        """What of the batch may go out this moment, projected; the others are put aside, durably.

        That takes time, in which other rules may come to hold, or a grant end: so what is left is
        judged once more.
        """
        while batch:
            settings = self._settings
            judged = settings.judge(batch, self._clock.time_us())
            if not (judged.held or judged.unfit):
                ready, unfit = settings.project(batch)
                if not unfit:
                    return ready
                judged = Judged(batch, {}, unfit)
            await self._put_aside(batch, judged)
            if self._settings is not settings:
                self._unhold()
            unfit_positions = {each.delivery.position for each in judged.unfit}
            batch = [each for each in judged.permitted if each.position not in unfit_positions]
        return ()

    async def _put_aside(self, batch: Sequence[Delivery], judged: Judged) -> None:
        for reason, positions in judged.held.items():
            held = [each for each in batch if each.position in positions]
            self._tell_holding(reason)
            await self._settled(held, self.cursor.hold(list(positions), reason=reason))
        for unfit in judged.unfit:
            _log.warning("%s: %s", self.cursor.name, unfit.reason)
            bury = self.cursor.bury(unfit.delivery.position, reason=unfit.reason)
            await self._settled([unfit.delivery], bury)

    def _tell_holding(self, reason: str) -> None:
        if reason not in self.holding and len(self.holding) < _MOST_REASONS:
            self.holding[reason] = None
            self.tell(Notice("held", reason))

    def _unhold(self) -> None:
        """Let all that is held go once more; what may still not be delivered is held again."""
        self._look_again = not self._stopped
        if self._look_again and self._looking is None:
            self._looking = asyncio.create_task(self._look(), name=f"unhold {self.cursor.name}")

    async def _look(self) -> None:
        while self._look_again:
            self._look_again = False
            try:
                if (await self.cursor.state()).held:
                    await self.cursor.unhold()
            except Exception:  # noqa: BLE001 - logged; nobody else would let it go
                _log.exception("%s: cannot look at what is held, trying again", self.cursor.name)
                self._look_again = True
                await self._clock.sleep(_HELD_PAUSE)
        self._looking = None
