"""An event as inputs are made of it: its envelope's members, each in its own bytes."""

from functools import cached_property
from typing import Final

import msgspec
from msgspec import Raw

from keybus.clock import rfc3339

_members = msgspec.json.Decoder(dict[str, Raw]).decode
_items = msgspec.json.Decoder(list[Raw]).decode
_encode = msgspec.json.encode

ENVELOPE: Final = (
    *("version", "id", "detail-type", "source", "account", "time", "region", "resources"),
    "detail",
)
"""The members of an envelope."""
MAX_INPUT_BYTES = 2 << 20
"""Of what is made of one event: as much again as the largest event has."""


class Given:
    """One event on its way to a target.

    Attributes:
        envelope: The envelope's JSON, as it is delivered: after the projection.
        ingested_at: When the bus took it, in microseconds since the Unix epoch.
    """

    def __init__(self, envelope: bytes, ingested_at: int) -> None:
        self.envelope, self.ingested_at = envelope, ingested_at

    @cached_property
    def head(self) -> bytes:
        """The envelope's JSON without the detail."""
        return _encode({k: v for k, v in _members(self.envelope).items() if k != "detail"})

    @property
    def ingestion_time(self) -> bytes:
        """When the bus took it, as JSON text."""
        return _encode(rfc3339(self.ingested_at))


def members(value: bytes | Raw) -> dict[str, Raw] | None:
    """The members of an object; None where the value is none."""
    return _members(value) if bytes(memoryview(value)[:1]) == b"{" else None


def items(value: bytes | Raw) -> list[Raw] | None:
    """The items of an array; None where the value is none."""
    return _items(value) if bytes(memoryview(value)[:1]) == b"[" else None
