"""Two patterns, of which an event has to match both, as one."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

_OR: Final = "$or"


class Unsayable(ValueError):
    """Two patterns that are not one."""


def both(first: Mapping[str, Any], then: Mapping[str, Any]) -> dict[str, Any]:
    """A pattern that matches what both match.

    Args:
        first: A pattern; empty: everything.
        then: A second one.

    Raises:
        Unsayable: There is no such pattern that is sure to match the same.
    """
    if _text(first) == _text(then):
        return dict(first)
    for one, other in ((first, then), (then, first)):
        shared = {path for way in _alternatives(one) for path in way} & set(_paths(other))
        if shared:
            field = ".".join(min(shared))
            raise Unsayable(f"two rules on the way look at {field}, one of them in an $or")
    return _merged(first, then, "")


def _alternatives(pattern: Mapping[str, Any]) -> Iterator[list[tuple[str, ...]]]:
    """The fields that each alternative of any ``$or`` looks at."""
    for key, value in pattern.items():
        if key == _OR and isinstance(value, list):
            for branch in value:
                yield list(_paths(branch))
        elif isinstance(value, Mapping):
            for way in _alternatives(value):
                yield [(key, *path) for path in way]


def _paths(pattern: Mapping[str, Any], above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """All fields that a pattern looks at, those within ``$or`` included."""
    for key, value in pattern.items():
        if key == _OR and isinstance(value, list):
            for branch in value:
                yield from _paths(branch, above)
        elif isinstance(value, Mapping):
            yield from _paths(value, (*above, key))
        else:
            yield (*above, key)


def _merged(first: Mapping[str, Any], then: Mapping[str, Any], above: str) -> dict[str, Any]:
    merged = dict(first)
    for key, value in then.items():
        if key not in merged or _text(merged[key]) == _text(value):
            merged[key] = value
        elif isinstance(value, Mapping) and isinstance(merged[key], Mapping):
            merged[key] = _merged(merged[key], value, f"{above}{key}.")
        else:
            merged[key] = _common(merged[key], value, f"{above}{key}")
    return merged


def _common(first: Any, then: Any, field: str) -> list[Any]:
    """The values that both allow, where both list values."""
    if not (_are_values(first) and _are_values(then)):
        raise Unsayable(f"two rules on the way look at {field}, and not for listed values alone")
    kept = [each for each in first if any(_same(each, one) for one in then)]
    if not kept:
        raise Unsayable(f"two rules on the way leave no value of {field}")
    return kept


def _text(found: Any) -> bytes:
    """As text, of which 1 and true are two."""
    return msgspec.json.encode(found)


def _are_values(found: Any) -> bool:
    return isinstance(found, list) and not any(isinstance(each, Mapping) for each in found)


def _same(one: Any, other: Any) -> bool:
    """Whether two values are one to a pattern: 1 is 1.0, and no truth value."""
    return isinstance(one, bool) is isinstance(other, bool) and bool(one == other)
