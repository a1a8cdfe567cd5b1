"""Who can receive what, by what subscriptions ask for."""

from collections.abc import Iterable

import msgspec

from keybus.errors import KeybusError
from keybus.patterns import Pattern
from keybus.topology.model import Platform, Subscription


class Asking(msgspec.Struct, frozen=True):
    """What one subscription can receive, as far as its types and its filter's head say.

    Attributes:
        name: The subscription's name.
        account: Its account.
        types: The event types that it names; empty where its filter alone decides.
        detail_type: What its filter asks of the event type; None: nothing, or too much to tell.
        source: What its filter asks of the source; the same.
    """

    name: str
    account: str
    types: frozenset[str]
    detail_type: Pattern | None
    source: Pattern | None

    @classmethod
    def of(cls, name: str, subscription: Subscription) -> "Asking":
        """Read a declared subscription."""
        return cls(
            name,
            subscription.account,
            frozenset(ref.type for ref in subscription.event_refs),
            _head(subscription, "detail-type"),
            _head(subscription, "source"),
        )

    def takes_type(self, event_type: str) -> bool:
        """Whether an event of the type may reach it."""
        if self.types and event_type not in self.types:
            return False
        pattern = self.detail_type
        return pattern is None or pattern.matches({"detail-type": event_type})

    def takes_source(self, source: str) -> bool:
        """Whether an event of the source may reach it."""
        return self.source is None or self.source.matches({"source": source})


def all_asking(platform: Platform) -> tuple[Asking, ...]:
    """Every subscription of a platform."""
    return tuple(Asking.of(name, each) for name, each in platform.subscriptions.items())


def of_account(asking: Iterable[Asking], account: str) -> tuple[Asking, ...]:
    """Those that belong to an account."""
    return tuple(each for each in asking if each.account == account)


def _head(subscription: Subscription, field: str) -> Pattern | None:
    """What a filter asks of one field; where there are alternatives, nothing is taken for sure."""
    wanted = subscription.filter or {}
    if field not in wanted or "$or" in wanted:
        return None
    try:
        return Pattern.parse({field: wanted[field]})
    except KeybusError:
        return None
