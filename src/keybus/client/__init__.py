"""The client: typed events out, typed events in."""

from keybus.client.handlers import PartlyFailed
from keybus.client.intake import Handled, Observer, current_delivery
from keybus.client.publisher import AsyncEventPublisher
from keybus.client.subscriber import EventSubscriber
from keybus.client.sync import EventPublisher
from keybus.client.transport import DeliveryStream, Transport

__all__ = [
    "AsyncEventPublisher",
    "DeliveryStream",
    "EventPublisher",
    "EventSubscriber",
    "Handled",
    "Observer",
    "PartlyFailed",
    "Transport",
    "current_delivery",
]
