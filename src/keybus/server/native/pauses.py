"""Subscriptions are paused and resumed over the native API."""

from typing import Annotated

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from keybus.errors import SubscriptionError
from keybus.protocol import API, PauseInfo
from keybus.server.access import CONSUME, AnyRoute, bus_of, guarded, principal_of
from keybus.server.answers import json
from keybus.server.operation import Operation
from keybus.server.request import Body


class PauseRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``POST …/pause``.

    Attributes:
        reason: Why, for whoever looks at it later.
    """

    reason: Annotated[str, msgspec.Meta(max_length=500)] = ""


class PauseState(msgspec.Struct, frozen=True):
    """Whether a subscription is paused."""

    paused: bool


_REQUEST = Body(PauseRequest, limit=4 << 10, hint='send {"reason": "…"}, or nothing', optional=True)


def routes() -> list[AnyRoute]:
    """Both routes, each with its decision."""
    one = f"{API}/subscriptions/{{name:path}}"
    path = {"name": "The subscription's name."}
    return [
        guarded(
            f"{one}/pause",
            _pause,
            access=CONSUME,
            operation=Operation(
                id="pauseSubscription",
                summary="Deliver nothing until it is resumed",
                path=path,
                body=_REQUEST,
                answers={200: PauseInfo},
                fails=(SubscriptionError,),
            ),
            methods=["POST"],
        ),
        guarded(
            f"{one}/resume",
            _resume,
            access=CONSUME,
            operation=Operation(
                id="resumeSubscription",
                summary="Deliver again",
                path=path,
                answers={200: PauseState},
                fails=(SubscriptionError,),
            ),
            methods=["POST"],
        ),
    ]


async def _pause(request: Request) -> Response:
    asked = await _REQUEST.of(request)
    name = request.path_params["name"]
    return json(await bus_of(request).pauses.pause(name, principal_of(request), asked.reason))


async def _resume(request: Request) -> Response:
    await bus_of(request).pauses.resume(request.path_params["name"], principal_of(request))
    return json(PauseState(paused=False))
