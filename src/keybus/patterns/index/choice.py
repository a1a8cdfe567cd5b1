"""Which of its fields an alternative is best found by."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

from keybus.patterns.evaluate import Field
from keybus.patterns.index.alternative import Alternative
from keybus.patterns.operators import (
    EqualsIgnoreCase,
    Exact,
    InBlock,
    MatchesWildcard,
    Operator,
    Prefix,
    PrefixIgnoreCase,
    Range,
    SameAddress,
    SameNumber,
    Suffix,
    SuffixIgnoreCase,
)

# How likely a value matches, if every value named on a path were as likely as the others; what
# cannot be looked up counts as much as what always matches, since it has to be tried.
_EQUAL: Final = 1.0
_AFFIX: Final = 1.0
_BETWEEN: Final = 1.0
_SHORT: Final = 3.0
_LONG_ENOUGH: Final = 3
_ALWAYS: Final = 1e9
_LENGTH_OF_A_NUMBER: Final = 6


class Popularity:
    """How many alternatives name each operator on each path."""

    def __init__(self) -> None:
        self._named: Counter[tuple[str, Operator]] = Counter()
        self._different: Counter[str] = Counter()

    def count(self, alternatives: Iterable[Alternative], *, times: int) -> None:
        """Count alternatives in (1) or out (-1)."""
        for alternative in alternatives:
            for field in alternative.fields:
                for operator in set(field.values):
                    key = field.path, operator
                    before = self._named[key]
                    self._named[key] = before + times
                    if not before:
                        self._different[field.path] += 1
                    elif not self._named[key]:
                        self._different[field.path] -= 1
                        del self._named[key]
                        if not self._different[field.path]:
                            del self._different[field.path]

    def best(self, fields: Sequence[Field]) -> Field:
        """The field that leads the fewest events to its alternative."""
        return min(fields, key=self._chance)

    def _chance(self, field: Field) -> tuple[float, int, int]:
        """How likely it is satisfied; and what tells among equal ones: depth, and length."""
        chance = 1.0
        if not field.may_be_absent:
            named = self._different[field.path]
            chance = min(1.0, sum(_chance(operator) / named for operator in field.values))
        length = min(map(_length, field.values), default=0)
        return chance, -field.path.count("."), -length


def _length(operator: Operator) -> int:
    """How much an operator says, about in characters."""
    match operator:
        case Exact(leaf=str(text)) | Prefix(text=text) | Suffix(text=text):
            return len(text)
        case (
            EqualsIgnoreCase(text=text) | PrefixIgnoreCase(text=text) | SuffixIgnoreCase(text=text)
        ):
            return len(text.forms)
        case MatchesWildcard(wildcard=wildcard):
            return sum(map(len, wildcard.pieces))
        case SameNumber() | SameAddress() | InBlock() | Range(bottom=float(), top=float()):
            return _LENGTH_OF_A_NUMBER
    return 0


def _chance(operator: Operator) -> float:  # noqa: PLR0911 - a case each
    match operator:
        case Exact() | SameNumber() | SameAddress() | EqualsIgnoreCase():
            return _EQUAL
        case Range(bottom=float(), top=float()):
            return _BETWEEN
        case Prefix(text=text) | Suffix(text=text):
            return _affix(len(text))
        case PrefixIgnoreCase(text=folded) | SuffixIgnoreCase(text=folded):
            return _affix(len(folded.forms))
        case MatchesWildcard(wildcard=wildcard):
            return _affix(max(len(wildcard.pieces[0]), len(wildcard.pieces[-1])))
        case InBlock():
            return _AFFIX
    return _ALWAYS


def _affix(length: int) -> float:
    return _AFFIX if length >= _LONG_ENOUGH else _SHORT if length else _ALWAYS
