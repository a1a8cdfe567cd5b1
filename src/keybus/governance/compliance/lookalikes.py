"""Names that people take for one another: other cases, other marks between words, like letters."""

import re
from collections.abc import Iterable, Mapping

# As fonts without serifs draw them. Names are ASCII, so there are no more than these.
_LIKE = str.maketrans({"0": "o", "O": "o", "1": "l", "I": "l"})
_PAIRS = (("rn", "m"), ("vv", "w"))
_MARKS = re.compile(r"[._/-]+")


def lookalikes(names: Iterable[str]) -> Mapping[str, frozenset[str]]:
    """For each name, the others that pass for it.

    Args:
        names: Names as the topology's model has them: letters, digits and ``. _ / -``.
    """
    alike: dict[str, set[str]] = {}
    looks = {name: _looks(name) for name in names}
    for name, shapes in looks.items():
        for shape in shapes:
            alike.setdefault(shape, set()).add(name)
    return {
        name: frozenset(other for shape in shapes for other in alike[shape]) - {name}
        for name, shapes in looks.items()
    }


def _looks(name: str) -> frozenset[str]:
    """What a name looks like: as it is written, and whatever its cases are."""
    return frozenset(_shape(each) for each in (name, name.casefold()))


def _shape(name: str) -> str:
    shape = _MARKS.sub("-", name.translate(_LIKE).casefold()).strip("-")
    for pair, letter in _PAIRS:
        shape = shape.replace(pair, letter)
    return shape
