"""What became of an event, over the native API."""

from typing import Annotated

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from keybus.bus.explaining.explanation import ExplainAnswer
from keybus.bus.explaining.search import LONGEST_ID
from keybus.errors import EnvelopeError
from keybus.protocol import API
from keybus.server.access import MEMBER, AnyRoute, bus_of, guarded, is_open, principal_of
from keybus.server.answers import json
from keybus.server.moments import Moment, moment_of
from keybus.server.operation import Operation
from keybus.server.request import Query

_LATEST = 10**18 - 1  # what every store can hold


class ExplainQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The query of ``GET /api/v1/explain``.

    Attributes:
        event: The id that the put answered, or the event's own.
        since: Only events that were ingested at this time or later: RFC 3339, a date, or
            microseconds since the Unix epoch.
        before: Only what lies before this position: the last answer's ``before``.
    """

    event: Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_ID)]
    since: Moment | msgspec.UnsetType = msgspec.UNSET
    before: Annotated[int, msgspec.Meta(ge=1, le=_LATEST)] | msgspec.UnsetType = msgspec.UNSET


_QUERY = Query(ExplainQuery)


def routes() -> list[AnyRoute]:
    """The one route, with its decision."""
    return [
        guarded(
            f"{API}/explain",
            _explain,
            access=MEMBER,
            operation=Operation(
                id="explainEvent",
                summary="What became of an event in each subscription",
                query=_QUERY,
                answers={200: ExplainAnswer},
                fails=(EnvelopeError,),
            ),
        )
    ]


async def _explain(request: Request) -> Response:
    bus, principal, asked = bus_of(request), principal_of(request), _QUERY.of(request)
    answer = await bus.explaining.explain(
        asked.event,
        None if is_open(bus, principal) else principal,
        before=None if asked.before is msgspec.UNSET else asked.before,
        since=0 if asked.since is msgspec.UNSET else moment_of("since", asked.since),
    )
    return json(answer)
