"""The cases of a formula for one kind of value: each a set of atoms, which all hold or do not.

A formula is first *narrowed* to a kind, where types and the keywords of other kinds turn into
true or false, which leaves little of most alternatives.
"""

from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from typing import Final, TypeAlias

from keybus.contracts.compatibility.formulas import (
    ANYTHING,
    NOTHING,
    All,
    Constant,
    Formula,
    Formulas,
    Link,
    Listed,
    Multiple,
    Negated,
    One,
    Opaque,
    Some,
    Typed,
)
from keybus.contracts.compatibility.values import kind_of

Literal: TypeAlias = tuple[Formula, bool]
"""A formula, and whether it holds."""

Case: TypeAlias = dict[Formula, bool]
"""Atoms, and whether each holds; while it is made, also what is made of them."""

_MADE_OF: Final = (Link, All, Some, One)

_Choice: TypeAlias = list[list[Literal]]

_MOST: Final = 1_000
_MANY: Final = 3  # choices that are open
_ONE: Final = Fraction(1)


class TooManyCases(Exception):
    """There are more cases than anybody looks at."""


class Cases:
    """Takes formulas apart.

    Attributes:
        looked_at: How many cases were looked at, possible ones or not.
    """

    def __init__(self, formulas: Formulas, resolve: Callable[[Link], Formula]) -> None:
        self._formulas = formulas
        self._resolve = resolve
        self.looked_at = 0
        self._narrowed: dict[tuple[Formula, str], Formula] = {}

    def of(
        self, kind: str, literals: Iterable[Literal], impossible: Callable[[Case], bool]
    ) -> Iterator[Case]:
        """Every case in which values of a kind can make the literals true.

        Args:
            kind: The kind.
            literals: Formulas, and whether each is to hold.
            impossible: Whether no value makes the atoms of a case true: asked before many
                alternatives are tried one by one.

        Raises:
            TooManyCases: There are too many.
        """
        waiting: list[tuple[Case, list[_Choice]]] = []
        start: Case = {}
        choices: list[_Choice] = []
        if self._add(kind, literals, start, choices):
            waiting.append((start, choices))
        last = self.looked_at + _MOST
        while waiting:
            case, open_ = waiting.pop()
            self.looked_at += 1
            if self.looked_at > last:
                raise TooManyCases
            alive = self._alive(kind, case, open_)
            if alive is None:
                continue
            if not alive:
                yield _atoms(case)
                continue
            if len(alive) >= _MANY and impossible(_atoms(case)):
                continue
            chosen = min(alive, key=len)
            rest = [choice for choice in alive if choice is not chosen]
            for option in reversed(chosen):
                inner, more = dict(case), list(rest)
                if self._add(kind, option, inner, more):
                    waiting.append((inner, more))

    def narrow(self, formula: Formula, kind: str) -> Formula:
        """What a formula says of values of one kind."""
        key = (formula, kind)
        found = self._narrowed.get(key)
        if found is None:
            found = self._narrowed[key] = self._narrow(formula, kind)
        return found

    def _narrow(self, formula: Formula, kind: str) -> Formula:  # noqa: PLR0911 - one a formula
        make = self._formulas
        match formula:
            case Typed(names, exact):
                return self._typed(names, kind, exact=exact)
            case Listed(values):
                numeric = {"integer", "decimal"}
                kinds = numeric if kind in numeric else {kind}
                return formula if any(kind_of(v) in kinds for v in values) else NOTHING
            case Negated(inner):
                return make.negated(self.narrow(inner, kind))
            case All(parts):
                return make.all(self.narrow(part, kind) for part in parts)
            case Some(parts):
                return make.some(self.narrow(part, kind) for part in parts)
            case One(parts):
                return make.one(self.narrow(part, kind) for part in parts)
            case Constant() | Link():
                return formula
        return formula if kind in formula.kinds else ANYTHING

    def _typed(self, names: frozenset[str], kind: str, *, exact: bool) -> Formula:
        if kind == "integer":
            return ANYTHING if names & {"integer", "number"} else NOTHING
        if kind == "decimal":
            if "number" in names:
                return ANYTHING
            whole = "integer" in names and not exact
            return self._formulas.make(Multiple, _ONE) if whole else NOTHING
        return ANYTHING if kind in names else NOTHING

    def _add(  # noqa: C901 - one branch a formula
        self, kind: str, literals: Iterable[Literal], case: Case, choices: list[_Choice]
    ) -> bool:
        """Put literals into a case; whether it can still be."""
        waiting = list(literals)
        while waiting:
            formula, holds = waiting.pop()
            formula = self.narrow(formula, kind)
            if isinstance(formula, Constant):
                if formula.value != holds:
                    return False
                continue
            if isinstance(formula, Negated):
                waiting.append((formula.inner, not holds))
                continue
            known = case.get(formula)
            if known is not None:
                if known != holds:
                    return False
                continue
            case[formula] = holds
            match formula:
                case Link():
                    waiting.append((self._resolve(formula), holds))
                case All(parts) | Some(parts):
                    if isinstance(formula, All) == holds:
                        waiting += [(part, holds) for part in parts]
                    else:
                        choices.append([[(part, holds)] for part in parts])
                case One(parts):
                    choices.append(list(_options(parts, holds=holds)))
        return True

    def _alive(self, kind: str, case: Case, choices: list[_Choice]) -> list[_Choice] | None:
        """The choices that are still open, without impossible options; None if one has none."""
        alive = []
        for choice in choices:
            options = []
            for option in choice:
                left = self._left(kind, case, option)
                if left is None:
                    continue
                if not left:
                    break  # it holds anyway
                options.append(left)
            else:
                if not options:
                    return None
                alive.append(options)
        return alive

    def _left(self, kind: str, case: Case, option: list[Literal]) -> list[Literal] | None:
        """What an option adds to a case; None if it contradicts it."""
        left = []
        for formula, holds in option:
            narrowed = self.narrow(formula, kind)
            while isinstance(narrowed, Negated):
                narrowed, holds = narrowed.inner, not holds  # noqa: PLW2901 - seen through
            if isinstance(narrowed, Constant):
                if narrowed.value != holds:
                    return None
            elif narrowed not in case:
                left.append((narrowed, holds))
            elif case[narrowed] != holds:
                return None
        return left


def _atoms(case: Case) -> Case:
    return {f: holds for f, holds in case.items() if not isinstance(f, _MADE_OF)}


def _options(parts: tuple[Formula, ...], *, holds: bool) -> Iterator[list[Literal]]:
    """The ways in which exactly one part holds; or none does, or two do."""
    if holds:
        for index in range(len(parts)):
            yield [(part, at == index) for at, part in enumerate(parts)]
        return
    yield [(part, False) for part in parts]
    for index, part in enumerate(parts):
        for other in parts[index + 1 :]:
            yield [(part, True), (other, True)]


def unknowns(case: Case) -> list[Opaque]:
    """The atoms of a case that only the validator understands."""
    return [formula for formula in case if isinstance(formula, Opaque)]
