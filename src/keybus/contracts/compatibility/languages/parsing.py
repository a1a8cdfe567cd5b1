r"""Patterns of JSON Schema, read as far as regular languages go.

ECMA 262's regular expressions as the validator takes them: ``\d`` and ``\w`` are ASCII's, ``.`` is
all but the line feed. Look-around, back-references, word boundaries, Unicode classes, and anchors
anywhere but at the ends of an alternative are not read: such a pattern is opaque.
"""

from functools import lru_cache
from typing import Final

from keybus.contracts.compatibility.languages.expressions import (
    ANY_TEXT,
    EMPTY,
    Ranges,
    Term,
    character,
    choice,
    others,
    ranges,
    repeat,
    sequence,
)

_MOST: Final = 300  # repetitions, and characters of a pattern times ten: more is opaque
_DIGITS: Final = ((0x30, 0x39),)
_WORD: Final = ranges((0x30, 0x39), (0x41, 0x5A), (0x5F, 0x5F), (0x61, 0x7A))
_SPACE: Final = ranges(
    *((0x09, 0x0D), (0x20, 0x20), (0xA0, 0xA0), (0x1680, 0x1680), (0x2000, 0x200A)),
    *((0x2028, 0x2029), (0x202F, 0x202F), (0x205F, 0x205F), (0x3000, 0x3000), (0xFEFF, 0xFEFF)),
)
_CLASSES: Final = {"d": _DIGITS, "w": _WORD, "s": _SPACE}
_CONTROLS: Final = {"t": 0x09, "n": 0x0A, "v": 0x0B, "f": 0x0C, "r": 0x0D}
_HEX: Final = {"x": 2, "u": 4}
_BOUNDS: Final[dict[str, tuple[int, int | None]]] = {"*": (0, None), "+": (1, None), "?": (0, 1)}
_LINE: Final = others(((0x0A, 0x0A),))
_DOUBLED: Final = ("&&", "--", "~~")  # operators of the engine's classes, which ECMA has not


class _Opaque(Exception):
    """Something that is not read."""


@lru_cache(maxsize=4096)
def language(pattern: str) -> Term | None:
    """The texts in which a pattern matches somewhere; None for one that is opaque."""
    if len(pattern) > _MOST * 10:
        return None
    try:
        return _Reader(pattern).whole()
    except (_Opaque, RecursionError):
        return None


class _Reader:
    """Reads one pattern."""

    def __init__(self, pattern: str) -> None:
        self._text = pattern
        self._at = 0

    def whole(self) -> Term:
        """Alternatives, each of which may be tied to the text's ends."""
        found = []
        while True:
            start = EMPTY if self._take("^") else ANY_TEXT
            body = self._sequence()
            end = EMPTY if self._take("$") else ANY_TEXT
            found.append(sequence(start, body, end))
            if not self._take("|"):
                break
        if self._at < len(self._text):
            raise _Opaque
        return choice(*found)

    def _next(self) -> str:
        return self._text[self._at : self._at + 1]

    def _take(self, text: str) -> bool:
        if self._text.startswith(text, self._at):
            self._at += len(text)
            return True
        return False

    def _alternatives(self) -> Term:
        found = [self._sequence()]
        while self._take("|"):
            found.append(self._sequence())
        return choice(*found)

    def _sequence(self) -> Term:
        found: list[Term] = []
        while self._next() and self._next() not in "|)$":
            found.append(self._repeated(self._atom()))
        return sequence(*found)

    def _atom(self) -> Term:
        mark = self._next()
        self._at += 1
        if mark == "(":
            return self._group()
        if mark == "[":
            return character(*self._class())
        if mark == ".":
            return character(*_LINE)
        if mark == "\\":
            return character(*self._escape())
        if mark in "^*+?{}]":
            raise _Opaque
        return character(*_point(ord(mark)))

    def _group(self) -> Term:
        if self._take("?") and not self._take(":"):
            if not self._take("<") or self._next() in "=!":
                raise _Opaque
            while self._next() and not self._take(">"):
                self._at += 1
        inner = self._alternatives()
        if not self._take(")"):
            raise _Opaque
        return inner

    def _repeated(self, atom: Term) -> Term:
        bounds = _BOUNDS.get(self._next())
        if bounds is not None:
            self._at += 1
        elif self._take("{"):
            bounds = self._bounds()
        else:
            return atom
        self._take("?")  # lazy: which texts match is the same
        if self._next() in {"*", "+", "?", "{"}:
            raise _Opaque
        return repeat(atom, *bounds)

    def _bounds(self) -> tuple[int, int | None]:
        text, mark, rest = self._text[self._at :].partition("}")
        least, comma, most = text.partition(",")
        if not mark or not least.isdecimal() or (most and not most.isdecimal()):
            raise _Opaque
        self._at = len(self._text) - len(rest)
        low = int(least)
        high = (int(most) if most else None) if comma else low
        if max(low, high or 0) > _MOST or (high is not None and high < low):
            raise _Opaque
        return low, high

    def _escape(self) -> Ranges:
        mark = self._next()
        self._at += 1
        lower = mark.lower()
        if lower in _CLASSES:
            return others(_CLASSES[lower]) if mark.isupper() else _CLASSES[lower]
        if mark in _CONTROLS:
            return _point(_CONTROLS[mark])
        if mark in _HEX:
            digits = self._text[self._at : self._at + _HEX[mark]]
            self._at += _HEX[mark]
            try:
                return _point(int(digits, 16))
            except ValueError:
                raise _Opaque from None
        if not mark or mark.isalnum() or not mark.isascii():
            raise _Opaque
        return _point(ord(mark))

    def _class(self) -> Ranges:
        negative = self._take("^")
        found: list[tuple[int, int]] = []
        if self._next() == "]":
            raise _Opaque  # engines differ on it
        while not self._take("]"):
            if any(self._text.startswith(mark, self._at) for mark in _DOUBLED):
                raise _Opaque
            low = self._member()
            if self._next() == "-" and self._text[self._at + 1 : self._at + 2] != "]":
                self._at += 1
                high = self._member()
                if not (_is_one(low) and _is_one(high) and low[0][0] <= high[0][0]):
                    raise _Opaque
                found.append((low[0][0], high[0][0]))
            else:
                found += low
        return others(tuple(found)) if negative else ranges(*found)

    def _member(self) -> Ranges:
        mark = self._next()
        self._at += 1
        if mark == "\\":
            return self._escape()
        if not mark or mark == "[":
            raise _Opaque
        return _point(ord(mark))


def _point(code: int) -> Ranges:
    return ((code, code),)


def _is_one(characters: Ranges) -> bool:
    return len(characters) == 1 and characters[0][0] == characters[0][1]
