"""Which queue is meant: a created one, a declared subscription, or its dead letters."""

from keybus.bus import Bus
from keybus.bus.message_queues.settings import QueueSettings
from keybus.server.aws import Call
from keybus.server.sqs.created import CreatedQueue
from keybus.server.sqs.declared_names import declared_at
from keybus.server.sqs.errors import no_such_queue, unsupported
from keybus.server.sqs.letters import LetterQueue
from keybus.server.sqs.names import Place, place_of_url
from keybus.server.sqs.queue import Queue
from keybus.server.sqs.subscribed import SubscriptionQueue


def find(call: Call, url: str) -> Queue:
    """The queue of a URL.

    Raises:
        AwsError: ``QueueDoesNotExist``: the caller has none of that name; ``InvalidAddress``: it
            is no queue's URL.
    """
    found = at(call, place_of_url(call, url))
    if found is None:
        raise no_such_queue()
    return found


def created(call: Call, url: str, instead: str) -> QueueSettings:
    """The created queue of a URL.

    Args:
        call: The call.
        url: The URL.
        instead: What to do where the queue is declared by the platform.

    Raises:
        AwsError: As `find`; ``UnsupportedOperation``: the platform declares it.
    """
    place = place_of_url(call, url)
    if declared_at(call.bus, place) is not None:
        raise unsupported(f"The queue {place.name} is declared by the platform: {instead}.")
    settings = created_at(call.bus, place)
    if settings is None:
        raise no_such_queue()
    return settings


def created_at(bus: Bus, place: Place) -> QueueSettings | None:
    """The created queue of a place; None where there is none, or a declared one is in front of it.

    A subscription that was declared after a queue of its name was created is what everybody means;
    the created queue is found again, with its messages, once that is declared no more.
    """
    return bus.message_queues.find(*place) if declared_at(bus, place) is None else None


def at(call: Call, place: Place) -> Queue | None:
    """The queue of a place; None where it has none."""
    found = declared_at(call.bus, place)
    if found is None:
        settings = call.bus.message_queues.find(*place)
        return None if settings is None else CreatedQueue(call.bus, settings)
    subscription, dead = found
    kind = LetterQueue if dead else SubscriptionQueue
    return kind(call.bus, place, subscription)
