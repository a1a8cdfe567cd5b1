"""The router: which subscriptions does an event match?

Rules are found by event type first, and only then is a rule's filter evaluated; a rule without
event types (a filter over foreign events) is asked for every event.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from keybus.contracts import ContractRepository
from keybus.envelope import Envelope
from keybus.patterns import Pattern
from keybus.topology import EventRef, Subscription


class Rule(msgspec.Struct, frozen=True):
    """A subscription, compiled for matching.

    Attributes:
        subscription: Its name.
        events: The types and majors that it asks for; empty: any.
        pattern: The filter; None: everything.
    """

    subscription: str
    events: frozenset[EventRef]
    pattern: Pattern | None

    @classmethod
    def compile(cls, name: str, subscription: Subscription) -> "Rule":
        """The rule of a declared subscription."""
        pattern = None if subscription.filter is None else Pattern.parse(subscription.filter)
        return cls(name, frozenset(subscription.event_refs), pattern)


class Router:
    """An immutable rule set; a change of rules is a new router.

    Args:
        subscriptions: The declared subscriptions, by name.
        contracts: Where the major version of a foreign event without ``schema_version`` is found.
    """

    def __init__(
        self, subscriptions: Mapping[str, Subscription], contracts: ContractRepository
    ) -> None:
        self._contracts = contracts
        self._by_type: dict[str, list[Rule]] = {}
        self._any_type: list[Rule] = []
        for name, subscription in subscriptions.items():
            rule = Rule.compile(name, subscription)
            for event_type in sorted({ref.type for ref in rule.events}):
                self._by_type.setdefault(event_type, []).append(rule)
            if not rule.events:
                self._any_type.append(rule)

    def match(self, envelope: Envelope, detail: dict[str, Any]) -> tuple[str, ...]:
        """Names of the subscriptions that the event matches.

        Args:
            envelope: The event's envelope.
            detail: Its detail, decoded.
        """
        rules: Sequence[Rule] = self._by_type.get(envelope.detail_type, ())
        if not rules and not self._any_type:
            return ()
        ref = EventRef(envelope.detail_type, self._major(envelope.detail_type, detail))
        rules = [*(rule for rule in rules if ref in rule.events), *self._any_type]
        if all(rule.pattern is None for rule in rules):
            return tuple(rule.subscription for rule in rules)
        event = _as_mapping(envelope, detail)
        return tuple(
            rule.subscription
            for rule in rules
            if rule.pattern is None or rule.pattern.matches(event)
        )

    def _major(self, event_type: str, detail: dict[str, Any]) -> int:
        """The event's major version; the contract's own where the event does not say."""
        version = detail.get("schema_version")
        if isinstance(version, str):
            major = version.partition(".")[0]
            return int(major) if major.isdecimal() and len(major) <= 9 else -1  # noqa: PLR2004 - nine digits are ample
        contract = self._contracts.get(event_type)
        return -1 if contract is None else contract.major


def _as_mapping(envelope: Envelope, detail: dict[str, Any]) -> dict[str, Any]:
    return {
        "version": envelope.version,
        "id": envelope.id,
        "detail-type": envelope.detail_type,
        "source": envelope.source,
        "account": envelope.account,
        "time": envelope.time,
        "region": envelope.region,
        "resources": list(envelope.resources),
        "detail": detail,
    }
