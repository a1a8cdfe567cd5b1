"""The running bus: ingest, route, deliver; it sees an engine only through its protocol."""

from keybus.bus.admission import Admission, Mode
from keybus.bus.bus import Bus
from keybus.bus.dispatcher import Dispatcher
from keybus.bus.engine import (
    Cursor,
    CursorState,
    DeadLetter,
    Delivery,
    Document,
    Documents,
    Engine,
    Record,
    Stored,
)
from keybus.bus.session import Session

__all__ = [
    "Admission",
    "Bus",
    "Cursor",
    "CursorState",
    "DeadLetter",
    "Delivery",
    "Dispatcher",
    "Document",
    "Documents",
    "Engine",
    "Mode",
    "Record",
    "Session",
    "Stored",
]
