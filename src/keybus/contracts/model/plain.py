"""From Python values to plain JSON values: copied, checked, and never shared with the caller."""

import math
from collections import UserString
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from enum import Enum
from typing import Any, TypeVar

from msgspec import UNSET

from keybus.contracts.documents import MAX_DEPTH, exact_number
from keybus.contracts.hints import place_of
from keybus.contracts.sentences import MOST_FAULTS
from keybus.errors import Fault

MAX_DIGITS = 4_300
"""Digits of a number when it is written out: as many as Python's own limit, and validators'."""

_BEYOND = 10**MAX_DIGITS
_BELOW = -_BEYOND
_NO_LISTS = (str, bytes, bytearray, memoryview, UserString)


class Documented:
    """What already holds a plain document of its own: records."""

    __slots__ = ("_document",)
    _document: dict[str, Any]


D = TypeVar("D", bound=Documented)

set_document: Callable[[Documented, dict[str, Any]], None] = Documented.__dict__[
    "_document"
].__set__
"""Gives a new record its document, past the class's own refusal to be changed."""


def over(cls: type[D], document: dict[str, Any]) -> D:
    """A view of this class over a document that is known to be valid, and is given away."""
    record = cls.__new__(cls)
    set_document(record, document)
    return record


def plain(value: Any, path: tuple[str | int, ...], faults: list[Fault]) -> Any:
    """A JSON value for a Python value.

    Args:
        value: A string, number, boolean, None, a record, or a mapping or list of such.
        path: Where it will stand in the document.
        faults: Gets a fault for everything that is no JSON.
    """
    kind = type(value)
    if kind is str:
        if not value.isascii():
            _check_text(value, path, faults)
        return value
    if kind is int:
        if not _BELOW < value < _BEYOND:
            _refuse(_too_long(), path, faults)
        return value
    if kind is bool or value is None:
        return value
    if kind is float:
        if not math.isfinite(value):
            _refuse(f"JSON has no number {value!r}.", path, faults)
        return value
    if isinstance(value, Documented):
        return value._document  # noqa: SLF001 - documents are never changed, so they may be shared
    return _other(value, path, faults)


def received_number(text: str) -> float | Decimal:
    """A number with a fraction or exponent, as exact as it was written.

    Raises:
        ValueError: Written out, it has more digits than any reader should work through.
    """
    number = float(text)
    if repr(number) == text:  # as most are written
        return number
    if len(text) > MAX_DIGITS or not _is_short(Decimal(text)):
        raise ValueError(_too_long())
    return exact_number(text)


def deep_copy(value: Any) -> Any:
    """A copy of a plain document that shares nothing that can be changed."""
    if isinstance(value, dict):
        return {key: deep_copy(member) for key, member in value.items()}
    if isinstance(value, list):
        return [deep_copy(item) for item in value]
    return value


def json_equal(one: Any, other: Any) -> bool:
    """Whether two plain values are the same JSON: 1 equals 1.0, and true is no number."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(json_equal(one[k], other[k]) for k in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(json_equal, one, other))
    return bool(one == other)


def json_hash(value: Any) -> int:
    """A hash that agrees with `json_equal`."""
    if isinstance(value, dict):
        return hash(frozenset((key, json_hash(member)) for key, member in value.items()))
    if isinstance(value, list):
        return hash(tuple(map(json_hash, value)))
    return hash(("boolean", value)) if isinstance(value, bool) else hash(value)


def _other(  # noqa: PLR0911 - one for each kind of value
    value: Any, path: tuple[str | int, ...], faults: list[Fault]
) -> Any:
    """The values that are not met on every event."""
    if len(path) > MAX_DEPTH:
        return _refuse(f"The value nests more than {MAX_DEPTH} levels deep.", path, faults)
    if isinstance(value, Enum):
        return plain(value.value, path, faults)
    if isinstance(value, Mapping):
        return _mapping(value, path, faults)
    if isinstance(value, Sequence) and not isinstance(value, _NO_LISTS):
        return [plain(item, (*path, index), faults) for index, item in enumerate(value)]
    if isinstance(value, Decimal):
        return _decimal(value, path, faults)
    if isinstance(value, str):
        return plain(str.__str__(value), path, faults)
    if isinstance(value, int):
        return plain(int.__int__(value), path, faults)
    if isinstance(value, float):
        return plain(float.__float__(value), path, faults)
    if value is UNSET:
        return _refuse("UNSET stands where a value must be.", path, faults, "leave it out")
    hint = "pass value.isoformat()" if hasattr(value, "isoformat") else ""
    return _refuse(f"A value of type {type(value).__name__} is not JSON.", path, faults, hint)


def _mapping(value: Mapping[Any, Any], path: tuple[str | int, ...], faults: list[Fault]) -> Any:
    members: dict[str, Any] = {}
    for key, member in value.items():
        name = key.value if isinstance(key, Enum) else key
        if not isinstance(name, str):
            kind = type(name).__name__
            _refuse(f"An object's names are strings, and one is of type {kind}.", path, faults)
            continue
        name = plain(name, path, faults)
        members[name] = plain(member, (*path, name), faults)
    return members


def _decimal(value: Decimal, path: tuple[str | int, ...], faults: list[Fault]) -> Any:
    if not value.is_finite():
        return _refuse(f"JSON has no number {value!r}.", path, faults)
    if not _is_short(value):
        return _refuse(_too_long(), path, faults)
    number = float(value)
    return number if Decimal(repr(number)) == value else value


def _is_short(value: Decimal) -> bool:
    _, digits, exponent = value.as_tuple()
    return (
        isinstance(exponent, int)
        and len(digits) + max(exponent, 0) <= MAX_DIGITS
        and -exponent <= MAX_DIGITS
    )


def _too_long() -> str:
    return f"Written out, the number has more than {MAX_DIGITS:,} digits."


def _check_text(value: str, path: tuple[str | int, ...], faults: list[Fault]) -> None:
    try:
        value.encode()
    except UnicodeEncodeError:
        _refuse("The text has a lone surrogate, which UTF-8 cannot carry.", path, faults)


def _refuse(message: str, path: tuple[str | int, ...], faults: list[Fault], hint: str = "") -> None:
    if len(faults) < MOST_FAULTS:
        faults.append(Fault("not-json", message, pointer=place_of(*path), hint=hint))
