"""Texts of some languages and not of others: the shortest ones first, or proof that there is none."""

from collections.abc import Iterator
from typing import Final, NamedTuple

from keybus.contracts.compatibility.languages.expressions import (
    NEVER,
    Term,
    borders,
    derivative,
    nullable,
)

_MOST_STATES: Final = 4_000
_LIKED: Final = tuple(map(ord, "aAb0 -_."))  # a reader's eye before U+0000
_VISIBLE: Final = range(0x21, 0x7F)
_SURROGATES: Final = range(0xD800, 0xE000)


class TooMany(Exception):
    """The search was given up: nothing is known."""


class Wanted(NamedTuple):
    """What texts are searched for.

    Attributes:
        within: Languages that they are of.
        without: Languages that they are not of.
        least: Characters at least.
        most: Characters at most; None for any number.
    """

    within: tuple[Term, ...]
    without: tuple[Term, ...]
    least: int = 0
    most: int | None = None


class _State(NamedTuple):
    within: tuple[Term, ...]
    without: tuple[Term, ...]
    length: int  # no more than what still matters

    @property
    def accepted(self) -> bool:
        return all(map(nullable, self.within)) and not any(map(nullable, self.without))


def texts(wanted: Wanted) -> Iterator[str]:
    """Texts that are wanted, shorter ones first; without an end if there are so many.

    One text is given for all that differ only in characters nothing tells apart, so that an end
    without any text is a proof, while an end after some is not the end of all.

    Raises:
        TooMany: There are too many states to look at.
    """
    # A length past all bounds is one length: what follows is the same.
    cap = wanted.least if wanted.most is None else wanted.most
    start = _State(wanted.within, wanted.without, 0)
    level: dict[_State, str] = {start: ""}
    seen = set(level)
    while level:
        for state, text in level.items():
            if state.length >= wanted.least and state.accepted:
                yield text
        following: dict[_State, str] = {}
        for state, text in level.items():
            if wanted.most is not None and state.length >= wanted.most:
                continue
            for after, character in _steps(state, min(state.length + 1, max(cap, 0))):
                if after not in seen:
                    seen.add(after)
                    following[after] = text + character
        if len(seen) > _MOST_STATES:
            raise TooMany
        level = following


def _steps(state: _State, length: int) -> Iterator[tuple[_State, str]]:
    for point in _representatives(state):
        within = tuple(derivative(term, point) for term in state.within)
        if NEVER not in within:
            without = tuple(derivative(term, point) for term in state.without)
            yield _State(within, without, length), chr(point)


def _representatives(state: _State) -> list[int]:
    """A character of every set of those that nothing tells apart, a pleasant one where there is."""
    marks = sorted({0}.union(*(borders(term) for term in (*state.within, *state.without))))
    found = []
    for low, after in zip(marks, [*marks[1:], 0x110000], strict=True):
        liked = next((point for point in _LIKED if low <= point < after), low)
        if liked in _SURROGATES:
            liked = _SURROGATES.stop
        if liked < after:
            found.append(liked)
    return sorted(found, key=lambda point: (point not in _LIKED, point not in _VISIBLE, point))
