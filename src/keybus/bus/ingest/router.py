"""The router: which subscriptions does an event match?

Rules are found by event type and major first; the filters of all that ask for the same are one
index. A rule without event types (a filter over foreign events) is asked for every event. A rule
that asks for another major than the event's is asked about the event's form in that one, where
migrations lead there.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

from keybus.bus.forms.forms import Forms, Untranslatable
from keybus.bus.rules.beside import Beside
from keybus.contracts import ContractRepository
from keybus.contracts.versions import LONGEST_KEPT
from keybus.envelope import Envelope, decode
from keybus.patterns import Pattern, PatternIndex, has_unique_names
from keybus.topology import EventRef, Subscription

_MOST_VERSIONS: Final = 100
"""Versions of a type that are remembered; publishers may write whatever they like."""
_MOST_REFS: Final = 10_000


class Rule(msgspec.Struct, frozen=True):
    """A subscription, compiled for matching; to an engine, its selection.

    Attributes:
        subscription: Its name.
        events: The types and majors that it asks for; empty: any.
        pattern: The filter; None: everything.
        forms: The majors of events, and what leads from one to another.
        majors: The majors that it asks for, by type.
    """

    subscription: str
    events: frozenset[EventRef]
    pattern: Pattern | None
    forms: Forms
    majors: Mapping[str, tuple[int, ...]]

    @classmethod
    def compile(
        cls, name: str, subscription: Subscription, forms: Forms, pattern: Pattern | None = None
    ) -> "Rule":
        """The rule of a subscription.

        Args:
            name: Its name.
            subscription: What it asks for.
            forms: The majors of events.
            pattern: Its filter where that was read from text already, which keeps more than a
                mapping; None: the subscription says.
        """
        if pattern is None and subscription.filter is not None:
            pattern = Pattern.parse(subscription.filter)
        majors: dict[str, tuple[int, ...]] = {}
        for ref in subscription.event_refs:
            majors[ref.type] = (*majors.get(ref.type, ()), ref.major)
        return cls(name, frozenset(subscription.event_refs), pattern, forms, majors)

    @property
    def event_types(self) -> frozenset[str]:
        """The types that it asks for; empty: any."""
        return frozenset(ref.type for ref in self.events)

    def accepts(self, envelope: bytes) -> bool:
        """Whether an event matches, by the whole of its envelope."""
        text = envelope
        if self.events:
            found = self.ref_of(decode(envelope))
            major = self.major_for(found)
            if major is None:
                return False
            if self.pattern is not None and major != found.major:
                try:
                    text = self.forms.translated(envelope, found, major)
                except Untranslatable:
                    return True  # nobody can ask the filter: the delivery fails, and says why
        return self.pattern is None or self.pattern.matches(text)

    def major_for(self, found: EventRef) -> int | None:
        """The major in which it gets an event; None where it does not ask for it.

        Where it asks for any event, that is the event's own.
        """
        if not self.events:
            return found.major
        asked = self.majors.get(found.type)
        return None if asked is None else self.forms.chosen(found, asked)

    def ref_of(self, event: Envelope) -> EventRef:
        """An event's type and major version."""
        return self.forms.ref_of(event.detail_type, event.decoded_detail())


