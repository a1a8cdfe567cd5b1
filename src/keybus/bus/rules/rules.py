"""All rules of a bus: kept in its store, written to its audit log, and laid over its platform."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from msgspec.structs import replace

from keybus.bus.audit.log import AuditLog
from keybus.bus.engine import Documents
from keybus.bus.rules.beside import PREFIX, Beside, subscription_name
from keybus.bus.rules.bounds import Bounds
from keybus.bus.rules.errors import HasTargets
from keybus.bus.rules.overlay import Overlay, usable
from keybus.bus.rules.rule import Rule, State, key_of, path_of
from keybus.bus.rules.shelf import RuleShelf
from keybus.bus.rules.target import RuleTarget
from keybus.clock import Clock
from keybus.governance import Principal
from keybus.topology import Platform

_T = TypeVar("_T")


class Rules:
    """What is made, changed and deleted of rules. Belongs to one event loop.

    Each change is in the audit log before it is in the store, and in the store before it holds; a
    start finds what the store has. Whoever asked may go away: what was begun is carried through.
    A rule's name is its path here (`Rule.path`): with its bus, where that is not the platform's.

    Args:
        documents: The engine's.
        audit: Where each change is written down before it holds.
        clock: Time.

    Attributes:
        changed: Lets what lies over the platform hold; told after each change.
        discard: Removes the queues of targets that are gone, by their subscriptions' names.
    """

    def __init__(self, documents: Documents, audit: AuditLog, clock: Clock) -> None:
        self.changed: Callable[[], Awaitable[None]] | None = None
        self.discard: Callable[[Iterable[str]], Awaitable[None]] | None = None
        self._shelf, self._overlay, self._clock = RuleShelf(documents, audit), Overlay(), clock
        self._bounds = Bounds(self._shelf, clock)
        self._writing, self._renewing = asyncio.Lock(), asyncio.Lock()
        self._holds = 0
        self._tasks: set[asyncio.Task[Any]] = set()

    async def load(self) -> None:
        """Read all rules; one that is damaged is left out, and logged.

        Raises:
            StorageFailed: The store could not be read.
        """
        await self._shelf.load()

    async def sweep(self, queues: Sequence[str]) -> None:
        """Remove the queues of targets that went while the bus ended.

        Those of rules that cannot be read stay: nobody knows which targets they have.

        Args:
            queues: The names of all queues there are.

        Raises:
            StorageFailed: It is unknown which were removed.
        """
        wanted = {name for rule in self.all() for name in rule.subscriptions}
        unknown = tuple(f"{PREFIX}{key}/" for key in self._shelf.damaged)
        left = [
            name
            for name in queues
            if name.startswith(PREFIX) and name not in wanted and not name.startswith(unknown)
        ]
        if left and self.discard is not None:
            await self.discard(left)

    async def close(self) -> None:
        """Bring to its end what was begun."""
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def beside(self, platform: Platform) -> Mapping[str, Beside]:
        """The subscriptions of all rules' targets, by name."""
        return self._overlay.beside(self.all(), platform)

    def find(self, account: str, name: str) -> Rule | None:
        """A rule of an account, by its path; None where there is none."""
        return self._shelf.find(account, name)

    def of(self, account: str) -> list[Rule]:
        """An account's rules, by name."""
        return self._shelf.of(account)

    def all(self) -> list[Rule]:
        """Every account's rules, by account and name."""
        return self._shelf.all()

    def on(self, account: str, event_bus: str) -> bool:
        """Whether a bus of an account's own has rules, those that cannot be read among them."""
        begins = key_of(account, path_of(event_bus, ""))
        return any(rule.bus == event_bus for rule in self.of(account)) or any(
            key.startswith(begins) for key in self._shelf.damaged
        )

    async def put(self, wanted: Rule, by: Principal) -> Rule:
        """Make a rule, or say other things of one; its targets stay, and so do an old one's tags.

        Args:
            wanted: What is to hold, checked; its targets and its time are not looked at.
            by: Who asks.

        Raises:
            PatternError: Its pattern is none.
            TooMuch: The account's rules would be more than they may be.
            Throttled: The account has changed rules too often.
            StorageFailed: It is unknown whether it was kept.
        """
        return await self._unbroken(self._put(wanted, by))

    async def enable(self, account: str, name: str, by: Principal, *, enabled: bool) -> None:
        """Let a rule match events, or none.

        Raises:
            NoSuchRule: There is no such rule.
            Throttled: The account has changed rules too often.
            StorageFailed: It is unknown whether it was kept.
        """
        await self._unbroken(self._enable(account, name, by, "ENABLED" if enabled else "DISABLED"))

    async def delete(self, account: str, name: str, by: Principal) -> None:
        """Delete a rule; does nothing where there is none.

        Raises:
            HasTargets: It has targets.
            StorageFailed: It is unknown whether it was deleted.
        """
        await self._unbroken(self._delete(account, name, by))

    async def put_targets(
        self, account: str, name: str, targets: Sequence[RuleTarget], by: Principal
    ) -> None:
        """Add targets to a rule; those of the same ids are replaced, and keep what waits.

        Args:
            account: The rule's account.
            name: Its name.
            targets: The targets, checked.
            by: Who asks.

        Raises:
            NoSuchRule: There is no such rule.
            TooMuch: It would be more than it may be; no target was added.
            Throttled: The account has changed rules too often.
            StorageFailed: It is unknown whether they were kept.
        """
        await self._unbroken(self._put_targets(account, name, targets, by))

    async def remove_targets(
        self, account: str, name: str, ids: Iterable[str], by: Principal
    ) -> None:
        """Remove targets from a rule, with all that waits for them; ids of none are passed over.

        What a call that failed has left behind goes with the next one.

        Raises:
            NoSuchRule: There is no such rule.
            Throttled: The account has changed rules too often.
            StorageFailed: It is unknown whether they were removed.
        """
        await self._unbroken(self._remove_targets(account, name, frozenset(ids), by))

    async def set_tags(
        self, account: str, name: str, tags: Mapping[str, str], by: Principal
    ) -> None:
        """Give a rule other tags, in place of those it has.

        Raises:
            NoSuchRule: There is no such rule.
            TooMuch: The account's rules would be more than they may be.
            StorageFailed: It is unknown whether they were kept.
        """
        await self._unbroken(self._set_tags(account, name, tags, by))

    async def _put(self, wanted: Rule, by: Principal) -> Rule:
        async with self._writing:
            standing = await self._shelf.read(wanted.account, wanted.path)
            pattern = await asyncio.to_thread(usable, wanted.pattern)
            wanted = replace(wanted, ways=len(pattern.alternatives))
            if standing is None:
                self._bounds.check_new(wanted.account)
                rule = replace(wanted, targets={}, changed_us=self._clock.time_us())
                self._bounds.check(rule)
                await self._shelf.write(rule, "rule.created", by, {"pattern": rule.pattern})
            else:
                rule = replace(
                    wanted,
                    targets=standing.targets,
                    tags=standing.tags,
                    created_by=standing.created_by,
                    changed_us=self._since(standing, wanted),
                )
                if rule != standing:
                    self._bounds.check(rule)
                    self._bounds.spend(rule)
                    data = {"pattern": rule.pattern, "state": rule.state}
                    await self._shelf.write(rule, "rule.changed", by, data)
        await self._let_hold(rule)
        return rule

    async def _enable(self, account: str, name: str, by: Principal, state: State) -> None:
        async with self._writing:
            standing = await self._shelf.standing(account, name)
            if standing.state != state:
                self._bounds.spend(standing)
                changed = replace(standing, state=state, changed_us=self._clock.time_us())
                await self._shelf.write(changed, f"rule.{state.lower()}", by)
        await self._let_hold(standing)

    async def _delete(self, account: str, name: str, by: Principal) -> None:
        async with self._writing:
            standing = await self._shelf.read(account, name)
            if standing is None:
                return
            if standing.targets:
                raise HasTargets(name)
            await self._shelf.delete(standing, by)

    async def _put_targets(
        self, account: str, name: str, targets: Sequence[RuleTarget], by: Principal
    ) -> None:
        async with self._writing:
            standing = await self._shelf.standing(account, name)
            more = {
                **standing.targets,
                **{each.id: self._dated(each, standing) for each in targets},
            }
            if more != standing.targets:
                data = {"targets": {each.id: each.arn for each in targets}}
                changed = replace(standing, targets=more)
                self._bounds.check(changed)
                self._bounds.spend(changed)
                await self._shelf.write(changed, "rule.targets-put", by, data)
        await self._let_hold()

    async def _remove_targets(
        self, account: str, name: str, ids: frozenset[str], by: Principal
    ) -> None:
        async with self._writing:
            standing = await self._shelf.standing(account, name)
            left = {each: target for each, target in standing.targets.items() if each not in ids}
            changed = replace(standing, targets=left)
            if left != standing.targets:
                self._bounds.spend(standing)
                data = {"targets": sorted(ids & standing.targets.keys())}
                await self._shelf.write(changed, "rule.targets-removed", by, data)
        await self._let_hold()
        # Also of those that are gone already: an earlier call may have broken off before this.
        asked = {subscription_name(account, name, each) for each in ids}
        if self.discard is not None:
            await self.discard(asked)

    async def _set_tags(
        self, account: str, name: str, tags: Mapping[str, str], by: Principal
    ) -> None:
        async with self._writing:
            standing = await self._shelf.standing(account, name)
            if tags != standing.tags:
                tagged = replace(standing, tags=dict(tags))
                self._bounds.check(tagged)
                await self._shelf.write(tagged, "rule.tagged", by)

    def _dated(self, target: RuleTarget, rule: Rule) -> RuleTarget:
        before = rule.targets.get(target.id)
        since_us = self._clock.time_us() if before is None else before.since_us
        return replace(target, since_us=since_us)

    def _since(self, standing: Rule, wanted: Rule) -> int:
        same = (standing.pattern, standing.state) == (wanted.pattern, wanted.state)
        return standing.changed_us if same else self._clock.time_us()

    async def _let_hold(self, rule: Rule | None = None) -> None:
        """Let what was written hold; several that wait are one change of the bus.

        Args:
            rule: What was changed beside its targets; where it has none, nothing lies over the
                platform.
        """
        wanted = self._shelf.written
        if rule is not None and not rule.targets:
            return
        async with self._renewing:
            if self._holds < wanted and self.changed is not None:
                reached = self._shelf.written
                await self.changed()
                self._holds = reached

    async def _unbroken(self, change: Coroutine[Any, Any, _T]) -> _T:
        """Carry a change through, also where whoever waits for it is cancelled."""
        task = asyncio.create_task(change, name="change of a rule")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return await asyncio.shield(task)
