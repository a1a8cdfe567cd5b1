"""Keybus: one governed event bus; contracts, routing and delivery."""

from keybus.client import (
    AsyncEventPublisher,
    EventPublisher,
    EventSubscriber,
    Handled,
    PartlyFailed,
    current_delivery,
)
from keybus.contracts import ContractRepository, DeprecatedContract, Event
from keybus.envelope import Envelope
from keybus.errors import (
    BrokenContracts,
    BusUnavailable,
    EntriesRefused,
    Fault,
    InvalidEvent,
    KeybusError,
    PublishError,
    SettingsError,
    SubscriptionError,
    UnknownEventType,
)

__version__ = "0.1.0"

__all__ = [
    "AsyncEventPublisher",
    "BrokenContracts",
    "BusUnavailable",
    "ContractRepository",
    "DeprecatedContract",
    "EntriesRefused",
    "Envelope",
    "Event",
    "EventPublisher",
    "EventSubscriber",
    "Fault",
    "Handled",
    "InvalidEvent",
    "KeybusError",
    "PartlyFailed",
    "PublishError",
    "SettingsError",
    "SubscriptionError",
    "UnknownEventType",
    "__version__",
    "current_delivery",
]
