"""Deliveries by polling: each POST settles what the last one brought, and waits for more."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from keybus.protocol import API, ReceiveRequest
from keybus.server.access import CONSUME, AnyRoute, guarded, principal_of
from keybus.server.answers import UNREADABLE, BadRequest, body, json
from keybus.server.native.pollers import Pollers
from keybus.server.native.polling import Ended

_MAX_BODY = 1 << 20
_requests = msgspec.json.Decoder(ReceiveRequest)


def routes() -> list[AnyRoute]:
    """The one route, with its decision."""
    path = f"{API}/subscriptions/{{name:path}}/receive"
    return [guarded(path, _receive, access=CONSUME, methods=["POST"])]


async def _receive(request: Request) -> Response:
    try:
        asked = _requests.decode(await body(request, _MAX_BODY) or b"{}")
    except UNREADABLE as error:
        raise BadRequest(
            f"the body is no poll: {error}", hint='send {"max": 10, "wait": 20, "ack": []}'
        ) from error
    pollers: Pollers = request.app.state.pollers
    name, principal = request.path_params["name"], principal_of(request)
    if asked.consumer is None:
        ended: Ended | None = getattr(request.state, "ended", None)
        poller = pollers.open(name, principal, ended)
    else:
        poller = pollers.find(name, asked.consumer, principal)
    async with _leaves(request) as leaves:
        return json(await poller.poll(asked, leaves))


@contextlib.asynccontextmanager
async def _leaves(request: Request) -> AsyncIterator[asyncio.Event]:
    """Set once whoever asks has closed the connection."""
    leaves = asyncio.Event()

    async def watch() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass
        leaves.set()

    watching = asyncio.create_task(watch())
    try:
        yield leaves
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
