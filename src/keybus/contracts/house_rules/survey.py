"""What house rules look at: every value that a repository's schemas declare, each once."""

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any, NamedTuple

from keybus.contracts.findings import Subject
from keybus.contracts.locations import Location, schema_at
from keybus.contracts.view import ALL_TYPES, Node, Sites


class Value(NamedTuple):
    """One declared value.

    Attributes:
        name: The property's name; empty for an item, an undeclared property, or a whole file.
        site: Where it is declared: the property's own place, even where that is a reference.
        home: Where the schema stands that says what it is, references followed.
        node: What is declared of it.
        schemas: Every schema that always applies to it.
        words: What is said of it, at its own place or where references lead.
    """

    name: str
    site: Location
    home: Location
    node: Node
    schemas: tuple[Mapping[str, Any], ...]
    words: str

    @property
    def types(self) -> frozenset[str]:
        """The JSON types that it may have, as far as it says; none where it says nothing."""
        return frozenset() if self.node.types == ALL_TYPES else self.node.types

    @property
    def is_listed(self) -> bool:
        """Whether its values are listed, or those of alternatives, which are looked at themselves."""
        return self.node.enum is not None or bool(self.node.branches)

    def says(self, *keywords: str) -> bool:
        """Whether a schema of it has one of these keywords."""
        return any(keyword in schema for schema in self.schemas for keyword in keywords)


class Survey:
    """The sound documents of a repository, and all that they declare.

    Attributes:
        subject: The documents.
    """

    def __init__(self, subject: Subject) -> None:
        self.subject = subject

    @cached_property
    def values(self) -> tuple[Value, ...]:
        """Every declared value: properties by their sites, everything else by what it is."""
        found: dict[tuple[str, Location, Sites], Value] = {}
        view = self.subject.view
        judged = frozenset(self.subject.judged)
        roots = [place for file in self.subject.judged for place in view.roots_of(file)]
        waiting: list[tuple[str, Sites, Node]] = [("", (root,), view.root(root)) for root in roots]
        while waiting:
            name, sites, node = waiting.pop()
            value = self._value(name, sites, node)
            key = (name, value.site, node.key)
            if key in found or value.site.file not in judged:
                continue
            found[key] = value
            waiting += [(each, inner, view.node(*inner)) for each, inner in _within(node)]
        return tuple(found.values())

    def _value(self, name: str, sites: Sites, node: Node) -> Value:
        documents = self.subject.documents
        own = [place for place in sites if not place.is_owner]
        homes = [place for place in node.key if not place.is_owner]
        said = (schema_at(documents, place).get("description") for place in reversed(own))
        words = node.description or next((each for each in said if isinstance(each, str)), "")
        schemas = tuple(schema_at(documents, place) for place in node.applied)
        return Value(name, own[-1], homes[-1], node, schemas, words.strip())


def _within(node: Node) -> Iterator[tuple[str, Sites]]:
    """What is declared within a value, properties by their names."""
    yield from node.properties.items()
    yield from (("", sites) for sites in (*node.items, *node.values, *node.branches))
