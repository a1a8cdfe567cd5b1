"""Events that a contract accepts, made to go everywhere that it leads: what a migration is tried on.

The solver of the compatibility room makes them: one for each wish ("an event that has this property",
"one in which it is null"), by the contract's own schemas, so that whatever goes together does.
"""

from collections.abc import Collection, Iterable, Iterator
from itertools import chain
from typing import Any, Final, NamedTuple

from keybus.contracts.compatibility.demands import Reader
from keybus.contracts.compatibility.formulas import (
    ANYTHING,
    Containing,
    Formula,
    Formulas,
    Has,
    Typed,
)
from keybus.contracts.compatibility.frames import Frames
from keybus.contracts.compatibility.names import Only
from keybus.contracts.compatibility.rules import meaning_of
from keybus.contracts.compatibility.sides import Side
from keybus.contracts.compatibility.solving.cases import Literal
from keybus.contracts.compatibility.solving.outcomes import Found
from keybus.contracts.compatibility.solving.solver import Solver
from keybus.contracts.contract import Contract
from keybus.contracts.documents import canonical_json
from keybus.contracts.examples import examples_of
from keybus.contracts.locations import Location, schemas_from
from keybus.contracts.view import Node, Sites

MOST_EVENTS: Final = 1_000
"""Events that a migration is tried on."""
_MOST_WISHES: Final = 2_000
_MOST_BOUNDS: Final = 12  # of one kind, in both contracts
_MOST_TEXTS: Final = 20
_LONGEST: Final = 1_000  # characters, items or properties
_MOST_PLACES: Final = 1_000
_SIZES: Final = {
    "string": ("minLength", "maxLength"),
    "array": ("minItems", "maxItems"),
    "object": ("minProperties", "maxProperties"),
}
_HEAD: Final = {
    "id": "3f0c0e9e-8a54-4b6e-9a39-0c1f5d1f2b7a",
    "time": "2026-01-31T08:00:00.000Z",
}


def samples(
    contract: Contract, other: Contract, texts: Collection[str] = ()
) -> Iterator[dict[str, Any]]:
    """Different events that a contract accepts, `MOST_EVENTS` at most.

    They are its examples; the least that there is, and the most; each property there and not there,
    in each of its types and with each value of a list; texts, arrays and numbers at the bounds of
    both contracts, right below and right above; arrays with no, one and two items; and texts that
    are told apart, wherever any text may stand.

    Args:
        contract: The contract.
        other: The contract that is to accept what becomes of them.
        texts: What the migration between them tells apart.
    """
    making = _Making(contract)
    seen: set[bytes] = set()
    wishes = _Wishes(contract, making.formulas, _Bounds(contract, other), [*texts][:_MOST_TEXTS])
    for event in chain(examples_of(contract), making.events(wishes)):
        known = canonical_json(event)
        if known in seen or not contract.accepts(event):
            continue
        seen.add(known)
        yield event
        if len(seen) == MOST_EVENTS:
            return


class _Making:
    """Makes events by wishes."""

    def __init__(self, contract: Contract) -> None:
        self.formulas = Formulas()
        side = Side("old", contract, None)
        frames = Frames(side)
        self._frame = frames.at(side.root)
        self._solver = Solver(self.formulas, frames)
        self._whole = Reader(side, self.formulas, meaning_of).formula(side.root)
        self._contract = contract

    def events(self, wishes: "_Wishes") -> Iterator[dict[str, Any]]:
        """An event for each wish that can be granted."""
        yield from self._event([])
        yield from self._event(self._together(wishes.there()))
        for number, wish in enumerate(wishes.all()):
            if number == _MOST_WISHES:
                return
            yield from self._event([wish])

    def _together(self, wishes: Iterable[Literal]) -> list[Literal]:
        """As many wishes as can be granted at once."""
        wanted = list(wishes)
        if len(wanted) > _MOST_WISHES or self._search(wanted) is not None:
            return wanted[:_MOST_WISHES]
        granted: list[Literal] = []
        for wish in wanted:
            if self._search([*granted, wish]) is not None:
                granted.append(wish)
        return granted

    def _event(self, wishes: list[Literal]) -> Iterator[dict[str, Any]]:
        found = self._search(wishes)
        if isinstance(found, dict):
            filled = {**found, **_HEAD, "type": self._contract.type}
            filled = {name: value for name, value in filled.items() if name in found}
            filled["schema_version"] = self._contract.version
            yield filled if self._contract.accepts(filled) else found

    def _search(self, wishes: list[Literal]) -> Any:
        outcome = self._solver.search([(self._whole, True), *wishes], self._frame)
        return outcome.value if isinstance(outcome, Found) else None


