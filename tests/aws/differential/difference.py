"""One difference between the two, and what explains it."""

from fnmatch import fnmatchcase
from typing import Any

import msgspec


class Difference(msgspec.Struct, frozen=True):
    """A difference.

    Attributes:
        at: The scene, the step and the value's path, as a shell's pattern.
        keybus: What Keybus has there; a text may be a pattern as well.
        other: What moto has there.
        why: Why Keybus answers so.
        source: Where AWS says so.
    """

    at: str
    keybus: Any
    other: Any
    why: str
    source: str


def explains(difference: Difference, at: str, pair: tuple[Any, Any]) -> bool:
    """Whether a difference is the one that was found there."""
    return fnmatchcase(at, difference.at) and all(
        expected == value or (isinstance(expected, str) and fnmatchcase(str(value), expected))
        for expected, value in zip((difference.keybus, difference.other), pair, strict=True)
    )
