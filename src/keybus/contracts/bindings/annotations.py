"""Python annotations of declared values."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

from keybus.contracts.bindings.shapes import Named, Shapes
from keybus.contracts.bindings.text import literal
from keybus.contracts.view import ALL_TYPES, Node, Sites

_ANY = "_t.Any"
_NONE = "None"
_SCALARS = {"string": "str", "number": "float", "integer": "int", "boolean": "bool"}


class Annotation(NamedTuple):
    """What stands behind an attribute's colon.

    Attributes:
        parts: The members of the union, each once, without None.
        null: Whether None is one of them.
    """

    parts: tuple[str, ...]
    null: bool = False

    @classmethod
    def of(cls, parts: Iterable[str]) -> "Annotation":
        """The union of these."""
        once = dict.fromkeys(parts)
        if not once or _ANY in once:
            return cls((_ANY,))
        return cls(tuple(part for part in once if part != _NONE), _NONE in once)

    @property
    def is_any(self) -> bool:
        """Whether it says nothing."""
        return self.parts == (_ANY,)

    @property
    def literal(self) -> str:
        """The Literal that it is, None aside, or nothing."""
        only = self.parts[0] if len(self.parts) == 1 else ""
        return only if only.startswith("_t.Literal[") else ""

    def or_none(self) -> "Annotation":
        """With None."""
        return self if self.is_any else self._replace(null=True)

    def __str__(self) -> str:
        return " | ".join((*self.parts, _NONE) if self.null else self.parts)


class Annotations:
    """Writes the annotations of one module.

    Args:
        shapes: The named types.
        refer: Gives the expression that refers to a named type from this module.
    """

    def __init__(self, shapes: Shapes, refer: Callable[[Named], str]) -> None:
        self._shapes = shapes
        self._refer = refer

    def of(self, sites: Sites) -> Annotation:
        """The annotation of the values at these places."""
        return Annotation.of(self._parts(self._shapes.node(sites), ALL_TYPES))

    def of_alias(self, node: Node) -> Annotation:
        """What an alias stands for."""
        return Annotation.of(self._written(node, node.types))

    def nullable(self, sites: Sites) -> bool:
        """Whether the value may be null."""
        return "null" in self._shapes.node(sites).types

    def _parts(self, node: Node, within: frozenset[str]) -> Iterator[str]:
        """The members of the union for a node's values, as far as they are of these types."""
        types = node.types & within
        named = self._shapes.named(node)
        if named is None:
            yield from self._written(node, types)
        elif not named.is_class:
            yield self._refer(named)
        elif types == ALL_TYPES:  # properties say nothing of what is no object
            yield _ANY
        else:
            if "object" in types:
                yield self._refer(named)
            yield from self._plain(node, types - {"object"})

    def _written(self, node: Node, types: frozenset[str]) -> Iterator[str]:
        """The annotation written out."""
        if node.enum is not None and all(map(_is_literal, node.enum)):
            values = literals_of(node)
            if values:
                yield f"_t.Literal[{', '.join(values)}]"
            if node.extensible:  # readers get what is not listed yet
                yield from self._plain(node, types - {"null"})
            if None in node.enum:
                yield _NONE
            return
        nodes = map(self._shapes.node, node.branches)
        parts = [part for branch in nodes for part in self._parts(branch, types)]
        if parts and _ANY not in parts:
            yield from parts
        elif types != ALL_TYPES:
            yield from self._plain(node, types)
        else:
            yield _ANY

    def _plain(self, node: Node, types: frozenset[str]) -> Iterator[str]:
        for name, scalar in _SCALARS.items():
            if name in types and not (name == "integer" and "number" in types):
                yield scalar
        if "object" in types:
            yield f"_t.Mapping[str, {self._each(node.values, others=node.open_values)}]"
        if "array" in types:
            yield f"_t.Sequence[{self._each(node.items, others=node.open_items)}]"
        if "null" in types:
            yield _NONE

    def _each(self, alternatives: Iterable[Sites], *, others: bool) -> str:
        if others:
            return _ANY
        parts = (self._parts(self._shapes.node(sites), ALL_TYPES) for sites in alternatives)
        return str(Annotation.of(part for found in parts for part in found))


def literals_of(node: Node) -> list[str]:
    """The values of an enum as they stand in a Literal, without null."""
    values = [value for value in node.enum or () if value is not None]
    shown = [literal(value) if isinstance(value, str) else repr(value) for value in values]
    return list(dict.fromkeys(shown))


def _is_literal(value: Any) -> bool:
    """Whether a value may stand in a Literal (PEP 586)."""
    return value is None or isinstance(value, str | int)
