"""The dispatcher of one subscription: deliveries to whoever consumes it, and what becomes of them.

Several consumers of a subscription share its deliveries; each is a `Session`. A pump hands them
out; here they are settled. Everything here runs on one event loop.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Iterable, Sequence

from keybus.backoff import backoff
from keybus.bus.dead_letters.letters import ATTEMPTS, REJECTED, DeadLetter
from keybus.bus.delivery.desk import Desk
from keybus.bus.delivery.ordered_pump import OrderedPump
from keybus.bus.delivery.pump import Pump
from keybus.bus.delivery.session import Send, Session
from keybus.bus.delivery.settings import DeliverySettings
from keybus.bus.engine import Cursor, Delivery
from keybus.clock import Clock
from keybus.governance import ANYBODY, Principal
from keybus.protocol import BreakerInfo, Notice, Settlement

_log = logging.getLogger(__name__)
FIRST_DELAY, LONGEST_DELAY = 0.2, DeliverySettings().longest_pause
"""Bounds, in seconds, of the backoff after a delivery's first failure and, usually, after many."""
_HELD_PAUSE = 5.0
"""Seconds to wait after the store failed, before held deliveries are looked at once more."""


class Dispatcher:
    """Lets consumers in and out, and settles what they were sent.

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
        self._clock = clock
        self._desk = Desk(cursor, settings, clock, self._unhold)
        self._pump: asyncio.Task[None] | None = None
        self._pumping = False
        self._looking: asyncio.Task[None] | None = None
        self._look_again = self._regroup = False
        self._stopped = False
        self._expiring = asyncio.Lock()

    @property
    def consumers(self) -> int:
        """How many consumers are connected."""
        return len(self._desk.consumers.sessions)

    @property
    def sessions(self) -> Sequence[Session]:
        """Everybody who consumes."""
        return tuple(self._desk.consumers.sessions)

    @property
    def settings(self) -> DeliverySettings:
        """How it delivers now."""
        return self._desk.settings

    @property
    def holding(self) -> Sequence[str]:
        """Why deliveries were held under the settings of now, each reason once."""
        return tuple(self._desk.holding)

    @property
    def stopped(self) -> bool:
        """Whether it has ended: nobody is sent anything any more."""
        return self._stopped

    @property
    def paused(self) -> bool:
        """Whether nothing is handed out until somebody resumes it."""
        return self._desk.consumers.paused

    @property
    def breaker(self) -> BreakerInfo | None:
        """That consumers are left alone, as all that they are handed fails; None where not."""
        return self._desk.consumers.breaker.info

    def change(self, settings: DeliverySettings) -> None:
        """Deliver by other settings from now on; look again, soon, at what was held."""
        desk = self._desk
        before, desk.settings = desk.settings.order, settings
        desk.holding.clear()
        order = settings.order
        if (before.spec if before else None) != (order.spec if order else None):
            self._regroup = True
            if self._pumping:
                self._stop_pump()
                self._start_pump()
        elif order is not None and desk.lanes is not None:
            desk.lanes.follow(order)
            desk.lanes.unbar()
            desk.consumers.news.set()
        self._unhold()

    async def dead_letters(self) -> AsyncIterator[tuple[DeadLetter, str]]:
        """All dead letters, oldest first, each as the account may have it now.

        Yields:
            The letter, its event as it would be delivered; and why it may not be had, if so.
        """
        async for letter in self.cursor.dead_letters():
            yield self.settings.show(letter, self._clock.time_us())

    async def expire(self, limit: int) -> int:
        """Bury what is too old, with nobody who fetches it; how many deliveries that were.

        Where the subscription is in order, only while nobody consumes it: the lanes know what is to
        come back, and what consumers are sent is looked at in any case.

        Args:
            limit: At most so many; where as many were buried, there may be more.
        """
        before = self.settings.expired_before(self._clock.time_us())
        if not before:
            return 0
        async with self._expiring:
            if self.settings.order is not None and self._pumping:
                return 0
            count = await self.cursor.expire(before, reason=self.settings.too_old, limit=limit)
        if self.settings.tally is not None:
            self.settings.tally.buried(count)
        return count

    def pause(self, *, paused: bool) -> None:
        """Hand nothing out from now on, or go on; what is out may be settled either way."""
        self._desk.consumers.paused = paused
        self._desk.consumers.news.set()

    def tell(self, notice: Notice) -> None:
        """Tell everybody who consumes."""
        self._desk.consumers.tell(notice)

    def join(
        self,
        send: Send,
        window: int,
        principal: Principal = ANYBODY,
        *,
        singly: bool = False,
        own_breaker: bool = False,
    ) -> Session:
        """Let a consumer in.

        Args:
            send: Takes a frame's deliveries to it.
            window: How many deliveries it may have unsettled.
            principal: Who it is.
            singly: It works on what it is sent in any order: where the subscription is in order,
                it is sent one delivery of a key at a time.
            own_breaker: It leaves alone by itself who fails, so the subscription's breaker does
                not count what becomes of its deliveries.
        """
        consumers = self._desk.consumers
        session = Session(
            send,
            window,
            principal,
            consumers.news.set,
            singly=singly,
            own_breaker=own_breaker,
        )
        if self._stopped:
            session.leaving = True
            return session
        consumers.sessions.append(session)
        consumers.news.set()
        if self.settings.tally is not None:
            self.settings.tally.connected()
        if not self._pumping:
            self._start_pump()
        return session

    async def leave(self, session: Session, reason: str) -> None:
        """Let a consumer go: each delivery it held counts a failed attempt.

        Without the count, a message that kills its consumer would come back for ever. Which of
        several it was shows when they come back, each by itself; until then none is given up.

        One that had said that it was leaving, or that may consume no longer, hands back untried
        what it held: nothing of that is the events' fault.
        """
        sessions = self._desk.consumers.sessions
        if session in sessions:
            sessions.remove(session)
        await session.stop()
        held = session.take(list(session.leased))
        if session.leaving or session.ended:
            await self._desk.hand_back(held)
        else:
            alone = len(held) > 1
            self._count_failures(session, held[:1], reason)
            await asyncio.gather(*self._failed(held, reason, alone=alone))
        if self._desk.lanes is not None and not sessions:
            # What waits in lanes would be nobody's; whoever comes next finds it in the engine.
            self._stop_pump()

    async def settle(self, session: Session, settlement: Settlement) -> bool:
        """Do what a consumer says of its deliveries; what it does not hold is passed over.

        Returns:
            Whether all of it is durable; what the store cannot keep is delivered again.
        """
        session.leaving = session.leaving or settlement.leaving
        acked = session.take(settlement.ack)
        released = session.take(settlement.release)
        steps: list[Awaitable[bool]] = [self._acknowledge(acked)] if acked else []
        for item in settlement.retry:
            failed = session.take([item.position])
            self._count_failures(session, failed, item.reason)
            steps += self._failed(failed, item.reason, item.after)
        if acked and not session.own_breaker:
            self._desk.consumers.breaker.succeeded()
        for item in settlement.bury:
            steps += [
                self._bury(delivery, item.reason, item.cause or REJECTED)
                for delivery in session.take([item.position])
            ]
        await self._desk.hand_back(released)
        self._desk.consumers.news.set()
        return all(await asyncio.gather(*steps))

    def acknowledge(self, session: Session, positions: Iterable[int]) -> Awaitable[bool]:
        """Settle what a consumer holds as handled; it holds it no more when this returns.

        Returns:
            Whether it is durable; what the store cannot keep is delivered again.
        """
        acked = session.take(positions)
        if acked and not session.own_breaker:
            self._desk.consumers.breaker.succeeded()
        self._desk.consumers.news.set()
        return self._acknowledge(acked)

    def again(
        self, session: Session, positions: Iterable[int], reason: str
    ) -> "asyncio.Future[list[bool]]":
        """Count a failed attempt of what a consumer holds, and deliver it again at once.

        It holds it no more when this returns.

        Returns:
            Of each, whether the attempt is durable; else it is delivered again as it was.
        """
        failed = session.take(positions)
        self._count_failures(session, failed, reason)
        steps = self._failed(failed, reason, at_once=True)
        self._desk.consumers.news.set()
        return asyncio.gather(*steps)

    async def stop(self) -> None:
        """Stop dispatching and hand back, untried, what is out with consumers."""
        self._stopped = True
        consumers = self._desk.consumers
        consumers.breaker.stop()
        sessions, consumers.sessions = consumers.sessions, []
        tasks = [task for task in (self._pump, self._looking) if task is not None]
        self._pump = self._looking = None
        self._pumping = False
        for task in tasks:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        for session in sessions:
            session.leaving = True
            await session.stop()
            held = session.take(list(session.leased))
            await self.cursor.release([delivery.position for delivery in held])

    async def _acknowledge(self, deliveries: Sequence[Delivery]) -> bool:
        positions = [delivery.position for delivery in deliveries]
        kept = await self._desk.kept(deliveries, self.cursor.ack(positions), ends=True)
        if kept:
            self.acknowledged += len(deliveries)
            if self.settings.tally is not None:
                self.settings.tally.acknowledged(deliveries)
        return kept

    def _count_failures(
        self, session: Session, deliveries: Iterable[Delivery], reason: str
    ) -> None:
        if not session.own_breaker:
            for each in deliveries:
                self._desk.consumers.breaker.failed(each.group or each.position, reason)

    def _failed(
        self,
        deliveries: Iterable[Delivery],
        reason: str,
        after: float = 0.0,
        *,
        alone: bool = False,
        at_once: bool = False,
    ) -> list[Awaitable[bool]]:
        """Try again later, or give up where the attempts are used up.

        Args:
            deliveries: What failed.
            reason: Why.
            after: Not before so many seconds.
            alone: It may be another's fault: try again in any case, each by itself.
            at_once: Try again now, however often it failed.
        """
        steps: list[Awaitable[bool]] = []
        for each in deliveries:
            if each.attempt > self.settings.retry.attempts and not alone:
                steps.append(self._bury(each, reason, ATTEMPTS))
                continue
            if self._desk.lanes is not None:
                self._desk.lanes.failing([each])
            if self.settings.tally is not None:
                self.settings.tally.retried()
            retry = self.cursor.retry(
                each.position,
                delay=0.0 if at_once else max(self._delay(each), after),
                reason=reason,
                group=self._group(each),
                alone=alone,
            )
            steps.append(self._desk.kept([each], retry, ends=False))
        return steps

    def _bury(self, delivery: Delivery, reason: str, cause: str) -> Awaitable[bool]:
        if self.settings.tally is not None:
            self.settings.tally.buried()
        bury = self.cursor.bury(delivery.position, reason=reason, cause=cause)
        return self._desk.kept([delivery], bury, ends=True)

    def _group(self, delivery: Delivery) -> str:
        """What a delivery is tried again under: its key's group where that waits for it."""
        order = self.settings.order
        return delivery.group if order is not None and order.on_failure == "block" else ""

    def _delay(self, delivery: Delivery) -> float:
        longest = self.settings.longest_pause
        return backoff(delivery.attempt, self._clock, first=FIRST_DELAY, longest=longest)

    def _start_pump(self) -> None:
        self._pumping = True
        self._pump = asyncio.create_task(
            self._deliver(self._pump), name=f"dispatch {self.cursor.name}"
        )

    def _stop_pump(self) -> None:
        self._pumping = False
        if self._pump is not None:
            self._pump.cancel()

    async def _deliver(self, before: "asyncio.Task[None] | None") -> None:
        if before is not None and not before.done():
            await asyncio.wait([before])  # two pumps would fetch in no order
        async with self._expiring:
            pass  # a pump asks what is to come back, and nothing of that may go meanwhile
        order = self.settings.order
        pump = Pump(self._desk) if order is None else OrderedPump(self._desk, order)
        await pump.run()

    def _unhold(self) -> None:
        """Let all that is held go once more; what may still not be delivered is held again."""
        self._look_again = not self._stopped
        if self._look_again and self._looking is None:
            self._looking = asyncio.create_task(self._look(), name=f"unhold {self.cursor.name}")

    async def _look(self) -> None:
        while self._look_again:
            self._look_again = False
            try:
                state = await self.cursor.state()
                if state.held or state.ordered:
                    # What is in order is brought back by its lanes, unless they go by another key.
                    regroup = self._regroup or self.settings.order is None
                    await self.cursor.unhold(None if regroup else "")
                self._regroup = False
            except Exception:  # noqa: BLE001 - logged; nobody else would let it go
                _log.exception("%s: cannot look at what is held, trying again", self.cursor.name)
                self._look_again = True
                await self._clock.sleep(_HELD_PAUSE)
        self._looking = None
