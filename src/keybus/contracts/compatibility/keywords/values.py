"""type, enum, const."""

from collections.abc import Iterator

from keybus.contracts.compatibility.demands import Demand, Keyword
from keybus.contracts.compatibility.formulas import Typed

_FIRST_WITH_WHOLE_DECIMALS = 6  # from draft-06 on, 1.0 is an integer


def type_(keyword: Keyword) -> Iterator[Demand]:
    """The value has one of the types."""
    value = keyword.value
    names = frozenset([value] if isinstance(value, str) else value)
    exact = keyword.draft < _FIRST_WITH_WHOLE_DECIMALS
    yield keyword.demand("type", keyword.make.make(Typed, names, exact))


def enum(keyword: Keyword) -> Iterator[Demand]:
    """The value is one of those."""
    yield keyword.demand("enum", keyword.make.listed(keyword.value))


def const(keyword: Keyword) -> Iterator[Demand]:
    """The value is that one."""
    yield keyword.demand("const", keyword.make.listed([keyword.value]))
