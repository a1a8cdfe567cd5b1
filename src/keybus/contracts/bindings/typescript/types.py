"""TypeScript's types of declared values."""

from collections.abc import Callable, Iterable
from typing import Final

from keybus.contracts.bindings.declared import (
    Anything,
    Declared,
    ListOf,
    Literals,
    MapOf,
    Part,
    Reference,
    Scalar,
)
from keybus.contracts.bindings.shapes import Named
from keybus.contracts.bindings.typescript.layout import Listed, Mapped, Type, Union, Word
from keybus.contracts.bindings.typescript.text import literal

_SCALARS: Final = {
    "string": "string",
    "number": "number",
    "integer": "number",
    "boolean": "boolean",
}
_OTHERS: Final = {"string": "(string & {})", "number": "(number & {})"}


class Types:
    """Writes the types of one module.

    Args:
        refer: Gives the name by which the module refers to a named type.
    """

    def __init__(self, refer: Callable[[Named], str]) -> None:
        self._refer = refer

    def of(self, declared: Declared) -> Type:
        """The type of a declared value."""
        return _united(self._members(declared))

    def _members(self, declared: Declared) -> Iterable[Type]:
        kinds = {kind for part in declared.parts for kind in _listed_kinds(part)}
        for part in declared.parts:
            if isinstance(part, Literals):
                yield from (Word(_value(value)) for value in part.values)
            else:
                yield self._part(part, kinds)
        if declared.null:
            yield Word("null")

    def _part(self, part: Part, listed: set[str]) -> Type:
        match part:
            case Scalar():
                kind = _SCALARS[part.kind]
                # Beside its own literals a type would swallow them, and editors offer none.
                return Word(_OTHERS[kind] if kind in listed and kind in _OTHERS else kind)
            case Reference():
                return Word(self._refer(part.named))
            case MapOf():
                return Mapped(self.of(part.of))
            case ListOf():
                return Listed(self.of(part.of))
            case _:
                assert isinstance(part, Anything)
                return Word("unknown")


def _united(members: Iterable[Type]) -> Type:
    once = tuple(dict.fromkeys(members))
    if not once:
        return Word("never")
    return once[0] if len(once) == 1 else Union(once)


def _listed_kinds(part: Part) -> set[str]:
    """The types of the values that a list has, as TypeScript calls them."""
    if not isinstance(part, Literals):
        return set()
    return {_kind(value) for value in part.values}


def _kind(value: str | int | bool) -> str:  # noqa: FBT001 - a value, no switch
    if isinstance(value, bool):
        return "boolean"
    return "string" if isinstance(value, str) else "number"


def _value(value: str | int | bool) -> str:  # noqa: FBT001 - a value, no switch
    if isinstance(value, bool):
        return "true" if value else "false"
    return literal(value) if isinstance(value, str) else str(value)
