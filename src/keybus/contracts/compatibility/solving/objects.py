"""An object that a case allows.

Names fall into classes of which every keyword says the same: each name that a keyword spells out is
a class of its own, and all the others are told apart by the patterns that match in them.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice, product
from typing import Any, Final, Protocol

from keybus.contracts.compatibility.formulas import (
    NOTHING,
    Each,
    Formula,
    Formulas,
    Has,
    Listed,
    Matching,
    Named,
    Size,
    Typed,
)
from keybus.contracts.compatibility.frames import Frame, Frames
from keybus.contracts.compatibility.names import Like, Names, Only, Others
from keybus.contracts.compatibility.solving.cases import Case, Literal
from keybus.contracts.compatibility.solving.outcomes import NONE, Found, Outcome, Unknown
from keybus.contracts.compatibility.values import key_of

_MOST_PATTERNS: Final = 6
_MOST_PROPERTIES: Final = 300
_MOST_WAYS: Final = 400
_DEFAULT_NAMES: Final = tuple(f"extra{number}" for number in range(1, _MOST_PROPERTIES + 9))


class Search(Protocol):
    """What is needed of the solver."""

    make: Formulas
    frames: Frames

    def solve(self, literals: Any, frame: Frame | None) -> Outcome:
        """A value that makes all literals true."""
        ...


@dataclass
class _Wanted:
    required: dict[str, None] = field(default_factory=dict)
    refused: set[str] = field(default_factory=set)
    every: list[tuple[Names, Formula]] = field(default_factory=list)
    some: list[tuple[Names | None, Literal]] = field(default_factory=list)  # None: of the name
    names: list[Formula] = field(default_factory=list)
    least: int = 0
    most: int | None = None
    unlike: list[Listed] = field(default_factory=list)

    def also(self, formula: Formula, *, holds: bool) -> None:
        """Take in one atom."""
        match formula:
            case Has(name) if holds:
                self.required[name] = None
            case Has(name):
                self.refused.add(name)
            case Each(names, inner) if holds:
                self.every.append((names, inner))
            case Each(names, inner):
                self.some.append((names, (inner, False)))
            case Named(inner) if holds:
                self.names.append(inner)
            case Named(inner):
                self.some.append((None, (inner, False)))
            case Size(_, least) if holds:
                self.least = max(self.least, least)
            case Size(_, least):
                self.most = least - 1 if self.most is None else min(self.most, least - 1)
            case Listed():
                self.unlike.append(formula)


def object_(case: Case, frame: Frame | None, search: Search) -> Outcome:
    """An object.

    Args:
        case: Atoms about objects; of lists only those that it is not of.
        frame: What may be named; None for anything.
        search: Who searches for the values of properties.
    """
    if frame is not None and frame.free:
        frame = None
    wanted = _Wanted()
    for formula, holds in case.items():
        wanted.also(formula, holds=holds)
    if wanted.most is not None and max(wanted.least, len(wanted.required)) > wanted.most:
        return NONE
    if max(wanted.least, len(wanted.required)) > _MOST_PROPERTIES:
        return Unknown(f"an example of {wanted.least} properties is too large")
    return _Building(wanted, frame, search).outcome()


class _Building:
    """Builds one object."""

    def __init__(self, wanted: _Wanted, frame: Frame | None, search: Search) -> None:
        self._wanted = wanted
        self._frame = frame
        self._search = search
        self._doubt: Outcome = NONE
        self._ways = 0
        self._spelt = dict.fromkeys(wanted.required)
        self._by_name: dict[str, list[Formula]] = {}
        self._wide: list[tuple[Names, Formula]] = []
        self._read_names()
        self._classes: list[list[str]] | None = None

    def outcome(self) -> Outcome:
        """The object."""
        chosen: dict[str, list[Literal]] = {name: [] for name in self._wanted.required}
        # Where one that is required cannot be, nothing else matters.
        if any(self._value(name, []) is NONE for name in chosen):
            return NONE
        found = self._assigned(chosen, list(self._wanted.some))
        return self._doubt if found is None else Found(found)

    def _read_names(self) -> None:
        for names, inner in self._wanted.every:
            if isinstance(names, Only):
                self._spelt[names.name] = None
                self._by_name.setdefault(names.name, []).append(inner)
            else:
                self._wide.append((names, inner))
        for named in self._sets():
            if isinstance(named, Only):
                self._spelt[named.name] = None
            elif isinstance(named, Others):
                self._spelt.update(dict.fromkeys(sorted(named.names)))
        if self._frame is not None:
            self._spelt.update(dict.fromkeys(self._frame.names))
        for formula in self._wanted.names:
            if isinstance(formula, Listed):
                self._spelt.update(dict.fromkeys(v for v in formula.values if isinstance(v, str)))

    def _assigned(
        self, chosen: dict[str, list[Literal]], open_: list[tuple[Names | None, Literal]]
    ) -> dict[str, Any] | None:
        """An object in which every open demand has found a property; None if there is none."""
        self._ways += 1
        if self._ways > _MOST_WAYS:
            self._doubt = Unknown("there are too many ways to build an example")
            return None
        if not open_:
            return self._filled(chosen)
        (names, literal), *rest = open_
        for name in self._candidates(names, literal, chosen):
            more = [] if names is None else [literal]
            inner = {**chosen, name: [*chosen.get(name, ()), *more]}
            if isinstance(self._value(name, inner[name]), Found):
                found = self._assigned(inner, rest)
                if found is not None:
                    return found
        return None

    def _candidates(
        self, names: Names | None, literal: Literal, chosen: dict[str, list[Literal]]
    ) -> Iterator[str]:
        """Names that a demand for some property may be met by, one of each class."""
        if isinstance(names, Only):
            yield names.name
            return
        tried: set[str] = set()
        for name in (*chosen, *self._spelt, *self._fresh(chosen)):
            if name not in tried and (
                names.covers(name) if names else self._is_named(literal, name)
            ):
                tried.add(name)
                yield name

    def _is_named(self, literal: Literal, name: str) -> bool:
        formula, holds = literal
        is_text = self._search.make.listed([name])
        return isinstance(self._asked([(is_text, True), (formula, holds)], None), Found)

    def _fresh(self, chosen: dict[str, list[Literal]]) -> Iterator[str]:
        for names in self._unspelt():
            yield from islice((name for name in names if name not in chosen), 1)

    def _filled(self, chosen: dict[str, list[Literal]]) -> dict[str, Any] | None:
        """The object with these properties, and as many more as it has to have."""
        wanted = self._wanted
        if wanted.most is not None and len(chosen) > wanted.most:
            return None
        found: dict[str, Any] = {}
        for name, literals in chosen.items():
            outcome = self._value(name, literals)
            if not isinstance(outcome, Found):
                return None
            found[name] = outcome.value
        return self._unlike(self._more(found, wanted.least))

    def _more(self, found: dict[str, Any], least: int) -> dict[str, Any] | None:
        for name in self._optional(least):
            if len(found) >= least:
                break
            if name not in found:
                outcome = self._value(name, [])
                if isinstance(outcome, Found):
                    found = {**found, name: outcome.value}
        return found if len(found) >= least else None

    def _optional(self, least: int) -> Iterator[str]:
        """Names of which any may be added, as many as are needed."""
        yield from self._spelt
        for names in self._unspelt():
            yield from islice(names, least)

    def _unlike(self, found: dict[str, Any] | None) -> dict[str, Any] | None:
        """The object, changed where it is one of those that it must not be."""
        keys = {key for list_ in self._wanted.unlike for key in list_.keys}
        if found is None or key_of(found) not in keys:
            return found
        for more in range(len(found) + 1, len(found) + 3):
            other = self._more(found, more)
            fits = other is not None and (self._wanted.most is None or more <= self._wanted.most)
            if fits and key_of(other) not in keys:
                return other
        self._doubt = Unknown("only listed objects were found, and there may be others")
        return None

    def _value(self, name: str, literals: list[Literal]) -> Outcome:
        """A value of a property, or why there is none."""
        if name in self._wanted.refused or not self._may_be_named(name):
            return NONE
        frame = None if self._frame is None else self._search.frames.child(self._frame, name)
        formulas = [*self._by_name.get(name, ())]
        formulas += [inner for names, inner in self._wide if names.covers(name)]
        if NOTHING in formulas:
            return NONE
        return self._asked([*((each, True) for each in formulas), *literals], frame)

    def _may_be_named(self, name: str) -> bool:
        if self._frame is not None and not self._frame.allows(name):
            return False
        is_text = self._search.make.listed([name])
        return not self._wanted.names or isinstance(
            self._asked([(is_text, True), *((f, True) for f in self._wanted.names)], None),
            Found,
        )

    def _asked(self, literals: Iterable[Literal], frame: Frame | None) -> Outcome:
        """What the solver finds; whatever it cannot say is in doubt for the whole object."""
        outcome = self._search.solve(literals, frame)
        if isinstance(outcome, Unknown):
            self._doubt = outcome
        return outcome

    def _unspelt(self) -> list[list[str]]:
        """Names that no keyword spells out, a list for each class; made at first use."""
        if self._classes is None:
            self._classes = list(self._made_classes())
        return self._classes

    def _made_classes(self) -> Iterator[list[str]]:
        patterns = self._patterns()
        missed = [formula for names, (formula, _) in self._wanted.some if names is None]
        if not patterns and not missed and not self._wanted.names:
            if self._frame is None or self._frame.others:
                yield [name for name in _DEFAULT_NAMES if name not in self._spelt]
            return
        if len(patterns) + len(missed) > _MOST_PATTERNS:
            self._doubt = Unknown("there are too many patterns of names to tell apart")
            return
        make = self._search.make
        formulas = [*(make.make(Matching, pattern) for pattern in patterns), *missed]
        for signature in product((False, True), repeat=len(formulas)):
            names = self._named(list(zip(formulas, signature, strict=True)))
            if names:
                yield names

    def _named(self, literals: list[Literal]) -> list[str]:
        """Names of one class, as many as may be needed or there are."""
        make, found = self._search.make, dict.fromkeys(self._spelt)
        literals += [(formula, True) for formula in self._wanted.names]
        literals.append((make.make(Typed, frozenset({"string"}), True), True))  # noqa: FBT003
        needed = len(self._wanted.some) + self._wanted.least + 2
        fresh: list[str] = []
        while len(fresh) < needed:
            refused = [(make.listed(found), False)] if found else []
            outcome = self._asked([*literals, *refused], None)
            if not isinstance(outcome, Found) or not isinstance(outcome.value, str):
                break
            fresh.append(outcome.value)
            found[outcome.value] = None
        return fresh

    def _sets(self) -> Iterator[Names]:
        """The sets of names that keywords are about."""
        yield from (names for names, _ in self._wanted.every)
        yield from (names for names, _ in self._wanted.some if names is not None)

    def _patterns(self) -> list[str]:
        patterns: dict[str, None] = {}
        for names in self._sets():
            if isinstance(names, Like):
                patterns[names.pattern] = None
            elif isinstance(names, Others):
                patterns.update(dict.fromkeys(sorted(names.patterns)))
        if self._frame is not None:
            patterns.update((pattern, None) for pattern, _ in self._frame.patterns)
        return list(patterns)
