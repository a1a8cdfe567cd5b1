"""The engine's protocol: all that the bus asks of whatever keeps events.

Every engine passes `tests/contract`. A method that JetStream could not serve does not belong
here; `docs/architecture.md` says, method by method, how SQLite does it and how JetStream will.
"""

from keybus.bus.engine.cursor import Cursor
from keybus.bus.engine.delivery import MAX_GROUP, ORDER, CursorState, Delivery, Group, Held, Status
from keybus.bus.engine.documents import Document, Documents
from keybus.bus.engine.engine import Engine, Selection
from keybus.bus.engine.log import (
    DIGEST_BYTES,
    MAX_RECORDS,
    Commits,
    Digests,
    Found,
    LogState,
    Record,
    Stored,
    Trimmed,
)

__all__ = [
    "DIGEST_BYTES",
    "MAX_GROUP",
    "MAX_RECORDS",
    "ORDER",
    "Commits",
    "Cursor",
    "CursorState",
    "Delivery",
    "Digests",
    "Document",
    "Documents",
    "Engine",
    "Found",
    "Group",
    "Held",
    "LogState",
    "Record",
    "Selection",
    "Status",
    "Stored",
    "Trimmed",
]
