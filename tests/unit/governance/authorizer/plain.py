"""docs/authorization.md as a plain evaluator: it walks all that is declared, at every question.

An answer is the refusal's code, or None where it may be done.
"""

from collections.abc import Iterator

from keybus.contracts import ContractRepository
from keybus.governance import Principal
from keybus.topology import Platform
from keybus.topology.model import Grant

ORDER = ["public", "internal", "confidential", "pii"]
# The table's rows, by the columns: central, auditor, publisher, subscriber.
TABLE = {
    "platform.read": "central auditor publisher subscriber",
    "platform.versions": "central auditor",
    "platform.plan": "central auditor",
    "platform.drift": "central auditor",
    "platform.apply": "central",
    "platform.rollback": "central",
    "platform.prune": "central",
    "credentials.list": "central auditor",
    "credentials.issue": "central",
    "credentials.rotate": "central",
    "credentials.revoke": "central",
    "audit.read": "central auditor",
    "usage.read": "central auditor",
    "compliance.read": "central auditor",
    "subscriptions.read": "central auditor",
    "replay.bus": "central",
    "archives.read": "central auditor",
    "archives.manage": "central",
    "buses.read": "central auditor",
    "buses.manage": "central",
    "rules.read": "central auditor publisher subscriber",
    "rules.manage": "central subscriber",
    "queues.read": "central auditor publisher subscriber",
    "queues.manage": "central subscriber",
    "queues.receive": "subscriber",
    "queues.send": "publisher subscriber",
    "connections.read": "central auditor subscriber",
    "connections.manage": "central subscriber",
    "contracts.read": "central auditor publisher subscriber",
    "contracts.publish": "central publisher",
    "contracts.approve": "central publisher subscriber",
    "webhooks.list": "central auditor subscriber",
    "webhooks.issue": "central subscriber",
    "webhooks.rotate": "central subscriber",
    "webhooks.revoke": "central subscriber",
}


class Plain:
    """The rules in the order of the page."""

    def __init__(self, platform: Platform, contracts: ContractRepository) -> None:
        self.platform, self.contracts = platform, contracts

    def declared(self, account: str) -> bool:
        return account != "" and account in self.platform.accounts

    def has_role(self, who: Principal, role: str) -> bool:
        if role == "central" and who.account != self.platform.central:
            return False
        return role in who.roles

    def publisher_of(self, source: str) -> str | None:
        for name, publisher in self.platform.publishers.items():
            if source in (publisher.sources or [name]):
                return name
        return None

    def owner(self, event_type: str, source: str) -> str | None:
        if event_type in self.contracts:
            return self.contracts[event_type].owner
        publisher = self.publisher_of(source)
        return None if publisher is None else self.platform.publishers[publisher].account

    def put(self, who: Principal, source: str, event_type: str) -> str | None:
        if not self.declared(who.account):
            return "unknown-account"
        if not self.has_role(who, "publisher"):
            return "role"
        if source[:4] == "aws.":
            return "reserved-source"
        name = self.publisher_of(source)
        if name is None or self.platform.publishers[name].account != who.account:
            return "source"
        if event_type in self.contracts:
            listed = event_type in self.platform.publishers[name].events
            if not listed or self.contracts[event_type].owner != who.account:
                return "event"
        return None

    def consume(self, who: Principal, subscription: str) -> str | None:
        if not self.declared(who.account):
            return "unknown-account"
        if not self.has_role(who, "subscriber"):
            return "role"
        for name, each in self.platform.subscriptions.items():
            if name == subscription and each.account == who.account:
                return None
        return "subscription"

    def covering(self, account: str, event_type: str, source: str) -> Iterator[Grant]:
        for grant in self.platform.grants.values():
            named = (
                event_type in grant.events if event_type in self.contracts
                else source in grant.sources
            )  # fmt: skip
            if grant.account == account and named:
                yield grant

    def receive(self, account: str, event_type: str, source: str, now: int) -> str | None:
        if self.owner(event_type, source) == account:
            return None
        grants = list(self.covering(account, event_type, source))
        if not grants:
            return "no-grant"
        classification = "internal"
        if event_type in self.contracts:
            classification = self.contracts[event_type].classification
        clearance = self.platform.accounts[account].clearance
        if ORDER.index(clearance) < ORDER.index(classification):
            return "clearance"
        if any(now < grant.expires_us for grant in grants):
            return None
        return "grant-expired"

    def deliver(self, subscription: str, event_type: str, source: str, now: int) -> str | None:
        if subscription not in self.platform.subscriptions:
            return "subscription"
        account = self.platform.subscriptions[subscription].account
        if not self.declared(account):
            return "unknown-account"
        return self.receive(account, event_type, source, now)

    def read(self, who: Principal, event_type: str, source: str, now: int) -> str | None:
        if not self.declared(who.account):
            return "unknown-account"
        if self.has_role(who, "subscriber"):
            return self.receive(who.account, event_type, source, now)
        own = self.owner(event_type, source) == who.account
        return None if own and self.has_role(who, "publisher") else "role"

    def administer(self, who: Principal, action: str) -> str | None:
        if not self.declared(who.account):
            return "unknown-account"
        if action not in TABLE:
            return "action"
        may = any(self.has_role(who, role) for role in TABLE[action].split())
        return None if may else "role"

    def sees(self, who: Principal, part: str, name: str) -> bool:
        """Whether a principal is told a name: ``part`` is accounts, publishers and so on."""
        if self.administer(who, "platform.read") is not None:
            return False
        if self.has_role(who, "central") or self.has_role(who, "auditor"):
            return True
        if part == "accounts":
            return name == who.account
        if part == "publishers":
            return self.platform.publishers[name].account == who.account
        if part == "subscriptions":
            return self.platform.subscriptions[name].account == who.account
        grant = self.platform.grants[name]
        owners = {self.contracts[each].owner for each in grant.events if each in self.contracts}
        for source in grant.sources:
            publisher = self.publisher_of(source)
            if publisher is not None:
                owners.add(self.platform.publishers[publisher].account)
        return who.account in {grant.account, *owners}
