"""What bindings are generated for: the named types of a set of contracts, and their places."""

import unicodedata
from collections import deque
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from keybus.contracts.contract import Contract
from keybus.contracts.locations import Documents, Location
from keybus.contracts.naming import class_of
from keybus.contracts.view import METADATA, DeclaredView, Node, Sites


class Named(NamedTuple):
    """A type that gets a name of its own.

    Attributes:
        name: The name, unique in its file's module.
        place: The place that it is named after, in the file that it belongs to.
        node: What is declared of its values.
        contract: The contract whose events it describes, or None.
    """

    name: str
    place: Location
    node: Node
    contract: Contract | None = None

    @property
    def file(self) -> str:
        """The schema file that it belongs to."""
        return self.place.file

    @property
    def is_class(self) -> bool:
        """Whether it is a class; else it is an alias of a type."""
        return self.node.is_record or self.contract is not None


class Shapes:
    """The named types of some contracts: events, records, and shared enums, arrays and unions.

    The types of a file depend on that file and what it refers to alone, never on which other files
    there are, or who refers to it.

    Args:
        contracts: The contracts.
        enums: Whether every enum gets a name, for languages that cannot write one out.
    """

    def __init__(self, contracts: Sequence[Contract], *, enums: bool = False) -> None:
        self._name_enums = enums
        self.documents: Documents = {
            file: contract.closure[file] for contract in contracts for file in contract.closure
        }
        self.view = DeclaredView(self.documents)
        self._by_file = {
            file: Contract(self.documents, file)
            for file, document in self.documents.items()
            if METADATA in document
        }
        self._named: dict[Sites, Named] = {}
        for file in self.documents:
            self._name(file)

    def named(self, node: Node) -> Named | None:
        """The named type of a node, or None where it is written out."""
        return self._named.get(node.key)

    def in_file(self, file: str) -> list[Named]:
        """The named types of a file: the file's own first, then the inner ones."""
        return [named for named in self._named.values() if named.file == file]

    def node(self, sites: Sites) -> Node:
        """The node at these places, as a value: an event within an event is a record."""
        return self.view.node(*sites)

    def _name(self, file: str) -> None:
        contract = self._by_file.get(file)
        taken: set[str] = set()
        found = sorted(self._found(file), key=lambda pair: (pair[0].pointer, pair[1].key))
        for place, node in found:
            spelt = class_of(place, contract.title if contract else "")
            base = name = unicodedata.normalize("NFKC", spelt)  # as Python compares names
            number = 1
            while name in taken:
                number += 1
                name = f"{base}{number}"
            taken.add(name)
            event = contract if self._is_event(node) else None
            self._named[node.key] = Named(name, place, node, event)

    def _found(self, file: str) -> Iterator[tuple[Location, Node]]:
        """Every node of a file that needs a name, and the place that it is named after.

        A schema's own place, or the shortest way from such a place to a combination.
        """
        seen = set()
        waiting = deque((place, self.view.root(place)) for place in self.view.roots_of(file))
        while waiting:
            place, node = waiting.popleft()
            if node.owner != file or node.key in seen:
                continue
            seen.add(node.key)
            if not node.key[-1].is_owner:
                place = node.key[0]  # where it stands, whatever the way there
            if self._needs_name(node):
                yield place, node
            waiting += [(place.at(*way), self.node(sites)) for way, sites in _inner(node)]

    def _needs_name(self, node: Node) -> bool:
        if node.is_record or self._is_event(node):
            return True
        if node.enum is not None and self._name_enums:
            return True
        compound = node.enum is not None or node.items or node.values or node.branches
        return bool(compound) and (_is_shared(node) or self._holds_itself(node))

    def _is_event(self, node: Node) -> bool:
        return node.key[-1].file in self._by_file and node.key[-1].pointer == ""

    def _holds_itself(self, node: Node) -> bool:
        """Whether writing the type out would never end, for want of a record in between."""
        seen = set()
        waiting = [*node.items, *node.values, *node.branches]
        while waiting:
            below = self.node(waiting.pop())
            if below.key == node.key:
                return True
            if below.key not in seen and not below.is_record and not _is_shared(below):
                seen.add(below.key)
                waiting += [*below.items, *below.values, *below.branches]
        return False


def _is_shared(node: Node) -> bool:
    """Whether it is a whole file, or a definition at the top of one."""
    return len(node.key) == 1 and node.key[0].is_root


def _inner(node: Node) -> Iterator[tuple[tuple[str | int, ...], Sites]]:
    """What is declared within a node's values, each with the way there."""
    for name, sites in node.properties.items():
        yield ("properties", name), sites
    for index, sites in enumerate(node.items):
        yield ("items",) if len(node.items) == 1 else ("items", index), sites
    for sites in node.values:
        yield ("additionalProperties",), sites
    for index, sites in enumerate(node.branches):
        yield ("oneOf", index), sites
