"""Whether an operator can match any leaf that a field can have, and whether it matches all.

Both answers are for certain in one direction only: what cannot be said is "it may match", and
"it does not match all".
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from keybus.contracts.pattern_lint.heads import may_begin, may_begin_in_any_case
from keybus.contracts.pattern_lint.leaves import Leaves, Numbers, Texts
from keybus.patterns.operators import (
    Absent,
    AnyCase,
    AnythingBut,
    EqualsIgnoreCase,
    Exact,
    InBlock,
    MatchesWildcard,
    Operator,
    Prefix,
    PrefixIgnoreCase,
    Present,
    Range,
    SameAddress,
    SameNumber,
    Suffix,
    SuffixIgnoreCase,
)

_NO_ADDRESSES: Final = frozenset({"uuid", "date-time", "email", "duration"})
_V4_BITS: Final = 32


def may_match(operator: Operator, leaves: Leaves) -> bool:
    """Whether any leaf can match.

    Args:
        operator: Any but ``exists: false``, which is not about leaves.
        leaves: What the field can be.
    """
    return any(_may_match(operator, leaves, kind) for kind in leaves.leaf_kinds)


def must_match(operators: Iterable[Operator], leaves: Leaves) -> bool:
    """Whether every leaf matches one of the operators.

    Args:
        operators: The values of one field.
        leaves: What the field can be.
    """
    values = [operator for operator in operators if not isinstance(operator, Absent)]
    return all(_must_match(values, leaves, kind) for kind in leaves.leaf_kinds)


def _may_match(operator: Operator, leaves: Leaves, kind: str) -> bool:
    if isinstance(operator, Absent):
        return False
    listed = leaves.listed(kind)
    if kind == "number":
        # A listed number that no double holds may be written in ways that compare differently.
        if listed is not None and all(leaf.value is not None for leaf in listed):  # type: ignore[union-attr]
            return any(map(operator.matches, listed))
        return _may_match_numbers(operator, leaves.numbers)
    if listed is not None:
        return any(map(operator.matches, listed))
    return _may_match_texts(operator, leaves.texts)


def _must_match(operators: Iterable[Operator], leaves: Leaves, kind: str) -> bool:
    listed = leaves.listed(kind)
    if kind == "number":
        # Of a fraction, text may hold more digits than patterns compare.
        if listed is not None and leaves.numbers.whole:
            return all(any(o.matches(leaf) for o in operators) for leaf in listed)
        return any(_all_numbers(operator, leaves.numbers) for operator in operators)
    if listed is not None:
        return all(any(o.matches(leaf) for o in operators) for leaf in listed)
    return any(_all_texts(operator, leaves.texts) for operator in operators)


def _may_match_numbers(operator: Operator, numbers: Numbers) -> bool:
    if isinstance(operator, Present):
        return True
    if isinstance(operator, AnythingBut):
        return not any(_all_numbers(refused, numbers) for refused in operator.refused)
    if isinstance(operator, SameNumber):
        value = operator.number.value
        if value is None:
            return True
        return not numbers.within(value, value, with_bottom=True, with_top=True).empty
    if isinstance(operator, Range):
        return not numbers.within(
            operator.bottom,
            operator.top,
            with_bottom=operator.with_bottom,
            with_top=operator.with_top,
        ).empty
    return False


def _all_numbers(operator: Operator, numbers: Numbers) -> bool:
    if isinstance(operator, Present):
        return True
    if isinstance(operator, AnythingBut):
        return not any(_may_match_numbers(refused, numbers) for refused in operator.refused)
    ends = numbers.whole_ends
    if isinstance(operator, Range) and numbers.comparable and ends is not None:
        return all(
            Range(operator.bottom, operator.top, operator.with_bottom, operator.with_top).matches(
                leaf
            )
            for leaf in _leaves(ends)
        )
    return False


def _leaves(ends: tuple[int, int]) -> Iterable[Any]:
    return Leaves(frozenset({"number"}), values=ends).listed("number") or ()


def _may_match_texts(operator: Operator, texts: Texts) -> bool:
    if isinstance(operator, AnythingBut):
        return not any(_all_texts(refused, texts) for refused in operator.refused)
    test = _TEXTS.get(type(operator))
    return test is not None and texts.shortest <= texts.longest and test(operator, texts)


def _all_texts(operator: Operator, texts: Texts) -> bool:
    if isinstance(operator, AnythingBut):
        return not any(_may_match_texts(refused, texts) for refused in operator.refused)
    if isinstance(operator, Prefix | Suffix):
        return not operator.text
    if isinstance(operator, PrefixIgnoreCase | SuffixIgnoreCase):
        return not operator.text.forms
    if isinstance(operator, MatchesWildcard):
        return operator.wildcard.pieces == ("", "")
    return isinstance(operator, Present)


def _exact(operator: Exact, texts: Texts) -> bool:
    text = operator.leaf
    return isinstance(text, str) and _fits(text, texts) and len(text) >= texts.shortest


def _fits(beginning: str, texts: Texts) -> bool:
    return len(beginning) <= texts.longest and may_begin(texts.head, beginning)


def _wildcard(operator: MatchesWildcard, texts: Texts) -> bool:
    pieces = operator.wildcard.pieces
    length = sum(map(len, pieces))
    fits = length <= texts.longest and may_begin(texts.head, pieces[0])
    return fits and (len(pieces) > 1 or length >= texts.shortest)


def _least(text: AnyCase) -> int:
    return sum(min(map(len, forms)) for forms in text.forms)


def _in_any_case(text: AnyCase, texts: Texts, *, whole: bool) -> bool:
    most = sum(max(map(len, forms)) for forms in text.forms)
    return (
        _least(text) <= texts.longest
        and (not whole or most >= texts.shortest)
        and may_begin_in_any_case(texts.head, text)
    )


def _address(bits: int, texts: Texts) -> bool:
    # Only dotted text is IPv4's format; addresses of both versions may be written as IPv6.
    wrong = "ipv4" in texts.formats and bits != _V4_BITS
    return not (wrong or texts.formats & _NO_ADDRESSES)


_TEXTS: Final[Mapping[type, Callable[[Any, Texts], bool]]] = {
    Present: lambda _, __: True,
    Exact: _exact,
    SameAddress: lambda operator, texts: _address(operator.address.bits, texts),
    Prefix: lambda operator, texts: _fits(operator.text, texts),
    Suffix: lambda operator, texts: len(operator.text) <= texts.longest,
    EqualsIgnoreCase: lambda operator, texts: _in_any_case(operator.text, texts, whole=True),
    PrefixIgnoreCase: lambda operator, texts: _in_any_case(operator.text, texts, whole=False),
    SuffixIgnoreCase: lambda operator, texts: _least(operator.text) <= texts.longest,
    MatchesWildcard: _wildcard,
    InBlock: lambda operator, texts: _address(operator.block.network.bits, texts),
}
