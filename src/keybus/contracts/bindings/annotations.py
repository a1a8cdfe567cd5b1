"""Python annotations of declared values."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from keybus.contracts.bindings.declared import (
    Anything,
    Declared,
    Kind,
    ListOf,
    Literals,
    MapOf,
    Part,
    Reference,
    Scalar,
)
from keybus.contracts.bindings.shapes import Named
from keybus.contracts.bindings.text import literal

_SCALARS: Final[Mapping[Kind, str]] = MappingProxyType(
    {"string": "str", "number": "float", "integer": "int", "boolean": "bool"}
)
_LONGEST: Final = 2**63 - 1


def annotation(declared: Declared, refer: Callable[[Named], str]) -> str:
    """What stands behind an attribute's colon.

    Args:
        declared: What the value may be.
        refer: Gives the expression that refers to a named type from this module.
    """
    parts = [_written(part, refer) for part in declared.parts]
    return " | ".join((*dict.fromkeys(parts), "None") if declared.null else dict.fromkeys(parts))


def literals(listed: Literals) -> list[str]:
    """Values as they stand in a Literal (PEP 586), those that mypy reads there."""
    return [
        literal(each) if isinstance(each, str) else repr(each)
        for each in listed.values
        if not _is_long(each)
    ]


def is_literal(listed: Literals) -> bool:
    """Whether a Literal can list all of these values."""
    return not any(map(_is_long, listed.values))


def _is_long(value: str | int) -> bool:
    """Whether mypy takes an integer for an expression, as those beyond 64 bits."""
    return isinstance(value, int) and abs(value) > _LONGEST


def _written(part: Part, refer: Callable[[Named], str]) -> str:
    match part:
        case Anything():
            return "_t.Any"
        case Scalar(kind):
            return _SCALARS[kind]
        case Literals():
            listed = literals(part)
            written = [f"_t.Literal[{', '.join(listed)}]"] if listed else []
            return " | ".join(written if is_literal(part) else [*written, "int"])
        case Reference(named):
            return refer(named)
        case MapOf(of):
            return f"_t.Mapping[str, {annotation(of, refer)}]"
        case ListOf(of):
            return f"_t.Sequence[{annotation(of, refer)}]"
