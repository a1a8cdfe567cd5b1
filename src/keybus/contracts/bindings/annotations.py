"""Python annotations of declared values."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from keybus.contracts.bindings.shapes import Named, Shapes
from keybus.contracts.bindings.text import literal
from keybus.contracts.view import ALL_TYPES, Node, Sites

ANY = "_t.Any"

_SCALARS = {"string": "str", "number": "float", "integer": "int", "boolean": "bool"}


class Annotations:
    """Writes the annotations of one module.

    Args:
        shapes: The named types.
        refer: Gives the expression that refers to a named type from this module.
    """

    def __init__(self, shapes: Shapes, refer: Callable[[Named], str]) -> None:
        self._shapes = shapes
        self._refer = refer

    def of(self, sites: Sites, *, null: bool = True) -> str:
        """The annotation of the values at these places.

        Args:
            sites: The places.
            null: With None, where the value may be null.
        """
        return union(self._parts(self._shapes.node(sites)), null=null)

    def of_alias(self, node: Node) -> str:
        """What an alias stands for."""
        return union(self._written(node))

    def nullable(self, sites: Sites) -> bool:
        """Whether the value may be null."""
        node = self._shapes.node(sites)
        return "null" in node.types and not (node.is_record and node.types == ALL_TYPES)

    def _parts(self, node: Node) -> Iterator[str]:
        named = self._shapes.named(node)
        if named is None:
            yield from self._written(node)
            return
        yield self._refer(named)
        if not named.is_class:
            return
        if node.types != ALL_TYPES:
            yield from self._plain(node, node.types - {"object"})

    def _written(self, node: Node) -> Iterator[str]:
        """The annotation written out."""
        if node.branches:
            for branch in node.branches:
                yield from self._parts(self._shapes.node(branch))
        elif node.enum is not None and all(map(_is_literal, node.enum)):
            values = literals_of(node)
            if values:
                yield f"_t.Literal[{', '.join(values)}]"
            if None in node.enum:
                yield "None"
        elif node.types != ALL_TYPES:
            yield from self._plain(node, node.types)
        elif node.items and not node.values:
            yield from self._plain(node, frozenset({"array"}))
        elif node.values and not node.items:
            yield from self._plain(node, frozenset({"object"}))
        else:
            yield ANY

    def _plain(self, node: Node, types: frozenset[str]) -> Iterator[str]:
        for name, scalar in _SCALARS.items():
            if name in types and not (name == "integer" and "number" in types):
                yield scalar
        if "object" in types:
            yield f"_t.Mapping[str, {self._each(node.values)}]"
        if "array" in types:
            yield f"_t.Sequence[{self._each(node.items)}]"
        if "null" in types:
            yield "None"

    def _each(self, alternatives: Iterable[Sites]) -> str:
        return union(
            part for sites in alternatives for part in self._parts(self._shapes.node(sites))
        )


def union(parts: Iterable[str], *, null: bool = True) -> str:
    """The union of annotations, each once and None last."""
    once = dict.fromkeys(parts)
    if not once or ANY in once:
        return ANY
    others = [part for part in once if part != "None"]
    if "None" in once and (null or not others):
        others.append("None")
    return " | ".join(others)


def literals_of(node: Node) -> list[str]:
    """The values of an enum as they stand in a Literal, without null."""
    values = [value for value in node.enum or () if value is not None]
    shown = [literal(value) if isinstance(value, str) else repr(value) for value in values]
    return list(dict.fromkeys(shown))


def _is_literal(value: Any) -> bool:
    """Whether a value may stand in a Literal (PEP 586)."""
    return value is None or isinstance(value, str | int)
