"""The router: which subscriptions does an event match?

Rules are found by event type and major first; the filters of all that ask for the same are one
index. A rule without event types (a filter over foreign events) is asked for every event.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import msgspec

from keybus.contracts import ContractRepository
from keybus.contracts.versions import major_of
from keybus.envelope import Envelope, decode
from keybus.patterns import Pattern, PatternIndex, has_unique_names
from keybus.topology import EventRef, Subscription

_MOST_VERSIONS: Final = 100
"""Versions of a type that are remembered; publishers may write whatever they like."""


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
        if self.events and not self.asks_for(decode(envelope)):
            return False
        return self.pattern is None or self.pattern.matches(envelope)

    def asks_for(self, event: Envelope) -> bool:
        """Whether it asks for events of this type and major version; its filter apart."""
        return not self.events or self.ref_of(event) in self.events

    def ref_of(self, event: Envelope) -> EventRef:
        """An event's type and major version."""
        return _ref(event.detail_type, event.decoded_detail(), self.majors)


class Router:
    """An immutable rule set; a change of rules is a new router.

    Attributes:
        rules: Each subscription's rule, by its name.
        majors: The major version of each contract, for an event that does not say its own.

    Args:
        subscriptions: The declared subscriptions, by name.
        contracts: Where the major version of a foreign event without ``schema_version`` is found.
    """

    def __init__(
        self, subscriptions: Mapping[str, Subscription], contracts: ContractRepository
    ) -> None:
        self.majors = {event_type: each.major for event_type, each in contracts.items()}
        self.rules = {
            name: Rule.compile(name, subscription, self.majors)
            for name, subscription in subscriptions.items()
        }
        by_ref: dict[EventRef, list[Rule]] = {}
        for rule in self.rules.values():
            for ref in rule.events:
                by_ref.setdefault(ref, []).append(rule)
        asking_for_any = [rule for rule in self.rules.values() if not rule.events]
        self._any = _Rules(asking_for_any)
        self._by_ref = {ref: _Rules(rules, self._any) for ref, rules in by_ref.items()}

    def match(self, envelope: Envelope, text: bytes, detail: dict[str, Any]) -> tuple[str, ...]:
        """Names of the subscriptions that the event matches.

        Args:
            envelope: The event's envelope.
            text: The same as JSON text.
            detail: Its detail, decoded.

        Raises:
            EnvelopeError: The event is built to make matching endless.
        """
        rules = self._rules_of(_ref(envelope.detail_type, detail, self.majors))
        return rules.match(bytes(envelope.detail), text, detail)

    def branch(self, event_type: str) -> "Branch":
        """The rules that events of one type may match."""
        return Branch(event_type, self.majors, self._rules_of)

    def _rules_of(self, ref: EventRef) -> "_Rules":
        """The rules that ask for a type and major, and those that ask for any."""
        found = self._by_ref.get(ref)
        return self._any if found is None else found


class Branch:
    """The rules that events of one type may match, by their version; made by `Router.branch`."""

    __slots__ = ("_by_version", "_event_type", "_majors", "_rules_of", "_unsaid")

    def __init__(
        self, event_type: str, majors: Mapping[str, int], rules_of: Callable[[EventRef], "_Rules"]
    ) -> None:
        self._event_type, self._majors, self._rules_of = event_type, majors, rules_of
        self._by_version: dict[str, _Rules] = {}
        self._unsaid = rules_of(_ref(event_type, {}, majors))

    def match(self, raw: bytes, text: bytes, detail: dict[str, Any]) -> tuple[str, ...]:
        """Names of the subscriptions that an event matches.

        Args:
            raw: Its detail as JSON text.
            text: The whole envelope.
            detail: The detail, decoded.

        Raises:
            EnvelopeError: The event is built to make matching endless.
        """
        version = detail.get("schema_version")
        rules = self._unsaid
        if isinstance(version, str):
            known = self._by_version.get(version)
            rules = self._learn(version, detail) if known is None else known
        return rules.match(raw, text, detail)

    def _learn(self, version: str, detail: dict[str, Any]) -> "_Rules":
        rules = self._rules_of(_ref(self._event_type, detail, self._majors))
        if len(self._by_version) < _MOST_VERSIONS:
            self._by_version[version] = rules
        return rules


class _Rules:
    """Rules that ask for the same events.

    Args:
        rules: The rules.
        others: Those that ask for any event.

    Attributes:
        unfiltered: Names of those that get every such event, the others among them.
        filters: The indexes of the patterns of all others.
    """

    def __init__(self, rules: Iterable[Rule], others: "_Rules | None" = None) -> None:
        among = list(rules)
        self.unfiltered = tuple(rule.subscription for rule in among if rule.pattern is None)
        filters = {rule.subscription: rule.pattern for rule in among if rule.pattern is not None}
        self.filters: tuple[PatternIndex, ...] = (PatternIndex(filters),) if filters else ()
        if others is not None:
            self.unfiltered += others.unfiltered
            self.filters += others.filters

    def match(self, raw: bytes, text: bytes, detail: dict[str, Any]) -> tuple[str, ...]:
        """Names of those that an event matches; see `Branch.match`."""
        found = self.unfiltered
        if not self.filters:
            return found
        # The envelope is the bus's own; its detail was written by somebody else.
        unique_names = has_unique_names(raw, detail)
        for index in self.filters:
            found += index.match(text, unique_names=unique_names)
        return found


def _ref(event_type: str, detail: dict[str, Any], majors: Mapping[str, int]) -> EventRef:
    """The event's type and major version; the contract's own where the event does not say."""
    version = detail.get("schema_version")
    major = major_of(version) if isinstance(version, str) else majors.get(event_type, -1)
    return EventRef(event_type, major)
