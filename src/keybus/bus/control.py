"""The control plane: what holds on the bus, and how other rules come to hold."""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Iterable

from keybus.bus.acts import acts_of
from keybus.bus.audit_log import AuditLog
from keybus.bus.dispatcher import DeliverySettings, Dispatcher
from keybus.bus.engine import Engine
from keybus.bus.gatekeeper import Gatekeeper
from keybus.bus.generation import Generation, Modes
from keybus.bus.permission import Permission
from keybus.bus.tally import Tally
from keybus.bus.usage import Usage
from keybus.bus.versions import Applied, Declared, Versions
from keybus.clock import Clock
from keybus.contracts import ContractRepository
from keybus.errors import Conflict, EngineError, StorageFailed, SubscriptionError
from keybus.governance import Principal
from keybus.governance.audit import Actor
from keybus.governance.authorizer import Refusal
from keybus.topology import Platform, Subscription

_log = logging.getLogger(__name__)
Activated = Callable[[Generation], None]
"""Told of a generation in the moment in which it begins to hold."""


class Control:
    """Applies platforms, one at a time.

    A change is made in four steps: compile it, which may refuse it; open the queues that it adds;
    make it the version that holds, durably; then let events and deliveries go by it. Whatever
    breaks off before the third has changed nothing, and a start after the third finds it.

    Args:
        engine: Where events and versions are kept.
        modes: How strictly the bus looks.
        permission: Told of deliveries that are refused but let pass.
        audit: Where every change is written down before it holds.
        usage: Where deliveries are counted.
        clock: Time.

    Attributes:
        versions: All that was applied.
        dispatchers: By subscription.
    """

    def __init__(
        self,
        engine: Engine,
        modes: Modes,
        permission: Permission,
        *,
        audit: AuditLog,
        usage: Usage,
        clock: Clock,
    ) -> None:
        self.versions = Versions(engine.documents)
        self.dispatchers: dict[str, Dispatcher] = {}
        self._engine, self._modes = engine, modes
        self._permission, self._audit = permission, audit
        self._usage, self._clock = usage, clock
        self._applying = asyncio.Lock()
        self._generation: Generation | None = None
        self._asked: dict[str, list[Subscription]] = {}

    @property
    def generation(self) -> Generation:
        """What holds."""
        assert self._generation is not None, "nothing was activated yet"
        return self._generation

    async def resume(self, activated: Activated) -> bool:
        """Let the version that was applied last hold again.

        Returns:
            Whether there was one.

        Raises:
            BrokenContracts: Its contracts cannot be used by this release of Keybus.
        """
        applied = await self.versions.current()
        if applied is None:
            return False
        contracts = await self.versions.unpacked(applied)
        async with self._applying:
            generation = await self._compile(applied, contracts)
            async for earlier in self.versions.all():
                self._remember(earlier.platform)
            await self._open(generation)
            await self._activate(generation, activated)
        return True

    async def apply(
        self,
        declared: Declared,
        by: Principal,
        activated: Activated,
        *,
        note: str = "",
        expected: int | None = None,
    ) -> Applied:
        """Make a platform hold, unless it does already.

        Args:
            declared: A platform without faults, and its contracts.
            by: Who applies it.
            activated: Told when it begins to hold.
            note: What they say of it.
            expected: The version on which it was planned; None applies it on any.

        Raises:
            Conflict: Another version holds than was expected; nothing was changed.
            StorageFailed: It is unknown whether it will hold after a restart.
        """
        async with self._applying:
            standing = self._generation.applied.version if self._generation else 0
            if expected is not None and expected != standing:
                raise Conflict("platform", "current", expected=expected, found=standing)
            if self._generation is not None and self._same(declared):
                return self._generation.applied
            applied = await self.versions.prepare(declared, by, self._clock.time_us(), note)
            generation = await self._compile(applied, declared.contracts)
            opened = await self._open(generation)
            try:
                before = self._generation.declared if self._generation else None
                for act in acts_of(before, declared, applied, by):
                    await self._audit.write(act.actor, act.action, act.subject, act.data)
                await self.versions.hold(applied)
            except EngineError as error:
                await self._undo(opened, applied, by, error)
                raise
            await self._activate(generation, activated)
            return applied

    async def prune(self, names: Iterable[str], by: Principal) -> None:
        """Remove queues that no subscription declares, with all that waits in them.

        Args:
            names: Which.
            by: Who removes them.

        Raises:
            SubscriptionError: A subscription declares one of them; nothing was removed.
            StorageFailed: It is unknown which were removed.
        """
        async with self._applying:
            wanted = sorted(set(names))
            if declared := [name for name in wanted if name in self.dispatchers]:
                raise SubscriptionError(
                    f"the subscription {declared[0]!r} is declared, so its queue is in use",
                    hint="remove it from the platform first",
                )
            for name in wanted:
                await self._audit.write(Actor.of(by), "queue.removed", name)
                await self._engine.remove(name)

    async def _undo(
        self, opened: Iterable[str], applied: Applied, by: Principal, error: EngineError
    ) -> None:
        """What was prepared does not hold: close what it opened, and write that down."""
        for name in opened:
            await self._close(name)
        data = {"version": applied.version, "error": str(error)}
        with contextlib.suppress(EngineError):  # it is the store that fails
            await self._audit.write(Actor.of(by), "platform.not-applied", "", data)

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

    async def _compile(self, applied: Applied, contracts: ContractRepository) -> Generation:
        """Compile on a thread: thousands of subscriptions take a second."""
        return await asyncio.to_thread(Generation, applied, contracts, self._modes)

    def _same(self, declared: Declared) -> bool:
        applied = self.generation.applied
        return (
            declared.platform == applied.platform
            and declared.contracts.pack().digest == applied.contracts
        )

    async def _open(self, generation: Generation) -> list[str]:
        """Open the queues that are new, before an event can match them; answers their names."""
        rules, opened = generation.router.rules, []
        for name, subscription in generation.platform.subscriptions.items():
            if name not in self.dispatchers:
                settings = self._settings(name, subscription, generation)
                cursor = await self._engine.open(name, rules[name])
                self.dispatchers[name] = Dispatcher(cursor, settings, self._clock)
                opened.append(name)
        return opened

    async def _activate(self, generation: Generation, activated: Activated) -> None:
        self._generation = generation
        self._remember(generation.platform)
        activated(generation)  # from here on events go by it
        declared = generation.platform.subscriptions
        gone = [name for name in self.dispatchers if name not in declared]
        for name in gone:
            await self._close(name)
        for name, subscription in declared.items():
            settings = self._settings(name, subscription, generation)
            try:
                await self.dispatchers[name].change(settings)
            except StorageFailed:
                _log.exception("%s: what is held stays so until the next start", name)
        if self._modes.authorization == "enforce":
            self.end(lambda name, principal: _objection(generation, name, principal))

    def _remember(self, platform: Platform) -> None:
        """Remember what each name asked for: such events may still wait in its queue."""
        for name, subscription in platform.subscriptions.items():
            asked = self._asked.setdefault(name, [])
            if all(subscription.events != each.events for each in asked):
                asked.append(subscription)

    async def _close(self, name: str) -> None:
        """Let a subscription go; its queue stays in the store."""
        dispatcher = self.dispatchers.pop(name)
        for session in dispatcher.sessions:
            session.end("the subscription was removed from the platform")
        await dispatcher.stop()
        await self._engine.close_queue(name)

    def _settings(
        self, name: str, subscription: Subscription, generation: Generation
    ) -> DeliverySettings:
        gatekeeper = None
        if self._modes.authorization != "off":

            def observed(refusal: Refusal) -> None:
                self._permission.tell_delivery(name, refusal)

            enforce = self._modes.authorization == "enforce"
            gate = generation.authorizer.gate(name, self._asked.get(name, ()))
            gatekeeper = Gatekeeper(gate, enforce=enforce, observed=observed)
        return DeliverySettings(
            subscription.retry,
            gatekeeper,
            generation.projections.get(name),
            Tally(self._usage, name, subscription, self._clock),
        )


def _objection(generation: Generation, name: str, principal: Principal) -> str:
    """Why somebody may not go on consuming under these rules; empty where they may."""
    refusal = generation.authorizer.consume(principal, name)
    return refusal.message if refusal else ""
