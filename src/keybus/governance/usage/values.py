"""The values that a contract declares, and where in an event and in its files each of them is."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final, NamedTuple

import msgspec

from keybus.contracts.contract import Contract
from keybus.contracts.gathering import Node
from keybus.contracts.locations import Location, schema_at
from keybus.contracts.pointers import PointerError, pointer_of, tokens_of
from keybus.contracts.view import MOST_ROWS
from keybus.errors import ContractError
from keybus.governance.usage.steps import ANY, Steps
from keybus.topology.findings import known_names
from keybus.topology.keeping import below_of, names_of, records_of

_EACH: Final = "*"
NodeOf = Callable[..., Node]


class Value(msgspec.Struct, frozen=True):
    """A value that a contract declares in an event.

    Attributes:
        pointer: Where it is; ``*`` stands for every item, or any name.
        steps: The way to it.
        required: Whether its object must have it, in one of its forms at least.
        closed: Whether its object refuses what it does not declare, or some of it.
        places: The schemas that say what it is.
        declared_at: Where its object names it.
        like: Pointer of the value whose kind it is as well, and within which it is not declared
            again; None: what is within it is declared.
    """

    pointer: str
    steps: Steps
    required: bool
    closed: bool
    places: tuple[Location, ...]
    declared_at: tuple[Location, ...] = ()
    like: str | None = None


class Values:
    """All values that a contract declares, parents first.

    What is declared within itself is followed once; after a thousand values, once at all.

    Args:
        contract: The contract.
    """

    def __init__(self, contract: Contract) -> None:
        self._contract, self._view = contract, contract.view
        self._root = contract.view.node(Location(contract.file), whole=True)
        self.all = tuple(self._all())

    def find(self, pointer: str) -> Value:
        """The value at a pointer.

        Args:
            pointer: As ``/site/kind``; items of arrays may be written (``/stops/*/kind``,
                ``/stops/0/kind``) or passed over (``/stops/kind``).

        Raises:
            ContractError: It is no pointer, or the contract declares nothing there; the nearest
                name is said.
        """
        tokens, steps = self._tokens(pointer), list[str]()
        above, nodes = [self._root], [self._root]
        for index, token in enumerate(tokens):
            below = list(below_of(self._view, nodes, token))
            if not below and _is_item(token) and any(node.items for node in nodes):
                nodes = [self._view.node(*sites) for node in nodes for sites in node.items]
                continue
            if not below:
                raise self._undeclared(tokens[: index + 1], nodes)
            above, nodes = nodes, below
            steps.append(token)
        if not steps:
            raise self._undeclared(tokens, nodes)
        return self._value(pointer, tuple(steps), above, nodes)

    def listed(self, pointer: str) -> tuple[Any, ...] | None:
        """All values that there can be at a pointer; None where no list says so for every event.

        Args:
            pointer: As for `find`, of a field that is in no array.
        """
        node = self._root
        for token in tokens_of(pointer):
            if node.branches or token not in node.properties:
                return None  # in one of its forms it may be anything
            node = self._view.node(*node.properties[token])
        return node.enum

    def of_keyword(self, file: str, pointer: str) -> list[Value]:
        """The values whose schema has a keyword.

        Args:
            file: The file that the keyword stands in.
            pointer: Where in it.
        """
        place = Location(file, pointer)
        owners = [
            (each, other)
            for each in self.all
            for other in each.places
            if other.file == file and f"{place.pointer}/".startswith(f"{other.pointer}/")
        ]
        nearest = max((len(other.pointer) for _, other in owners), default=0)
        found = [each for each, other in owners if len(other.pointer) == nearest]
        return found + [each for each in self.all if any(each.like == one.pointer for one in found)]

    def _all(self) -> Iterator[Value]:
        shown = {self._root.key: ""}
        open_ = [_Open(self._root, "", (), dict(shown))]
        count = 0
        while open_:
            at = open_.pop()
            below: list[_Open] = []
            for pointer, steps, child, named in _within(at, self._view.node):
                known = at.trail if count < MOST_ROWS else shown
                like = known.get(child.key) if child.inner else None
                if named:
                    count += 1
                    yield self._value(pointer, steps, [at.node], [child], like)
                if child.inner and child.key not in known:
                    shown.setdefault(child.key, pointer)
                    below.append(_Open(child, pointer, steps, {**at.trail, child.key: pointer}))
            open_ += reversed(below)

    def _value(
        self,
        pointer: str,
        steps: Steps,
        above: Sequence[Node],
        nodes: Sequence[Node],
        like: str | None = None,
    ) -> Value:
        records = list(records_of(self._view, above))
        return Value(
            pointer,
            steps,
            any(steps[-1] in self._required(node) for node in records),
            any(not node.open_values for node in records),
            tuple(place for node in nodes for place in node.applied),
            tuple(self._declaring(records, steps[-1])),
            like,
        )

    def _declaring(self, nodes: Iterable[Node], name: str) -> Iterator[Location]:
        """Where a property is named, in the schemas of its object."""
        for place in (place for node in nodes for place in node.applied):
            schema = schema_at(self._contract.closure, place)
            if isinstance(schema, dict) and name in schema.get("properties", ()):
                yield place.at("properties", name)

    def _required(self, node: Node) -> set[str]:
        """What a value must have, also where it must only in one of its forms."""
        closure = self._contract.closure
        schemas = [schema_at(closure, place) for place in node.applied]
        named = (each.get("required", ()) for each in schemas if isinstance(each, dict))
        return {name for names in named for name in names}

    def _tokens(self, pointer: str) -> list[str]:
        try:
            return tokens_of(pointer)
        except PointerError as error:
            hint = f"write /{pointer.removeprefix('$.').removeprefix('detail.').replace('.', '/')}"
            raise ContractError(str(error), hint=hint) from error

    def _undeclared(self, tokens: Sequence[str], nodes: Sequence[Node]) -> ContractError:
        contract, names = self._contract, names_of(self._view, nodes)
        if not tokens or all(map(_is_item, tokens)):
            return ContractError(
                "the whole of an event cannot be removed", hint="name a field, as /site/kind"
            )
        hint = known_names(tokens[-1], names) if names else "nothing is declared within it"
        if tokens == ["detail"]:
            hint = "pointers begin within the detail: write /… in place of /detail/…"
        pointer = pointer_of(*tokens)
        return ContractError(
            f"{contract.type} {contract.version} declares nothing at {pointer}", hint=hint
        )


class _Open(NamedTuple):
    """A value that is to be looked into.

    Attributes:
        node: What is declared of it.
        pointer: Where it is.
        steps: The way to it.
        trail: What it is within, and where that is.
    """

    node: Node
    pointer: str
    steps: Steps
    trail: dict[tuple[Location, ...], str]


def _within(at: _Open, node_of: NodeOf) -> Iterator[tuple[str, Steps, Node, bool]]:
    """What is declared within a value: where, the way to it, what, and whether it has a name."""
    for name, sites in at.node.properties.items():
        yield at.pointer + pointer_of(name), (*at.steps, name), node_of(*sites), True
    for sites in at.node.items:
        yield f"{at.pointer}/{_EACH}", at.steps, node_of(*sites), False
    for sites in at.node.values:
        yield f"{at.pointer}/{_EACH}", (*at.steps, ANY), node_of(*sites), False
    for sites in at.node.branches:
        yield at.pointer, at.steps, node_of(*sites), False


def _is_item(token: str) -> bool:
    return token == _EACH or token.isdecimal()
