"""A platform as it is to stand on AWS: judged for what EventBridge can do, and given its regions."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import msgspec

from keybus.cdk import names
from keybus.cdk.patterns import Unsayable, pattern_of
from keybus.cdk.sites import CentralSite, PublisherSite, SubscriptionSite, partition_of
from keybus.clock import SystemClock
from keybus.contracts import Contract
from keybus.contracts.pointers import pointer_of, tokens_of
from keybus.errors import Fault, KeybusError, PlanRefused
from keybus.governance.authorizer import Authorizer
from keybus.governance.compliance.reach import reach_of, sources_of
from keybus.governance.objections import objections
from keybus.topology import Declaration, Platform, Subscription, load_declaration
from keybus.topology.findings import known_names, quoted
from keybus.topology.plain import plain_data
from keybus.topology.root_construct import Platform as PlatformConstruct

_REGION: Final = re.compile(r"[a-z]{2,}(?:-[a-z]+)+-[0-9]{1,2}")
_DAY: Final = 86_400  # seconds
_LONGEST_QUEUE: Final = names.QUEUE.longest - len("-undelivered")
_FOREVER: Final = 2**63 - 1
# What this room brings: the bus itself, and an archive of whole days.
_BROUGHT: Final = frozenset({"lacks-bus", "lacks-archive"})


class NotDeclared(KeybusError):
    """Something in a CDK app that the platform does not declare, or not so, or that cannot be."""

    code = "not-declared"


class Deployment(msgspec.Struct, frozen=True):
    """A platform that AWS can carry, with its regions. Made by `deployment_of`.

    Attributes:
        platform: What is declared, without what was knowingly left out.
        contracts: Its contracts, by event type.
        region: The central bus's region.
        regions: The regions of subscriptions that are elsewhere, by their names.
        ends: When a grant of a subscription's events ends first, in microseconds since the Unix
            epoch, by its name; without those whose events need no grant.
    """

    platform: Platform
    contracts: Mapping[str, Contract]
    region: str
    regions: Mapping[str, str]
    ends: Mapping[str, int]

    @property
    def central(self) -> CentralSite:
        """Where the bus stands."""
        central = self.platform.accounts[self.platform.central or ""]
        return CentralSite(central.id, self.region, self.platform.bus)

    def subscription(self, name: str) -> Subscription:
        """A subscription.

        Raises:
            NotDeclared: There is none of this name.
        """
        found = self.platform.subscriptions.get(name)
        if found is None:
            hint = known_names(name, self.platform.subscriptions)
            raise NotDeclared(f"the platform has no subscription {quoted(name)}", hint=hint)
        return found

    def site(self, subscription: str) -> SubscriptionSite:
        """Where a subscription stands.

        Raises:
            NotDeclared: There is none of this name.
        """
        account = self.platform.accounts[self.subscription(subscription).account]
        region = self.regions.get(subscription, self.region)
        return SubscriptionSite(account.id, region, subscription)

    def publisher_site(self, publisher: str) -> PublisherSite:
        """Where a publisher stands; its policy is in no region.

        Raises:
            NotDeclared: There is none of this name.
        """
        found = self.platform.publishers.get(publisher)
        if found is None:
            hint = known_names(publisher, self.platform.publishers)
            raise NotDeclared(f"the platform has no publisher {quoted(publisher)}", hint=hint)
        account = self.platform.accounts[found.account]
        return PublisherSite(account.id, self.region, publisher)

    def pattern(self, subscription: str) -> Mapping[str, Any]:
        """The pattern of a subscription's rules."""
        return pattern_of(self.subscription(subscription), self.platform.publishers)

    def end(self, subscription: str) -> str | None:
        """The first moment at which a subscription may no longer be delivered to, as IAM has it."""
        ends = self.ends.get(subscription)
        return f"{datetime.fromtimestamp(ends / 1e6, UTC):%Y-%m-%dT%H:%M:%SZ}" if ends else None

    def organization(self, account: str) -> str:
        """The organization of an account, by the account's name."""
        return self.platform.accounts[account].organization or self.platform.organization or ""


def refusal(bus: str, faults: Iterable[Fault], hint: str = "") -> PlanRefused:
    """Why a platform cannot stand on AWS."""
    return PlanRefused(f"{bus!r} cannot stand on AWS as it is declared", faults, hint=hint)


