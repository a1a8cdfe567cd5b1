"""The router: which subscriptions does an event match?

Rules are found by event type and major first; the filters of all that ask for the same are one
index. A rule without event types (a filter over foreign events) is asked for every event.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

from keybus.contracts import ContractRepository
from keybus.contracts.versions import major_of
from keybus.envelope import Envelope, decode
from keybus.patterns import Pattern, PatternIndex, has_unique_names
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
        self._by_ref = {ref: _Rules(rules) for ref, rules in by_ref.items()}
        self._any = _Rules([rule for rule in self.rules.values() if not rule.events])

    def match(self, envelope: Envelope, text: bytes, detail: dict[str, Any]) -> tuple[str, ...]:
        """Names of the subscriptions that the event matches.

        Args:
            envelope: The event's envelope.
            text: The same as JSON text.
            detail: Its detail, decoded.

        Raises:
            EnvelopeError: The event is built to make matching endless.
        """
        asked = self._by_ref.get(_ref(envelope.detail_type, detail, self.majors), _NOBODY)
        if not (asked.filters or self._any.filters):
            return asked.unfiltered + self._any.unfiltered
        # The envelope is the bus's own; its detail was written by somebody else.
        unique_names = has_unique_names(bytes(envelope.detail), detail)
        return asked.match(text, unique_names) + self._any.match(text, unique_names)


class _Rules:
    """Rules that ask for the same events."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self.unfiltered = tuple(rule.subscription for rule in rules if rule.pattern is None)
        self.filters = PatternIndex(
            {rule.subscription: rule.pattern for rule in rules if rule.pattern is not None}
        )

    def match(self, text: bytes, unique_names: bool) -> tuple[str, ...]:  # noqa: FBT001 - as the index has it
        """Names of those that an event matches."""
        if not self.filters:
            return self.unfiltered
        return self.unfiltered + self.filters.match(text, unique_names=unique_names)


_NOBODY: Final = _Rules(())


def _ref(event_type: str, detail: dict[str, Any], majors: Mapping[str, int]) -> EventRef:
    """The event's type and major version; the contract's own where the event does not say."""
    version = detail.get("schema_version")
    major = major_of(version) if isinstance(version, str) else majors.get(event_type, -1)
    return EventRef(event_type, major)
