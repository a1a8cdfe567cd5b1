"""One contract writes, the other reads: every demand of the reader that the writer may not meet.

Three verdicts, and nothing in between: a demand is met if the solver proves that no event of the
writer's misses it; it is broken if there is such an event, which both validators confirm; else it
cannot be judged, and counts as broken for that reason.
"""

from collections.abc import Iterator
from typing import Any, Final, NamedTuple, TypeAlias

from msgspec import UNSET

from keybus.contracts.compatibility.demands import Demand, Items, Properties, Reader, resolve
from keybus.contracts.compatibility.formulas import (
    All,
    Each,
    Every,
    Formula,
    Link,
)
from keybus.contracts.compatibility.frames import Frame, Frames
from keybus.contracts.compatibility.names import Only
from keybus.contracts.compatibility.sides import Place
from keybus.contracts.compatibility.solving.outcomes import NONE, Found, Outcome, Unknown
from keybus.contracts.compatibility.solving.solver import Solver
from keybus.contracts.compatibility.values import key_of
from keybus.contracts.pointers import pointer_of

_DEEPEST: Final = 100  # values within values that the walk follows
_MOST_STEPS: Final = 5_000  # places of the walk; what is behind is judged as a whole

_ANY: Final = "*"
_ALTERNATIVES: Final = frozenset({"any-of", "one-of"})

Known = frozenset[Formula]
"""What certainly holds of the writer's values at one place."""


class Broken(NamedTuple):
    """A demand of the reader that the writer may not meet.

    Attributes:
        demand: It.
        field: JSON pointer to the value in an event; ``*`` for any name or item.
        asked: What the reader's keyword says, or the part of it that demands this.
        said: What the writer's keyword says, UNSET where it has none.
        outcome: An event that both validators confirm, or why there is none to show.
    """

    demand: Demand
    field: str
    asked: Any
    said: Any
    outcome: Found | Unknown


class _Step(NamedTuple):
    """A place of the walk through the reader's schemas.

    Attributes:
        place: The schema.
        known: What certainly holds of the writer's values there.
        frame: What the writer declares of them.
        path: The way from the event's root.
        field: The same, as a pointer.
        by: The demand that leads there from another place, and the step there; None at the root.
    """

    place: Place
    known: Known
    frame: Frame
    path: tuple[Properties | Items, ...] = ()
    field: str = ""
    by: "tuple[Demand, _Step] | None" = None

    @property
    def mark(self) -> "_Mark":
        """Equal where all that is proven without the way there is the same."""
        return self.place, self.known, self.frame


_Mark: TypeAlias = tuple[Place, Known, Frame]


