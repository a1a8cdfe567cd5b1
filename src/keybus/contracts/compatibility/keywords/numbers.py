"""minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf."""

from collections.abc import Iterator

from keybus.contracts.compatibility.demands import Demand, Keyword
from keybus.contracts.compatibility.formulas import Above, Below, Multiple
from keybus.contracts.compatibility.values import exact


def minimum(keyword: Keyword) -> Iterator[Demand]:
    """Not less; in draft-04, not as little either if ``exclusiveMinimum`` stands beside it."""
    without = keyword.schema.get("exclusiveMinimum") is True
    yield keyword.demand("minimum", keyword.make.make(Above, exact(keyword.value), without))


def maximum(keyword: Keyword) -> Iterator[Demand]:
    """Not more; in draft-04, not as much either if ``exclusiveMaximum`` stands beside it."""
    without = keyword.schema.get("exclusiveMaximum") is True
    yield keyword.demand("maximum", keyword.make.make(Below, exact(keyword.value), without))


def exclusive_minimum(keyword: Keyword) -> Iterator[Demand]:
    """More than that; a boolean says something of ``minimum``."""
    if not isinstance(keyword.value, bool):
        yield keyword.demand("minimum", keyword.make.make(Above, exact(keyword.value), True))  # noqa: FBT003


def exclusive_maximum(keyword: Keyword) -> Iterator[Demand]:
    """Less than that; a boolean says something of ``maximum``."""
    if not isinstance(keyword.value, bool):
        yield keyword.demand("maximum", keyword.make.make(Below, exact(keyword.value), True))  # noqa: FBT003


def multiple_of(keyword: Keyword) -> Iterator[Demand]:
    """A whole multiple."""
    yield keyword.demand("multiple-of", keyword.make.make(Multiple, exact(keyword.value)))
