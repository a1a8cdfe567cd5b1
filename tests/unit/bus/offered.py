"""Entries to offer to a bus under test."""

import json
from collections.abc import Awaitable, Callable

import msgspec

from keybus.bus import Bus
from keybus.envelope import Entry

StartBus = Callable[..., Awaitable[Bus]]


def status(number: int = 1, value: str = "IN_GARAGE", **more: object) -> Entry:
    """An entry that fits its contract."""
    detail = {
        "id": f"00000000-0000-4000-8000-{number:012}",
        "type": "delivery.status.updated",
        "time": "2026-01-31T08:00:00.000Z",
        "publisher": {"name": "key.delivery"},
        "schema_version": "1.0.0",
        "delivery_id": f"DEL-{number}",
        "status": value,
        "timestamp": "2026-01-31T08:00:00Z",
        **more,
    }
    return Entry(
        "key.delivery", "delivery.status.updated", msgspec.Raw(json.dumps(detail).encode())
    )


def foreign(
    source: str = "other.app", detail: str = "{}", *, of_type: str = "Something Happened"
) -> Entry:
    return Entry(source, of_type, msgspec.Raw(detail.encode()))
