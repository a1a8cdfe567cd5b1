"""Who uses an event type, by what the platform declares."""

from typing import Any

import msgspec

from keybus.governance.sprawl.asking import Asking
from keybus.topology.model import Platform, Subscription


class PublisherOf(msgspec.Struct, frozen=True):
    """A publisher of an event type.

    Attributes:
        name: Its name.
        account: Its account's.
        sources: The envelope sources that it uses.
    """

    name: str
    account: str
    sources: tuple[str, ...]


class SubscriptionTo(msgspec.Struct, frozen=True):
    """A subscription that takes an event type.

    Attributes:
        name: Its name.
        account: Its account's.
        majors: The majors of the type that it names, in the order of its events; empty where it
            names no events at all and takes whatever its filter matches.
        fields: What of an event it is delivered beside what the contract requires, as pointers;
            empty: all of it.
        filter: The pattern that an event must match as well; None: there is none.
    """

    name: str
    account: str
    majors: tuple[int, ...]
    fields: tuple[str, ...]
    filter: dict[str, Any] | None

    @property
    def by_filter(self) -> bool:
        """Whether its filter alone says what it takes, so that it takes every major."""
        return not self.majors


class Users(msgspec.Struct, frozen=True):
    """Who uses an event type.

    Attributes:
        event_type: The type.
        publishers: Who may emit it, in the order of the platform.
        subscriptions: Who takes it, the same.
    """

    event_type: str
    publishers: tuple[PublisherOf, ...]
    subscriptions: tuple[SubscriptionTo, ...]

    @property
    def accounts(self) -> tuple[str, ...]:
        """The accounts of all of them, sorted, each once."""
        writing = {each.account for each in self.publishers}
        return tuple(sorted(writing | {each.account for each in self.subscriptions}))


def users_of(platform: Platform, event_type: str, major: int | None = None) -> Users:
    """Who publishes an event type, and who subscribes to it.

    A subscription that names no events counts where its filter leaves the type, and a source of
    one of its publishers; what else the filter asks is not looked at.

    Args:
        platform: What is declared.
        event_type: The type.
        major: Only subscriptions to this major, and those that take every one; None: to any.
            A publisher says nothing of majors: its events do, each for itself.
    """
    publishers = tuple(
        PublisherOf(name, each.account, tuple(each.sources) or (name,))
        for name, each in platform.publishers.items()
        if event_type in each.events
    )
    sources = {source for each in publishers for source in each.sources}
    found = (
        _subscription(name, each, event_type, sources)
        for name, each in platform.subscriptions.items()
    )
    taking = tuple(
        each
        for each in found
        if each is not None and (major is None or each.by_filter or major in each.majors)
    )
    return Users(event_type, publishers, taking)


def _subscription(
    name: str, declared: Subscription, event_type: str, sources: set[str]
) -> SubscriptionTo | None:
    """A subscription, where it takes the type."""
    majors = tuple(ref.major for ref in declared.event_refs if ref.type == event_type)
    if declared.events and not majors:
        return None
    if not declared.events:
        asking = Asking.of(name, declared)
        emitted = not sources or any(map(asking.takes_source, sorted(sources)))
        if not (asking.takes_type(event_type) and emitted):
            return None
    return SubscriptionTo(name, declared.account, majors, tuple(declared.fields), declared.filter)
