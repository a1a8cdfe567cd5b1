"""Values and operators in words: short, printable, and saying no more than is asked."""

import json
import re
from collections.abc import Callable, Sequence
from ipaddress import IPv4Address, IPv6Address
from typing import Final, TypeVar

from keybus.patterns.addresses import Address
from keybus.patterns.addresses import address as read_address
from keybus.patterns.flatten import Trail
from keybus.patterns.numbers import Number
from keybus.patterns.operators import (
    Absent,
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
from keybus.patterns.wildcard import Wildcard

T = TypeVar("T")

_LONGEST_VALUE: Final = 80
_LONGEST_PATH: Final = 500
_MOST_LISTED: Final = 5
_MOST_STEPS: Final = 100
_BITS_OF_V4: Final = 32
_SURROGATE: Final = re.compile("[\ud800-\udfff]")


def encodable(text: str) -> str:
    """Text that UTF-8 can carry and that is not too long, to be read by programs."""
    if len(text) > _LONGEST_PATH:
        text = f"{text[: _LONGEST_PATH // 2]}…{text[-_LONGEST_PATH // 2 :]}"
    return _SURROGATE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def printable(text: str) -> str:
    """Text without what a terminal would act on, or could not show."""
    return "".join(one if one.isprintable() else _escaped(one) for one in text)


def _escaped(character: str) -> str:
    return json.dumps(character)[1:-1] if ord(character) < 0x10000 else f"\\U{ord(character):08x}"  # noqa: PLR2004 - more than four digits


def named(path: str) -> str:
    """A path for a sentence."""
    return printable(encodable(path)) or '""'


def quoted(text: str) -> str:
    """A string as JSON, shortened."""
    if len(text) <= _LONGEST_VALUE:
        return printable(json.dumps(text, ensure_ascii=False))
    cut = printable(json.dumps(text[:_LONGEST_VALUE], ensure_ascii=False))
    return f"{cut}… ({len(text):,} characters)"


def shown(leaf: Leaf) -> str:
    """A value as JSON, shortened."""
    if isinstance(leaf, str):
        return quoted(leaf)
    if isinstance(leaf, Number):
        return _digits(leaf.text)
    return json.dumps(leaf)


def _digits(text: str) -> str:
    cut = len(text) > _LONGEST_VALUE
    return f"{text[:_LONGEST_VALUE]}… ({len(text):,} characters)" if cut else text


def pointer(trail: Trail) -> str:
    """A JSON pointer (RFC 6901), of which a long one keeps its end."""
    steps: list[str] = []
    while trail is not None and len(steps) < _MOST_STEPS:
        trail, key, _ = trail
        steps.append(encodable(str(key).replace("~", "~0").replace("/", "~1")))
    whole = "".join(f"/{step}" for step in reversed(steps))
    return whole if trail is None and len(whole) <= _LONGEST_PATH else f"…{whole[-_LONGEST_PATH:]}"


def listed(things: Sequence[T], say: Callable[[T], str], joint: str = ", ") -> str:
    """The first of some things in words, and how many there are more."""
    texts = [say(thing) for thing in things[:_MOST_LISTED]]
    if len(things) > len(texts):
        texts.append(f"and {len(things) - len(texts):,} more")
    return joint.join(texts)


def number(value: float) -> str:
    """A number of a pattern as people write it."""
    return repr(int(value)) if value.is_integer() and abs(value) < 1e16 else repr(value)  # noqa: PLR2004 - where repr begins exponents


def block(operator: InBlock) -> str:
    """A CIDR block as it is written."""
    network = operator.block.network
    return f"{ip(network)}/{network.bits - operator.block.free}"


def ip(address: Address) -> str:
    """An IP address in its usual form."""
    v4 = address.bits == _BITS_OF_V4
    return str(IPv4Address(address.value) if v4 else IPv6Address(address.value))


def wildcard(read: Wildcard) -> str:
    """A wildcard as it is written, with quotes."""
    escaped = (piece.replace("\\", "\\\\").replace("*", "\\*") for piece in read.pieces)
    return quoted("*".join(escaped))


def any_case(text: AnyCase) -> str:
    """The text of a case-less operator, in lower case, with quotes."""
    return quoted("".join(lower for lower, _ in text.forms))


def ends(operator: Range) -> list[tuple[str, str, str]]:
    """The ends of a range: for each its sign, its words and its number."""
    if operator.bottom is not None and operator.bottom == operator.top:
        return [("=", "equal to", number(operator.bottom))]
    found = []
    if operator.bottom is not None:
        signs = (">=", "at least") if operator.with_bottom else (">", "greater than")
        found.append((*signs, number(operator.bottom)))
    if operator.top is not None:
        signs = ("<=", "at most") if operator.with_top else ("<", "less than")
        found.append((*signs, number(operator.top)))
    return found


def wanted(operator: Operator) -> str:  # noqa: C901, PLR0911, PLR0912 - one line an operator
    """What an operator asks for, as a noun."""
    match operator:
        case Exact(leaf):
            return shown(leaf)
        case SameNumber(one):
            return shown(one)
        case SameAddress(address):
            return f"the IP address {ip(address)}"
        case Prefix(text):
            return f"a string that begins with {quoted(text)}"
        case Suffix(text):
            return f"a string that ends with {quoted(text)}"
        case EqualsIgnoreCase(text):
            return f"{any_case(text)} in any case"
        case PrefixIgnoreCase(text):
            return f"a string that begins with {any_case(text)} in any case"
        case SuffixIgnoreCase(text):
            return f"a string that ends with {any_case(text)} in any case"
        case MatchesWildcard(read):
            return f"a string that fits the wildcard {wildcard(read)}"
        case Range():
            return f"a number {' and '.join(f'{words} {end}' for _, words, end in ends(operator))}"
        case InBlock():
            return f"an IP address in {block(operator)}"
        case AnythingBut(refused):
            return f"anything but {listed(refused, wanted, ' or ')}"
        case _:
            return "any value"


def written(operator: Operator) -> str:  # noqa: C901, PLR0911, PLR0912 - one line an operator
    """An operator as it stands in a pattern, its texts shortened."""
    match operator:
        case Exact(str(text)) if read_address(text):
            return f'{{"exactly": {quoted(text)}}}'
        case Exact() | SameNumber():
            return wanted(operator)
        case SameAddress(address):
            return f'"{ip(address)}"'
        case Prefix(text):
            return f'{{"prefix": {quoted(text)}}}'
        case Suffix(text):
            return f'{{"suffix": {quoted(text)}}}'
        case EqualsIgnoreCase(text):
            return f'{{"equals-ignore-case": {any_case(text)}}}'
        case PrefixIgnoreCase(text):
            return f'{{"prefix": {written(EqualsIgnoreCase(text))}}}'
        case SuffixIgnoreCase(text):
            return f'{{"suffix": {written(EqualsIgnoreCase(text))}}}'
        case MatchesWildcard(read):
            return f'{{"wildcard": {wildcard(read)}}}'
        case Range():
            signs = ", ".join(f'"{sign}", {end}' for sign, _, end in ends(operator))
            return f'{{"numeric": [{signs}]}}'
        case InBlock():
            return f'{{"cidr": "{block(operator)}"}}'
        case AnythingBut(refused):
            return f'{{"anything-but": {_refused(refused)}}}'
        case _:
            return f'{{"exists": {"false" if isinstance(operator, Absent) else "true"}}}'


def _refused(operators: Sequence[Operator]) -> str:
    """What stands behind ``anything-but``; operators inside it are all of one kind."""
    if isinstance(operators[0], Exact | SameNumber):
        return f"[{listed(operators, wanted)}]"
    name = written(operators[0]).partition(":")[0]

    def inner(operator: Operator) -> str:
        return written(operator).removeprefix(f"{name}: ").removesuffix("}")

    return f"{name}: [{listed(operators, inner)}]}}"


def expected(values: Sequence[Operator], *, or_absent: bool) -> str:
    """The values of a field as they stand in a pattern, shortened."""
    absent: tuple[Operator, ...] = (Absent(),) if or_absent else ()
    return f"[{listed((*absent, *values), written)}]"
