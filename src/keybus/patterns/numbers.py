"""JSON numbers as event patterns see them: a literal text, and a value only where it is exact."""

import re
from decimal import Decimal
from math import isfinite
from typing import Final

import msgspec

_PARTS: Final = re.compile(r"-?([0-9]+)(?:\.([0-9]+))?(?:[eE][+-]?[0-9]+)?")

# No double needs more significant digits than this to be told from its neighbours, so a
# longer decimal cannot be the shortest form of any double.
_DIGITS_OF_A_DOUBLE: Final = 17

#: Every integer up to here is a double of its own.
LARGEST_EXACT_INTEGER: Final = 2**53

# str(int) refuses more digits than this by default; Decimal does not.
_DIGITS_OF_STR: Final = 4_000


def comparable(text: str) -> float | None:  # noqa: PLR0911 - a reason each
    """The value of a number's literal text, if patterns can compare it.

    A number compares only where its decimal survives the way through a double and back:
    ``300``, ``300.0`` and ``3e2`` are all 300, but ``1e400`` and ``27.807807921694092001``
    have no value.

    Args:
        text: A JSON number as it was written.

    Returns:
        The double, or None where the number cannot be compared.
    """
    try:
        value = float(text)
    except ValueError:
        return None
    if repr(value) == text and isfinite(value):
        return value  # what encoders write: the shortest form of the double itself
    parts = _PARTS.fullmatch(text)
    if parts is None:
        return None
    digits = (parts[1] + (parts[2] or "")).strip("0")
    if not digits:
        return 0.0
    if len(digits) > _DIGITS_OF_A_DOUBLE:
        return None
    # Zero and infinity are what an exponent out of range turns into. They are told apart
    # first, because Decimal itself refuses the largest of those exponents.
    if value in (0.0, float("inf"), float("-inf")):
        return None
    return value if Decimal(repr(value)) == Decimal(text) else None


class Number(msgspec.Struct, frozen=True, gc=False):
    """A number of a pattern or an event.

    Attributes:
        text: Its literal text.
        value: Its value, None where it cannot be compared.
    """

    text: str
    value: float | None

    @classmethod
    def of_text(cls, text: str) -> "Number":
        """A number as it stands in JSON text."""
        return cls(text, comparable(text))

    @classmethod
    def of_decoded(cls, number: float | Decimal) -> "Number":
        """A number as a JSON decoder gives it; one that is not finite compares with nothing."""
        if isinstance(number, int):
            return cls._of_int(int(number))
        if isinstance(number, float):
            text = float.__repr__(number)
            return cls(text, number + 0.0 if _PARTS.fullmatch(text) else None)
        return cls.of_text(str(number))

    @classmethod
    def _of_int(cls, number: int) -> "Number":
        if -LARGEST_EXACT_INTEGER <= number <= LARGEST_EXACT_INTEGER:
            return cls(str(number), float(number))
        if number.bit_length() < _DIGITS_OF_STR:
            return cls.of_text(str(number))
        return cls(str(Decimal(number)), None)

    def same(self, other: "Number") -> bool:
        """Whether both are one number: by value where both have one, else by text."""
        if self.value is not None and other.value is not None:
            return self.value == other.value
        return self.text == other.text
