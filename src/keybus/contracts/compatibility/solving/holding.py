"""Whether a formula holds of a value; exact, since patterns and formats ask the validator."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final

from jsonschema_rs import (
    Draft4Validator,
    Draft6Validator,
    Draft7Validator,
    Draft201909Validator,
    Draft202012Validator,
)

from keybus.contracts.compatibility.formulas import (
    NUMBERS,
    Above,
    All,
    Below,
    Constant,
    Containing,
    Distinct,
    Each,
    Every,
    Formatted,
    Formula,
    Has,
    Link,
    Listed,
    Matching,
    Multiple,
    Named,
    Negated,
    One,
    Opaque,
    Size,
    Some,
    Typed,
)
from keybus.contracts.compatibility.names import matches
from keybus.contracts.compatibility.values import exact, key_of, kind_of
from keybus.contracts.formats import FORMATS

VALIDATORS: Final = {
    4: Draft4Validator,
    6: Draft6Validator,
    7: Draft7Validator,
    2019: Draft201909Validator,
    2020: Draft202012Validator,
}
"""The validator of each draft."""


class Holding:
    """Asks formulas of values."""

    def __init__(self, resolve: Callable[[Link], Formula]) -> None:
        self._resolve = resolve

    def __call__(self, formula: Formula, value: Any) -> bool:  # noqa: PLR0911 - one a formula
        """Whether a formula holds of a value."""
        match formula:
            case Constant(truth):
                return truth
            case Negated(inner):
                return not self(inner, value)
            case All(parts):
                return all(self(part, value) for part in parts)
            case Some(parts):
                return any(self(part, value) for part in parts)
            case One(parts):
                return sum(self(part, value) for part in parts) == 1
            case Link():
                return self(self._resolve(formula), value)
            case Typed(names, strict):
                return _is_typed(names, value, strict=strict)
            case Listed(_, keys):
                return key_of(value) in keys
        return kind_of(value) not in formula.kinds or self._atom(formula, value)

    def _atom(self, formula: Formula, value: Any) -> bool:  # noqa: C901, PLR0911 - one an atom
        match formula:
            case Above(limit, without):
                return exact(value) > limit or (exact(value) == limit and not without)
            case Below(limit, without):
                return exact(value) < limit or (exact(value) == limit and not without)
            case Multiple(of):
                return (exact(value) / of).denominator == 1
            case Size(_, least):
                return len(value) >= least
            case Matching(pattern):
                return matches(pattern, value)
            case Formatted(name, draft):
                return is_formatted(name, draft, value)
            case Opaque(_, _, test):
                return bool(test(value))
            case Has(name):
                return name in value
            case Each(names, inner):
                return all(self(inner, v) for name, v in value.items() if names.covers(name))
            case Named(inner):
                return all(self(inner, name) for name in value)
            case Every(start, stop, inner):
                return all(self(inner, item) for item in value[start:stop])
            case Containing(inner, least):
                return sum(self(inner, item) for item in value) >= least
        assert isinstance(formula, Distinct), formula
        return len({key_of(item) for item in value}) == len(value)


def _is_typed(names: frozenset[str], value: Any, *, strict: bool) -> bool:
    kind = kind_of(value)
    if kind not in NUMBERS or "number" in names:
        return kind in names or kind in NUMBERS
    whole = kind == "integer" or (not strict and exact(value).denominator == 1)
    return "integer" in names and whole


def is_formatted(name: str, draft: int, text: str) -> bool:
    """Whether a text has a format, as the draft's validator says."""
    return _format(name, draft)(text)


@lru_cache(maxsize=256)
def _format(name: str, draft: int) -> Callable[[Any], bool]:
    schema = {"format": name}
    return VALIDATORS[draft](schema, formats=dict(FORMATS), validate_formats=True).is_valid


_JUNK: Final = ("", " ", "\0", "%", "a b", "(", "::::", "-", "{")


@lru_cache(maxsize=256)
def is_asserted(name: str, draft: int) -> bool:
    """Whether a format refuses anything; what is no format at all is only a note."""
    return not all(is_formatted(name, draft, text) for text in _JUNK)
