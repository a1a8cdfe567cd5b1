"""The running bus: ingest, route, deliver; it sees an engine only through its protocol."""

from keybus.bus.bus import Bus
from keybus.bus.control.versions import Applied, Declared, NoSuchVersion
from keybus.bus.dead_letters.letters import DeadLetter
from keybus.bus.delivery.dispatcher import Dispatcher
from keybus.bus.delivery.session import Session
from keybus.bus.delivery.settings import DeliverySettings
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
from keybus.bus.ingest.admission import Admission, Mode

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
