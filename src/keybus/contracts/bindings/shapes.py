"""What bindings are generated for: the named types of a set of contracts, and their places."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from keybus.contracts.contract import Contract
from keybus.contracts.locations import Documents, Location
from keybus.contracts.naming import class_of
from keybus.contracts.pointers import tokens_of
from keybus.contracts.view import DeclaredView, Node, Sites


class Named(NamedTuple):
    """A type that gets a name of its own.

    Attributes:
        name: The name, unique in its file's module.
        node: What is declared of its values.
        contract: The contract whose events it describes, or None.
    """

    name: str
    node: Node
    contract: Contract | None = None

    @property
    def file(self) -> str:
        """The schema file that it is defined in."""
        return self.node.home.file

    @property
    def is_class(self) -> bool:
        """Whether it is a class; else it is an alias of a type."""
        return self.node.is_record or self.contract is not None


class Shapes:
    """The named types of some contracts: events, records, and shared enums, arrays and unions.

    Names depend on a schema's place alone, never on which other contracts there are.
    """

    def __init__(self, contracts: Sequence[Contract]) -> None:
        self.documents: Documents = {
            file: contract.closure[file] for contract in contracts for file in contract.closure
        }
        self.view = DeclaredView(self.documents)
        self._titles = {contract.file: contract.title for contract in contracts}
        self._by_file = {contract.file: contract for contract in contracts}
        self._named: dict[Sites, Named] = {}
        self._name(self._found())

    def named(self, node: Node) -> Named | None:
        """The named type of a node, or None where it is written out."""
        return self._named.get(node.key)

    def in_file(self, file: str) -> list[Named]:
        """The named types of a file: the file's own first, then the inner ones."""
        found = [named for named in self._named.values() if named.file == file]
        return sorted(found, key=lambda named: _order(named.node))

    def node(self, sites: Sites) -> Node:
        """The node at these places, as a value: an event within an event is a record."""
        return self.view.node(*sites)

    def _found(self) -> list[Node]:
        """Every node that needs a name."""
        found: dict[Sites, Node] = {}
        seen = set()
        waiting = list(self._roots())
        while waiting:
            sites = waiting.pop()
            node = self._whole(sites)
            refers = node.key[0] != sites[-1] or _is_root(sites[-1])
            if _needs_name(node, refers=refers):
                found.setdefault(node.key, node)
            if node.key in seen:
                continue
            seen.add(node.key)
            waiting += [*node.properties.values(), *node.items, *node.values, *node.branches]
        return list(found.values())

    def _roots(self) -> Iterator[Sites]:
        for file, document in self.documents.items():
            yield (Location(file),)
            for name in document.get("definitions", ()):
                yield (Location(file, "").at("definitions", name),)

    def _whole(self, sites: Sites) -> Node:
        key = self.view.key(*sites)
        event = len(key) == 1 and not key[0].pointer and key[0].file in self._by_file
        return self.view.node(*sites, whole=event)

    def _name(self, nodes: list[Node]) -> None:
        used: dict[str, set[str]] = {}
        for node in sorted(nodes, key=lambda node: (node.home.file, *_order(node))):
            home = node.home
            taken = used.setdefault(home.file, set())
            base = name = class_of(home, self._titles.get(home.file, ""))
            number = 1
            while name in taken:
                number += 1
                name = f"{base}{number}"
            taken.add(name)
            contract = None if home.pointer else self._by_file.get(home.file)
            self._named[node.key] = Named(name, node, contract)


def _order(node: Node) -> tuple[str, Sites]:
    return node.home.pointer, node.key


def _is_root(place: Location) -> bool:
    tokens = tokens_of(place.pointer)
    return not tokens or (len(tokens) == 2 and tokens[0] == "definitions")  # noqa: PLR2004 - and a name


def _needs_name(node: Node, *, refers: bool) -> bool:
    if node.is_record:
        return True
    compound = node.enum is not None or node.items or node.values or node.branches
    return bool(refers and compound)
