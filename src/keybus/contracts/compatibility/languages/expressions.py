"""Regular expressions as terms, and their derivatives (Brzozowski 1964).

A derivative by a character is what may follow it. Terms are made by functions that keep them
small and make each once, so that a pattern has few different derivatives, which compare by
identity.
"""

from bisect import bisect_right
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, TypeAlias

LAST: Final = 0x10FFFF
_KEPT: Final = 65_536  # terms, and what is known of them
_SURROGATES: Final = (0xD800, 0xDFFF)

Ranges: TypeAlias = tuple[tuple[int, int], ...]
"""Characters: ranges of code points, both ends included, in order and apart."""


def ranges(*pairs: tuple[int, int]) -> Ranges:
    """Ranges in order, joined where they touch."""
    joined: list[tuple[int, int]] = []
    for low, high in sorted(pairs):
        if joined and low <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(high, joined[-1][1]))
        else:
            joined.append((low, high))
    return tuple(joined)


def others(characters: Ranges) -> Ranges:
    """All characters but these; there are no surrogates in JSON's text."""
    left, at = [], 0
    for low, high in ranges(*characters, _SURROGATES):
        if at < low:
            left.append((at, low - 1))
        at = high + 1
    return ranges(*left, (at, LAST)) if at <= LAST else tuple(left)


def holds(characters: Ranges, point: int) -> bool:
    """Whether a code point is one of them."""
    index = bisect_right(characters, (point, LAST + 1)) - 1
    return index >= 0 and point <= characters[index][1]


ALL: Final = others(())


@dataclass(frozen=True, slots=True, eq=False)
class Never:
    """No text."""


@dataclass(frozen=True, slots=True, eq=False)
class Empty:
    """The empty text."""


@dataclass(frozen=True, slots=True, eq=False)
class Character:
    """One of these characters."""

    of: Ranges


@dataclass(frozen=True, slots=True, eq=False)
class Sequence:
    """One after the other."""

    first: "Term"
    rest: "Term"


@dataclass(frozen=True, slots=True, eq=False)
class Choice:
    """One of them."""

    of: frozenset["Term"]


@dataclass(frozen=True, slots=True, eq=False)
class Repeat:
    """At least and at most so many; ``most`` is None for any number."""

    of: "Term"
    least: int
    most: int | None


Term: TypeAlias = Never | Empty | Character | Sequence | Choice | Repeat

NEVER: Final = Never()
EMPTY: Final = Empty()

# A term that was forgotten and is made anew costs time only: it is one more state of a search.
_character = lru_cache(maxsize=_KEPT)(Character)
_sequence = lru_cache(maxsize=_KEPT)(Sequence)
_choice = lru_cache(maxsize=_KEPT)(Choice)
_repeat = lru_cache(maxsize=_KEPT)(Repeat)

ANY_TEXT: Final = _repeat(_character(ALL), 0, None)


def character(*of: tuple[int, int]) -> Term:
    """One of these characters."""
    return _character(of)


def sequence(*terms: Term) -> Term:
    """One after the other."""
    result: Term = EMPTY
    for term in reversed(terms):
        result = _then(term, result)
    return result


def _then(first: Term, rest: Term) -> Term:
    """One, and then what is a sequence already."""
    if isinstance(first, Never) or isinstance(rest, Never):
        return NEVER
    if isinstance(first, Empty):
        return rest
    if isinstance(rest, Empty):
        return first
    if isinstance(first, Sequence):
        return _then(first.first, _then(first.rest, rest))
    following = rest.first if isinstance(rest, Sequence) else rest
    if first is ANY_TEXT and following is ANY_TEXT:
        return rest
    return _sequence(first, rest)


def choice(*terms: Term) -> Term:
    """One of them."""
    flat: set[Term] = set()
    points: list[tuple[int, int]] = []
    for term in terms:
        for each in term.of if isinstance(term, Choice) else (term,):
            if isinstance(each, Character):
                points += each.of
            elif not isinstance(each, Never):
                flat.add(each)
    if points:
        flat.add(_character(ranges(*points)))
    if ANY_TEXT in flat:
        return ANY_TEXT
    if len(flat) <= 1:
        return next(iter(flat), NEVER)
    return _choice(frozenset(flat))


def repeat(term: Term, least: int, most: int | None) -> Term:
    """A term repeated."""
    if most == 0 or isinstance(term, Empty):
        return EMPTY
    if isinstance(term, Never):
        return EMPTY if least == 0 else NEVER
    if (least, most) == (1, 1):
        return term
    if isinstance(term, Repeat) and (term.least, term.most) == (0, None):
        return term  # (a*)* and the like
    if isinstance(term, Character) and term.of == ALL and (least, most) == (0, None):
        return ANY_TEXT
    return _repeat(term, least, most)


@lru_cache(maxsize=_KEPT)
def nullable(term: Term) -> bool:
    """Whether the empty text is one of them."""
    if isinstance(term, Sequence):
        return nullable(term.first) and nullable(term.rest)
    if isinstance(term, Choice):
        return any(map(nullable, term.of))
    if isinstance(term, Repeat):
        return term.least == 0 or nullable(term.of)
    return isinstance(term, Empty)


@lru_cache(maxsize=_KEPT)
def derivative(term: Term, point: int) -> Term:
    """What may follow a character."""
    if isinstance(term, Character):
        return EMPTY if holds(term.of, point) else NEVER
    if isinstance(term, Sequence):
        after = sequence(derivative(term.first, point), term.rest)
        return choice(after, derivative(term.rest, point)) if nullable(term.first) else after
    if isinstance(term, Choice):
        return choice(*(derivative(each, point) for each in term.of))
    if isinstance(term, Repeat):
        most = None if term.most is None else term.most - 1
        less = repeat(term.of, max(term.least - 1, 0), most)
        return sequence(derivative(term.of, point), less)
    return NEVER


@lru_cache(maxsize=_KEPT)
def borders(term: Term) -> frozenset[int]:
    """Code points at which the derivative changes: between two of them it is the same."""
    if isinstance(term, Character):
        return frozenset(point for low, high in term.of for point in (low, high + 1))
    if isinstance(term, Sequence):
        first = borders(term.first)
        return first | borders(term.rest) if nullable(term.first) else first
    if isinstance(term, Choice):
        return frozenset().union(*map(borders, term.of))
    return borders(term.of) if isinstance(term, Repeat) else frozenset()
