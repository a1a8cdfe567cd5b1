"""Checks event patterns against the contracts of the events that they are for."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, Final

from keybus.contracts.contract import Contract
from keybus.contracts.hints import Hints, quoted
from keybus.contracts.pattern_lint.findings import RULES, Allowed, PatternFinding, RuleId
from keybus.contracts.pattern_lint.judging import EVENT_TYPE, SOURCE, JudgedField, Judgement
from keybus.contracts.pattern_lint.kinds import EventKind, literals
from keybus.contracts.pattern_lint.structure import Site, alternatives_of
from keybus.contracts.pattern_lint.wording import Wording, kind_asked, listing
from keybus.contracts.pointers import pointer_of
from keybus.patterns.flatten import Members
from keybus.patterns.operators import Absent, AnythingBut, Exact, Range
from keybus.patterns.parse import PatternSource

_NEAR: Final = 0.8  # how alike a foreign event type is to a contract's to be a slip of it

Contracts = Iterable[Contract] | Mapping[str, Contract | None]
"""Contracts, or event types with theirs; None for a type whose contract is not known."""


def lint_pattern(
    pattern: PatternSource,
    contracts: Contracts,
    *,
    sources: Mapping[str, Collection[str]] | None = None,
    foreign: bool = False,
    allow: Iterable[str] = (),
) -> list[PatternFinding]:
    """What of a pattern can never match, and what of it always matches.

    An error is true of every event that its contract accepts and that declares what it has; one
    that rests on the latter is ``overridable``. A warning is true of every event as well. What
    cannot be told for certain is not said.

    Args:
        pattern: JSON text, UTF-8 bytes or a decoded mapping.
        contracts: Those of the events that the pattern is for; a `ContractRepository` for all.
        sources: The sources that emit each event type; any may where none is given.
        foreign: Whether the pattern may also be for events that have no contract.
        allow: What is meant as it stands: the names of overridable rules, or fields such as
            ``detail.colour`` that no contract declares, with all that is within them.

    Returns:
        What was found, in the order of the pattern.

    Raises:
        PatternError: The pattern is not valid.
        SettingsError: What is allowed is no overridable rule and no field.
    """
    alternatives = alternatives_of(pattern)
    allowed = Allowed(frozenset(allow))
    kinds = _kinds(contracts, sources or {}, foreign=foreign)
    judgement = Judgement(alternatives, kinds, allowed)
    found = [*_found(judgement, [kind.type for kind in kinds if kind.type], allowed)]
    found += _contradictions(judgement)
    unique = {(one.rule, one.pointer): one for one in reversed(found)}
    order = {place: nth for nth, place in enumerate(_pointers(judgement))}
    return sorted(
        (one for one in unique.values() if not (one.overridable and one.rule in allowed.rules)),
        key=lambda one: (order.get(one.pointer, -1), one.pointer),
    )


def _kinds(
    contracts: Contracts, sources: Mapping[str, Collection[str]], *, foreign: bool
) -> list[EventKind]:
    known: Mapping[str, Contract | None] = (
        contracts if isinstance(contracts, Mapping) else {each.type: each for each in contracts}
    )
    kinds = [EventKind(name, known[name], sources.get(name, ())) for name in known]
    return [*kinds, EventKind("", others=tuple(known))] if foreign or not kinds else kinds


def _pointers(judgement: Judgement) -> Iterator[str]:
    for field in judgement.fields:
        yield from field.site.trail
        yield from (f"{field.site.pointer}/{i}" for i in range(len(field.site.values)))


def _found(
    judgement: Judgement, types: Collection[str], allowed: Allowed
) -> Iterator[PatternFinding]:
    hints = Hints()
    for field in judgement.fields:
        finder = _Finder(field, hints)
        if field.site.path == EVENT_TYPE and not allowed.event_types:
            yield from finder.slips(types)
        if field.is_leaf:
            yield from finder.dead_values()
            yield from finder.unlisted_values()
            yield from finder.filters_nothing()
        else:
            yield from finder.leads_nowhere()


def _contradictions(judgement: Judgement) -> Iterator[PatternFinding]:
    for pointer, sites, overridable in judgement.contradictions():
        only = [
            f"{quoted(site.path)} lets {listing(k.type for k in judgement.kinds_of(site))} pass"
            for site in sites
        ]
        message = "no one event can match all of these fields"
        types = {kind.type for site in sites for kind in judgement.kinds_of(site) if kind.type}
        yield PatternFinding(
            rule="contradiction",
            severity="error",
            pointer=pointer,
            field="",
            message=message,
            hint="; ".join(only),
            event_types=tuple(sorted(types)),
            overridable=overridable,
        )


class _Finder:
    """Finds what is wrong with one field."""

    def __init__(self, field: JudgedField, hints: Hints) -> None:
        self._field = field
        self._site: Site = field.site
        self._words = Wording(field, hints)
        self._hints = hints

    def leads_nowhere(self) -> Iterator[PatternFinding]:
        """No leaf stands at the path."""
        stop = self._words.deepest()
        if stop is None:
            return
        message, hint = self._words.stopped(stop)
        if stop.why == "undeclared":
            yield self._finding("undeclared-field", self._site.trail[stop.depth], message, hint)
        elif self._field.always:
            message += ", so every event matches `exists: false`"
            yield self._finding("always-matches", self._site.pointer, message, hint)
        elif not stop.depth:
            yield self._finding("unknown-envelope-field", self._site.trail[0], message, hint)
        elif stop.why == "object":
            yield self._finding("not-a-leaf", self._site.pointer, message, hint)
        else:
            place = self._site.trail[min(stop.depth, len(self._site.trail) - 1)]
            yield self._finding("impossible-field", place, message, hint)

    def dead_values(self) -> Iterator[PatternFinding]:
        """Values of the list that can never match."""
        for index in self._field.dead:
            rule, (message, hint) = self._why(index)
            yield self._finding(rule, f"{self._site.pointer}/{index}", message, hint)

    def unlisted_values(self) -> Iterator[PatternFinding]:
        """Values of the list that match nothing until an extensible list has grown."""
        for index in self._field.unlisted:
            message, hint = self._words.unlisted(index)
            yield self._finding("unlisted-value", f"{self._site.pointer}/{index}", message, hint)

    def filters_nothing(self) -> Iterator[PatternFinding]:
        """What could as well be left out."""
        excluded = list(self._excluded())
        yield from excluded
        plain = all(isinstance(operator, Exact) for operator in self._site.operators)
        if excluded or not self._field.always or ("." not in self._site.path and plain):
            return  # to name the only event type or source there is, is no mistake
        message = f"every event matches what is asked of {self._words.name}"
        yield self._finding("always-matches", self._site.pointer, message, "leave the field out")

    def slips(self, types: Collection[str]) -> Iterator[PatternFinding]:
        """Event types that no contract has, but nearly; where foreign events may be meant too."""
        if not any(kind.foreign for kind in self._field.kinds):
            return
        for index, operator in enumerate(self._site.operators):
            for text in literals(operator):
                meant = "" if text in types else self._hints.nearest(text, types, cutoff=_NEAR)
                if meant:
                    message = f"no contract has the type {quoted(text)}"
                    place = f"{self._site.pointer}/{index}"
                    yield self._finding("no-such-event-type", place, message, meant)

    def _why(self, index: int) -> tuple[RuleId, tuple[str, str]]:
        operator, words = self._site.operators[index], self._words
        asked = kind_asked(operator)
        if isinstance(operator, Absent):
            return "required-field", words.required()
        if self._site.path == EVENT_TYPE:
            return "no-such-event-type", words.no_such(index, "type", self._field.event_types)
        if self._site.path == SOURCE:
            sources = [source for kind in self._field.kinds for source in kind.sources]
            return "no-such-source", words.no_such(index, "source", sources)
        if asked and asked not in words.kinds:
            return "impossible-type", words.wrong_type(index)
        return self._why_not(index)

    def _why_not(self, index: int) -> tuple[RuleId, tuple[str, str]]:
        """Why a value of a type that the field can have is none that it can have."""
        operator = self._site.operators[index]
        if isinstance(operator, Range):
            return "impossible-range", self._words.impossible_range(index)
        if literals(operator):
            return "impossible-value", self._words.impossible_value(index)
        return "impossible-text", self._words.impossible_text(index)

    def _excluded(self) -> Iterator[PatternFinding]:
        """What `anything-but` names in vain."""
        for index, operator in enumerate(self._site.operators):
            if not isinstance(operator, AnythingBut):
                continue
            places = _excluded_places(self._site.values[index], f"{self._site.pointer}/{index}")
            for refused, (place, value) in zip(operator.refused, places, strict=True):
                judged = [kind.judge(self._site.path, (refused,)) for kind in self._field.kinds]
                if not any(verdict.declared[0] for verdict in judged):
                    message, hint = self._words.excluded(value)
                    yield self._finding("excludes-nothing", place, message, hint)

    def _finding(self, rule: RuleId, pointer: str, message: str, hint: str) -> PatternFinding:
        of = RULES[rule]
        foreign = rule == "no-such-event-type" and any(k.foreign for k in self._field.kinds)
        return PatternFinding(
            rule=rule,
            severity=of.severity,
            pointer=pointer,
            field=self._site.path,
            message=message,
            hint=hint,
            event_types=self._field.event_types,
            overridable=of.severity == "warning" or foreign or self._field.overridable,
        )


def _excluded_places(value: Any, pointer: str) -> list[tuple[str, Any]]:
    """Each value of an `anything-but` expression, and where it stands."""
    while isinstance(value, Mapping | Members):
        name, value = next(iter(value.items() if isinstance(value, Mapping) else value))
        pointer += pointer_of(name)
    if isinstance(value, list | tuple):
        return [(f"{pointer}/{index}", each) for index, each in enumerate(value)]
    return [(pointer, value)]
