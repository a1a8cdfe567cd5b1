"""The router: which subscriptions does an event match?

Rules are found by event type first, and only then is a rule's filter evaluated; a rule without
event types (a filter over foreign events) is asked for every event.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from keybus.contracts import ContractRepository
from keybus.contracts.versions import major_of
from keybus.envelope import Envelope, decode
from keybus.patterns import Pattern
from keybus.topology import EventRef, Subscription


class Rule(msgspec.Struct, frozen=True):
    """A subscription, compiled for matching; to an engine, its selection.

    Attributes:
        subscription: Its name.
        events: The types and majors that it asks for; empty: any.
        pattern: The filter; None: everything.
        majors: The major version of each contract, for an event that does not say its own.
    """

    subscription: str
    events: frozenset[EventRef]
    pattern: Pattern | None
    majors: Mapping[str, int]

    @classmethod
    def compile(cls, name: str, subscription: Subscription, majors: Mapping[str, int]) -> "Rule":
        """The rule of a declared subscription."""
        pattern = None if subscription.filter is None else Pattern.parse(subscription.filter)
        return cls(name, frozenset(subscription.event_refs), pattern, majors)

    @property
    def event_types(self) -> frozenset[str]:
        """The types that it asks for; empty: any."""
        return frozenset(ref.type for ref in self.events)

    def accepts(self, envelope: bytes) -> bool:
        """Whether an event matches, by the whole of its envelope."""
        event = decode(envelope)
        return bool(_matching([self], event, event.decoded_detail(), self.majors))


class Router:
    """An immutable rule set; a change of rules is a new router.

    Attributes:
        rules: Each subscription's rule, by its name.

    Args:
        subscriptions: The declared subscriptions, by name.
        contracts: Where the major version of a foreign event without ``schema_version`` is found.
    """

    def __init__(
        self, subscriptions: Mapping[str, Subscription], contracts: ContractRepository
    ) -> None:
        self._majors = {event_type: each.major for event_type, each in contracts.items()}
        self.rules: dict[str, Rule] = {}
        self._by_type: dict[str, list[Rule]] = {}
        self._any_type: list[Rule] = []
        for name, subscription in subscriptions.items():
            rule = self.rules[name] = Rule.compile(name, subscription, self._majors)
            for event_type in sorted(rule.event_types):
                self._by_type.setdefault(event_type, []).append(rule)
            if not rule.events:
                self._any_type.append(rule)

    def match(self, envelope: Envelope, detail: dict[str, Any]) -> tuple[str, ...]:
        """Names of the subscriptions that the event matches.

        Args:
            envelope: The event's envelope.
            detail: Its detail, decoded.
        """
        rules = [*self._by_type.get(envelope.detail_type, ()), *self._any_type]
        return _matching(rules, envelope, detail, self._majors) if rules else ()


def _matching(
    rules: Sequence[Rule], envelope: Envelope, detail: dict[str, Any], majors: Mapping[str, int]
) -> tuple[str, ...]:
    """Names of those of the rules that an event matches."""
    ref = EventRef(envelope.detail_type, _major(envelope.detail_type, detail, majors))
    rules = [rule for rule in rules if not rule.events or ref in rule.events]
    if all(rule.pattern is None for rule in rules):
        return tuple(rule.subscription for rule in rules)
    event = _as_mapping(envelope, detail)
    return tuple(
        rule.subscription for rule in rules if rule.pattern is None or rule.pattern.matches(event)
    )


def _major(event_type: str, detail: dict[str, Any], majors: Mapping[str, int]) -> int:
    """The event's major version; the contract's own where the event does not say."""
    version = detail.get("schema_version")
    return major_of(version) if isinstance(version, str) else majors.get(event_type, -1)


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
