"""Entries as PutEvents takes them: ten at once, and less than a MiB.

Source: EventBridge API reference, "PutEvents"; user guide, "Calculating PutEvents event entry size".
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from keybus.envelope import Entry, size

MAX_ENTRIES: Final = 10
MAX_BYTES: Final = 1 << 20
"""The sum of the entries' sizes, which EventBridge asks to be below it."""


def packed(entries: Sequence[Entry]) -> Iterator[Sequence[Entry]]:
    """The entries in their order, in as few requests as that allows.

    One that is too large goes alone, so that the refusal is its own.
    """
    start, held = 0, 0
    for index, entry in enumerate(entries):
        more = size(entry)
        if index > start and (index - start == MAX_ENTRIES or held + more >= MAX_BYTES):
            yield entries[start:index]
            start, held = index, 0
        held += more
    if entries:
        yield entries[start:]


def request_entry(entry: Entry, event_bus: str) -> dict[str, Any]:
    """A PutEventsRequestEntry, as boto3 takes it."""
    made: dict[str, Any] = {
        "Source": entry.source,
        "DetailType": entry.detail_type,
        "Detail": bytes(entry.detail).decode(),
        "Resources": list(entry.resources),
        "EventBusName": event_bus,
    }
    if entry.time_us is not None:
        made["Time"] = datetime.fromtimestamp(entry.time_us / 1_000_000, UTC)
    return made
