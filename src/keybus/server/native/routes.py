"""The REST part of the native API."""

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route, WebSocketRoute

from keybus.bus import Bus
from keybus.protocol import (
    API,
    MAX_PUT_BYTES,
    PutRequest,
    PutResponse,
)
from keybus.server.answers import UNREADABLE, BadRequest, body, json
from keybus.server.native.deliveries import deliveries

_put_decoder = msgspec.json.Decoder(PutRequest)
_MAX_DEAD_LETTERS = 1000


class DeadLetterInfo(msgspec.Struct, frozen=True):
    """A dead letter with its event."""

    position: int
    reason: str
    attempts: int
    ingested_at: int
    buried_at: int
    envelope: msgspec.Raw


def routes() -> list[BaseRoute]:
    """Every route of the native API."""
    return [
        Route(f"{API}/events", _put, methods=["POST"]),
        Route(f"{API}/platform", _platform),
        Route(f"{API}/publishers", _publishers),
        Route(f"{API}/subscriptions", _subscriptions),
        Route(f"{API}/subscriptions/{{name:path}}/dead-letters", _dead_letters),
        WebSocketRoute(f"{API}/subscriptions/{{name:path}}/deliveries", deliveries),
        Route("/healthz", _health),
    ]


def _bus(request: Request) -> Bus:
    bus: Bus = request.app.state.bus
    return bus


async def _put(request: Request) -> Response:
    try:
        put = _put_decoder.decode(await body(request, MAX_PUT_BYTES))
    except UNREADABLE as error:
        raise BadRequest(
            f"the body is no list of entries: {error}", hint='send {"entries": [{"source": …}]}'
        ) from error
    return json(PutResponse(await _bus(request).put(put.entries)))


async def _platform(request: Request) -> Response:
    return json(_bus(request).platform)


async def _publishers(request: Request) -> Response:
    return json(_bus(request).publishers(request.query_params.get("event_type")))


async def _subscriptions(request: Request) -> Response:
    return json(await _bus(request).subscriptions())


async def _dead_letters(request: Request) -> Response:
    cursor = _bus(request).dispatcher(request.path_params["name"]).cursor
    found: list[DeadLetterInfo] = []
    async for letter in cursor.dead_letters():
        if len(found) == _MAX_DEAD_LETTERS:
            break
        found.append(
            DeadLetterInfo(
                position=letter.position,
                reason=letter.reason,
                attempts=letter.attempts,
                ingested_at=letter.ingested_at,
                buried_at=letter.buried_at,
                envelope=msgspec.Raw(letter.envelope),
            )
        )
    return json(found)


async def _health(request: Request) -> Response:
    return json({"status": "ok", "bus": _bus(request).platform.bus})
