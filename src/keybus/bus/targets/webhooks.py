"""The webhooks of the platform that holds: what each does, and what they share."""

from keybus.bus.control.generation import Generation
from keybus.bus.targets.destination import Destination, DestinationRefused
from keybus.bus.targets.poster import Poster
from keybus.bus.targets.settings import WebhookSettings
from keybus.bus.targets.webhook import Webhook, WebhookPlan
from keybus.bus.targets.worker import Job, Kind
from keybus.clock import Clock
from keybus.governance.webhook_secrets import WebhookSecrets


class Webhooks(Kind[WebhookPlan]):
    """Makes webhooks' workers.

    Args:
        settings: How webhooks are delivered.
        secrets: What deliveries are signed with.
        clock: Time and jitter.
    """

    def __init__(self, settings: WebhookSettings, secrets: WebhookSecrets, clock: Clock) -> None:
        self._settings, self._secrets, self._clock = settings, secrets, clock
        self._poster: Poster | None = None

    def plan(self, name: str, generation: Generation) -> WebhookPlan | None:
        """What a subscription's webhook does; None where it has none."""
        subscription = generation.subscriptions[name]
        webhook = subscription.target.webhook
        if webhook is None or not self._settings.posts:
            return None
        account, plain = generation.platform.accounts[subscription.account], self._settings.plain
        destination, refusal = None, ""
        try:
            destination = Destination.read(webhook.url, account, self.poster().reach, plain=plain)
        except DestinationRefused as error:
            refusal = str(error)
        return WebhookPlan(name, subscription.account, destination, refusal, webhook.secret)

    def worker(self, plan: WebhookPlan, job: Job) -> Webhook:
        """A webhook's worker."""
        return Webhook(
            plan,
            job.made,
            job.dispatcher,
            self.poster(),
            self._secrets,
            settings=self._settings,
            clock=self._clock,
        )

    async def close(self) -> None:
        """Close connections."""
        if self._poster is not None:
            await self._poster.close()
            self._poster = None

    def poster(self) -> Poster:
        """What makes requests: with the first webhook, as it reads the system's certificates."""
        if self._poster is None:
            self._poster = Poster(self._settings, self._clock)
        return self._poster
