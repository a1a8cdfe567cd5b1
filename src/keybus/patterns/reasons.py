"""Why a value is not what a field asks for, in a sentence, and what may be meant instead."""

from collections.abc import Sequence
from difflib import get_close_matches
from typing import Final, NamedTuple

from keybus.patterns.addresses import address
from keybus.patterns.evaluate import Field
from keybus.patterns.flatten import Occurrence
from keybus.patterns.numbers import Number
from keybus.patterns.operators import (
    AnyCase,
    AnythingBut,
    EqualsIgnoreCase,
    Exact,
    InBlock,
    Leaf,
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
from keybus.patterns.wildcard import BadWildcardError, Wildcard
from keybus.patterns.wording import block, ends, ip, listed, quoted, shown, wanted

# Hints are looked for among the first values and the first operators only, and in short texts.
_MOST_VALUES: Final = 10
_MOST_OPERATORS: Final = 20
_LONGEST_TEXT: Final = 1_000
_LONGEST_CLOSE: Final = 100
_CLOSE: Final = 0.8

_PLAIN: Final = (Exact, SameNumber, SameAddress)

#: What only a string can do, by operator.
_OF_STRINGS: Final[dict[type[Operator], str]] = {
    Prefix: "have a prefix",
    PrefixIgnoreCase: "have a prefix",
    Suffix: "have a suffix",
    SuffixIgnoreCase: "have a suffix",
    EqualsIgnoreCase: "be compared without regard to case",
    MatchesWildcard: "fit a wildcard",
    InBlock: "be IP addresses",
}


class Refusal(NamedTuple):
    """Why none of some values will do.

    Attributes:
        reason: A clause that says it.
        hint: What may be meant instead, or nothing.
        nearest: The value concerned.
    """

    reason: str
    hint: str
    nearest: Occurrence


def refusal(field: Field, found: Sequence[Occurrence], *, study: bool) -> Refusal:
    """Why a field accepts none of the values at its path.

    Args:
        field: The field.
        found: The values, at least one, in the event's order.
        study: Whether to look for a hint.
    """
    if not field.values:
        times = f" {len(found):,} times" if len(found) > 1 else ""
        present = f"must be absent, but is present{times}: {_values(found)}"
        return Refusal(present, "", found[0])
    hint, nearest = _hint(field.values, found) if study else ("", found[0])
    reason = (
        _one(field.values, found[0].leaf)
        if len(found) == 1
        else f"none of its {len(found):,} values ({_values(found)}) is {_any_of(field.values)}"
    )
    return Refusal(f"{reason}{', nor is it absent' * field.may_be_absent}", hint, nearest)


def _values(found: Sequence[Occurrence]) -> str:
    return listed(found, lambda occurrence: shown(occurrence.leaf))


def _any_of(values: Sequence[Operator]) -> str:
    joint = ", " if all(isinstance(value, _PLAIN) for value in values) else "; "
    return wanted(values[0]) if len(values) == 1 else f"one of: {listed(values, wanted, joint)}"


def _one(values: Sequence[Operator], leaf: Leaf) -> str:
    if len(values) == 1:
        return mismatch(values[0], leaf)
    if not isinstance(leaf, str) and all(map(_wants_string, values)):
        return f"{_kind(leaf)}, while the pattern asks for strings: {listed(values, wanted)}"
    if all(isinstance(value, _PLAIN) for value in values):
        return f"{shown(leaf)} is none of {listed(values, wanted)}"
    return f"{shown(leaf)} is none of these: {listed(values, wanted, '; ')}"


def _wants_string(operator: Operator) -> bool:
    if isinstance(operator, Exact):
        return isinstance(operator.leaf, str)
    return isinstance(operator, SameAddress) or type(operator) in _OF_STRINGS


def _kind(leaf: Leaf) -> str:
    if leaf is None:
        return "the value is null"
    kinds = {str: "string", bool: "boolean", Number: "number"}
    return f"{shown(leaf)} is a {kinds[type(leaf)]}"


def mismatch(operator: Operator, leaf: Leaf) -> str:
    """Why an operator does not match a value, as a sentence without its full stop."""
    if isinstance(operator, AnythingBut):
        hit = next(refused for refused in operator.refused if refused.matches(leaf))
        return f"{shown(leaf)} is refused: the pattern asks for anything but {wanted(hit)}"
    if _wants_string(operator):
        return _of_string(operator, leaf)
    if isinstance(operator, Range):
        return _of_range(operator, leaf)
    if isinstance(operator, SameNumber):
        return _of_number(operator.number, leaf)
    # What is left is a boolean or null.
    asked = wanted(operator)
    word = asked if asked == "null" else f"the boolean {asked}"
    return f"{_kind(leaf)}, while the pattern asks for {word}"


def _of_string(operator: Operator, leaf: Leaf) -> str:
    if not isinstance(leaf, str):
        can = _OF_STRINGS.get(type(operator))
        text = (
            f'"{ip(operator.address)}"' if isinstance(operator, SameAddress) else wanted(operator)
        )
        asked = (
            f"and only strings can {can}"
            if can
            else f"while the pattern asks for the string {text}"
        )
        return f"{_kind(leaf)}, {asked}"
    if isinstance(operator, InBlock | SameAddress) and address(leaf) is None:
        return f"{shown(leaf)} is not an IP address, while the pattern asks for {wanted(operator)}"
    if isinstance(operator, InBlock):
        return f"{shown(leaf)} is not in {block(operator)}"
    if isinstance(operator, MatchesWildcard):
        return f"{shown(leaf)} does not fit the wildcard: {_of_wildcard(operator.wildcard, leaf)}"
    if isinstance(operator, Prefix | PrefixIgnoreCase | Suffix | SuffixIgnoreCase):
        # "a string that begins with …", said of a value that does not.
        verb = "begin" if isinstance(operator, Prefix | PrefixIgnoreCase) else "end"
        return f"{shown(leaf)} does not {verb} with{wanted(operator).partition('with')[2]}"
    return f"{shown(leaf)} is not {wanted(operator)}"


def _of_wildcard(wildcard: Wildcard, text: str) -> str:
    """The first piece of a wildcard that the text does not have where it should."""
    first, *others = wildcard.pieces
    if not others:
        return f"it is not {quoted(first)}"
    if not text.startswith(first):
        return f"it does not begin with {quoted(first)}"
    at = len(first)
    for piece in others[:-1]:
        found = text.find(piece, at)
        if found < 0:
            return f"it has no {quoted(piece)} after {quoted(text[:at])}"
        at = found + len(piece)
    if text.endswith(others[-1]):
        return "its parts overlap"
    return f"it does not end with {quoted(others[-1])}"


def _of_range(operator: Range, leaf: Leaf) -> str:
    if not isinstance(leaf, Number):
        return f"{_kind(leaf)}, and only numbers can be {' and '.join(_bounds(operator))}"
    if leaf.value is None:
        return f"{shown(leaf)} cannot be compared, because no double holds it exactly"
    low = operator.bottom is not None and not Range(
        operator.bottom, with_bottom=operator.with_bottom
    ).matches(leaf)
    failed = _bounds(operator)[0 if low or operator.bottom == operator.top else -1]
    return f"{shown(leaf)} is not {failed}"


def _bounds(operator: Range) -> list[str]:
    return [f"{words} {end}" for _, words, end in ends(operator)]


def _of_number(asked: Number, leaf: Leaf) -> str:
    if not isinstance(leaf, Number):
        return f"{_kind(leaf)}, while the pattern asks for the number {shown(asked)}"
    for one in (asked, leaf):
        if one.value is None:
            return (
                f"{shown(leaf)} is not written as {shown(asked)}, and {shown(one)} compares by "
                "its digits only, because no double holds it exactly"
            )
    return f"{shown(leaf)} is not {shown(asked)}"


def _hint(values: Sequence[Operator], found: Sequence[Occurrence]) -> tuple[str, Occurrence]:
    """The first hint that can be given, and the value it is for."""
    for occurrence in found[:_MOST_VALUES]:
        leaf = occurrence.leaf
        if isinstance(leaf, str | Number) and len(_text(leaf)) > _LONGEST_TEXT:
            continue
        for operator in values[:_MOST_OPERATORS]:
            if hint := _near(operator, leaf):
                return hint, occurrence
        if isinstance(leaf, str) and (hint := _close(values, leaf)):
            return hint, occurrence
    return "", found[0]


def _text(leaf: str | Number) -> str:
    return leaf.text if isinstance(leaf, Number) else leaf


def _near(operator: Operator, leaf: Leaf) -> str:
    if isinstance(operator, AnythingBut):
        return ""
    if isinstance(leaf, str):
        return _near_string(operator, leaf)
    if isinstance(operator, Exact) and isinstance(operator.leaf, str):
        same = shown(leaf) == operator.leaf
        same |= isinstance(leaf, Number) and leaf.same(Number.of_text(operator.leaf))
        return f"without quotes the pattern would ask for {shown(leaf)}" if same else ""
    return ""


def _near_string(operator: Operator, text: str) -> str:
    if operator.matches(text.strip()):
        return "the value has blanks around it"
    if differs := _near_but_for_case(operator, text):
        return differs
    number = Number.of_text(text)
    if number.value is not None and operator.matches(number):
        quotes = ", or put the pattern's in quotes" * isinstance(operator, SameNumber)
        return f"publish it as a number{quotes}"
    if isinstance(operator, Exact) and isinstance(operator.leaf, str):
        return _near_plain(operator.leaf, text)
    if isinstance(operator, Exact) and text.strip().lower() == wanted(operator):
        return f"publish it as {wanted(operator)}, without quotes"
    return ""


def _near_plain(asked: str, text: str) -> str:
    if asked.strip() == text:
        return "the pattern's value has blanks around it"
    if "*" in asked and len(asked) <= _LONGEST_TEXT:
        try:
            fits = Wildcard.parse(asked).matches(text)
        except BadWildcardError:
            return ""
        if fits:
            return f'a star stands for itself here; {{"wildcard": {quoted(asked)}}} would match'
    return ""


def _near_but_for_case(operator: Operator, text: str) -> str:
    if isinstance(operator, MatchesWildcard):
        lower = Wildcard(tuple(piece.lower() for piece in operator.wildcard.pieces))
        return "only the case differs" * lower.matches(text.lower())
    if (caseless := _caseless(operator)) is None or not caseless.matches(text):
        return ""
    return 'only the case differs, and "equals-ignore-case" would ignore it'


def _caseless(operator: Operator) -> Operator | None:
    """The same operator with ``equals-ignore-case``; there is none for wildcards."""
    match operator:
        case Exact(str(text)):
            return EqualsIgnoreCase(AnyCase.of(text))
        case Prefix(text):
            return PrefixIgnoreCase(AnyCase.of(text))
        case Suffix(text):
            return SuffixIgnoreCase(AnyCase.of(text))
    return None


def _close(values: Sequence[Operator], text: str) -> str:
    """The plain string that is nearly the value."""
    if len(text) > _LONGEST_CLOSE:
        return ""
    texts = [
        value.leaf
        for value in values[:_MOST_OPERATORS]
        if isinstance(value, Exact)
        and isinstance(value.leaf, str)
        and len(value.leaf) <= _LONGEST_CLOSE
    ]
    near = get_close_matches(text, texts, n=1, cutoff=_CLOSE)
    return f"it is nearly {quoted(near[0])}" if near else ""