class Comparison:
    """Compares two contracts in one direction."""

    def __init__(self, written: Reader, read: Reader, *, tolerant: bool) -> None:
        """Take the two contracts.

        Args:
            written: Reads the writer's.
            read: Reads the reader's, with the same formulas.
            tolerant: Whether only what the writer declares is written.
        """
        self._writer = written.side
        self._reader_side = read.side
        self._reader = read
        self._tolerant = tolerant
        self._make = written.formulas
        self._frames = Frames(self._writer)
        self._solver = Solver(self._make, self._frames)
        self._whole = written.formula(self._writer.root)
        self._met: set[_Mark] = set()  # all is met there, whatever the way
        self._open: set[_Mark] = set()  # what the walk is in
        self._again: list[_Step] = []  # what led back to there
        self._unmet = 0  # demands that are not met for certain where they stand
        self._walked = 0
        self._proven: set[Place] = set()  # keywords that were shown to refuse an event
        self._skipped = 0  # other places at which they would again

    def broken(self) -> Iterator[Broken]:
        """Every demand that the writer may not meet, in the order of the reader's keywords."""
        root = self._reader_side.root
        frame = self._frames.at(self._writer.root)
        step = _Step(root, self._flat({self._whole}), frame)
        found = self._walk(step)
        if self._reader_side.schema(root) is False:
            found = self._judged(Demand("not", "", "", root, self._reader.formula(root)), step)
        told = set()
        for one in found:
            what = (one.demand.place, one.field)
            if what not in told:
                told.add(what)
                yield one

    def _walk(self, step: _Step) -> list[Broken]:
        if step.mark in self._met:
            return []
        if step.mark in self._open:
            self._again.append(step)
            return []
        self._walked += 1
        if self._walked > _MOST_STEPS or len(step.path) > _DEEPEST:
            return self._judged_whole(step)
        self._open.add(step.mark)
        unmet, again, skipped = self._unmet, len(self._again), self._skipped
        found = [
            one for demand in self._reader.demands(step.place) for one in self._met_or(demand, step)
        ]
        self._open.discard(step.mark)
        led_back = self._again[again:]
        self._again[again:] = [each for each in led_back if each.mark != step.mark]
        if self._unmet == unmet and len(self._again) == again:
            self._met.add(step.mark)
        elif self._unmet > unmet and not found and self._skipped == skipped:
            # What is met here may not be where the event has come back to the same place.
            back = [each for each in led_back if each.mark == step.mark]
            found = [one for each in back for one in self._judged_whole(each)]
        return found

    def _met_or(self, demand: Demand, step: _Step) -> list[Broken]:
        """What is broken of a demand, where it is not met for certain."""
        if demand.formula in step.known:
            return []  # word for word
        if demand.inner is None:
            if self._is_met(demand, step):
                return []
            self._unmet += 1
            if demand.place in self._proven:
                self._skipped += 1
                return []
            return self._judged(demand, step)
        if demand.inner.of is None:
            return self._walk(step._replace(place=demand.inner.place))
        return self._walk(self._below(step, demand, demand.inner.of))

    def _judged_whole(self, step: _Step) -> list[Broken]:
        """What comes of all demands of a place at once, without a walk through it."""
        self._unmet += 1
        if step.by is None:
            formula = self._reader.formula(step.place)
            return self._judged(Demand("reference", "", "", step.place, formula), step)
        demand, before = step.by
        return self._judged(demand._replace(rule="reference"), before)

    def _is_met(self, demand: Demand, step: _Step) -> bool:
        """Whether what is known at a place is proof enough."""
        literals = [(formula, True) for formula in step.known]
        frame = step.frame if self._tolerant else None
        return self._solver.search([*literals, (demand.formula, False)], frame) is NONE

    def _below(self, step: _Step, demand: Demand, of: Properties | Items) -> _Step:
        """The step into properties or items."""
        assert demand.inner is not None
        known = self._flat(_known_within(step.known, of))
        frame = self._frames.at()
        if isinstance(of, Items):
            frame = self._frames.inside(step.frame)
            token: str | int = of.start if of.stop is not None else _ANY
        elif isinstance(of.names, Only):
            frame = self._frames.child(step.frame, of.names.name)
            token = of.names.name
        else:
            token = _ANY
        path, field = (*step.path, of), step.field + pointer_of(token)
        return _Step(demand.inner.place, known, frame, path, field, by=(demand, step))

    def _judged(self, demand: Demand, step: _Step) -> list[Broken]:
        """What comes of a demand that is not met for certain where it stands."""
        missed: Formula = demand.formula
        for of in reversed(step.path):
            if isinstance(of, Items):
                missed = self._make.every(of.start, of.stop, missed)
            else:
                missed = self._make.each(of.names, missed)
        frame = self._frames.at(self._writer.root) if self._tolerant else None
        outcome = self._solver.search([(self._whole, True), (missed, False)], frame)
        if outcome is NONE:
            return []
        confirmed = self._confirmed(outcome)
        if isinstance(confirmed, Found):
            self._proven.add(demand.place)
        asked = self._reader_side.schema(demand.place)
        said = self._said(demand, step.frame)
        index = _changed_alternative(asked, said) if demand.rule in _ALTERNATIVES else None
        if index is not None:
            demand = demand._replace(place=demand.place.at(index), part=str(index))
            asked, said = asked[index], said[index]
        return [Broken(demand, step.field, asked, said, confirmed)]

    def _confirmed(self, outcome: Outcome) -> Found | Unknown:
        """An event only if the writer's validator takes it and the reader's refuses it."""
        if isinstance(outcome, Found):
            taken = self._writer.accepts(outcome.value)
            if taken and not self._reader_side.accepts(outcome.value):
                return outcome
            return Unknown("the validators do not confirm the example that was built")
        assert isinstance(outcome, Unknown)
        return outcome

    def _said(self, demand: Demand, frame: Frame) -> Any:
        """What the writer's schemas say by the same keyword of the same value."""
        if demand.rule == "required":
            return UNSET
        for place in frame.places:
            schema = self._writer.schema(place)
            if isinstance(schema, dict) and demand.word in schema:
                value = schema[demand.word]
                return (
                    value.get(demand.part, UNSET)
                    if isinstance(value, dict) and demand.part
                    else value
                )
        return UNSET

    def _flat(self, formulas: "frozenset[Formula] | set[Formula]") -> Known:
        """Formulas with what they are made of: parts, and what links lead to."""
        found: dict[Formula, None] = {}
        waiting = list(formulas)
        while waiting:
            formula = waiting.pop()
            if formula in found:
                continue
            found[formula] = None
            if isinstance(formula, Link):
                waiting.append(resolve(formula))
            elif isinstance(formula, All):
                waiting += formula.parts
        return frozenset(f for f in found if not isinstance(f, All))


def _known_within(known: Known, of: Properties | Items) -> set[Formula]:
    """What certainly holds of inner values."""
    if isinstance(of, Items):
        return {
            each.inner
            for each in known
            if isinstance(each, Every) and each.start <= of.start and _ends_behind(each, of)
        }
    names = of.names
    if isinstance(names, Only):
        return {f.inner for f in known if isinstance(f, Each) and f.names.covers(names.name)}
    return {f.inner for f in known if isinstance(f, Each) and f.names == names}


def _ends_behind(every: Every, items: Items) -> bool:
    return every.stop is None or (items.stop is not None and items.stop <= every.stop)


def _changed_alternative(asked: Any, said: Any) -> int | None:
    """The one of several alternatives that is not the same on both sides, if it is only one."""
    if not (isinstance(asked, list) and isinstance(said, list) and len(asked) == len(said)):
        return None
    pairs = zip(asked, said, strict=True)
    changed = [index for index, (one, other) in enumerate(pairs) if key_of(one) != key_of(other)]
    return changed[0] if len(changed) == 1 else None
