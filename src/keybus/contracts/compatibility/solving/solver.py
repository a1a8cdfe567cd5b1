"""Searches for a value that makes formulas true, or proves that there is none.

Values are finite, so what can only be built out of itself cannot be built: a search that comes back
to where it already is, is at an end there (the least fixpoint). What is proven under that
assumption is kept only once the place that it rests on is settled itself.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from keybus.contracts.compatibility.demands import resolve
from keybus.contracts.compatibility.formulas import KINDS, Formulas, Listed
from keybus.contracts.compatibility.frames import Frame, Frames
from keybus.contracts.compatibility.solving import arrays, numbers, objects, texts
from keybus.contracts.compatibility.solving.cases import (
    Case,
    Cases,
    Literal,
    TooManyCases,
    unknowns,
)
from keybus.contracts.compatibility.solving.holding import Holding
from keybus.contracts.compatibility.solving.outcomes import NONE, Found, Outcome, Unknown
from keybus.contracts.compatibility.values import exact, kind_of, written

State = tuple[frozenset[Literal], Frame | None]

_DEEPEST: Final = 60  # values within values
_MOST_STEPS: Final = 3_000  # states and cases of one search
_MOST_IN_ALL: Final = 12_000  # of all searches; after them, each has but a few
_FEW_STEPS: Final = 100
_TRIED: Final = 5  # sizes of an example that only the validator can judge
_SIZED: Final = frozenset({"object", "array"})
_TOO_DEEP: Final = Unknown("it nests too deeply to be followed")
_TOO_LONG: Final = Unknown("there are too many alternatives to look at")


class Solver:
    """Searches, with a memory.

    Attributes:
        make: Makes formulas.
        frames: What the writer declares.
        holds: Whether a formula holds of a value.
    """

    def __init__(self, formulas: Formulas, frames: Frames) -> None:
        self.make = formulas
        self.frames = frames
        self.holds = Holding(resolve)
        self._cases = Cases(formulas, resolve)
        self._known: dict[State, Outcome] = {}
        self._open: dict[State, int] = {}  # states that are being searched, with their depths
        self._rests_on = _DEEPEST + 1  # the least depth that a proof under way rests on
        self._steps = 0
        self._last = _MOST_STEPS

    def search(self, literals: Iterable[Literal], frame: Frame | None) -> Outcome:
        """A value that makes all literals true, with a budget of its own.

        Args:
            literals: Formulas, and whether each is to hold.
            frame: What may be named; None for anything.
        """
        left = _MOST_STEPS if self._spent < _MOST_IN_ALL else _FEW_STEPS
        self._last = self._spent + left
        try:
            return self.solve(literals, frame)
        except RecursionError:
            return _TOO_DEEP

    @property
    def _spent(self) -> int:
        return self._steps + self._cases.looked_at

    def solve(self, literals: Iterable[Literal], frame: Frame | None) -> Outcome:
        """The same as a part of a search."""
        bound = None if frame is None or (frame.free and not frame.items) else frame
        given = tuple(dict.fromkeys(literals))  # in order, so that every run finds the same
        state: State = (frozenset(given), bound)
        known = self._known.get(state)
        if known is not None:
            return known
        if state in self._open:
            self._rests_on = min(self._rests_on, self._open[state])
            return NONE
        depth = len(self._open)
        self._steps += 1
        if depth > _DEEPEST or self._spent > self._last:
            return _TOO_DEEP if depth > _DEEPEST else _TOO_LONG
        before, self._rests_on = self._rests_on, _DEEPEST + 1
        self._open[state] = depth
        try:
            outcome = self._searched(given, bound)
        finally:
            del self._open[state]
        if isinstance(outcome, Found) or self._rests_on >= depth:
            if outcome is not _TOO_LONG and outcome is not _TOO_DEEP:
                self._known[state] = outcome
            self._rests_on = before
        else:
            self._rests_on = min(before, self._rests_on)
        return outcome

    def _searched(self, wanted: tuple[Literal, ...], frame: Frame | None) -> Outcome:
        doubt: Outcome = NONE
        for kind in KINDS:
            try:
                for case in self._cases.of(kind, wanted, self._impossible(kind, frame)):
                    if self._spent > self._last:
                        return _TOO_LONG
                    outcome = self._checked(kind, case, frame)
                    if isinstance(outcome, Found):
                        return outcome
                    if isinstance(outcome, Unknown):
                        doubt = outcome
            except TooManyCases:
                doubt = _TOO_LONG
        return doubt

    def _impossible(self, kind: str, frame: Frame | None) -> Callable[[Case], bool]:
        return lambda case: self._value(kind, case, frame) is NONE

    def _checked(self, kind: str, case: Case, frame: Frame | None) -> Outcome:
        """A value for a case; the validator is asked what only it understands."""
        outcome = self._value(kind, case, frame)
        opaque = unknowns(case)
        if not opaque or not isinstance(outcome, Found):
            return outcome
        for least in range(1, _TRIED):
            if isinstance(outcome, Found) and self._fits(case, outcome.value):
                return outcome
            larger = self.make.size(kind, least) if kind in _SIZED else None
            if larger is None:
                break
            outcome = self._value(kind, {**case, larger: True}, frame)
        return Unknown(opaque[0].reason)

    def _fits(self, case: Case, value: Any) -> bool:
        return all(self.holds(formula, value) == truth for formula, truth in case.items())

    def _value(self, kind: str, case: Case, frame: Frame | None) -> Outcome:
        lists = [f for f, truth in case.items() if truth and isinstance(f, Listed)]
        if lists:
            return self._listed(kind, case, lists[0], frame)
        match kind:
            case "string":
                return texts.text(case, self.holds)
            case "integer" | "decimal":
                return numbers.number(kind, case)
            case "object":
                return objects.object_(case, frame, self)
            case "array":
                return arrays.array(case, frame, self)
        return self._constant(kind, case)

    def _listed(self, kind: str, case: Case, list_: Listed, frame: Frame | None) -> Outcome:
        for value in _of_kind(kind, list_.values):
            admitted = frame is None or self.frames.admits(frame, value)
            if admitted and self._fits(case, value):
                return Found(value)
        return NONE

    def _constant(self, kind: str, case: Case) -> Outcome:
        for value in (None,) if kind == "null" else (True, False):
            if self._fits(case, value):
                return Found(value)
        return NONE


def _of_kind(kind: str, values: Iterable[Any]) -> Iterator[Any]:
    """Values as values of a kind: 1 is 1.0 where decimals are asked for."""
    for value in values:
        own = kind_of(value)
        if own == kind:
            yield value
        elif {own, kind} == {"integer", "decimal"}:
            from_other = written(exact(value), kind)
            if from_other is not None:
                yield from_other
