"""Which events a subscription may receive, as far as it says so itself.

Only a field that is held to exact texts counts as pinned: a prefix or ``anything-but`` matches
what nobody has thought of yet.
"""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from keybus.contracts import Contract
from keybus.patterns import Pattern
from keybus.patterns.operators import Absent, Exact, Operator
from keybus.topology.model import Publisher, Subscription

_TYPE = "detail-type"
_SOURCE = "source"


class Reach(msgspec.Struct, frozen=True):
    """The events that a subscription may receive.

    Attributes:
        named: Event types with a contract that it names, with the steps from the subscription to
            where it does: ``("events", 0)`` or ``("filter",)``.
        matched: Event types with a contract that its filter may match beside those.
        sources: Sources of events without a contract that its filter names.
        is_open: Whether it may receive events without a contract from any source.
    """

    named: Mapping[str, tuple[str | int, ...]] = {}
    matched: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    is_open: bool = False

    @property
    def types(self) -> tuple[str, ...]:
        """All event types with a contract."""
        return (*self.named, *self.matched)

    def takes_source(self, source: str) -> bool:
        """Whether it may receive events without a contract from this source."""
        return self.is_open or source in self.sources


def reach_of(
    subscription: Subscription,
    contracts: Mapping[str, Contract],
    publishers: Mapping[str, Publisher],
) -> Reach:
    """Which events a subscription may receive.

    Args:
        subscription: A sound one.
        contracts: By event type.
        publishers: By name; they say from which sources an event type comes.
    """
    if subscription.events or subscription.filter is None:
        refs = enumerate(subscription.event_refs)
        return Reach({ref.type: ("events", index) for index, ref in refs})
    ways = [
        _Way(one, contracts, publishers) for one in Pattern.parse(subscription.filter).alternatives
    ]
    ways = [way for way in ways if way.possible]
    named = {each for way in ways for each in way.types if way.pins_types}
    matched = {each for way in ways for each in way.types} - named
    return Reach(
        dict.fromkeys(sorted(named), ("filter",)),
        tuple(sorted(matched)),
        tuple(sorted({source for way in ways for source in way.sources})),
        any(way.is_open for way in ways),
    )


def sources_of(event_type: str, publishers: Mapping[str, Publisher]) -> tuple[str, ...]:
    """The sources that an event type comes from; none where nobody publishes it."""
    return tuple(
        source
        for name, publisher in publishers.items()
        if event_type in publisher.events
        for source in publisher.sources or [name]
    )


class _Way:
    """One alternative of a filter: what its type and source let through."""

    def __init__(
        self,
        alternative: Mapping[str, Sequence[Operator]],
        contracts: Mapping[str, Contract],
        publishers: Mapping[str, Publisher],
    ) -> None:
        types, sources = alternative.get(_TYPE), alternative.get(_SOURCE)
        pinned_types, pinned_sources = _pinned(types), _pinned(sources)
        self.possible = pinned_types != frozenset() and pinned_sources != frozenset()
        self.pins_types = pinned_types is not None
        self.types = tuple(
            each
            for each in contracts
            if _may(types, [each])
            and (sources is None or _may(sources, sources_of(each, publishers)))
        )
        foreign = pinned_types is None or not pinned_types <= contracts.keys()
        self.is_open = foreign and pinned_sources is None
        self.sources = pinned_sources or frozenset() if foreign else frozenset()


def _pinned(operators: Sequence[Operator] | None) -> frozenset[str] | None:
    """The exact texts that a field is held to; None where it is not. No event lacks either field."""
    if operators is None:
        return None
    asked = [operator for operator in operators if not isinstance(operator, Absent)]
    texts = [one.leaf for one in asked if isinstance(one, Exact) and isinstance(one.leaf, str)]
    return frozenset(texts) if len(texts) == len(asked) else None


def _may(operators: Sequence[Operator] | None, values: Iterable[str]) -> bool:
    return operators is None or any(one.matches(each) for each in values for one in operators)
