"""items, prefixItems, additionalItems, minItems, maxItems, uniqueItems, contains."""

from collections.abc import Iterator

from keybus.contracts.compatibility.demands import Demand, Items, Keyword
from keybus.contracts.compatibility.formulas import Containing, Distinct

_FIRST_WITH_PREFIX = 2020
_FIRST_WITH_COUNTS = 2019


def items(keyword: Keyword) -> Iterator[Demand]:
    """All items are as the schema says; of a list of schemas, each item as its own."""
    if isinstance(keyword.value, list):
        yield from prefix_items(keyword)
        return
    start = 0
    if keyword.draft >= _FIRST_WITH_PREFIX:
        start = len(keyword.schema.get("prefixItems", ()))
    formula = keyword.make.every(start, None, keyword.says())
    yield keyword.within("items", Items(start, None), formula)


def prefix_items(keyword: Keyword) -> Iterator[Demand]:
    """Each item is as its own schema says."""
    for index in range(len(keyword.value)):
        formula = keyword.make.every(index, index + 1, keyword.says(index))
        yield keyword.within("items", Items(index, index + 1), formula, index)


def additional_items(keyword: Keyword) -> Iterator[Demand]:
    """The items behind a list's are as the schema says; without a list it says nothing."""
    tuple_ = keyword.schema.get("items")
    if isinstance(tuple_, list):
        formula = keyword.make.every(len(tuple_), None, keyword.says())
        yield keyword.within("additional-items", Items(len(tuple_), None), formula)


def min_items(keyword: Keyword) -> Iterator[Demand]:
    """At least so many items."""
    yield keyword.demand("min-items", keyword.make.size("array", int(keyword.value)))


def max_items(keyword: Keyword) -> Iterator[Demand]:
    """At most so many items."""
    yield keyword.demand("max-items", keyword.make.smaller("array", int(keyword.value) + 1))


def unique_items(keyword: Keyword) -> Iterator[Demand]:
    """No two items are equal."""
    if keyword.value is True:
        yield keyword.demand("unique-items", keyword.make.make(Distinct))


def contains(keyword: Keyword) -> Iterator[Demand]:
    """Some items are as the schema says: at least one, or as many as stands beside it."""
    counted = keyword.draft >= _FIRST_WITH_COUNTS
    least = int(keyword.schema.get("minContains", 1)) if counted else 1
    make = keyword.make
    if least > 0:
        yield keyword.demand("contains", make.make(Containing, keyword.says(), least))
    most = keyword.schema.get("maxContains") if counted else None
    if most is not None:
        more = make.make(Containing, keyword.says(), int(most) + 1)
        yield keyword.demand("contains", make.for_kind("array", make.negated(more)))
