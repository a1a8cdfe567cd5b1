"""The declared view of a contract: what its schemas declare, taken together over allOf and $ref.

A value's shape may be spread over several schemas that all apply to it (an event's own schema and
``core/Event.json``, say). A *node* is what they declare together: types and enums narrowed,
properties united, required names united.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from keybus.contracts.gathering import ALL_TYPES, Gathering, Node, Sites
from keybus.contracts.locations import Documents, Location, owner, schema_at, target_of
from keybus.contracts.pointers import pointer_of

__all__ = ["ALL_TYPES", "DeclaredProperty", "DeclaredView", "Node", "Sites", "type_names"]

METADATA = "x-keybus"
"""The keyword that holds a contract's metadata, and makes a schema an event's contract."""

MOST_ROWS = 1_000
"""Rows of a declared view after which what has been shown is not shown again elsewhere."""

_ANNOTATIONS = frozenset({"title", "description", "default", "$schema", "definitions", METADATA})


class DeclaredProperty(msgspec.Struct, frozen=True, omit_defaults=True):
    """One row of a contract's declared view.

    Attributes:
        pointer: Where the value is in an event; ``*`` stands for every item or undeclared name.
        types: The JSON types that it may have, sorted.
        required: Whether its object must have it.
        enum: Values that it may have, or None.
        description: What the contract says about it.
        like: Pointer of the value whose rows say what is within this one, where they are not
            repeated below it: a value of its own kind above it or, past 1000 rows, anywhere.
        extensible: Whether the enum is declared to grow.
    """

    pointer: str
    types: tuple[str, ...]
    required: bool
    enum: tuple[Any, ...] | None = None
    description: str = ""
    like: str | None = None
    extensible: bool = False


class DeclaredView:
    """The nodes of one set of documents, each worked out once."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents
        self._nodes: dict[tuple[Sites, bool], Node] = {}
        self._types: dict[Sites, frozenset[str]] = {}
        self._targets: dict[Location, Location] = {}
        self._own: dict[str, frozenset[Location]] = {}

    def node(self, *sites: Location, whole: bool = False) -> Node:
        """What the schemas at these places declare together.

        Args:
            sites: The places, as they stand; references are followed.
            whole: Take the properties of alternatives for optional ones of the value itself, as is
                done for the whole of an event.
        """
        key = self.key(*sites)
        found = self._nodes.get((key, whole))
        if found is None:
            found = Gathering(self._documents, self).node(key, whole=whole)
            self._nodes[key, whole] = found
        return found

    def root(self, place: Location) -> Node:
        """The node of a whole file or definition; of a whole event where it is a contract."""
        document = self._documents[place.file]
        event = not place.pointer and isinstance(document, dict) and METADATA in document
        return self.node(place, whole=event)

    def key(self, *sites: Location) -> Sites:
        """The places with references followed, each once, and their owner where it matters.

        What one schema declares belongs to that schema's file, if a file of its own refers to it
        or it can be reached from there; all else belongs to the file that combines or borrows it.
        """
        file = sites[-1].file
        places = self.places(sites)
        if len(places) == 1 and self._is_own(places[0], file):
            return places
        return (*places, owner(file))

    def places(self, sites: Sites) -> Sites:
        """The places with references followed, each once, without an owner."""
        return tuple(dict.fromkeys(self._followed(site) for site in sites if not site.is_owner))

    def types(self, sites: Sites) -> frozenset[str]:
        """The JSON types that a value at these places may have."""
        places = self.places(sites)
        found = self._types.get(places)
        if found is None:
            node = Gathering(self._documents, self).node(places, whole=False)
            found = self._types[places] = node.types
        return found

    def roots_of(self, file: str) -> tuple[Location, ...]:
        """A file as a whole, and the definitions at its top."""
        document = self._documents[file]
        names = document.get("definitions", ()) if isinstance(document, dict) else ()
        return (Location(file), *(Location(file).at("definitions", name) for name in names))

    def rows(self, root: Location) -> Iterator[DeclaredProperty]:
        """Every declared property below a schema, parents first.

        What is declared within itself is shown once on every way down, and past 1000 rows
        everything is shown once at all: the rows' ``like`` says where.
        """
        top = self.node(root, whole=True)
        trail, shown = {top.key: ""}, {top.key: ""}
        open_ = [(top.key, self._steps(top, ""))]
        count = 0
        while open_:
            key, steps = open_[-1]
            step = next(steps, None)
            if step is None:
                open_.pop()
                del trail[key]
                continue
            pointer, child, needed = step
            known = trail if count < MOST_ROWS else shown
            like = known.get(child.key) if child.inner else None
            if needed is not None:
                count += 1
                yield _row(pointer, child, required=needed, like=like)
            if child.inner and child.key not in known:
                trail[child.key] = pointer
                shown.setdefault(child.key, pointer)
                open_.append((child.key, self._steps(child, pointer)))

    def find(self, root: Location, tokens: Iterable[str]) -> Node | None:
        """The node of the property that these names lead to, or None where none is declared."""
        node = self.node(root, whole=True)
        for token in tokens:
            sites = node.properties.get(token)
            if sites is None:
                return None
            node = self.node(*sites)
        return node

    def _steps(self, node: Node, pointer: str) -> Iterator[tuple[str, Node, bool | None]]:
        """What is declared within a value: where, what, and whether required if it is named."""
        for name, sites in node.properties.items():
            yield pointer + pointer_of(name), self.node(*sites), name in node.required
        for sites in (*node.items, *node.values):
            yield f"{pointer}/*", self.node(*sites), None
        for sites in node.branches:
            yield pointer, self.node(*sites), None

    def _is_own(self, place: Location, file: str) -> bool:
        """Whether what a file makes of a place is the same as the place's own file makes of it."""
        return place.file == file or place.is_root or place in self._own_places(place.file)

    def _own_places(self, file: str) -> frozenset[Location]:
        """The places of a file that it declares values at itself."""
        found = self._own.get(file)
        if found is None:
            seen: dict[Sites, None] = {}
            waiting = [self.root(place) for place in self.roots_of(file)]
            while waiting:
                node = waiting.pop()
                if node.key in seen:
                    continue
                seen[node.key] = None
                for sites in node.inner:
                    places = self.places(sites)
                    if len(places) > 1 or all(place.file == file for place in places):
                        waiting.append(self.node(*sites))
            found = frozenset(key[0] for key in seen if len(key) == 1)
            self._own[file] = found
        return found

    def _followed(self, site: Location) -> Location:
        """Through references, and through an ``allOf`` of one, to where something is declared."""
        seen: dict[Location, None] = {}
        while site not in seen and site not in self._targets:
            seen[site] = None
            schema = schema_at(self._documents, site)
            if not isinstance(schema, dict):
                break
            reference = schema.get("$ref")
            only = schema.keys() - _ANNOTATIONS == {"allOf"} and site.pointer
            if isinstance(reference, str):
                site = target_of(site.file, reference)
            elif only and len(schema["allOf"]) == 1:
                site = site.at("allOf", 0)
            else:
                break
        site = self._targets.get(site, site)
        self._targets.update(dict.fromkeys(seen, site))
        return site


def _row(pointer: str, node: Node, *, required: bool, like: str | None) -> DeclaredProperty:
    return DeclaredProperty(
        pointer=pointer,
        types=type_names(node.types),
        required=required,
        enum=node.enum,
        description=node.description,
        like=like,
        extensible=node.extensible,
    )


def type_names(types: frozenset[str]) -> tuple[str, ...]:
    """Types as draft-04 writes them: ``integer`` goes without saying beside ``number``."""
    return tuple(sorted(types - ({"integer"} if "number" in types else set())))
