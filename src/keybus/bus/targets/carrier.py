"""Takes a subscription's deliveries to a target, as a consumer does, and leaves alone who fails."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence

import msgspec

from keybus.bus.delivery.breaker import Breaker
from keybus.bus.delivery.dispatcher import Dispatcher
from keybus.bus.delivery.session import Session
from keybus.bus.engine import Delivery
from keybus.bus.targets.answer import Outcome
from keybus.bus.targets.evaluator import NotEvaluated
from keybus.bus.targets.input import CAUSE, Input, failure
from keybus.bus.targets.settings import WebhookSettings
from keybus.clock import Clock
from keybus.governance import Principal
from keybus.protocol import Failed, Notice, Settlement, TargetInfo
from keybus.topology.inputs import InputError

_log = logging.getLogger(__name__)
_REJOIN_SECONDS = 1.0
_REASON = 1000
_US = 1_000_000


class Tried(msgspec.Struct, frozen=True):
    """What came of an attempt.

    Attributes:
        outcome: What becomes of the delivery.
        answered: Whether that says something of the target, and not of this delivery only.
    """

    outcome: Outcome
    answered: bool = False


async def content_of(delivery: Delivery, made: Input | None) -> bytes | Tried:
    """What is sent of a delivery; or what came of it, where nothing can be made of it.

    Args:
        delivery: The delivery.
        made: Makes it; None: the event itself is sent.
    """
    if made is None:
        return delivery.envelope
    try:
        return await made.make(delivery)
    except InputError as error:
        return Tried(Outcome("never", failure(error), cause=CAUSE))
    except NotEvaluated as error:
        return Tried(Outcome("again", failure(error)))


Attempt = Callable[[Delivery], Awaitable[Tried]]
"""Takes one delivery to the target."""


class Carrier:
    """Carries one subscription's deliveries. Belongs to one event loop.

    It joins the dispatcher like any consumer, with as many deliveries as it may have requests
    under way. While the breaker is open it has not joined, so that what waits stays in the queue
    and no attempt is counted; then it joins for one delivery at a time until one gets through.

    Args:
        kind: Of the target: ``webhook`` …
        account: The account whose target it is.
        dispatcher: The subscription's.
        attempt: Takes one delivery there.
        obstacle: Why nothing may be tried; empty where it may.
        change: Waits until that may be different.
        settings: How much is tried at once, and when again.
        clock: Time and jitter.
    """

    def __init__(
        self,
        kind: str,
        account: str,
        dispatcher: Dispatcher,
        attempt: Attempt,
        *,
        obstacle: Callable[[], str],
        change: Callable[[], Awaitable[None]],
        settings: WebhookSettings,
        clock: Clock,
    ) -> None:
        self._kind, self._account, self._dispatcher = kind, account, dispatcher
        self._attempt, self._obstacle, self._change = attempt, obstacle, change
        self._most, self._patience, self._clock = (
            settings.concurrency,
            settings.finish_seconds,
            clock,
        )
        self._breaker = Breaker(
            clock, first=settings.probe_seconds, longest=settings.longest_probe_seconds
        )
        self._failure = ""
        self._turn = asyncio.Event()
        self._tries: set[asyncio.Task[None]] = set()

    @property
    def name(self) -> str:
        """The subscription's."""
        return self._dispatcher.cursor.name

    @property
    def info(self) -> TargetInfo:
        """How it stands."""
        obstacle = self._obstacle()
        if obstacle:
            return TargetInfo(self._kind, "stopped", obstacle)
        if self._breaker.state == "closed":
            return TargetInfo(self._kind, "delivering", self._failure)
        state = "probing" if self._breaker.state == "half-open" else "waiting"
        probe = self._clock.time_us() + int(self._breaker.remaining * _US)
        return TargetInfo(self._kind, state, self._failure, probe)

    async def run(self) -> None:
        """Carry until cancelled; what is under way then has a moment to end."""
        told = ""
        while True:
            while obstacle := self._obstacle():
                if obstacle != told:
                    _log.warning("%s: %s; nothing is posted", self.name, obstacle)
                told = obstacle
                await self._change()
            await self._clock.sleep(self._breaker.remaining)
            try:
                lost = await self._serve(self._most if self._breaker.state == "closed" else 1)
            except Exception:  # noqa: BLE001 - logged; without its worker a target is dead
                _log.exception("%s: cannot deliver, trying again", self.name)
                lost = True
            if lost:
                await self._clock.sleep(_REJOIN_SECONDS)

    async def _serve(self, window: int) -> bool:
        """Take deliveries until the breaker turns; whether the session was lost instead."""
        self._turn.clear()
        principal = Principal(self._account, frozenset({"subscriber"}))
        session: Session

        async def take(what: Sequence[Delivery] | Notice) -> None:
            for delivery in () if isinstance(what, Notice) else what:
                task = asyncio.create_task(self._deliver(session, delivery, window))
                self._tries.add(task)
                task.add_done_callback(self._tries.discard)

        session = self._dispatcher.join(take, window, principal, singly=True, own_breaker=True)
        turned = asyncio.create_task(self._turn.wait())
        lost = asyncio.create_task(session.lost.wait())
        try:
            await asyncio.wait([turned, lost], return_when=asyncio.FIRST_COMPLETED)
            return not turned.done()
        finally:
            session.leaving = True
            turned.cancel()
            lost.cancel()
            await self._finish()
            await self._dispatcher.leave(session, f"the {self._kind} left")

    async def _finish(self) -> None:
        """Let requests end that are under way, for a moment."""
        if self._tries:
            await asyncio.wait(self._tries, timeout=self._patience)
        for task in tuple(self._tries):
            task.cancel()
        await asyncio.gather(*self._tries, return_exceptions=True)

    async def _deliver(self, session: Session, delivery: Delivery, window: int) -> None:
        try:
            tried = await self._attempt(delivery)
        except Exception as error:  # noqa: BLE001 - logged; whatever an event was made to do to us
            _log.exception("%s: cannot post", self.name)
            tried = Tried(Outcome("again", f"{type(error).__name__}: {error}"))
        if tried.answered:
            self._heard(session, tried.outcome, window)
        elif tried.outcome.kind == "later":
            self._leave(session)
        await self._dispatcher.settle(session, _settlement(delivery.position, tried.outcome))

    def _heard(self, session: Session, outcome: Outcome, window: int) -> None:
        """Tell the breaker, and turn where it did."""
        if outcome.is_down:
            self._failure = outcome.reason
            self._breaker.failed()
        else:
            self._failure = ""
            self._breaker.succeeded()
        widens = self._breaker.state == "closed" and window < self._most
        if widens or self._breaker.state == "open":
            self._leave(session)

    def _leave(self, session: Session) -> None:
        """Take no more; look anew at how things stand."""
        session.leaving = True
        self._turn.set()


def _settlement(position: int, outcome: Outcome) -> Settlement:
    if outcome.kind == "done":
        return Settlement(ack=[position])
    if outcome.kind == "later":
        return Settlement(release=[position])
    failed = Failed(position, outcome.reason[:_REASON], outcome.after, outcome.cause)
    return Settlement(retry=[failed]) if outcome.kind == "again" else Settlement(bury=[failed])
