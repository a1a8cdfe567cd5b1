"""The targets of the platform that holds: which there are, and that each runs."""

import asyncio
import contextlib
from collections.abc import Coroutine, Mapping
from typing import Any

from keybus.bus.control.generation import Generation
from keybus.bus.delivery.dispatcher import Dispatcher
from keybus.bus.delivery.session import Send
from keybus.bus.targets.destination import Destination, DestinationRefused
from keybus.bus.targets.handing import Handing
from keybus.bus.targets.input import Input
from keybus.bus.targets.poster import Poster
from keybus.bus.targets.settings import WebhookSettings
from keybus.bus.targets.webhook import Webhook, WebhookPlan
from keybus.clock import Clock
from keybus.governance.webhook_secrets import WebhookSecrets
from keybus.protocol import TargetInfo
from keybus.topology import Subscription
from keybus.topology.inputs import Maker
from keybus.topology.inputs.maker import rule_of
from keybus.topology.inputs.template import Rule
from keybus.topology.model import Platform, Target


class _Running:
    """A webhook with its task, and what it was started for."""

    def __init__(
        self, plan: WebhookPlan, dispatcher: Dispatcher, made: Input | None, webhook: Webhook
    ) -> None:
        self.plan, self.dispatcher, self.made, self.webhook = plan, dispatcher, made, webhook
        self.task = asyncio.create_task(webhook.run(), name=f"webhook {plan.subscription}")


class Targets:
    """Starts and stops what delivers by itself. Belongs to one event loop.

    Args:
        settings: How webhooks are delivered.
        secrets: What deliveries are signed with.
        clock: Time and jitter.
    """

    def __init__(self, settings: WebhookSettings, secrets: WebhookSecrets, clock: Clock) -> None:
        self._settings, self._secrets, self._clock = settings, secrets, clock
        self._poster: Poster | None = None
        self._inputs: dict[str, tuple[tuple[Target, Rule], Input]] = {}
        self._webhooks: dict[str, _Running] = {}
        self._ending: set[asyncio.Task[None]] = set()
        self._stopped = False

    def change(self, generation: Generation, dispatchers: Mapping[str, Dispatcher]) -> None:
        """Deliver by a generation from now on.

        What a change does not touch goes on; of what it does, requests that are under way have a
        moment to end.
        """
        if self._stopped:
            return
        platform = generation.platform
        self._change_inputs(platform)
        plans = {
            name: self._plan(name, subscription, platform)
            for name, subscription in platform.subscriptions.items()
            if self._settings.posts and subscription.target.webhook is not None
        }
        for name, running in list(self._webhooks.items()):
            wanted = (plans.get(name), dispatchers.get(name), self.input(name))
            if wanted != (running.plan, running.dispatcher, running.made):
                self._end(self._webhooks.pop(name))
        for name, plan in plans.items():
            if name not in self._webhooks:
                self._webhooks[name] = self._start(plan, dispatchers[name])

    def info(self, subscription: str) -> TargetInfo | None:
        """How a subscription's target stands; None where it is a queue."""
        running = self._webhooks.get(subscription)
        return None if running is None else running.webhook.info

    def input(self, subscription: str) -> Input | None:
        """What makes a subscription's input; None where events are handed over as they are."""
        found = self._inputs.get(subscription)
        return None if found is None else found[1]

    def handing(self, subscription: str, send: Send, dispatcher: Dispatcher) -> Handing:
        """A consumer's way of being sent to, with the subscription's input made on it."""
        return Handing(send, dispatcher, lambda: self.input(subscription))

    async def stop(self) -> None:
        """Stop delivering for good; what is under way has a moment to end."""
        self._stopped = True
        for running in self._webhooks.values():
            self._end(running)
        self._webhooks.clear()
        await asyncio.gather(*self._ending, return_exceptions=True)

    async def close(self) -> None:
        """Let go of all that was started, once nobody is delivered to any more."""
        for _, made in self._inputs.values():
            self._later(made.close())
        self._inputs.clear()
        await asyncio.gather(*self._ending, return_exceptions=True)
        if self._poster is not None:
            await self._poster.close()
            self._poster = None

    def _change_inputs(self, platform: Platform) -> None:
        before, self._inputs = self._inputs, {}
        for name, subscription in platform.subscriptions.items():
            asked = (subscription.target, rule_of(name, platform))
            known = before.get(name)
            if known is not None and known[0] == asked:
                self._inputs[name] = before.pop(name)
            elif (maker := Maker.compile(*asked)) is not None:
                self._inputs[name] = (asked, Input(maker))
        for _, made in before.values():
            self._later(made.close())

    def _plan(self, name: str, subscription: Subscription, platform: Platform) -> WebhookPlan:
        webhook = subscription.target.webhook
        assert webhook is not None
        account, plain = platform.accounts[subscription.account], self._settings.plain
        destination, refusal = None, ""
        try:
            reach = self._posts().reach
            destination = Destination.read(webhook.url, account, reach, plain=plain)
        except DestinationRefused as error:
            refusal = str(error)
        return WebhookPlan(name, subscription.account, destination, refusal, webhook.secret)

    def _start(self, plan: WebhookPlan, dispatcher: Dispatcher) -> _Running:
        made = self.input(plan.subscription)
        for session in dispatcher.sessions:  # of when it was a queue
            session.end("the subscription delivers to its webhook from now on")
        webhook = Webhook(
            plan,
            made,
            dispatcher,
            self._posts(),
            self._secrets,
            settings=self._settings,
            clock=self._clock,
        )
        return _Running(plan, dispatcher, made, webhook)

    def _posts(self) -> Poster:
        """What makes requests: with the first webhook, as it reads the system's certificates."""
        if self._poster is None:
            self._poster = Poster(self._settings, self._clock)
        return self._poster

    def _end(self, running: _Running) -> None:
        running.task.cancel()
        self._later(_ended(running.task))

    def _later(self, ending: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(ending)
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)


async def _ended(task: "asyncio.Task[None]") -> None:
    with contextlib.suppress(asyncio.CancelledError):
        await task
