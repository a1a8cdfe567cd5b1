"""Go's types of declared values."""

from collections.abc import Callable
from typing import Final, Literal

import msgspec

from keybus.contracts.bindings.declared import (
    Anything,
    Declarations,
    Declared,
    ListOf,
    Literals,
    MapOf,
    Part,
    Reference,
    Scalar,
)
from keybus.contracts.bindings.shapes import Named

Shape = Literal["value", "slice", "map", "raw"]
_MOST: Final = 2**63 - 1
_SCALARS: Final = {"string": "string", "number": "float64", "integer": "int64", "boolean": "bool"}


class GoType(msgspec.Struct, frozen=True):
    """A type as it is written.

    Attributes:
        text: Its source.
        shape: ``value`` where nil is no value of it, ``raw`` for a JSON text.
        null: Whether the type's own values may be null.
    """

    text: str
    shape: Shape = "value"
    null: bool = False

    @property
    def within(self) -> str:
        """The type as that of an item or a map's value."""
        return f"*{self.text}" if self.null and self.shape == "value" else self.text


RAW: Final = GoType("json.RawMessage", "raw")


class Types:
    """Writes the types of one package.

    Args:
        declarations: What values are declared to be.
        name: Gives the Go name of a named type.
    """

    def __init__(self, declarations: Declarations, name: Callable[[Named], str]) -> None:
        self._declarations = declarations
        self._name = name

    def of(self, declared: Declared) -> GoType:
        """The type of declared values: a JSON text where Go has no type for all of them."""
        single = declared.only
        if single is None and not all(isinstance(p, Scalar | Literals) for p in declared.parts):
            return RAW
        found = {self._of_part(part) for part in declared.parts}
        if len(found) != 1 or RAW in found:
            return RAW
        [only] = found
        return msgspec.structs.replace(only, null=only.null or declared.null)

    def of_alias(self, named: Named) -> GoType:
        """What an alias stands for."""
        return self.of(self._declarations.of_alias(named))

    def alternatives(self, declared: Declared) -> list[str]:
        """What a JSON text may be, in words; empty where it may be anything."""
        if declared.is_anything:
            return []
        words = [self._of_part(part).within for part in declared.parts]
        shown = [word if word != RAW.text else "any JSON" for word in words]
        return list(dict.fromkeys([*shown, "null"] if declared.null else shown))

    def _of_part(self, part: Part) -> GoType:
        match part:
            case Anything():
                return RAW
            case Scalar(kind):
                return GoType(_SCALARS[kind])
            case Literals(values):
                return literals_type(values)
            case Reference(named):
                return self._of_named(named)
            case MapOf(of):
                return GoType(f"map[string]{self.of(of).within}", "map")
            case ListOf(of):
                return GoType(f"[]{self.of(of).within}", "slice")

    def _of_named(self, named: Named) -> GoType:
        if named.is_class:
            return GoType(self._name(named))
        stands_for = self._resolved(named)
        return msgspec.structs.replace(stands_for, text=self._name(named))

    def _resolved(self, named: Named) -> GoType:
        """An alias's shape, which a list or a map has whatever is in it."""
        declared = self._declarations.of_alias(named)
        match declared.only:
            case ListOf():
                return GoType("", "slice", declared.null)
            case MapOf():
                return GoType("", "map", declared.null)
        return self.of(declared)


def literals_type(values: tuple[str | int | bool, ...]) -> GoType:
    """The type that all of these values have, or a JSON text."""
    kinds = {type(value) for value in values}
    if len(kinds) != 1 or any(isinstance(value, int) and abs(value) > _MOST for value in values):
        return RAW
    return GoType({str: "string", int: "int64", bool: "bool"}[kinds.pop()])
