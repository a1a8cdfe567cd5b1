"""Why an event matches a pattern, or what kept it from matching, field by field.

The verdict is the evaluator's own. Each field is then looked at by itself, which names what is
wrong with it; fields that are each satisfied and still fail together disagree on the elements of
an array, and the smallest such group is named.
"""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple, TypeAlias

import msgspec

from keybus.errors import EnvelopeError
from keybus.patterns.absence import Absence, Surroundings
from keybus.patterns.disagreement import disagreement
from keybus.patterns.evaluate import Field, Work, satisfied, witness
from keybus.patterns.explanation import (
    AlternativeOutcome,
    Disagreement,
    Explanation,
    FieldOutcome,
)
from keybus.patterns.flatten import EventSource, Occurrence, Place, Step, decode, flatten
from keybus.patterns.operators import Present
from keybus.patterns.parse import Branch
from keybus.patterns.reasons import refusal
from keybus.patterns.wording import encodable, expected, pointer, shown, wanted, written

# Bounds of an explanation, not of a verdict: alternatives that are looked into, fields that are
# searched for hints, and fields of one array among which the smallest group is sought.
_MOST_ALTERNATIVES: Final = 100
_MOST_STUDIED: Final = 200
_MOST_MINIMISED: Final = 24

_TOO_EARLY: Final = (
    "an array element that satisfies the other fields does not have it, but fields are taken in "
    "the order of their paths, and at its turn no element is chosen yet"
)

_Occurrences: TypeAlias = Mapping[str, list[Occurrence]]
_Fields: TypeAlias = tuple[Field, ...]


class Way(NamedTuple):
    """One way to satisfy a pattern.

    Attributes:
        fields: Its fields in the evaluator's order.
        paths: Their paths in the pattern's order.
        branches: The ``$or`` branches it takes.
    """

    fields: _Fields
    paths: Sequence[str]
    branches: tuple[Branch, ...]


def explain_ways(ways: Sequence[Way], tree: Step, event: EventSource) -> Explanation:
    """Explain an event.

    Args:
        ways: The pattern's alternatives.
        tree: The tree of their paths.
        event: The event.

    Raises:
        EnvelopeError: As the evaluator does.
    """
    tree_of_event = decode(event)
    # Found from the end of the event to its beginning; people read the other way.
    found = {path: some[::-1] for path, some in flatten(tree_of_event, tree).items()}
    verdicts = _verdicts(ways, found)
    looked_into = [
        (way, verdict)
        for number, (way, verdict) in enumerate(zip(ways, verdicts, strict=False))
        if number < _MOST_ALTERNATIVES or verdict
    ]
    examiner = _Examiner(found, Surroundings(tree_of_event))
    outcomes = tuple(examiner.outcome(way, verdict) for way, verdict in looked_into)
    return Explanation(any(verdicts), outcomes, len(ways) - len(outcomes))


def _verdicts(ways: Sequence[Way], found: _Occurrences) -> list[bool]:
    """Which alternatives are satisfied, without those that are too costly after a satisfied one."""
    verdicts: list[bool] = []
    work = Work()
    for number, way in enumerate(ways):
        decided = True in verdicts
        if decided and number >= _MOST_ALTERNATIVES:
            break
        try:
            verdicts.append(satisfied(way.fields, found, work))
        except EnvelopeError:
            # The evaluator stops at the first that is satisfied, and never sees the others.
            if not decided:
                raise
            break
        if verdicts[-1] and not decided:
            work = Work()
    return verdicts


