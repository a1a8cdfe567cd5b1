"""In which table of a `Lookup` each operator is found fastest."""

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from keybus.patterns.index.ranges import closed
from keybus.patterns.numbers import Number
from keybus.patterns.operators import (
    Absent,
    AnyCase,
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


class Place(NamedTuple):
    """Where an operator is found.

    Attributes:
        name: Of the table.
        size: Length or mask of the keys, 0 where they have none.
        key: The key.
        certain: Whether what has this key matches without a doubt.
    """

    name: str
    size: int
    key: object
    certain: bool = True


_OTHERS: Final = Place("others", 0, None, certain=False)


def exact_texts(operators: Iterable[Operator]) -> Iterator[str]:
    """The texts that operators ask for by being equal."""
    for operator in operators:
        if isinstance(operator, Exact | MatchesWildcard):
            place = place_of(operator)
            if place.name == "texts":
                assert isinstance(place.key, str)
                yield place.key


def ends_of(operator: Operator) -> tuple[float, float] | None:
    """The smallest and the largest double of an operator on numbers that can be compared."""
    match operator:
        case Range():
            return closed(operator)
        case SameNumber(number=Number(value=float(value))):
            return value, value
    return None


def place_of(operator: Operator) -> Place:  # noqa: C901, PLR0911 - a case each
    """Where an operator is found that looks at texts, addresses, constants or digits."""
    match operator:
        case Exact(leaf=str(text)):
            return Place("texts", 0, text)
        case Exact(leaf=leaf):
            return Place("constants", 0, leaf)
        case SameNumber(number=number):
            return Place("literals", 0, number.text)
        case SameAddress(address=ip):
            return Place("addresses", 0, ip)
        case InBlock(block=block):
            network = block.network
            return Place("blocks", block.free, (network.bits, network.value >> block.free))
        case Prefix(text=text):
            return Place("heads", len(text), text)
        case Suffix(text=text):
            return Place("tails" if text else "heads", len(text), text)
        case MatchesWildcard():
            return _wildcard(operator)
        case EqualsIgnoreCase(text=text) if (key := _folded(text)) is not None:
            return Place("folded", 0, key, certain=False)
        case PrefixIgnoreCase(text=text) if (key := _folded(text)) is not None:
            return Place("folded_heads", len(key), key, certain=False)
        case SuffixIgnoreCase(text=text) if key := _folded(text):
            return Place("folded_tails", len(key), key, certain=False)
        case Absent():
            raise ValueError("the lack of a leaf is not looked up")
    return _OTHERS


def _wildcard(operator: MatchesWildcard) -> Place:
    head, *others = operator.wildcard.pieces
    if not others:
        return Place("texts", 0, head)
    tail, certain = others[-1], len(others) == 1
    if head and len(head) >= len(tail):
        return Place("heads", len(head), head, certain=certain and not tail)
    if tail:
        return Place("tails", len(tail), tail, certain=certain and not head)
    return _OTHERS


def _folded(text: AnyCase) -> str | None:
    """What every text that fits begins with when its case is folded; None where that varies."""
    folded = [(lower.casefold(), upper.casefold()) for lower, upper in text.forms]
    same = all(lower == upper for lower, upper in folded)
    return "".join(lower for lower, _ in folded) if same else None
