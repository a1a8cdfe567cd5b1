"""What became of an event, over the native API."""

from starlette.requests import Request
from starlette.responses import Response

from keybus.protocol import API
from keybus.server.access import MEMBER, AnyRoute, bus_of, guarded, is_open, principal_of
from keybus.server.answers import BadRequest, json
from keybus.server.moments import moment_of


def routes() -> list[AnyRoute]:
    """The one route, with its decision."""
    return [guarded(f"{API}/explain", _explain, access=MEMBER)]


async def _explain(request: Request) -> Response:
    bus, principal, query = bus_of(request), principal_of(request), request.query_params
    if (event := query.get("event")) is None:
        raise BadRequest("event is missing", hint="…/explain?event=ID")
    since = query.get("since")
    answer = await bus.explaining.explain(
        event,
        None if is_open(bus, principal) else principal,
        before=_before(query.get("before")),
        since=0 if since is None else moment_of("since", since),
    )
    return json(answer)


def _before(text: str | None) -> int | None:
    if text is None:
        return None
    number = int(text) if text.isdecimal() and text.isascii() and len(text) < 19 else 0  # noqa: PLR2004 - what SQLite can hold
    if not number:
        raise BadRequest("before is what the last answer had under this name, a position")
    return number