class _Examiner:
    """Looks into the alternatives of one event."""

    def __init__(self, found: _Occurrences, surroundings: Surroundings) -> None:
        self._found = found
        self._surroundings = surroundings
        self._work = Work()
        self._studied = 0
        # Alternatives share the fields that stand outside `$or`.
        self._alone: dict[tuple[object, ...], FieldOutcome] = {}

    def outcome(self, way: Way, verdict: bool) -> AlternativeOutcome:  # noqa: FBT001 - it is what is explained
        disagreements: tuple[Disagreement, ...] = ()
        if verdict:
            outcomes = self._satisfied(way.fields)
        else:
            outcomes, disagreements = self._failed(way.fields)
        return AlternativeOutcome(
            ", ".join(map(_branch, way.branches)),
            verdict,
            tuple(outcomes[path] for path in way.paths),
            disagreements,
        )

    def _satisfied(self, fields: _Fields) -> dict[str, FieldOutcome]:
        places = witness(fields, self._found, Work())
        assert places is not None, "the verdict was that it is satisfied"
        pairs = zip(fields, places, strict=True)
        return {field.path: self._at(field, place) for field, place in pairs}

    def _at(self, field: Field, place: Place | None) -> FieldOutcome:
        """A field that is satisfied by the values of a place."""
        if place is None:
            return self._absent(field)
        return _hit(
            field,
            next(
                one for one in self._found[field.path] if one.place == place and field.accepts(one)
            ),
        )

    def _absent(self, field: Field) -> FieldOutcome:
        """A field that is satisfied by having no value where the others have theirs."""
        elsewhere = field.path in self._found
        reason = "is absent from the chosen array element" if elsewhere else "is absent"
        return FieldOutcome(
            encodable(field.path),
            matched=True,
            expected=_expected(field),
            reason=f"{reason}, as the pattern asks",
            operator='{"exists": false}',
        )

    def _failed(self, fields: _Fields) -> tuple[dict[str, FieldOutcome], tuple[Disagreement, ...]]:
        """The fields of an alternative that is not satisfied, and what they disagree on."""
        outcomes = {field.path: self._by_itself(field) for field in fields}
        open_ = [field for field in fields if outcomes[field.path].matched or self._depends(field)]
        disagreements: list[Disagreement] = []
        try:
            for group in _groups(open_, self._found):
                self._together(group, outcomes, disagreements)
        except EnvelopeError:
            # Nothing is left to find the culprits with; that they fail together is known.
            if all(outcome.matched for outcome in outcomes.values()) and not disagreements:
                disagreements.append(disagreement(fields, self._found))
        return outcomes, tuple(disagreements)

    def _depends(self, field: Field) -> bool:
        """Whether a field that fails may be absent from the elements that others choose."""
        return field.may_be_absent and all(one.place for one in self._found[field.path])

    def _together(
        self, group: _Fields, outcomes: dict[str, FieldOutcome], into: list[Disagreement]
    ) -> None:
        """Look at fields that share arrays: correct what was said of them one by one."""
        if self._agree(group):
            absent = [field for field in group if not outcomes[field.path].matched]
            outcomes.update((field.path, self._absent(field)) for field in absent)
            return
        agreeing = tuple(field for field in group if outcomes[field.path].matched)
        if not self._agree(agreeing):
            into.append(disagreement(self._smallest(agreeing), self._found))
            return
        for field in group:
            if outcomes[field.path].matched:
                continue
            trial = tuple(one for one in group if one in agreeing or one is field)
            if self._agree(trial):
                agreeing = trial
                outcomes[field.path] = self._absent(field)
            elif self._agree((*(one for one in trial if one is not field), field)):
                outcome = msgspec.structs.replace(outcomes[field.path], hint=_TOO_EARLY)
                outcomes[field.path] = outcome

    def _agree(self, fields: _Fields) -> bool:
        tries = (len(self._found.get(one.path, ())) * (len(one.values) + 1) for one in fields)
        self._work.spend(sum(tries))
        return satisfied(fields, self._found, self._work)

    def _smallest(self, fields: _Fields) -> _Fields:
        """A group of fields that do not agree, from which none can be left out."""
        if len(fields) > _MOST_MINIMISED:
            return fields
        for field in fields:
            fewer = tuple(one for one in fields if one is not field)
            try:
                if not self._agree(fewer):
                    fields = fewer
            except EnvelopeError:
                break
        return fields

    def _by_itself(self, field: Field) -> FieldOutcome:
        """A field as a pattern of its own."""
        key = (field.path, field.may_be_absent, *map(id, field.values))
        if key not in self._alone:
            self._alone[key] = self._first_look(field)
        return self._alone[key]

    def _first_look(self, field: Field) -> FieldOutcome:
        found = self._found.get(field.path, [])
        accepted = next(filter(field.accepts, found), None)
        if accepted is not None:
            return _hit(field, accepted)
        if field.may_be_absent and not found:
            return self._absent(field)
        self._studied += 1
        study = self._studied <= _MOST_STUDIED
        return self._miss(field, found, study=study)

    def _miss(self, field: Field, found: Sequence[Occurrence], *, study: bool) -> FieldOutcome:
        path, asked = encodable(field.path), _expected(field)
        if found:
            why = refusal(field, found, study=study)
            return FieldOutcome(
                path,
                matched=False,
                expected=asked,
                reason=why.reason,
                value=shown(why.nearest.leaf),
                pointer=pointer(why.nearest.trail),
                hint=why.hint,
            )
        absence = self._surroundings.absence(field.path) if study else Absence("is absent")
        return FieldOutcome(
            path,
            matched=False,
            expected=asked,
            reason=absence.reason,
            pointer=absence.pointer,
            hint=absence.hint,
        )


def _branch(branch: Branch) -> str:
    inside = "" if branch.path is None else f"{encodable(branch.path)}."
    return f"{inside}$or[{branch.number}]"


def _expected(field: Field) -> str:
    return expected(field.values, or_absent=field.may_be_absent)


def _hit(field: Field, occurrence: Occurrence) -> FieldOutcome:
    operator = next(value for value in field.values if value.matches(occurrence.leaf))
    value = shown(occurrence.leaf)
    there = "there" if isinstance(operator, Present) else wanted(operator)
    return FieldOutcome(
        encodable(field.path),
        matched=True,
        expected=_expected(field),
        reason=f"{value} is {there}",
        operator=written(operator),
        value=value,
        pointer=pointer(occurrence.trail),
    )


def _groups(fields: Sequence[Field], found: _Occurrences) -> list[_Fields]:
    """The fields that have values in arrays, sorted into groups that share none."""
    leaders = list(range(len(fields)))
    first: dict[int, int] = {}

    def leader(at: int) -> int:
        while leaders[at] != at:
            leaders[at] = leaders[leaders[at]]
            at = leaders[at]
        return at

    for at, field in enumerate(fields):
        for array in {array for one in found.get(field.path, ()) for array, _ in one.place}:
            leaders[leader(at)] = leader(first.setdefault(array, at))
    groups: dict[int, list[Field]] = {}
    for at, field in enumerate(fields):
        groups.setdefault(leader(at), []).append(field)
    return [tuple(group) for group in groups.values() if len(group) > 1]
