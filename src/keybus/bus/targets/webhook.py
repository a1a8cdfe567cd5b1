"""One webhook: takes its subscription's deliveries as a consumer does, and posts them."""

import asyncio
import logging
from collections.abc import Sequence

import msgspec

from keybus.bus.delivery.breaker import Breaker
from keybus.bus.delivery.dispatcher import Dispatcher
from keybus.bus.delivery.session import Session
from keybus.bus.engine import Delivery
from keybus.bus.targets.answer import Outcome
from keybus.bus.targets.destination import Destination
from keybus.bus.targets.evaluator import NotEvaluated
from keybus.bus.targets.input import CAUSE, Input, failure
from keybus.bus.targets.poster import Poster
from keybus.bus.targets.request import headers_of
from keybus.bus.targets.settings import WebhookSettings
from keybus.clock import Clock
from keybus.governance import Principal
from keybus.governance.webhook_secrets import WebhookSecrets
from keybus.protocol import Failed, Notice, Settlement, TargetInfo
from keybus.topology.inputs import InputError

_log = logging.getLogger(__name__)
_REJOIN_SECONDS = 1.0
_REASON = 1000
_US = 1_000_000


class WebhookPlan(msgspec.Struct, frozen=True):
    """What a webhook does; another plan is another worker.

    Attributes:
        subscription: The subscription's name.
        account: Its account's name.
        destination: Where it posts; None: it may not.
        refusal: Why not.
        secret: The name of the secret that signs; None: none does.
    """

    subscription: str
    account: str
    destination: Destination | None
    refusal: str
    secret: str | None


class Webhook:
    """Posts one subscription's deliveries. Belongs to one event loop.

    It joins the dispatcher like any consumer, with as many deliveries as it may have requests
    under way. While the breaker is open it has not joined, so that what waits stays in the queue
    and no attempt is counted; then it joins for one delivery at a time until one gets through.

    Args:
        plan: What it does.
        made: Makes what is posted; None: the event itself is.
        dispatcher: The subscription's.
        poster: Makes the requests.
        secrets: What deliveries are signed with.
        settings: How webhooks are delivered.
        clock: Time and jitter.
    """

    def __init__(
        self,
        plan: WebhookPlan,
        made: Input | None,
        dispatcher: Dispatcher,
        poster: Poster,
        secrets: WebhookSecrets,
        *,
        settings: WebhookSettings,
        clock: Clock,
    ) -> None:
        self._plan, self._made, self._dispatcher = plan, made, dispatcher
        self._poster, self._secrets, self._clock = poster, secrets, clock
        self._most, self._patience = settings.concurrency, settings.finish_seconds
        self._breaker = Breaker(
            clock, first=settings.probe_seconds, longest=settings.longest_probe_seconds
        )
        self._failure = ""
        self._turn = asyncio.Event()
        self._posts: set[asyncio.Task[None]] = set()

    @property
    def info(self) -> TargetInfo:
        """How it stands."""
        obstacle = self._obstacle()
        if obstacle:
            return TargetInfo("webhook", "stopped", obstacle)
        if self._breaker.state == "closed":
            return TargetInfo("webhook", "delivering", self._failure)
        state = "probing" if self._breaker.state == "half-open" else "waiting"
        probe = self._clock.time_us() + int(self._breaker.remaining * _US)
        return TargetInfo("webhook", state, self._failure, probe)

    async def run(self) -> None:
        """Post until cancelled; what is under way then has a moment to end."""
        told = ""
        while True:
            while obstacle := self._obstacle():
                if obstacle != told:
                    _log.warning("%s: %s; nothing is posted", self._plan.subscription, obstacle)
                told = obstacle
                await self._secrets.change()
            await self._clock.sleep(self._breaker.remaining)
            try:
                lost = await self._serve(self._most if self._breaker.state == "closed" else 1)
            except Exception:  # noqa: BLE001 - logged; without its worker a webhook is dead
                _log.exception("%s: cannot deliver, trying again", self._plan.subscription)
                lost = True
            if lost:
                await self._clock.sleep(_REJOIN_SECONDS)

    def _obstacle(self) -> str:
        """Why nothing may be posted; empty where it may."""
        plan = self._plan
        if plan.destination is None:
            return plan.refusal
        if plan.secret is not None and not self._secrets.signing(plan.account, plan.secret):
            hint = f"keybus webhooks secret issue {plan.secret} --account {plan.account}"
            return f"the account {plan.account!r} has no secret {plan.secret!r}: {hint}"
        return ""

    async def _serve(self, window: int) -> bool:
        """Take deliveries until the breaker turns; whether the session was lost instead."""
        self._turn.clear()
        principal = Principal(self._plan.account, frozenset({"subscriber"}))
        session: Session

        async def take(what: Sequence[Delivery] | Notice) -> None:
            for delivery in () if isinstance(what, Notice) else what:
                post = asyncio.create_task(self._deliver(session, delivery, window))
                self._posts.add(post)
                post.add_done_callback(self._posts.discard)

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
            await self._dispatcher.leave(session, "the webhook left")

    async def _finish(self) -> None:
        """Let requests end that are under way, for a moment."""
        if self._posts:
            await asyncio.wait(self._posts, timeout=self._patience)
        for post in tuple(self._posts):
            post.cancel()
        await asyncio.gather(*self._posts, return_exceptions=True)

    async def _deliver(self, session: Session, delivery: Delivery, window: int) -> None:
        try:
            outcome, answered = await self._attempt(delivery)
        except Exception as error:  # noqa: BLE001 - logged; whatever an event was made to do to us
            _log.exception("%s: cannot post", self._plan.subscription)
            outcome, answered = Outcome("again", f"{type(error).__name__}: {error}"), False
        if answered:
            self._heard(session, outcome, window)
        elif outcome.kind == "later":
            self._leave(session)
        await self._dispatcher.settle(session, _settlement(delivery.position, outcome))

    async def _attempt(self, delivery: Delivery) -> tuple[Outcome, bool]:
        """What came of a delivery, and whether that says something of the endpoint."""
        body = delivery.envelope
        if self._made is not None:
            try:
                body = await self._made.make(delivery)
            except InputError as error:
                return Outcome("never", failure(error), cause=CAUSE), False
            except NotEvaluated as error:
                return Outcome("again", failure(error)), False
        plan = self._plan
        assert plan.destination is not None
        secrets = self._secrets.signing(plan.account, plan.secret) if plan.secret else ()
        if plan.secret and not secrets:  # it was revoked since
            return Outcome("later"), False
        headers = headers_of(
            delivery, plan.subscription, body, secrets=secrets, now_us=self._clock.time_us()
        )
        return await self._poster.post(plan.destination, body, headers), True

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
