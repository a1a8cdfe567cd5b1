"""The control plane: what holds on the bus, and how other rules come to hold."""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Coroutine, Iterable, Mapping
from functools import partial
from typing import Any, TypeVar

from keybus.bus.audit.log import AuditLog
from keybus.bus.control.acts import acts_of
from keybus.bus.control.generation import Generation, Modes
from keybus.bus.control.overlays import Overlays
from keybus.bus.control.permission import Permission
from keybus.bus.control.queues import Opened, Prepared, Queues
from keybus.bus.control.versions import Applied, Declared, NoSuchVersion, Versions
from keybus.bus.delivery.dispatcher import Dispatcher
from keybus.bus.engine import Engine
from keybus.bus.metering.meters import Meters
from keybus.bus.metering.violations import Violations
from keybus.bus.usage.usage import Usage
from keybus.clock import Clock
from keybus.contracts import ContractRepository
from keybus.errors import EngineError, PlanOutdated, SubscriptionError
from keybus.governance import Principal
from keybus.governance.audit import BUS, Actor

_log = logging.getLogger(__name__)
T = TypeVar("T")
Activated = Callable[[Generation], None]
"""Told of a generation in the moment in which it begins to hold."""


class Control:
    """Applies platforms, one at a time.

    A change is made in four steps: compile it, which may refuse it; open the queues that it adds;
    make it the version that holds, durably; then let events and deliveries go by it. Whatever
    breaks off before the third has changed nothing, and a start after the third finds it. Whoever
    asked for a change may go away meanwhile: what was begun is brought to its end.

    Args:
        engine: Where events and versions are kept.
        modes: How strictly the bus looks.
        permission: Told of deliveries that are refused but let pass.
        audit: Where every change is written down before it holds.
        usage: Where deliveries are counted.
        clock: Time.
        meters: Where they are counted for whoever watches.
        violations: Told of what is taken although it does not fit.
        overlays: What was released beside what was applied, and what was made by hand.

    Attributes:
        versions: All that was applied.
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
        meters: Meters,
        violations: Violations,
        overlays: Overlays = Overlays(),  # noqa: B008 - it never changes
    ) -> None:
        self.versions = Versions(engine.documents)
        self._overlays = overlays
        self._engine, self._modes, self._violations = engine, modes, violations
        self._audit, self._clock = audit, clock
        self._queues = Queues(engine, modes, permission, usage, clock, meters=meters)
        self._applying = asyncio.Lock()
        self._generation: Generation | None = None
        self._changes: set[asyncio.Task[Any]] = set()
        self._stopped = False

    @property
    def dispatchers(self) -> Mapping[str, Dispatcher]:
        """By subscription; of those that the platform declares which holds."""
        return self._queues.dispatchers

    @property
    def generation(self) -> Generation:
        """What holds."""
        assert self._generation is not None, "nothing was activated yet"
        return self._generation

    async def resume(self, activated: Activated, *, required: bool) -> None:
        """Let the version that was applied last hold again, if there is one.

        Args:
            activated: Told when it begins to hold.
            required: Whether there has to be one.

        Raises:
            NoSuchVersion: There has to be one, and there is none.
            BrokenContracts: Its contracts cannot be used by this release of Keybus.
        """
        applied = await self.versions.current()
        if applied is None:
            if required:
                raise NoSuchVersion("nothing was applied to this store yet")
            return
        contracts = await self.versions.unpacked(applied)
        async with self._applying:
            generation = await self._compile(applied, contracts)
            await self._disown(BUS, "the bus ended before it held")
            async for name, events in self.versions.asked():
                self._queues.remember(name, events)
            prepared = await self._queues.prepare(generation)
            opened: Opened = {}
            await self._queues.open(generation, prepared, opened)
            await self._activate(generation, prepared, opened, activated)

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
            PlanOutdated: Another version holds than was expected; nothing was changed.
            StorageFailed: It does not hold; where the store could not even be read, it is unknown
                whether it will after a restart.
            EngineError: The bus is stopping.
        """
        return await self._unbroken(self._apply(declared, by, activated, note, expected))

    async def prune(self, names: Iterable[str], by: Principal) -> None:
        """Remove queues that no subscription declares, with all that waits in them.

        Args:
            names: Which.
            by: Who removes them.

        Raises:
            SubscriptionError: A subscription declares one of them; nothing was removed.
            StorageFailed: It is unknown which were removed.
            EngineError: The bus is stopping.
        """
        await self._unbroken(self._prune(sorted(set(names)), by))

    async def renew(self, activated: Activated) -> None:
        """Compile what holds once more: contracts were released, or something was made by hand.

        Queues of what was made by hand are opened, and closed where it is gone; all others stay.

        Args:
            activated: Told when it begins to hold.

        Raises:
            StorageFailed: A queue could not be opened; what held before does.
            EngineError: The bus is stopping.
        """
        await self._unbroken(self._renew(activated))

    async def discard(self, names: Iterable[str]) -> None:
        """Remove queues of what was made by hand and is gone, with all that waits in them.

        Raises:
            StorageFailed: It is unknown which were removed.
            EngineError: The bus is stopping.
        """
        await self._unbroken(self._discard(sorted(set(names))))

    async def stop(self) -> None:
        """Bring to its end what was begun, take no other change, and stop delivering."""
        self._stopped = True
        await asyncio.gather(*self._changes, return_exceptions=True)
        await self._queues.stop()

    async def _unbroken(self, change: Coroutine[Any, Any, T]) -> T:
        """Carry a change through, also where whoever waits for it is cancelled."""
        task = asyncio.create_task(change, name="platform change")
        self._changes.add(task)
        task.add_done_callback(self._changes.discard)
        task.add_done_callback(_log_failure)
        return await asyncio.shield(task)

    def _check_running(self) -> None:
        if self._stopped:
            raise EngineError("the bus is stopping, so nothing is changed", hint="try again later")

    async def _apply(
        self,
        declared: Declared,
        by: Principal,
        activated: Activated,
        note: str,
        expected: int | None,
    ) -> Applied:
        async with self._applying:
            self._check_running()
            standing = self._generation.applied.version if self._generation else 0
            if expected is not None and expected != standing:
                raise PlanOutdated(expected=expected, found=standing)
            await self._disown(BUS, "it could not be made to hold")
            if self._generation is not None and await self._same(declared):
                return self._generation.applied
            applied = await self.versions.prepare(declared, by, self._clock.time_us(), note)
            opened: Opened = {}
            try:
                generation = await self._compile(applied, declared.contracts)
                prepared = await self._queues.prepare(generation)
                await self._queues.open(generation, prepared, opened)
                await self._make_hold(declared, applied, by)
            except Exception as error:
                await self._undo(opened, by, error)
                raise
            await self._activate(generation, prepared, opened, activated)
            return applied

    async def _renew(self, activated: Activated) -> None:
        async with self._applying:
            self._check_running()
            if (standing := self._generation) is not None:
                generation = await self._compile(standing.applied, standing.contracts)
                prepared = await self._queues.prepare(generation)
                opened: Opened = {}
                try:
                    await self._queues.open(generation, prepared, opened)
                except Exception:
                    await self._queues.close(opened)
                    raise
                await self._activate(generation, prepared, opened, activated)

    async def _discard(self, names: list[str]) -> None:
        async with self._applying:
            self._check_running()
            there = set(await self._engine.queues())
            for name in (each for each in names if each in there and each not in self.dispatchers):
                await self._engine.remove(name)

    async def _make_hold(self, declared: Declared, applied: Applied, by: Principal) -> None:
        """Write each change down, and then the version that holds."""
        before = self._generation.declared if self._generation else None
        acts = await asyncio.to_thread(lambda: list(acts_of(before, declared, applied, by)))
        await self._audit.write_all(acts)
        await self.versions.hold(applied)

    async def _prune(self, wanted: list[str], by: Principal) -> None:
        async with self._applying:
            self._check_running()
            if declared := [name for name in wanted if name in self.dispatchers]:
                raise SubscriptionError(
                    f"the subscription {declared[0]!r} is declared, so its queue is in use",
                    hint="remove it from the platform first",
                )
            there = set(await self._engine.queues())
            for name in (each for each in wanted if each in there):
                await self._audit.write(Actor.of(by), "queue.removed", name)
                await self._engine.remove(name)

    async def _undo(self, opened: Opened, by: Principal, error: Exception) -> None:
        """What was prepared does not hold: close what it opened, and write that down."""
        await self._queues.close(opened)
        with contextlib.suppress(EngineError):  # the store fails; the next change writes it down
            await self._disown(Actor.of(by), str(error))

    async def _disown(self, actor: Actor, why: str) -> None:
        """Write down of a version that was prepared that it does not hold, and forget it.

        The log may have it as applied already: each change is written down before it holds.
        """
        version = await self.versions.unheld()
        if version is not None:
            data = {"version": version, "error": why}
            await self._audit.write(actor, "platform.not-applied", "", data)
            await self.versions.forget(version)

    def end(self, ends: Callable[[str, Principal], str]) -> None:
        """End consumers.

        Args:
            ends: Says of a subscription and who consumes it why they may no longer; an empty
                text lets them go on.
        """
        self._queues.end(ends)

    async def _compile(self, applied: Applied, contracts: ContractRepository) -> Generation:
        """Compile on a thread: thousands of subscriptions take a second."""
        overlays, platform = self._overlays, applied.platform
        compiled = partial(
            Generation,
            modes=self._modes,
            violations=self._violations,
            clock=self._clock,
            beside=overlays.made(platform),
            denied=overlays.denied(platform),
        )
        try:
            return await asyncio.to_thread(compiled, applied, overlays.contracts(contracts))
        except Exception:  # noqa: BLE001 - whatever was released, the bus has to come up again
            _log.exception("with what was released in the registry it cannot hold; without it")
        try:
            return await asyncio.to_thread(compiled, applied, contracts)
        except Exception:
            if not overlays.made(platform):
                raise
            _log.exception("with the rules that were made by hand it cannot hold; without them")
            return await asyncio.to_thread(partial(compiled, beside={}), applied, contracts)

    async def _same(self, declared: Declared) -> bool:
        """Whether it holds already: here, and in the store."""
        applied = self.generation.applied
        return (
            declared.platform == applied.platform
            and declared.contracts.pack().digest == applied.contracts
            and await self.versions.number() == applied.version
        )

    async def _activate(
        self, generation: Generation, prepared: Prepared, opened: Opened, activated: Activated
    ) -> None:
        """Let events and deliveries go by it: all at once, as nothing waits before the end."""
        self._generation = generation
        gone = self._queues.change(generation, prepared, opened)
        activated(generation)
        await self._queues.close(gone)


def _log_failure(change: asyncio.Task[Any]) -> None:
    """Keep what nobody may wait for any more from being lost."""
    if not change.cancelled() and (error := change.exception()) is not None:
        _log.info("a change of the platform was refused: %s", error)
