"""Subscriptions are paused and resumed over the native API."""

from typing import Annotated

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from keybus.protocol import API
from keybus.server.access import CONSUME, AnyRoute, bus_of, guarded, principal_of
from keybus.server.answers import UNREADABLE, BadRequest, body, json

_MAX_BODY = 4 << 10


class PauseRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``POST …/pause``.

    Attributes:
        reason: Why, for whoever looks at it later.
    """

    reason: Annotated[str, msgspec.Meta(max_length=500)] = ""


class PauseState(msgspec.Struct, frozen=True):
    """Whether a subscription is paused."""

    paused: bool


def routes() -> list[AnyRoute]:
    """Both routes, each with its decision."""
    one = f"{API}/subscriptions/{{name:path}}"
    return [
        guarded(f"{one}/pause", _pause, access=CONSUME, methods=["POST"]),
        guarded(f"{one}/resume", _resume, access=CONSUME, methods=["POST"]),
    ]


async def _pause(request: Request) -> Response:
    try:
        asked = msgspec.json.decode(await body(request, _MAX_BODY) or b"{}", type=PauseRequest)
    except UNREADABLE as error:
        raise BadRequest(
            f"the body cannot be used: {error}", hint='send {"reason": "…"}, or nothing'
        ) from error
    name = request.path_params["name"]
    return json(await bus_of(request).pauses.pause(name, principal_of(request), asked.reason))


async def _resume(request: Request) -> Response:
    await bus_of(request).pauses.resume(request.path_params["name"], principal_of(request))
    return json(PauseState(paused=False))
