"""One account as a catalogue tells of it: what it owns, publishes and receives."""

from collections.abc import Mapping
from dataclasses import dataclass

from keybus.catalog.event import CataloguedEvent
from keybus.topology import Account, Grant, Platform, Publisher, Subscription


@dataclass(frozen=True)
class CataloguedAccount:
    """An account.

    Attributes:
        name: Its name.
        declared: What is declared of it.
        owns: The event types that it owns, sorted.
        publishers: Its publishers, by name.
        subscriptions: Its subscriptions, by name.
        received: The grants to it, by name.
        given: The grants of what it owns, by name.
        hears: By account: the event types of publishers of that account that it subscribes to.
        told: By account: the event types of its publishers that the other subscribes to.
    """

    name: str
    declared: Account
    owns: tuple[str, ...]
    publishers: Mapping[str, Publisher]
    subscriptions: Mapping[str, Subscription]
    received: Mapping[str, Grant]
    given: Mapping[str, Grant]
    hears: Mapping[str, tuple[str, ...]]
    told: Mapping[str, tuple[str, ...]]

    @property
    def publishes(self) -> tuple[str, ...]:
        """The event types that its publishers may emit, sorted."""
        return tuple(sorted({name for each in self.publishers.values() for name in each.events}))


def accounts_of(
    platform: Platform, events: Mapping[str, CataloguedEvent]
) -> dict[str, CataloguedAccount]:
    """Every account of a platform.

    Args:
        platform: The platform.
        events: Every event type that has a contract.
    """
    owns = {name: each.contract.owner for name, each in events.items()}
    talk = _talk(events)
    return {
        name: CataloguedAccount(
            name=name,
            declared=declared,
            owns=tuple(each for each, owner in owns.items() if owner == name),
            publishers={n: e for n, e in platform.publishers.items() if e.account == name},
            subscriptions={n: e for n, e in platform.subscriptions.items() if e.account == name},
            received={n: e for n, e in platform.grants.items() if e.account == name},
            given={
                n: e
                for n, e in platform.grants.items()
                if any(owns.get(each) == name for each in e.events)
            },
            hears={one: tuple(types) for (one, other), types in talk.items() if other == name},
            told={other: tuple(types) for (one, other), types in talk.items() if one == name},
        )
        for name, declared in platform.accounts.items()
    }


def _talk(events: Mapping[str, CataloguedEvent]) -> dict[tuple[str, str], list[str]]:
    """The event types that go from one account to another, or stay within it."""
    found: dict[tuple[str, str], list[str]] = {}
    for name, event in events.items():
        writing = dict.fromkeys(each.account for each in event.publishers)
        reading = dict.fromkeys(each.account for each in event.subscriptions)
        for one in writing:
            for other in reading:
                found.setdefault((one, other), []).append(name)
    return found
