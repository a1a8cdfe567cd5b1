"""What of an event a subscription is delivered: what its contract requires, and what it names."""

from collections.abc import Iterable, Iterator, Mapping

from keybus.contracts import Contract
from keybus.contracts.gathering import Node
from keybus.contracts.locations import Location
from keybus.contracts.view import DeclaredView

Steps = tuple[str, ...]
"""A pointer's tokens that are still to go."""


class Keeping:
    """What is kept of one value; immutable once it is built, and possibly within itself.

    Attributes:
        names: What is kept of each property; all else of an object is left out. The items of an
            array are kept as the array's value itself is. None: all of it.
        others: Whether what is neither an object nor an array is kept in its place.
    """

    __slots__ = ("names", "others")

    names: dict[str, "Keeping | None"]
    others: bool

    def __init__(self, *, others: bool = False) -> None:
        self.names = {}
        self.others = others


def of_contract(contract: Contract, fields: Iterable[Steps]) -> Keeping:
    """What is kept of an event that has a contract.

    Args:
        contract: The contract.
        fields: The tokens of each pointer.
    """
    return _Builder(contract.view).root(contract, frozenset(fields))


def of_fields(fields: Iterable[Steps]) -> Keeping:
    """What is kept of an event without a contract: what the pointers name."""
    kept = Keeping()
    tails = _tails(frozenset(fields))
    for name, further in tails.items():
        kept.names[name] = None if () in further else of_fields(further)
    return kept


class _Builder:
    """Follows what is declared and what is named at once."""

    def __init__(self, view: DeclaredView) -> None:
        self._view = view
        self._known: dict[tuple[object, ...], Keeping] = {}

    def root(self, contract: Contract, fields: frozenset[Steps]) -> Keeping:
        node = self._view.node(Location(contract.file), whole=True)
        needed = set(node.required)
        for sites in node.branches:  # whichever of them the event has taken, it still fits
            needed |= self._view.node(*sites).required
        return self._record([node], frozenset(needed), fields, required=True)

    def _record(
        self, nodes: list[Node], needed: frozenset[str], fields: frozenset[Steps], *, required: bool
    ) -> Keeping:
        key = (tuple(node.key for node in nodes), needed, fields, required)
        if key in self._known:  # what is declared within itself
            return self._known[key]
        kept = self._known[key] = Keeping(others=required)
        tails = _tails(fields)
        for name in sorted(needed | tails.keys()):
            below = list(below_of(self._view, nodes, name))
            kept.names[name] = self._value(
                below, tails.get(name, frozenset()), required=name in needed
            )
        return kept

    def _value(
        self, nodes: list[Node], fields: frozenset[Steps], *, required: bool
    ) -> Keeping | None:
        """What is kept of a value; None for all of it."""
        if () in fields:
            return None
        records = list(records_of(self._view, nodes))
        if required and (not records or any(not _is_plain(node) for node in records)):
            return None
        needed = frozenset(name for node in records for name in node.required)
        return self._record(nodes, needed, fields, required=required)


def below_of(view: DeclaredView, nodes: Iterable[Node], name: str) -> Iterator[Node]:
    """What is declared of a property; that of an array's items is its items' own."""
    for node in records_of(view, nodes):
        if name in node.properties:
            yield view.node(*node.properties[name])
        else:
            for sites in node.values:
                yield view.node(*sites)


def names_of(view: DeclaredView, nodes: Iterable[Node]) -> set[str]:
    """The names of all properties that are declared within these values."""
    return {name for node in records_of(view, nodes) for name in node.properties}


def records_of(view: DeclaredView, nodes: Iterable[Node]) -> Iterator[Node]:
    """The values themselves, the alternatives of each and the items of arrays: what has names."""
    seen: set[object] = set()
    waiting = list(nodes)
    while waiting:
        node = waiting.pop()
        if node.key in seen:
            continue
        seen.add(node.key)
        waiting += [view.node(*sites) for sites in (*node.items, *node.branches)]
        if node.properties or node.values:
            yield node


def _is_plain(node: Node) -> bool:
    """Whether leaving optional properties out changes nothing of what is required."""
    return not node.branches and not node.values and bool(node.properties)


def _tails(fields: frozenset[Steps]) -> Mapping[str, frozenset[Steps]]:
    """What goes on below each name."""
    found: dict[str, set[Steps]] = {}
    for name, *rest in fields:
        found.setdefault(name, set()).add(tuple(rest))
    return {name: frozenset(rest) for name, rest in found.items()}
