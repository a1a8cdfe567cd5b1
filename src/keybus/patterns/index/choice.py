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

    def best(self, fields: Sequence[Field]) -> Field:
        """The field that leads the fewest events to its alternative; the last of equal ones."""
        return min(reversed(fields), key=self._chance)

    def _chance(self, field: Field) -> float:
        if field.may_be_absent:
            return 1.0
        named = self._different[field.path]
        return min(1.0, sum(_chance(operator) / named for operator in field.values))


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
