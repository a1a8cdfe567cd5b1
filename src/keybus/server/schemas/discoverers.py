"""Discoverers: there are none, since schemas are released here, and not guessed from events.

Source: EventBridge Schemas API reference, "Discoverers".
"""

from collections.abc import Mapping
from typing import Annotated, Final

from keybus.server.aws import Call
from keybus.server.aws.shapes import Answer, Request
from keybus.server.schemas.errors import NOT_FOUND
from keybus.server.schemas.operation import READ, Operation, Refused
from keybus.server.schemas.paging import after_token
from keybus.server.schemas.places import query
from keybus.server.schemas.shapes import Limit, NextToken

_PATH: Final = "/v1/discoverers"
_ONE: Final = f"{_PATH}/id/{{discovererId}}"
_WHY: Final = "this bus discovers no schemas in events; release a contract of the event instead"
_NONE: Final = f"there are no discoverers: {_WHY}"


class ListDiscoverers(Request, frozen=True):
    """ListDiscoverersRequest."""

    discoverer_id_prefix: Annotated[str, query("discovererIdPrefix")] = ""
    limit: Limit | None = None
    next_token: NextToken | None = None
    source_arn_prefix: Annotated[str, query("sourceArnPrefix")] = ""


class DiscovererSummary(Answer, frozen=True):
    """DiscovererSummary, of which there is never one."""


class Discoverers(Answer, frozen=True, kw_only=True):
    """ListDiscoverersResponse."""

    discoverers: list[DiscovererSummary]
    next_token: str | None = None


async def list_discoverers(_: Call, asked: ListDiscoverers) -> Discoverers:
    """Answer ListDiscoverers: there are none."""
    after_token("discoverers", asked.next_token)  # none is given out
    return Discoverers(discoverers=[])


OPERATIONS: Final[Mapping[str, Operation]] = {
    "ListDiscoverers": Operation(
        "GET",
        _PATH,
        ListDiscoverers,
        list_discoverers,
        READ,
        Discoverers,
        kinds=frozenset(),
    )
}
REFUSED: Final[Mapping[str, Refused]] = {
    "CreateDiscoverer": Refused("POST", _PATH, _WHY),
    "DeleteDiscoverer": Refused("DELETE", _ONE, _NONE, NOT_FOUND),
    "DescribeDiscoverer": Refused("GET", _ONE, _NONE, NOT_FOUND),
    "GetDiscoveredSchema": Refused("POST", "/v1/discover", _WHY),
    "StartDiscoverer": Refused("POST", f"{_ONE}/start", _NONE, NOT_FOUND),
    "StopDiscoverer": Refused("POST", f"{_ONE}/stop", _NONE, NOT_FOUND),
    "UpdateDiscoverer": Refused("PUT", _ONE, _NONE, NOT_FOUND),
}
