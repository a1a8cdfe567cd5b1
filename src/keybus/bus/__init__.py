"""The running bus: ingest, route, deliver; it sees an engine only through its protocol."""

from keybus.bus.admission import Admission, Mode
from keybus.bus.bus import Bus
from keybus.bus.delivery_settings import DeliverySettings
from keybus.bus.dispatcher import Dispatcher
from keybus.bus.engine import (
    Cursor,
    CursorState,
    Delivery,
    Document,
    Documents,
    Engine,
    Record,
    Stored,
)
from keybus.bus.letters import DeadLetter
from keybus.bus.session import Session
from keybus.bus.versions import Applied, Declared, NoSuchVersion

__all__ = [
    "Admission",
    "Applied",
    "Bus",
    "Cursor",
    "CursorState",
    "DeadLetter",
    "Declared",
    "Delivery",
    "DeliverySettings",
    "Dispatcher",
    "Document",
    "Documents",
    "Engine",
    "Mode",
    "NoSuchVersion",
    "Record",
    "Session",
    "Stored",
]