class Router:
    """An immutable rule set; a change of rules is a new router.

    Attributes:
        rules: Each subscription's rule, by its name.
        forms: The majors of events, and what leads from one to another.

    Args:
        subscriptions: The declared subscriptions, by name.
        contracts: Where the major version of a foreign event without ``schema_version`` is found.
        forms: What translates between majors; None: nothing does.
        beside: Those of the subscriptions that were made by hand.
    """

    def __init__(
        self,
        subscriptions: Mapping[str, Subscription],
        contracts: ContractRepository,
        forms: Forms | None = None,
        *,
        beside: Mapping[str, Beside] | None = None,
    ) -> None:
        self.forms = Forms(contracts) if forms is None else forms
        made = beside or {}
        self.rules = {
            name: Rule.compile(
                name, subscription, self.forms, made[name].pattern if name in made else None
            )
            for name, subscription in subscriptions.items()
        }
        heard = [
            rule for name, rule in self.rules.items() if name not in made or made[name].is_enabled
        ]
        self._by_type: dict[str, list[Rule]] = {}
        for rule in heard:
            for event_type in rule.majors:
                self._by_type.setdefault(event_type, []).append(rule)
        self._any = _Rules([rule for rule in heard if not rule.events])
        self._found: dict[EventRef, _Choice] = {}

    def match(self, envelope: Envelope, text: bytes, detail: dict[str, Any]) -> tuple[str, ...]:
        """Names of the subscriptions that the event matches.

        Args:
            envelope: The event's envelope.
            text: The same as JSON text.
            detail: Its detail, decoded.

        Raises:
            EnvelopeError: The event is built to make matching endless.
        """
        choice = self.choice(self.forms.ref_of(envelope.detail_type, detail))
        return choice.match(bytes(envelope.detail), text, detail)

    def branch(self, event_type: str) -> "Branch":
        """The rules that events of one type may match."""
        return Branch(event_type, self)

    def choice(self, found: EventRef) -> "_Choice":
        """The rules that an event of a type and major may match."""
        rules = self._by_type.get(found.type, ())
        if not rules:
            return _Choice(found, self._any, {}, self.forms)
        known = self._found.get(found)
        if known is None:
            known = self._choose(found, rules)
            if len(self._found) < _MOST_REFS:
                self._found[found] = known
        return known

    def _choose(self, found: EventRef, rules: Iterable[Rule]) -> "_Choice":
        by_major: dict[int, list[Rule]] = {}
        for rule in rules:
            major = rule.major_for(found)
            if major is not None:
                by_major.setdefault(major, []).append(rule)
        own = by_major.pop(found.major, None)
        return _Choice(
            found,
            self._any if own is None else _Rules(own, self._any),
            {major: _Rules(each) for major, each in by_major.items()},
            self.forms,
        )


class _Choice:
    """The rules that events of one type and major may match, by the form in which they ask.

    Args:
        found: The type and major.
        own: Those that take them as they are.
        others: Those that ask for another major, by it.
        forms: What translates.
    """

    __slots__ = ("_forms", "_found", "_others", "_own")

    def __init__(
        self, found: EventRef, own: "_Rules", others: "Mapping[int, _Rules]", forms: Forms
    ) -> None:
        self._found, self._own, self._forms = found, own, forms
        self._others = tuple(others.items())

    def match(self, raw: bytes, text: bytes, detail: dict[str, Any]) -> tuple[str, ...]:
        """Names of those that an event matches; see `Branch.match`."""
        names = self._own.match(raw, text, detail)
        for major, rules in self._others:
            names += self._translated(text, major, rules)
        return names

    def _translated(self, text: bytes, major: int, rules: "_Rules") -> tuple[str, ...]:
        if not rules.filters:
            return rules.unfiltered
        try:
            whole = self._forms.translated(text, self._found, major)
        except Untranslatable:
            return rules.names  # nobody can ask their filters: the deliveries fail, and say why
        envelope = decode(whole)
        return rules.match(bytes(envelope.detail), whole, envelope.decoded_detail())


class Branch:
    """The rules that events of one type may match, by their version; made by `Router.branch`."""

    __slots__ = ("_by_version", "_event_type", "_router", "_unsaid")

    def __init__(self, event_type: str, router: Router) -> None:
        self._event_type, self._router = event_type, router
        self._by_version: dict[str, _Choice] = {}
        self._unsaid = self._choice({})

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
        choice = self._unsaid
        if isinstance(version, str):
            known = self._by_version.get(version)
            choice = self._learn(version, detail) if known is None else known
        return choice.match(raw, text, detail)

    def _learn(self, version: str, detail: dict[str, Any]) -> _Choice:
        choice = self._choice(detail)
        if len(version) <= LONGEST_KEPT and len(self._by_version) < _MOST_VERSIONS:
            self._by_version[version] = choice
        return choice

    def _choice(self, detail: dict[str, Any]) -> _Choice:
        return self._router.choice(self._router.forms.ref_of(self._event_type, detail))


class _Rules:
    """Rules that ask for the same events.

    Args:
        rules: The rules.
        others: Those that ask for any event.

    Attributes:
        unfiltered: Names of those that get every such event, the others among them.
        filters: The indexes of the patterns of all others.
        names: Names of all, filtered or not.
    """

    def __init__(self, rules: Iterable[Rule], others: "_Rules | None" = None) -> None:
        among = list(rules)
        self.names = tuple(rule.subscription for rule in among)
        self.unfiltered = tuple(rule.subscription for rule in among if rule.pattern is None)
        filters = {rule.subscription: rule.pattern for rule in among if rule.pattern is not None}
        self.filters: tuple[PatternIndex, ...] = (PatternIndex(filters),) if filters else ()
        if others is not None:
            self.unfiltered += others.unfiltered
            self.filters += others.filters
            self.names += others.names

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
