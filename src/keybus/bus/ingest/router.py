"""The router: which subscriptions does an event match?

Each event bus has its own rules. They are found by event type and major first; the filters of all
that ask for the same are one index. A rule without event types (a filter over foreign events) is
asked for every event. A rule that asks for another major than the event's is asked about the
event's form in that one, where migrations lead there.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from keybus.bus.forms.forms import Forms, Untranslatable
from keybus.bus.ingest.selection import Rule
from keybus.bus.rules.beside import Beside
from keybus.bus.rules.receiving import Receiving
from keybus.contracts import ContractRepository
from keybus.contracts.versions import LONGEST_KEPT
from keybus.envelope import Envelope, decode
from keybus.patterns import PatternIndex, has_unique_names
from keybus.topology import EventRef, Subscription

_MOST_VERSIONS: Final = 100
"""Versions of a type that are remembered; publishers may write whatever they like."""
_MOST_REFS: Final = 10_000


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
        receiving: Which of those an event may match; None: all.
    """

    def __init__(
        self,
        subscriptions: Mapping[str, Subscription],
        contracts: ContractRepository,
        forms: Forms | None = None,
        *,
        beside: Mapping[str, Beside] | None = None,
        receiving: Receiving | None = None,
    ) -> None:
        self._receiving = receiving
        self.forms = Forms(contracts) if forms is None else forms
        made = beside or {}
        self.rules = {
            name: Rule.compile(
                name,
                subscription,
                self.forms,
                made[name].pattern if name in made else None,
                made[name].event_bus if name in made else "",
            )
            for name, subscription in subscriptions.items()
        }
        heard: dict[str, list[Rule]] = {"": []}
        for name, rule in self.rules.items():
            if name not in made or made[name].is_enabled:
                heard.setdefault(rule.event_bus, []).append(rule)
        self._buses = {bus: _OfBus(rules, self.forms) for bus, rules in heard.items()}
        self._silent = _OfBus((), self.forms)

    def match(self, envelope: Envelope, text: bytes, detail: dict[str, Any]) -> tuple[str, ...]:
        """Names of the subscriptions that the event matches.

        Args:
            envelope: The event's envelope.
            text: The same as JSON text.
            detail: Its detail, decoded.

        Raises:
            EnvelopeError: The event is built to make matching endless.
        """
        found = self.forms.ref_of(envelope.detail_type, detail)
        choice = self.of_bus(envelope.event_bus).choice(found)
        names = choice.match(bytes(envelope.detail), text, detail)
        return self.received(names, envelope.detail_type, envelope.source)

    def branch(self, event_type: str, source: str, event_bus: str = "") -> "Branch":
        """The rules that events of one type, source and bus may match."""
        return Branch(event_type, source, self, self.of_bus(event_bus))

    def of_bus(self, event_bus: str) -> "_OfBus":
        """The rules of an event bus, by its ARN; empty: of the platform's own."""
        return self._buses.get(event_bus, self._silent)

    def received(self, names: tuple[str, ...], event_type: str, source: str) -> tuple[str, ...]:
        """Those of the subscriptions that an event matches that it may go to."""
        receiving = self._receiving
        return names if receiving is None else receiving.among(names, event_type, source)


class _OfBus:
    """The rules of one event bus."""

    def __init__(self, heard: Iterable[Rule], forms: Forms) -> None:
        self._forms = forms
        self._by_type: dict[str, list[Rule]] = {}
        self._any = _Rules([rule for rule in heard if not rule.events])
        for rule in heard:
            for event_type in rule.majors:
                self._by_type.setdefault(event_type, []).append(rule)
        self._found: dict[EventRef, _Choice] = {}

    def choice(self, found: EventRef) -> "_Choice":
        """The rules that an event of a type and major may match."""
        rules = self._by_type.get(found.type, ())
        if not rules:
            return _Choice(found, self._any, {}, self._forms)
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
            self._forms,
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
    """The rules that events of one kind may match, by their version; made by `Router.branch`."""

    __slots__ = ("_by_version", "_event_type", "_heard", "_router", "_source", "_unsaid")

    def __init__(self, event_type: str, source: str, router: Router, heard: _OfBus) -> None:
        self._event_type, self._source, self._router = event_type, source, router
        self._heard = heard
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
        names = choice.match(raw, text, detail)
        return self._router.received(names, self._event_type, self._source)

    def _learn(self, version: str, detail: dict[str, Any]) -> _Choice:
        choice = self._choice(detail)
        if len(version) <= LONGEST_KEPT and len(self._by_version) < _MOST_VERSIONS:
            self._by_version[version] = choice
        return choice

    def _choice(self, detail: dict[str, Any]) -> _Choice:
        return self._heard.choice(self._router.forms.ref_of(self._event_type, detail))


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
