r"""How texts must begin, where a contract's ``pattern`` or ``format`` says so beyond doubt.

A head is a tuple of characters' sets: the text's first character is one of the first set, and so
on. ``^DEL-[A-Z]+`` has the head D, E, L, -. Nothing is claimed of what cannot be read in full.
"""

import re
from typing import Final, TypeAlias

from keybus.patterns.operators import AnyCase

Head: TypeAlias = tuple[frozenset[str], ...]

_LONGEST: Final = 200
_PLAIN: Final = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-:/@#, ")
_ESCAPED: Final = frozenset(r"./-+*?()[]{}|^$\\")
_QUANTIFIERS: Final = frozenset("*+?{")
_ATOM: Final = re.compile(r"\\(.)|(.)", re.DOTALL)

_DIGIT: Final = frozenset("0123456789")
_HEX: Final = _DIGIT | frozenset("abcdefABCDEF")


def _template(text: str) -> Head:
    kinds = {"d": _DIGIT, "x": _HEX}
    return tuple(kinds.get(character, frozenset(character)) for character in text)


FORMAT_HEADS: Final = {
    "date-time": _template("dddd-dd-dd"),
    "uuid": _template("xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx"),
}
"""How texts of these formats begin; only formats that validation asserts."""


def head_of(pattern: str) -> Head:
    """The head that a regular expression asks for, empty where it is not certain.

    Args:
        pattern: As JSON Schema has it: it matches anywhere, so only ``^`` ties it to the start.
    """
    if not pattern.startswith("^") or "|" in pattern:
        return ()
    head: list[frozenset[str]] = []
    for atom in _ATOM.finditer(pattern, 1):
        escaped, plain = atom[1], atom[2]
        if escaped in _ESCAPED or plain in _PLAIN:
            head.append(frozenset(escaped or plain))
            continue
        if plain in _QUANTIFIERS and head:
            head.pop()  # it may be left out or repeated
        break
    return tuple(head[:_LONGEST])


def both(one: Head, other: Head) -> Head:
    """The head of texts that have both."""
    shared = tuple(a & b for a, b in zip(one, other, strict=False))
    return shared + one[len(shared) :] + other[len(shared) :]


def may_begin(head: Head, text: str) -> bool:
    """Whether a text that has the head can begin so."""
    return all(character in fits for character, fits in zip(text, head, strict=False))


def may_begin_in_any_case(head: Head, text: AnyCase) -> bool:
    """Whether a text that has the head can begin so in some case."""
    places = {0}
    for forms in text.forms:
        places = {at + len(form) for at in places for form in forms if may_begin(head[at:], form)}
    return bool(places)
