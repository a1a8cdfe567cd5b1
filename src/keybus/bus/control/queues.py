"""The queues in use: a dispatcher for each subscription of the platform that holds."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence

from keybus.bus.control.generation import Generation, Modes
from keybus.bus.control.permission import Permission
from keybus.bus.delivery.dispatcher import LONGEST_DELAY, Dispatcher
from keybus.bus.delivery.gatekeeper import Gatekeeper
from keybus.bus.delivery.order_key import OrderKey
from keybus.bus.delivery.settings import DeliverySettings
from keybus.bus.delivery.tally import Tally
from keybus.bus.engine import Engine
from keybus.bus.metering.meters import Meters
from keybus.bus.usage.usage import Usage
from keybus.clock import Clock
from keybus.errors import EngineError
from keybus.governance import Principal
from keybus.governance.authorizer import Refusal
from keybus.topology import Subscription

_log = logging.getLogger(__name__)
Opened = dict[str, Dispatcher]
"""Queues that were opened for a generation that does not hold yet."""
Prepared = Mapping[str, DeliverySettings]
"""How a generation delivers each of its subscriptions."""


class Queues:
    """Which subscriptions are delivered, and how.

    Args:
        engine: Where the queues are.
        modes: How strictly the bus looks.
        permission: Told of deliveries that are refused.
        usage: Where deliveries are counted.
        clock: Time.
        meters: Where they are counted for whoever watches.

    Attributes:
        dispatchers: By subscription; of those that are declared.
    """

    def __init__(
        self,
        engine: Engine,
        modes: Modes,
        permission: Permission,
        usage: Usage,
        clock: Clock,
        *,
        meters: Meters,
    ) -> None:
        self.dispatchers: dict[str, Dispatcher] = {}
        self._engine, self._modes, self._permission = engine, modes, permission
        self._usage, self._clock, self._meters = usage, clock, meters
        self._asked: dict[str, dict[tuple[str, ...], Subscription]] = {}

    def remember(self, name: str, events: Sequence[str]) -> None:
        """Remember what a subscription asked for: such events may still wait in its queue.

        Args:
            name: Its name.
            events: The events; none: any.
        """
        asked = self._asked.setdefault(name, {})
        if (key := tuple(events)) not in asked:
            asked[key] = Subscription(account="", events=list(events))

    async def prepare(self, generation: Generation) -> Prepared:
        """Compile how it delivers; on a thread, as thousands of subscriptions take a while."""
        for name, subscription in generation.subscriptions.items():
            self.remember(name, subscription.events)
        return await asyncio.to_thread(self._prepare, generation)

    async def open(self, generation: Generation, prepared: Prepared, opened: Opened) -> None:
        """Open the queues that are new, before an event can match them.

        Args:
            generation: What declares them.
            prepared: How it delivers.
            opened: Where they are put, one by one: some also where this raises.

        Raises:
            StorageFailed: One could not be opened.
        """
        for name, rule in generation.router.rules.items():
            if name not in self.dispatchers:
                start = generation.subscriptions[name].start_us
                cursor = await self._engine.open(name, rule, start)
                opened[name] = Dispatcher(cursor, prepared[name], self._clock)

    def change(self, generation: Generation, prepared: Prepared, opened: Opened) -> Opened:
        """Deliver by a generation from now on, all at once.

        Returns:
            The queues that it does not declare; nobody consumes them any more. Close them.
        """
        declared = generation.subscriptions
        self.dispatchers |= opened
        self._meters.keep(declared)
        gone = {name: each for name, each in self.dispatchers.items() if name not in declared}
        for name, dispatcher in gone.items():
            del self.dispatchers[name]
            for session in dispatcher.sessions:
                session.end("the subscription was removed")
        for name, settings in prepared.items():
            self.dispatchers[name].change(settings)
        if self._modes.authorization == "enforce":
            self.end(lambda name, principal: _objection(generation, name, principal))
        return gone

    async def close(self, queues: Opened) -> None:
        """Let queues go; they stay in the store."""
        for name, dispatcher in queues.items():
            await dispatcher.stop()
            try:
                await self._engine.close_queue(name)
            except EngineError:
                _log.exception("%s: its queue stays open, unused, until the next start", name)

    def end(self, ends: Callable[[str, Principal], str]) -> None:
        """End consumers.

        Args:
            ends: Says of a subscription and who consumes it why they may no longer; an empty
                text lets them go on.
        """
        for name, dispatcher in self.dispatchers.items():
            for session in dispatcher.sessions:
                if reason := ends(name, session.principal):
                    session.end(reason)

    async def stop(self) -> None:
        """Stop delivering."""
        for dispatcher in list(self.dispatchers.values()):
            await dispatcher.stop()

    def _prepare(self, generation: Generation) -> Prepared:
        return {
            name: self._settings(name, subscription, generation)
            for name, subscription in generation.subscriptions.items()
        }

    def _settings(
        self, name: str, subscription: Subscription, generation: Generation
    ) -> DeliverySettings:
        gatekeeper, shape = None, generation.shapes.get(name)
        beside = generation.beside.get(name)
        if self._modes.authorization != "off":

            def observed(refusal: Refusal) -> None:
                self._permission.refuse_delivery(name, subscription.account, refusal)

            enforce = self._modes.authorization == "enforce"
            gate = generation.authorizer.gate(name, self._asked[name].values())
            gatekeeper = Gatekeeper(gate, enforce=enforce, observed=observed)
        return DeliverySettings(
            subscription.retry,
            gatekeeper,
            shape,
            Tally(self._usage, name, subscription, self._clock, self._meters.of(name)),
            OrderKey.compile(subscription, generation.contracts, shape),
            LONGEST_DELAY if beside is None else max(LONGEST_DELAY, beside.target.pause),
        )


def _objection(generation: Generation, name: str, principal: Principal) -> str:
    """Why somebody may not go on consuming under these rules; empty where they may."""
    refusal = generation.authorizer.consume(principal, name)
    return refusal.message if refusal else ""
