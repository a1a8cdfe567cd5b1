"""The names of the queues that the platform declares: of subscriptions, and of their dead letters.

A subscription's queue has its name, with ``.fifo`` behind it where it is in order; its dead letters
have the same with ``-dlq``. A subscription that is delivered to its webhook has dead letters only.
"""

from collections.abc import Iterator
from typing import Final

from keybus.bus import Bus
from keybus.server.sqs.names import FIFO, Place

DEAD: Final = "-dlq"
"""What the name of a queue of dead letters ends with, before `FIFO`."""


def name_of(bus: Bus, subscription: str) -> str | None:
    """The name of a subscription's queue; None where nobody receives from it."""
    found = bus.platform.subscriptions.get(subscription)
    if found is None or found.target.webhook is not None:
        return None
    in_order = found.order is not None and not subscription.endswith(FIFO)
    return subscription + FIFO if in_order else subscription


def dead_name_of(bus: Bus, subscription: str) -> str:
    """The name of the queue of a subscription's dead letters."""
    order = bus.platform.subscriptions[subscription].order
    plain = subscription.removesuffix(FIFO) + DEAD
    return plain if order is None else plain + FIFO


def declared(bus: Bus, account: str) -> Iterator[str]:
    """The names of an account's declared queues."""
    for name, subscription in bus.platform.subscriptions.items():
        if subscription.account == account:
            if (own := name_of(bus, name)) is not None:
                yield own
            yield dead_name_of(bus, name)


def declared_at(bus: Bus, place: Place) -> tuple[str, bool] | None:
    """The subscription whose queue, or whose dead letters, are at a place.

    A subscription's own name goes before another's dead letters.

    Returns:
        Its name, and whether it is about its dead letters; None where nothing is declared there.
    """
    plain = place.name.removesuffix(FIFO)
    for name in dict.fromkeys((place.name, plain)):
        if name_of(bus, name) == place.name and _holder(bus, name) == place.account:
            return name, False
    subscription = plain.removesuffix(DEAD)
    for name in (subscription, subscription + FIFO) if subscription != plain else ():
        if _holder(bus, name) == place.account and dead_name_of(bus, name) == place.name:
            return name, True
    return None


def _holder(bus: Bus, subscription: str) -> str | None:
    found = bus.platform.subscriptions.get(subscription)
    return None if found is None else found.account
