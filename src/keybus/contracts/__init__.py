"""Event contracts: the schema repository, validation, and typed events."""

from msgspec import UNSET, UnsetType

from keybus.contracts.contract import Contract
from keybus.contracts.exports import unknown_export
from keybus.contracts.model.bundle import Bundle
from keybus.contracts.model.deprecated import DeprecatedContract, DeprecatedEvent
from keybus.contracts.model.event import Event, clock_for_events, stamp
from keybus.contracts.model.fields import FILLED, field
from keybus.contracts.model.record import Record
from keybus.contracts.model.registry import bound, bound_types, create
from keybus.contracts.repository import ContractRepository

__all__ = [
    "FILLED",
    "UNSET",
    "Bundle",
    "Contract",
    "ContractRepository",
    "DeprecatedContract",
    "DeprecatedEvent",
    "Event",
    "Record",
    "UnsetType",
    "bound",
    "bound_types",
    "clock_for_events",
    "create",
    "field",
    "stamp",
    "unknown_export",
]