def is_region(name: str) -> bool:
    """Whether AWS may have a region of this name; ``local`` is none."""
    return _REGION.fullmatch(name) is not None


def deployment_of(
    declared: Declaration | PlatformConstruct | Path | str,
    *,
    region: str = "",
    regions: Mapping[str, str] | None = None,
    leave_out: Collection[str] = (),
    now_us: int | None = None,
) -> Deployment:
    """A platform as it is to stand on AWS.

    Args:
        declared: The platform, as it was read or as it is declared in Python; or the folder or
            file that it is declared in.
        region: The central bus's region, where it is not the declared one.
        regions: The regions of subscriptions that are elsewhere, by their names.
        leave_out: JSON pointers of what is declared, lacks on AWS, and is knowingly done without,
            such as ``/subscriptions/notifications/fields``.
        now_us: The moment that expiry is judged at, in microseconds since the Unix epoch.

    Raises:
        PlanRefused: AWS cannot carry it, or compliance finds something; all reasons are listed.
        TopologyError: The declaration has faults.
        BrokenContracts: Its contracts have.
    """
    read = declaration_of(declared)
    judged_at = SystemClock().time_us() if now_us is None else now_us
    judge = _Judge(read, region, dict(regions or {}), judged_at)
    return judge.deployment(leave_out)


def declaration_of(declared: Declaration | PlatformConstruct | Path | str) -> Declaration:
    """A platform as it was declared, however it is given.

    Raises:
        TopologyError: The declaration has faults.
        BrokenContracts: Its contracts have.
    """
    if isinstance(declared, PlatformConstruct):
        return declared.declaration()
    return declared if isinstance(declared, Declaration) else load_declaration(declared)


