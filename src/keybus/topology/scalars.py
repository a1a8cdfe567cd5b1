"""Plain values as YAML 1.2 reads them.

Source: YAML 1.2.2, section 10.3.2, "Core schema: tag resolution". PyYAML follows YAML 1.1, where
``NO`` is false, ``12:30`` is 750 and ``012`` is ten.
"""

import re
from decimal import Decimal

_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_BOOL = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_INT = re.compile(r"[-+]?[0-9]+")
_BASED = {re.compile(r"0o[0-7]+"): 8, re.compile(r"0x[0-9a-fA-F]+"): 16}
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_LONGEST = 400  # characters of a number; no finite double needs more to be written out
_WHOLE = range(-(1 << 63), 1 << 63)


class UnusableNumberError(ValueError):
    """A number that JSON or its usual readers cannot hold; the message says why."""


def core_value(text: str) -> str | float | bool | None:
    """The value of a plain scalar, by its text.

    Raises:
        UnusableNumberError: It is a number that no event could have.
    """
    if text in _NULL:
        return None
    if text in _BOOL:
        return _BOOL[text]
    if _NOT_FINITE.fullmatch(text):
        raise UnusableNumberError("is no number that JSON has")
    base = next((base for form, base in _BASED.items() if form.fullmatch(text)), 0)
    if base or _INT.fullmatch(text):
        return _whole(text, base or 10)
    return _fraction(text) if _FLOAT.fullmatch(text) else text


def _whole(text: str, base: int) -> int:
    number = int(text, base) if len(text) <= _LONGEST else None
    if number is None or number not in _WHOLE:
        raise UnusableNumberError("is a whole number of more than 64 bits")
    return number


def _fraction(text: str) -> float:
    number = float(text) if len(text) <= _LONGEST else None
    if number is None or number in (float("inf"), float("-inf")):
        raise UnusableNumberError("is a number too large or too long")
    digits = re.split("[eE]", text)[0].strip("+-0.")
    if (digits and not number) or (number and Decimal(repr(number)) != Decimal(text)):
        raise UnusableNumberError("is a number with more digits than are kept")
    return number
