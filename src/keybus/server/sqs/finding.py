"""Which queue is meant: a created one, a declared subscription, or its dead letters."""

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
    settings = call.bus.message_queues.find(place.account, place.name)
    if settings is not None:
        return settings
    if declared_at(call.bus, place) is None:
        raise no_such_queue()
    raise unsupported(f"The queue {place.name} is declared by the platform: {instead}.")


def at(call: Call, place: Place) -> Queue | None:
    """The queue of a place; None where it has none."""
    settings = call.bus.message_queues.find(place.account, place.name)
    if settings is not None:
        return CreatedQueue(call.bus, settings)
    found = declared_at(call.bus, place)
    if found is None:
        return None
    subscription, dead = found
    kind = LetterQueue if dead else SubscriptionQueue
    return kind(call.bus, place, subscription)
