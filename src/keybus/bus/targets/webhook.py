"""One webhook: takes its subscription's deliveries as a consumer does, and posts them."""

import msgspec

from keybus.bus.delivery.dispatcher import Dispatcher
from keybus.bus.engine import Delivery
from keybus.bus.targets.answer import Outcome
from keybus.bus.targets.carrier import Carrier, Tried, content_of
from keybus.bus.targets.destination import Destination
from keybus.bus.targets.input import Input
from keybus.bus.targets.poster import Poster
from keybus.bus.targets.request import headers_of
from keybus.bus.targets.settings import WebhookSettings
from keybus.clock import Clock
from keybus.governance.webhook_secrets import WebhookSecrets
from keybus.protocol import TargetInfo


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
        self._plan, self._made = plan, made
        self._poster, self._secrets, self._clock = poster, secrets, clock
        self._carrier = Carrier(
            "webhook",
            plan.account,
            dispatcher,
            self._attempt,
            obstacle=self._obstacle,
            change=secrets.change,
            settings=settings,
            clock=clock,
        )

    @property
    def info(self) -> TargetInfo:
        """How it stands."""
        return self._carrier.info

    async def run(self) -> None:
        """Post until cancelled; what is under way then has a moment to end."""
        await self._carrier.run()

    def _obstacle(self) -> str:
        """Why nothing may be posted; empty where it may."""
        plan = self._plan
        if plan.destination is None:
            return plan.refusal
        if plan.secret is not None and not self._secrets.signing(plan.account, plan.secret):
            hint = f"keybus webhooks secret issue {plan.secret} --account {plan.account}"
            return f"the account {plan.account!r} has no secret {plan.secret!r}: {hint}"
        return ""

    async def _attempt(self, delivery: Delivery) -> Tried:
        body = await content_of(delivery, self._made)
        if isinstance(body, Tried):
            return body
        plan = self._plan
        assert plan.destination is not None
        secrets = self._secrets.signing(plan.account, plan.secret) if plan.secret else ()
        if plan.secret and not secrets:  # it was revoked since
            return Tried(Outcome("later"))
        headers = headers_of(
            delivery, plan.subscription, body, secrets=secrets, now_us=self._clock.time_us()
        )
        outcome = await self._poster.post(plan.destination, body, headers, account=plan.account)
        return Tried(outcome, answered=True)