class _Bounds:
    """The numbers at which two contracts draw a line."""

    def __init__(self, *contracts: Contract) -> None:
        found: dict[str, dict[Any, None]] = {}
        for contract in contracts:
            for _, schema in schemas_from(contract.closure, Location(contract.file)):
                for word, value in schema.items():
                    if isinstance(value, int | float) and not isinstance(value, bool):
                        found.setdefault(word, {})[value] = None
        self._found = found

    def sizes(self, kind: str) -> list[int]:
        """Sizes at the bounds of a kind, and right beside them."""
        bounds = self._of(_SIZES[kind])
        few = {0, 1, 2} if kind == "array" else set()
        beside = {int(each) + more for each in bounds for more in (-1, 0, 1)} | few
        return sorted(each for each in beside if 0 <= each <= _LONGEST)

    def numbers(self) -> list[Any]:
        """Numbers at the bounds, and right beside them."""
        bounds = self._of(("minimum", "maximum"))
        return list(dict.fromkeys(each + more for each in bounds for more in (-1, 0, 1, 0.5)))

    def _of(self, words: Iterable[str]) -> list[Any]:
        found = [each for word in words for each in self._found.get(word, ())]
        return list(dict.fromkeys(found))[:_MOST_BOUNDS]


class _Place(NamedTuple):
    """A value that is declared.

    Attributes:
        path: The way to it: names, and None for any item of an array.
        node: What is declared of it.
        required: Whether it is there wherever its object is.
    """

    path: tuple[str | None, ...]
    node: Node
    required: bool


def _places(contract: Contract) -> list[_Place]:
    """All that is declared, parents first; what is declared within itself once on every way down."""
    top = contract.view.node(Location(contract.file), whole=True)
    found: list[_Place] = []
    waiting: list[tuple[_Place, frozenset[Sites]]] = [(_Place((), top, True), frozenset())]  # noqa: FBT003 - a field
    for place, above in waiting:
        if place.path:
            found.append(place)
        node = place.node
        if node.key in above or len(waiting) > _MOST_PLACES:
            continue
        within = above | {node.key}
        for name, sites in node.properties.items():
            path = (*place.path, name)
            waiting.append(
                (_Place(path, contract.view.node(*sites), name in node.required), within)
            )
        for sites in node.items:
            path = (*place.path, None)
            waiting.append((_Place(path, contract.view.node(*sites), required=False), within))
        waiting += [
            (place._replace(node=contract.view.node(*each)), within) for each in node.branches
        ]
    return found


class _Wishes:
    """What events are wished for, as formulas."""

    def __init__(
        self, contract: Contract, formulas: Formulas, bounds: _Bounds, texts: list[str]
    ) -> None:
        self._make = formulas
        self._texts = texts
        self._places = _places(contract)
        self._bounds = bounds

    def there(self) -> Iterator[Literal]:
        """Each value that need not be there, there."""
        for place in self._places:
            if not place.required or None in place.path:
                yield self._at(place, ANYTHING), True

    def all(self) -> Iterator[Literal]:
        """Every single wish: what is likeliest to show something comes first."""
        yield from self.there()
        for place in self._places:
            if not place.required:
                yield self._at(place, ANYTHING), False
        for wishes in (self._of_types, self._of_values, self._of_bounds, self._of_texts):
            for place in self._places:
                for inner in wishes(place.node):
                    yield self._at(place, inner), True

    def _of_types(self, node: Node) -> Iterator[Formula]:
        for name in sorted(node.types) if len(node.types) > 1 else ():
            yield self._typed(name)

    def _of_values(self, node: Node) -> Iterator[Formula]:
        for value in node.enum or ():
            yield self._make.listed([value])

    def _of_texts(self, node: Node) -> Iterator[Formula]:
        if "string" in node.types and node.enum is None:
            yield from (self._make.listed([text]) for text in self._texts)

    def _of_bounds(self, node: Node) -> Iterator[Formula]:
        if node.enum is not None:
            return
        for kind in _SIZES:
            for size in self._bounds.sizes(kind) if kind in node.types else ():
                at_most = self._make.negated(self._make.size(kind, size + 1))
                yield self._make.all([self._typed(kind), self._make.size(kind, size), at_most])
        if {"integer", "number"} & node.types:
            for number in self._bounds.numbers():
                yield self._make.listed([number])

    def _at(self, place: _Place, inner: Formula) -> Formula:
        """That there is such a value at a place."""
        formula = inner
        for token in reversed(place.path):
            if token is None:
                some = self._make.make(Containing, formula, 1)
                formula = self._make.all([self._typed("array"), some])
            else:
                has, each = self._make.make(Has, token), self._make.each(Only(token), formula)
                formula = self._make.all([self._typed("object"), has, each])
        return formula

    def _typed(self, name: str) -> Formula:
        return self._make.make(Typed, frozenset({name}), True)  # noqa: FBT003 - a field
