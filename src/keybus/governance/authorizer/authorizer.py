"""The authorizer: who may put, consume, receive, read, replay and administer."""

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from keybus.contracts import ContractRepository
from keybus.governance.authorizer.actions import ACTIONS
from keybus.governance.authorizer.gate import Gate
from keybus.governance.authorizer.ownership import Ownership
from keybus.governance.authorizer.puts import Denied, Puts
from keybus.governance.authorizer.refusal import Refusal
from keybus.governance.authorizer.releasing import Releasing
from keybus.governance.authorizer.rights import NamedGrant, Rights
from keybus.governance.authorizer.standing import Standing
from keybus.governance.authorizer.visibility import (
    Visibility,
    visibilities,
    visibility_of_all,
)
from keybus.governance.principal import Principal, Role
from keybus.topology import Platform, Subscription
from keybus.topology.findings import quoted

_PUBLISHER: Final[frozenset[Role]] = frozenset({"publisher"})
_SUBSCRIBER: Final[frozenset[Role]] = frozenset({"subscriber"})
_READERS: Final = _PUBLISHER | _SUBSCRIBER
_WHOLE: Final[frozenset[Role]] = frozenset({"central", "auditor"})


class Authorizer:
    """The decisions of one platform and its contracts; docs/authorization.md has them in words.

    Immutable, and safe to share between threads. A platform that has changed is a new authorizer.
    Each decision is a `Refusal` with its code, or None where it may be done.

    Args:
        platform: What is declared; checked, so that names in it lead somewhere.
        contracts: The contracts beside it.
        made: Subscriptions that were made by hand, beside those that the platform declares.
        denied: What the bus's policy denies, by the account's name.

    Attributes:
        releasing: The decisions on releases of contracts.
    """

    def __init__(
        self,
        platform: Platform,
        contracts: ContractRepository,
        made: Mapping[str, Subscription] | None = None,
        denied: Mapping[str, Denied] | None = None,
    ) -> None:
        self._standing = Standing(platform)
        self._subscriptions: Mapping[str, Subscription] = {**platform.subscriptions, **(made or {})}
        self._ownership = Ownership(platform, contracts)
        accounts = self._standing.accounts
        self._puts = {
            name: Puts(name, self._ownership, denied=(denied or {}).get(name)) for name in accounts
        }
        granted = _by_account(platform)
        self._rights = {
            name: Rights(name, account, granted[name], self._ownership)
            for name, account in accounts.items()
        }
        self.releasing = Releasing(platform, self._standing, self._rights)
        whole = msgspec.structs.replace(platform, subscriptions=dict(self._subscriptions))
        self._whole = visibility_of_all(whole)
        self._visible = visibilities(whole, self._ownership)

    def puts(self, principal: Principal) -> Puts:
        """What a principal may put, for a batch of events."""
        barred = self._standing.refusal(principal, _PUBLISHER, "putting events")
        if barred is not None:
            return Puts(principal.account, self._ownership, barred)
        return self._puts[principal.account]

    def put(self, principal: Principal, source: str, event_type: str) -> Refusal | None:
        """Whether an event may be put, by its envelope's source and detail-type."""
        return self.puts(principal).refusal(source, event_type)

    def consume(self, principal: Principal, subscription: str) -> Refusal | None:
        """Whether deliveries may be opened and settled, and state and dead letters be asked for.

        Redrive as well. What of the events is handed out is `gate`'s decision.
        """
        barred = self._standing.refusal(principal, _SUBSCRIBER, "consuming a subscription")
        if barred is not None:
            return barred
        declared = self._subscriptions.get(subscription)
        if declared is not None and declared.account == principal.account:
            return None
        return _no_subscription(principal.account, subscription)

    def replay(self, principal: Principal, subscription: str) -> Refusal | None:
        """Whether events of the archive may be delivered to a subscription again.

        To the bus as a whole: `administer`, action ``replay.bus``.
        """
        return self.consume(principal, subscription)

    def gate(self, subscription: str, earlier: Iterable[Subscription] = ()) -> Gate:
        """The decision on deliveries to a subscription.

        Args:
            subscription: Its name.
            earlier: What was declared under the same name before, where events that it asked for
                then may still be waiting: `open_until` has to hold for them too.
        """
        declared = self._subscriptions.get(subscription)
        if declared is None:
            return Gate.closed(_no_subscription("", subscription))
        undeclared = self._standing.undeclared(declared.account)
        if undeclared is not None:
            return Gate.closed(undeclared)
        rights = self._rights[declared.account]
        asked = [declared, *earlier]
        if not all(each.events for each in asked):
            return Gate(0, rights.refusal)  # any type and any source may come
        event_types = {ref.type for each in asked for ref in each.event_refs}
        return Gate(rights.until(event_types), rights.refusal)

    def deliver(
        self, subscription: str, event_type: str, source: str, now_us: int
    ) -> Refusal | None:
        """Whether one event may be delivered to a subscription now."""
        return self.gate(subscription).refusal(event_type, source, now_us)

    def read(
        self, principal: Principal, event_type: str, source: str, now_us: int
    ) -> Refusal | None:
        """Whether an event's content may be read out of the archive.

        The refusal names the event's type or source. Who asked by an event's id alone, and so need
        not know them, is told that there is no such event.
        """
        barred = self._standing.refusal(principal, _READERS, "reading events")
        if barred is not None:
            return barred
        rights = self._rights[principal.account]
        if rights.owns(event_type, source):
            return None
        what = "reading events that other accounts own"
        return self._standing.refusal(principal, _SUBSCRIBER, what) or rights.refusal(
            event_type, source, now_us
        )

    def administer(self, principal: Principal, action: str) -> Refusal | None:
        """Whether something may be done with the platform as a whole.

        Args:
            principal: Who asks.
            action: One of `ACTIONS`.
        """
        needed = ACTIONS.get(action)
        if needed is not None:
            return self._standing.refusal(principal, needed, f"the action {action}")
        unknown = Refusal("action", f"there is no action {quoted(action)}", "nobody may do it")
        return self._standing.undeclared(principal.account) or unknown

    def visible(self, principal: Principal) -> Visibility:
        """Which names the principal may be told."""
        roles = self._standing.roles(principal)
        if not roles:
            return Visibility()
        return self._whole if roles & _WHOLE else self._visible[principal.account]


def _by_account(platform: Platform) -> dict[str, list[NamedGrant]]:
    """The grants to each account, in the order of their declaration."""
    granted: dict[str, list[NamedGrant]] = {name: [] for name in platform.accounts}
    for name, grant in platform.grants.items():
        granted.setdefault(grant.account, []).append((name, grant))
    return granted


def _no_subscription(account: str, subscription: str) -> Refusal:
    """The same for one that does not exist and for one that is another account's."""
    asked = f"the account {quoted(account)} has" if account else "there is"
    message = f"{asked} no subscription {quoted(subscription)}"
    return Refusal("subscription", message, "name one that the platform declares for the account")
