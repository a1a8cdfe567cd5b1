"""What values are declared to be, in terms that every language can write."""

from collections.abc import Iterable, Iterator
from typing import Any, Final, Literal

import msgspec

from keybus.contracts.bindings.shapes import Named, Shapes
from keybus.contracts.documents import canonical_json
from keybus.contracts.model.fields import ALWAYS
from keybus.contracts.view import ALL_TYPES, Node, Sites

Kind = Literal["string", "number", "integer", "boolean"]
_KINDS: Final[tuple[Kind, ...]] = ("string", "number", "integer", "boolean")
_FILLED_IF_DECLARED: Final = frozenset({"trace", "correlation_id", "causation_id"})


class Anything(msgspec.Struct, frozen=True):
    """Any JSON value at all."""


class Scalar(msgspec.Struct, frozen=True):
    """Every value of one simple type.

    Attributes:
        kind: The type; ``number`` includes integers.
    """

    kind: Kind


class Literals(msgspec.Struct, frozen=True):
    """These values and no others.

    Attributes:
        values: Each once, in the contract's order; null is not among them.
        text: The same as JSON, which tells 1 from true.
    """

    values: tuple[str | int | bool, ...]
    text: bytes


class Reference(msgspec.Struct, frozen=True):
    """The values of a named type.

    Attributes:
        named: The type.
    """

    named: Named


class MapOf(msgspec.Struct, frozen=True):
    """Objects whose names are not declared.

    Attributes:
        of: What stands under each name.
    """

    of: "Declared"


class ListOf(msgspec.Struct, frozen=True):
    """Arrays.

    Attributes:
        of: What each item is.
    """

    of: "Declared"


Part = Anything | Scalar | Literals | Reference | MapOf | ListOf


class Declared(msgspec.Struct, frozen=True):
    """What a value may be: one of these.

    Attributes:
        parts: Each once. None where only null is left, or nothing at all.
        null: Whether it may be null; goes without saying where it may be anything.
    """

    parts: tuple[Part, ...]
    null: bool = False

    @classmethod
    def of(cls, parts: Iterable[Part | None]) -> "Declared":
        """The union of these, of which None is null."""
        once = dict.fromkeys(parts)
        if not once or Anything() in once:
            return ANYTHING
        return cls(tuple(part for part in once if part is not None), None in once)

    @property
    def is_anything(self) -> bool:
        """Whether it says nothing."""
        return self.parts == (Anything(),)

    @property
    def only(self) -> Part | None:
        """The single part that it has beside null, or None where there are more."""
        return self.parts[0] if len(self.parts) == 1 else None


ANYTHING: Final = Declared((Anything(),))


class Attribute(msgspec.Struct, frozen=True, kw_only=True):
    """A declared property of a class.

    Attributes:
        name: As the contract spells it.
        declared: What its value may be.
        required: Whether its object must have it.
        nullable: Whether its value may be null.
        filled: Whether an event fills it where the caller gives nothing.
        description: What the contract says about it, or empty.
        sites: The places that declare it.
    """

    name: str
    declared: Declared
    required: bool
    nullable: bool
    filled: bool
    description: str
    sites: Sites


class Declarations:
    """Says what the values of some contracts are declared to be.

    Args:
        shapes: Their named types.
    """

    def __init__(self, shapes: Shapes) -> None:
        self._shapes = shapes

    def of(self, sites: Sites) -> Declared:
        """What the value at these places may be."""
        return Declared.of(self._parts(self._shapes.node(sites), ALL_TYPES))

    def of_alias(self, named: Named) -> Declared:
        """What an alias stands for."""
        return Declared.of(self._written(named.node, named.node.types))

    def attributes(self, named: Named) -> list[Attribute]:
        """The declared properties of a class, in the order of the contract."""
        return [self._attribute(named, *each) for each in named.node.properties.items()]

    def _attribute(self, named: Named, name: str, sites: Sites) -> Attribute:
        value = self._shapes.node(sites)
        caused = name in _FILLED_IF_DECLARED and "string" in value.types
        return Attribute(
            name=name,
            declared=self.of(sites),
            required=name in named.node.required,
            nullable="null" in value.types,
            filled=named.contract is not None and (name in ALWAYS or caused),
            description=value.description,
            sites=sites,
        )

    def _parts(self, node: Node, within: frozenset[str]) -> Iterator[Part | None]:
        """The members of the union for a node's values, as far as they are of these types."""
        types = node.types & within
        named = self._shapes.named(node)
        if named is None:
            yield from self._written(node, types)
        elif not named.is_class:
            yield Reference(named)
        elif types == ALL_TYPES:  # properties say nothing of what is no object
            yield Anything()
        else:
            if "object" in types:
                yield Reference(named)
            yield from self._plain(node, types - {"object"})

    def _written(self, node: Node, types: frozenset[str]) -> Iterator[Part | None]:
        """What stands there where no name does."""
        if node.enum is not None and all(map(_is_literal, node.enum)):
            yield from self._listed(node, types)
            return
        nodes = map(self._shapes.node, node.branches)
        parts = [part for branch in nodes for part in self._parts(branch, types)]
        if parts and Anything() not in parts:
            yield from parts
        elif types != ALL_TYPES:
            yield from self._plain(node, types)
        else:
            yield Anything()

    def _listed(self, node: Node, types: frozenset[str]) -> Iterator[Part | None]:
        listed = (value for value in node.enum or () if value is not None)
        once = {canonical_json(value): value for value in listed}
        if once:
            yield Literals(tuple(once.values()), b",".join(once))
        if node.extensible:  # readers get what is not listed yet
            yield from self._plain(node, types - {"null"})
        if None in (node.enum or ()):
            yield None

    def _plain(self, node: Node, types: frozenset[str]) -> Iterator[Part | None]:
        for kind in _KINDS:
            if kind in types and not (kind == "integer" and "number" in types):
                yield Scalar(kind)
        if "object" in types:
            yield MapOf(self._each(node.values, others=node.open_values))
        if "array" in types:
            yield ListOf(self._each(node.items, others=node.open_items))
        if "null" in types:
            yield None

    def _each(self, alternatives: Iterable[Sites], *, others: bool) -> Declared:
        if others:
            return ANYTHING
        parts = (self._parts(self._shapes.node(sites), ALL_TYPES) for sites in alternatives)
        return Declared.of(part for found in parts for part in found)


def _is_literal(value: Any) -> bool:
    """Whether a value can be listed in a type: no fraction, no container."""
    return value is None or isinstance(value, str | int)
