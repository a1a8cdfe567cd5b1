"""What is looked at: event types, grants and subscriptions, with and without knowledge of use."""

from collections.abc import Iterator

import msgspec

from keybus.contracts import ContractRepository
from keybus.contracts.contract import Contract
from keybus.contracts.pointers import pointer_of
from keybus.governance.sprawl.asking import Asking, all_asking, of_account
from keybus.governance.sprawl.likeness import near_duplicates
from keybus.governance.sprawl.report import DAY_US, SprawlFinding
from keybus.governance.sprawl.usage import UsageSnapshot
from keybus.topology.model import Grant, Platform

EXPIRING_DAYS = 30
"""A grant that ends within as many days is found."""


class Scene(msgspec.Struct, frozen=True):
    """What the rules look at.

    Attributes:
        platform: What is declared.
        contracts: Its contracts.
        usage: What was counted; None where nothing is known.
        now_us: Microseconds since the Unix epoch.
        days: After how many days without use something is idle.
    """

    platform: Platform
    contracts: ContractRepository
    usage: UsageSnapshot | None
    now_us: int
    days: int

    @property
    def cutoff_us(self) -> int:
        """What was last used before this is idle."""
        return self.now_us - self.days * DAY_US

    @property
    def judged(self) -> UsageSnapshot | None:
        """The usage, where it was counted long enough to call something idle."""
        usage = self.usage
        return usage if usage is not None and usage.since_us <= self.cutoff_us else None

    def days_ago(self, moment_us: int) -> str:
        """How long ago, in whole days."""
        days = max(0, (self.now_us - moment_us) // DAY_US)
        return f"{days} day{'' if days == 1 else 's'}"


def event_findings(scene: Scene) -> Iterator[SprawlFinding]:
    """Event types without owner, publisher or subscriber, never published, or almost the same."""
    emitted = {event for each in scene.platform.publishers.values() for event in each.events}
    asking = all_asking(scene.platform)
    for contract in scene.contracts.values():
        yield from _owner(scene.platform, contract)
        if contract.type not in emitted:
            message = f"no publisher emits {contract.type}"
            hint = "declare its publisher, or retire the contract"
            yield SprawlFinding("event-without-publisher", contract.type, message, hint)
        else:
            yield from _published(scene, contract.type)
        if not any(each.takes_type(contract.type) for each in asking):
            message = f"no subscription can receive {contract.type}"
            hint = "ask its owner whether anybody needs it"
            yield SprawlFinding("event-without-subscriber", contract.type, message, hint)
    for one, other, alike in near_duplicates(scene.contracts):
        message = (
            f"{one.type} ({one.owner}) and {other.type} ({other.owner}) are almost the same: "
            f"names {alike.names:.0%} alike, fields {alike.fields:.0%}"
        )
        hint = "agree on one of them, or say in both descriptions how they differ"
        yield SprawlFinding("event-near-duplicate", one.type, message, hint)


def _owner(platform: Platform, contract: Contract) -> Iterator[SprawlFinding]:
    account = platform.accounts.get(contract.owner)
    if account is None:
        message = f"{contract.type} is owned by {contract.owner!r}, which is no declared account"
        hint = "name the account that answers for it in the contract's x-keybus.owner"
        yield SprawlFinding("event-without-owner", contract.type, message, hint)
    elif not account.owners:
        message = f"{contract.type} is owned by {contract.owner!r}, for which nobody answers"
        hint = f"name people or a team in /accounts/{contract.owner}/owners"
        yield SprawlFinding("event-without-people", contract.type, message, hint)


def _published(scene: Scene, event_type: str) -> Iterator[SprawlFinding]:
    if scene.usage is None:
        return
    last = max(
        (each.last_us for each in scene.usage.published if each.event_type == event_type), default=0
    )
    if not last:
        counted = scene.days_ago(scene.usage.since_us)
        message = f"{event_type} was never published in the {counted} that were counted"
        hint = "ask its owner whether it is still to come"
        yield SprawlFinding("event-never-published", event_type, message, hint)
    elif last < scene.cutoff_us:
        message = f"{event_type} was last published {scene.days_ago(last)} ago"
        yield SprawlFinding("event-idle", event_type, message, "ask its owner", last)


def grant_findings(scene: Scene) -> Iterator[SprawlFinding]:
    """Grants that ended, end soon, or that nobody uses."""
    asking = all_asking(scene.platform)
    for name, grant in scene.platform.grants.items():
        subject = pointer_of("grants", name)
        yield from _expiry(scene, subject, grant)
        own = of_account(asking, grant.account)
        unused = _unused(own, grant)
        granted = len(grant.events) + len(grant.sources)
        if len(unused) == granted:
            message = f"no subscription of {grant.account} asks for anything that it grants"
            yield SprawlFinding("grant-unused", subject, message, "remove it")
            continue
        if unused:
            message = f"no subscription of {grant.account} asks for {', '.join(unused)}"
            yield SprawlFinding("grant-wide", subject, message, "take these out of it")
        yield from _idle_grant(scene, subject, grant)


def _expiry(scene: Scene, subject: str, grant: Grant) -> Iterator[SprawlFinding]:
    ends = grant.expires_us
    if ends <= scene.now_us:
        message = f"it ended on {grant.expires}, {scene.days_ago(ends)} ago"
        hint = "remove it, or have it approved anew"
        yield SprawlFinding("grant-expired", subject, message, hint, ends)
    elif ends <= scene.now_us + EXPIRING_DAYS * DAY_US:
        days = (ends - scene.now_us) // DAY_US
        message = f"it ends on {grant.expires}, in {days} day{'' if days == 1 else 's'}"
        hint = f"have it approved anew, or tell {grant.account}"
        yield SprawlFinding("grant-expiring", subject, message, hint)


def _unused(own: tuple[Asking, ...], grant: Grant) -> list[str]:
    """What a grant gives that no subscription of its account can receive."""
    unused = [name for name in grant.events if not any(each.takes_type(name) for each in own)]
    # What names event types asks for contracts' events, and needs no source granted.
    free = [each for each in own if not each.types]
    return unused + [
        name for name in grant.sources if not any(each.takes_source(name) for each in free)
    ]


def _idle_grant(scene: Scene, subject: str, grant: Grant) -> Iterator[SprawlFinding]:
    # Deliveries are counted by event type, so what came from a granted source is not known.
    if scene.judged is None or grant.sources:
        return
    last = max(
        (
            each.last_us
            for each in scene.judged.received
            if each.account == grant.account and each.event_type in grant.events
        ),
        default=0,
    )
    if last < scene.cutoff_us:
        ago = f"for {scene.days_ago(last)}" if last else "since counting began"
        message = f"nothing was delivered to {grant.account} under it {ago}"
        yield SprawlFinding("grant-idle", subject, message, "ask the account", last)


def subscription_findings(scene: Scene) -> Iterator[SprawlFinding]:
    """Subscriptions that nothing reaches, and those that nobody consumes."""
    if scene.judged is None:
        return
    consumed = {each.subscription: each for each in scene.judged.consumed}
    for name, subscription in scene.platform.subscriptions.items():
        subject = pointer_of("subscriptions", name)
        counted = consumed.get(name)
        delivered = counted.delivered_us if counted else 0
        seen = counted.consumer_us if counted else 0
        if delivered < scene.cutoff_us:
            ago = f"for {scene.days_ago(delivered)}" if delivered else "since counting began"
            message = f"nothing was delivered to {name} {ago}"
            hint = f"ask {subscription.account} whether it still needs it"
            yield SprawlFinding("subscription-idle", subject, message, hint, delivered)
        if seen < scene.cutoff_us and subscription.target.webhook is None:
            ago = f"for {scene.days_ago(seen)}" if seen else "since counting began"
            message = f"no consumer of {name} was there {ago}"
            hint = f"ask {subscription.account}: what matches it is kept and never read"
            yield SprawlFinding("subscription-without-consumer", subject, message, hint, seen)
