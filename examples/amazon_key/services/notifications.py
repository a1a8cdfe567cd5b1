"""Notifications: the words a customer is sent when a delivery has come a step further."""

import logging
from collections import Counter, deque
from dataclasses import dataclass
from datetime import datetime

from amazon_key_events import DeliveryStatusUpdated

from keybus import EventSubscriber
from services.seen import SeenEvents

TEXTS = {
    "SCHEDULED": "Your delivery {delivery} to {place} is scheduled.",
    "DRIVER_ARRIVED": "Your driver has arrived at {place} ({time}).",
    "GARAGE_OPENED": "The garage at {place} was opened for delivery {delivery} ({time}).",
    "IN_GARAGE": "Delivery {delivery} is in the garage at {place} ({time}).",
    "GARAGE_CLOSED": "The garage at {place} is closed again ({time}).",
    "COMPLETED": "Delivery {delivery} is complete.",
    "FAILED": "We could not make delivery {delivery} to {place}. We will be in touch.",
}

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Message:
    """What is sent, and about which delivery."""

    delivery_id: str
    status: str
    text: str


def render(delivery_id: str, status: str, timestamp: str, place: str | None) -> Message | None:
    """The message for a step, or None where customers are not told of it.

    Args:
        delivery_id: The delivery.
        status: The step, as in the contract.
        timestamp: When, as RFC 3339.
        place: What the site calls itself, where that is known.
    """
    template = TEXTS.get(status)
    if template is None:
        return None
    at = datetime.fromisoformat(timestamp)
    zone = at.tzname() or "local time"
    text = template.format(
        delivery=delivery_id, place=place or "your address", time=f"{at:%H:%M} {zone}"
    )
    return Message(delivery_id, status, text)


class Outbox:
    """The messages sent last, and how many of each kind.

    Attributes:
        messages: The last ones, oldest first.
        sent: How many, by status.
    """

    def __init__(self, keep: int = 1_000) -> None:
        self.messages: deque[Message] = deque(maxlen=keep)
        self.sent: Counter[str] = Counter()

    def send(self, message: Message) -> None:
        """Hand a message over. This is where a push service would be called."""
        self.messages.append(message)
        self.sent[message.status] += 1
        log.debug("%s", message.text)


def service(
    outbox: Outbox | None = None, subscriber: EventSubscriber | None = None
) -> EventSubscriber:
    """Notifications' subscriber.

    Args:
        outbox: Where messages go; a new one where none is given.
        subscriber: The subscriber to add the handlers to; a new one where none is given.
    """
    messages = Outbox() if outbox is None else outbox
    subscriber = EventSubscriber("notifications") if subscriber is None else subscriber
    seen = SeenEvents()

    @subscriber.on(DeliveryStatusUpdated)
    @seen.once
    async def updated(event: DeliveryStatusUpdated) -> None:
        place = event.site.name if event.site is not None else None
        message = render(event.delivery_id, event.status, event.timestamp, place)
        if message is not None:
            messages.send(message)

    return subscriber


if __name__ == "__main__":
    logging.basicConfig(level=logging.DEBUG, format="%(message)s")
    service().run()
