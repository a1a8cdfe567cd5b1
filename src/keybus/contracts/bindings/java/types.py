"""Java types of declared values."""

from collections.abc import Callable, Iterable
from typing import Final

import msgspec

from keybus.contracts.bindings.declared import (
    Anything,
    Attribute,
    Declarations,
    Declared,
    ListOf,
    Literals,
    MapOf,
    Part,
    Reference,
    Scalar,
)
from keybus.contracts.bindings.java.places import Places
from keybus.contracts.bindings.shapes import Named, Shapes
from keybus.contracts.locations import schema_at

_LONG: Final = range(-(2**63), 2**63)
_PRIMITIVES: Final = {"Boolean": "boolean", "Long": "long"}


class JavaType(msgspec.Struct, frozen=True):
    """How values are written in Java, and read.

    Attributes:
        name: The type, boxed, as it can stand between angle brackets.
        reader: An expression for what makes a value of it from a JsonNode.
        is_node: Whether it is any JSON, null included.
    """

    name: str
    reader: str
    is_node: bool = False

    @property
    def plain(self) -> str:
        """The type where nothing asks for the boxed one."""
        return _PRIMITIVES.get(self.name, self.name)


_NODE: Final = JavaType("JsonNode", "Json::copy", is_node=True)
_TEXT: Final = JavaType("String", "JsonNode::textValue")
_INTEGER: Final = JavaType("BigInteger", "JsonNode::bigIntegerValue")
_LONG_INTEGER: Final = JavaType("Long", "JsonNode::longValue")
_SCALARS: Final = {
    "string": _TEXT,
    "number": JavaType("BigDecimal", "JsonNode::decimalValue"),
    "integer": _INTEGER,
    "boolean": JavaType("Boolean", "JsonNode::booleanValue"),
}


class JavaTypes:
    """The types of one class file.

    Args:
        shapes: The named types.
        places: Where each has its class.
        refer: The expression that refers to a named type's class from here.
    """

    def __init__(self, shapes: Shapes, places: Places, refer: Callable[[Named], str]) -> None:
        self._shapes, self._places, self._refer = shapes, places, refer
        self._declarations = Declarations(shapes)

    def of(self, attribute: Attribute) -> JavaType:
        """The type of a property."""
        found = self._of(attribute.declared, ())
        if found == _INTEGER and self._is_long(attribute):
            return _LONG_INTEGER
        return found

    def _of(self, declared: Declared, trail: tuple[Named, ...]) -> JavaType:
        """The type of a value; any JSON for a union, and for what holds itself without a class."""
        types = {self._of_part(part, trail) for part in declared.parts}
        return types.pop() if len(types) == 1 else _NODE

    def _of_part(self, part: Part, trail: tuple[Named, ...]) -> JavaType:
        match part:
            case Scalar(kind=kind):
                return _SCALARS[kind]
            case Literals(values=values):
                return _of_values(values)
            case ListOf(of=of):
                item = self._of(of, trail)
                return JavaType(f"List<{item.name}>", f"Json.listOf({item.reader})")
            case MapOf(of=of):
                value = self._of(of, trail)
                return JavaType(f"Map<String, {value.name}>", f"Json.mapOf({value.reader})")
            case Reference(named=named):
                return self._of_named(named, trail)
            case Anything():
                return _NODE

    def _of_named(self, named: Named, trail: tuple[Named, ...]) -> JavaType:
        if not self._places.has_class(named):
            if named in trail:
                return _NODE
            return self._of(self._declarations.of_alias(named), (*trail, named))
        name = self._refer(named)
        if named.contract is not None:
            return JavaType(name, f"{name}.CONTRACT::within")
        if named.is_class:
            return JavaType(name, f"{name}::fromNode")
        return JavaType(name, f"Json.text({name}::fromValue)")

    def _is_long(self, attribute: Attribute) -> bool:
        """Whether what the contract allows fits into 64 bits."""
        node = self._shapes.node(attribute.sites)
        if node.enum is not None:
            return all(value in _LONG for value in node.enum if value is not None)
        schemas = [schema_at(self._shapes.documents, place) for place in node.applied]
        least = [schema["minimum"] for schema in schemas if "minimum" in schema]
        most = [schema["maximum"] for schema in schemas if "maximum" in schema]
        return bool(least and most) and max(least) >= _LONG[0] and min(most) <= _LONG[-1]


def _of_values(values: Iterable[str | int | bool]) -> JavaType:
    """The type of listed values that have no class of their own."""
    kinds = {type(value) for value in values}
    if kinds == {str}:
        return _TEXT
    if kinds == {bool}:
        return _SCALARS["boolean"]
    return _INTEGER if kinds == {int} else _NODE