class _Judge:
    """Finds all that keeps a platform from AWS."""

    def __init__(
        self, declared: Declaration, region: str, regions: Mapping[str, str], now_us: int
    ) -> None:
        self._declared = declared
        self._region = region or declared.platform.region
        self._regions = regions
        self._now_us = now_us

    def deployment(self, leave_out: Collection[str]) -> Deployment:
        platform, unneeded = self._without(leave_out)
        speaking = objections(platform, self._declared.contracts, self._now_us, self._place)
        lacks = [each for each in speaking.lacks if each.code not in _BROUGHT]
        named = {each.pointer for each in lacks}
        faults = [each for each in lacks if each.pointer not in leave_out]
        faults += [each for each in unneeded if each.pointer not in named]
        faults += speaking.findings
        told = {each.pointer for each in speaking.findings}
        faults += [each for each in self._of_platform(platform) if not _is_told(each, told)]
        if faults:
            hint = "what AWS lacks can be done without knowingly: leave_out, or --leave-out, takes its pointer"
            raise refusal(platform.bus, faults, hint if lacks else "")
        found = dict(self._ends(platform))
        ends = {name: end for name, end in found.items() if end < _FOREVER}
        contracts = dict(self._declared.contracts)
        return Deployment(platform, contracts, self._region, self._regions, ends)

    def _without(self, leave_out: Collection[str]) -> tuple[Platform, list[Fault]]:
        """The platform without what is left out, and what of that is not there."""
        data = {**plain_data(self._declared.platform), "footing": "aws"}
        lacking = objections(
            msgspec.convert(data, Platform), self._declared.contracts, self._now_us, self._place
        ).lacks
        known = {each.pointer for each in lacking if each.code not in _BROUGHT}
        unneeded = []
        for pointer in leave_out:
            if pointer in known:
                _remove(data, tokens_of(pointer))
            else:
                message = "nothing stands there that AWS lacks"
                unneeded.append(self._fault("needless-leave-out", message, pointer, "take it out"))
        return msgspec.convert(data, Platform), unneeded

    def _of_platform(self, platform: Platform) -> Iterator[Fault]:
        if platform.central is None:
            hint = "name the account that owns the bus"
            yield self._fault("no-central", "no account owns the bus", "/central", hint)
        yield from self._of_regions(platform)
        yield from self._of_archive(platform)
        if not all(
            each.organization or platform.organization for each in platform.accounts.values()
        ):
            hint = "name it: policies let nobody else in"
            message = "no organization is named"
            yield self._fault("no-organization", message, "/organization", hint)
        authorizer = Authorizer(platform, self._declared.contracts)
        for name, subscription in platform.subscriptions.items():
            yield from self._of_subscription(platform, name, subscription, authorizer)

    def _of_regions(self, platform: Platform) -> Iterator[Fault]:
        hint = "such as eu-west-1: declare it, or give it as region"
        if not is_region(self._region):
            message = f"AWS has no region {quoted(self._region)}"
            yield self._fault("bad-region", message, "/region", hint)
        for name, region in self._regions.items():
            pointer = pointer_of("subscriptions", name)
            if name not in platform.subscriptions:
                message = f"there is no subscription {quoted(name)} to be in a region"
                known = known_names(name, platform.subscriptions)
                yield self._fault("unknown-subscription", message, pointer, known)
            elif not is_region(region):
                message = f"AWS has no region {quoted(region)}"
                yield self._fault("bad-region", message, pointer, "such as eu-west-1")
            elif partition_of(region) != partition_of(self._region):
                message = f"no event gets from {self._region} to {region}: AWS keeps them apart"
                yield self._fault("bad-region", message, pointer, "choose one of its own partition")

    def _of_archive(self, platform: Platform) -> Iterator[Fault]:
        if platform.archive.max_size is not None:
            message = "an archive of EventBridge is bounded by time, not by size"
            yield self._fault("lacks-archive", message, "/archive/max_size", "give max_age")
        if (platform.archive.max_age or 0) % _DAY:
            message = "an archive of EventBridge keeps whole days"
            hint = f"give a multiple of {_DAY} seconds"
            yield self._fault("lacks-archive", message, "/archive/max_age", hint)

    def _of_subscription(
        self, platform: Platform, name: str, subscription: Subscription, authorizer: Authorizer
    ) -> Iterator[Fault]:
        pointer = pointer_of("subscriptions", name)
        if not names.fits(name, names.QUEUE._replace(longest=_LONGEST_QUEUE)):
            message = f"{quoted(name)} cannot name a queue of SQS"
            hint = f"1 to {_LONGEST_QUEUE} letters, digits, - and _: its consumers find it by name"
            yield self._fault("bad-queue-name", message, pointer, hint)
        try:
            pattern_of(subscription, platform.publishers)
        except Unsayable as error:
            yield self._fault("unsayable", str(error), pointer + error.pointer, error.hint)
        for event_type, source in self._reached(platform, subscription):
            refusal = authorizer.deliver(name, event_type, source, self._now_us)
            if refusal is not None:
                hint = (
                    "renew it in the platform" if refusal.code == "grant-expired" else refusal.hint
                )
                yield self._fault(refusal.code, refusal.message, pointer, hint)

    def _reached(self, platform: Platform, subscription: Subscription) -> Iterable[tuple[str, str]]:
        """Each event type that may be delivered, with a source; the type is empty without one."""
        reach = reach_of(subscription, self._declared.contracts, platform.publishers)
        for event_type in reach.types:
            sources = sources_of(event_type, platform.publishers)
            yield event_type, sources[0] if sources else ""
        for source in reach.sources:
            yield "", source

    def _ends(self, platform: Platform) -> Iterator[tuple[str, int]]:
        """When each subscription may first not receive something that it asks for."""
        for name, subscription in platform.subscriptions.items():
            ends = [
                max(self._ends_of(platform, subscription.account, event_type, source), default=0)
                for event_type, source in self._reached(platform, subscription)
            ]
            yield name, min(ends, default=_FOREVER)

    def _ends_of(
        self, platform: Platform, account: str, event_type: str, source: str
    ) -> Iterator[int]:
        contract = self._declared.contracts.get(event_type)
        own = platform.account_of_source(source) == platform.accounts[account].id
        if contract.owner == account if contract is not None else own:
            yield _FOREVER
        for grant in platform.grants.values():
            named = event_type in grant.events if contract is not None else source in grant.sources
            if grant.account == account and named:
                yield grant.expires_us

    def _place(self, pointer: str) -> tuple[str, int]:
        place = self._declared.place(pointer)
        return place.file, place.line

    def _fault(self, code: str, message: str, pointer: str, hint: str) -> Fault:
        return Fault(code, message, pointer, *self._place(pointer), hint)


def _is_told(fault: Fault, told: Collection[str]) -> bool:
    """Whether compliance has found something there or within already."""
    return any(f"{each}/".startswith(f"{fault.pointer}/") for each in told)


def _remove(data: dict[str, Any], tokens: Iterable[str]) -> None:
    *above, last = tokens
    for token in above:
        data = data[token]
    del data[last]
