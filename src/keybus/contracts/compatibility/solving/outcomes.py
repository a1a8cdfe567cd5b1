"""What a search for a value ends with: a value, proof that there is none, or neither."""

from typing import Any, Final, NamedTuple, TypeAlias


class Found(NamedTuple):
    """There is such a value, for instance this one."""

    value: Any


class Unknown(NamedTuple):
    """Nobody can say.

    Attributes:
        reason: Why, as the end of a sentence.
    """

    reason: str


class None_(NamedTuple):  # noqa: N801 - None is taken
    """There is no such value, for certain."""


NONE: Final = None_()
Outcome: TypeAlias = Found | Unknown | None_
