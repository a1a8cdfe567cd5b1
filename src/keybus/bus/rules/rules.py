"""All rules of a bus: kept in its store, written to its audit log, and laid over its platform."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from msgspec.structs import replace

from keybus.bus.audit.log import AuditLog
from keybus.bus.engine import Documents
from keybus.bus.rules.beside import PREFIX, Beside
from keybus.bus.rules.errors import (
    HasTargets,
    NoSuchRule,
    TooManyRules,
    TooManyTargets,
    TooManyWays,
)
from keybus.bus.rules.overlay import Overlay, usable
from keybus.bus.rules.rule import MOST_RULES, MOST_WAYS, Rule, State
from keybus.bus.rules.shelf import RuleShelf
from keybus.bus.rules.target import MOST_TARGETS, RuleTarget
from keybus.clock import Clock
from keybus.governance import Principal
from keybus.topology import Platform

_T = TypeVar("_T")


class Rules:
    """What is made, changed and deleted of rules. Belongs to one event loop.

    Each change is in the audit log before it is in the store, and in the store before it holds; a
    start finds what the store has. Whoever asked may go away: what was begun is carried through.

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

        Args:
            queues: The names of all queues there are.

        Raises:
            StorageFailed: It is unknown which were removed.
        """
        wanted = {name for rule in self.all() for name in rule.subscriptions}
        left = [name for name in queues if name.startswith(PREFIX) and name not in wanted]
        if left and self.discard is not None:
            await self.discard(left)

    async def close(self) -> None:
        """Bring to its end what was begun."""
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def beside(self, platform: Platform) -> Mapping[str, Beside]:
        """The subscriptions of all rules' targets, by name."""
        return self._overlay.beside(self.all(), platform)

    def find(self, account: str, name: str) -> Rule | None:
        """A rule of an account, by the names of both; None where there is none."""
        return self._shelf.find(account, name)

    def of(self, account: str) -> list[Rule]:
        """An account's rules, by name."""
        return [each for each in self.all() if each.account == account]

    def all(self) -> list[Rule]:
        """Every account's rules, by account and name."""
        return self._shelf.all()

    def tags(self, account: str, name: str) -> Mapping[str, str]:
        """A rule's tags.

        Raises:
            NoSuchRule: There is no such rule.
        """
        found = self.find(account, name)
        if found is None:
            raise NoSuchRule.named(account, name)
        return found.tags

    async def put(self, wanted: Rule, by: Principal) -> Rule:
        """Make a rule, or say other things of one; its targets stay, and so do an old one's tags.

        Args:
            wanted: What is to hold, checked; its targets and its time are not looked at.
            by: Who asks.

        Raises:
            PatternError: Its pattern is none.
            TooManyRules: The account has as many as it may have.
            TooManyWays: Its patterns would be too much to match.
            StorageFailed: It is unknown whether it was kept.
        """
        return await self._unbroken(self._put(wanted, by))

    async def enable(self, account: str, name: str, by: Principal, *, enabled: bool) -> None:
        """Let a rule match events, or none.

        Raises:
            NoSuchRule: There is no such rule.
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
            TooManyTargets: It would have more than it may have; none was added.
            TooManyWays: The account's patterns would be too much to match.
            StorageFailed: It is unknown whether they were kept.
        """
        await self._unbroken(self._put_targets(account, name, targets, by))

    async def remove_targets(
        self, account: str, name: str, ids: Iterable[str], by: Principal
    ) -> None:
        """Remove targets from a rule, with all that waits for them; ids of none are passed over.

        Raises:
            NoSuchRule: There is no such rule.
            StorageFailed: It is unknown whether they were removed.
        """
        await self._unbroken(self._remove_targets(account, name, frozenset(ids), by))

    async def set_tags(
        self, account: str, name: str, tags: Mapping[str, str], by: Principal
    ) -> None:
        """Give a rule other tags, in place of those it has.

        Raises:
            NoSuchRule: There is no such rule.
            StorageFailed: It is unknown whether they were kept.
        """
        await self._unbroken(self._set_tags(account, name, tags, by))

    async def _put(self, wanted: Rule, by: Principal) -> Rule:
        async with self._writing:
            standing = await self._shelf.read(wanted.account, wanted.name)
            pattern = await asyncio.to_thread(usable, wanted.pattern)
            wanted = replace(wanted, ways=len(pattern.alternatives))
            if standing is None:
                if len(self.of(wanted.account)) >= MOST_RULES:
                    raise TooManyRules(wanted.account)
                rule = replace(wanted, targets={}, changed_us=self._clock.time_us())
                self._check_ways(rule)
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
                    self._check_ways(rule)
                    data = {"pattern": rule.pattern, "state": rule.state}
                    await self._shelf.write(rule, "rule.changed", by, data)
        await self._let_hold(rule)
        return rule

    async def _enable(self, account: str, name: str, by: Principal, state: State) -> None:
        async with self._writing:
            standing = await self._shelf.standing(account, name)
            if standing.state != state:
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
            if len(more) > MOST_TARGETS:
                raise TooManyTargets(name)
            if more != standing.targets:
                data = {"targets": {each.id: each.arn for each in targets}}
                changed = replace(standing, targets=more)
                self._check_ways(changed)
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
                data = {"targets": sorted(ids & standing.targets.keys())}
                await self._shelf.write(changed, "rule.targets-removed", by, data)
        await self._let_hold()
        if (gone := set(standing.subscriptions) - set(changed.subscriptions)) and self.discard:
            await self.discard(gone)

    async def _set_tags(
        self, account: str, name: str, tags: Mapping[str, str], by: Principal
    ) -> None:
        async with self._writing:
            standing = await self._shelf.standing(account, name)
            if tags != standing.tags:
                await self._shelf.write(replace(standing, tags=dict(tags)), "rule.tagged", by)

    def _check_ways(self, rule: Rule) -> None:
        others = sum(each.weight for each in self.of(rule.account) if each.name != rule.name)
        if others + rule.weight > MOST_WAYS:
            raise TooManyWays(rule.account)

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
