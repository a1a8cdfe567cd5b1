"""Schemas of events that are given: worked out of these alone, and kept nowhere.

Source: EventBridge Schemas API reference, "Discover".
"""

import asyncio
from collections.abc import Mapping
from typing import Annotated, Any, Final

from keybus.contracts.discovery import Place
from keybus.contracts.discovery.samples import parsed
from keybus.contracts.exchange_formats.discovered import discovered
from keybus.server.aws import Call
from keybus.server.aws.shapes import Answer, Request, length
from keybus.server.schemas.errors import bad_request
from keybus.server.schemas.operation import READ, Operation
from keybus.server.schemas.shapes import Type

Event = Annotated[str, length(1, 100_000)]


class GetDiscoveredSchema(Request, frozen=True):
    """GetDiscoveredSchemaRequest."""

    events: Annotated[tuple[Event, ...], length(1, 10)]
    type: Type


class DiscoveredSchema(Answer, frozen=True):
    """GetDiscoveredSchemaResponse."""

    content: str


async def get_discovered_schema(_: Call, asked: GetDiscoveredSchema) -> DiscoveredSchema:
    """Answer GetDiscoveredSchema."""
    return DiscoveredSchema(await asyncio.to_thread(_discovered, asked))


def _discovered(asked: GetDiscoveredSchema) -> str:
    """The schema; of whole events where each is one, else of what they are.

    Raises:
        AwsError: One of them is no JSON object.
    """
    events = [_event(number, text) for number, text in enumerate(asked.events, 1)]
    whole = all(isinstance(each.get("detail"), dict) and "detail-type" in each for each in events)
    place = Place()
    for each in events:
        place.observe(each["detail"] if whole else each)
    if not whole:
        return discovered(place, asked.type)
    said, source = (str(events[0].get(name, "")) for name in ("detail-type", "source"))
    return discovered(place, asked.type, detail_type=said, source=source)


def _event(number: int, text: str) -> dict[str, Any]:
    try:
        found = parsed(text)
    except ValueError as error:
        raise bad_request(f"Event {number} cannot be used: {error}.") from error
    if not isinstance(found, dict):
        raise bad_request(f"Event {number} is no JSON object.")
    return found


OPERATIONS: Final[Mapping[str, Operation]] = {
    "GetDiscoveredSchema": Operation(
        "POST",
        "/v1/discover",
        GetDiscoveredSchema,
        get_discovered_schema,
        READ,
        DiscoveredSchema,
        kinds=frozenset(),
    )
}
