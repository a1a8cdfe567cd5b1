"""Ways into an event: the names that lead to a value, arrays looked through as if they were not."""

from collections.abc import Iterable
from typing import Final

from keybus.contracts.pointers import pointer_of

Steps = tuple[str, ...]
"""Names of properties, the outermost first. A step into an array is one into each of its items."""

ANY: Final = "*"
"""The step to any property that no contract names."""


def is_within(inner: Steps, outer: Steps) -> bool:
    """Whether one way may lead to the other's value, or into it."""
    return len(inner) >= len(outer) and all(
        one == other or ANY in (one, other) for one, other in zip(inner, outer, strict=False)
    )


def meet(one: Steps, other: Steps) -> bool:
    """Whether one value may be within the other, or be the same."""
    return is_within(one, other) or is_within(other, one)


def spread(steps: Steps) -> Steps:
    """The same way as patterns write it, to whom dots divide names wherever they stand."""
    return tuple(".".join(steps).split("."))


def pointers(ways: Iterable[Steps]) -> list[str]:
    """Ways as JSON pointers, each once."""
    return list(dict.fromkeys(pointer_of(*each) for each in ways))
