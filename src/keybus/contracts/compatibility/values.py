"""JSON values: their kinds, their equality, and numbers exactly."""

from decimal import Decimal
from fractions import Fraction
from typing import Any, Final, TypeAlias

from keybus.errors import BrokenContracts, Fault

Key: TypeAlias = tuple[Any, ...]
"""Equal for JSON values that are equal: 1 and 1.0 are, 1 and true are not."""

_MOST_DIGITS: Final = 5_000


def kind_of(value: Any) -> str:
    """The kind of a value: a JSON type, or ``decimal`` for a number with a fraction's point."""
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer"
    for kind, name in ((str, "string"), (list, "array"), (dict, "object"), (type(None), "null")):
        if isinstance(value, kind):
            return name
    return "decimal"


def exact(number: float | Decimal) -> Fraction:
    """A number as it is written: 0.1 is a tenth.

    Raises:
        BrokenContracts: It has so many digits that they would fill the memory.
    """
    if isinstance(number, float):
        return Fraction(repr(number))
    if isinstance(number, Decimal) and abs(number.adjusted()) > _MOST_DIGITS:  # type: ignore[redundant-expr]  # whole ones come as well
        message = f"A number such as {number} has too many digits to be compared."
        raise BrokenContracts("a schema", [Fault("too-large", message)])
    return Fraction(number)


def written(number: Fraction, kind: str) -> int | float | None:
    """A number as JSON has it; None where no double is written so."""
    if kind == "integer":
        return number.numerator if number.denominator == 1 else None
    try:
        value = float(number)
    except OverflowError:
        return None
    return value if exact(value) == number else None


def key_of(value: Any) -> Key:
    """What is equal for equal values."""
    if isinstance(value, bool) or value is None:
        return ("constant", str(value))
    if isinstance(value, str):
        return ("text", value)
    if isinstance(value, list | tuple):
        return ("array", *map(key_of, value))
    if isinstance(value, dict):
        return ("object", frozenset((name, key_of(inner)) for name, inner in value.items()))
    return ("number", exact(value))
