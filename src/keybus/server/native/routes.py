"""The REST part of the native API."""

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from keybus.governance.authorizer import Visibility
from keybus.protocol import (
    API,
    MAX_PUT_BYTES,
    PutRequest,
    PutResponse,
)
from keybus.server.access import (
    CONSUME,
    MEMBER,
    PUBLIC,
    PUT,
    AnyRoute,
    administer,
    bus_of,
    guarded,
    guarded_socket,
    is_open,
    principal_of,
)
from keybus.server.answers import UNREADABLE, BadRequest, body, json
from keybus.server.native import (
    archive,
    credentials,
    dead_letters,
    explain,
    governance,
    pauses,
    platform,
    receive,
    replays,
    tail,
    webhooks,
)
from keybus.server.native.deliveries import deliveries

_put_decoder = msgspec.json.Decoder(PutRequest)


def routes() -> list[AnyRoute]:
    """Every route of the native API, each with its decision."""
    one = f"{API}/subscriptions/{{name:path}}"
    return [
        guarded(f"{API}/events", _put, access=PUT, methods=["POST"]),
        guarded(f"{API}/platform", _platform, access=administer("platform.read")),
        guarded(f"{API}/publishers", _publishers, access=MEMBER),
        guarded(f"{API}/subscriptions", _subscriptions, access=MEMBER),
        guarded_socket(f"{one}/deliveries", deliveries, access=CONSUME),
        *receive.routes(),
        *dead_letters.routes(),
        *explain.routes(),
        *tail.routes(),
        *pauses.routes(),
        *replays.routes(),
        *archive.routes(),
        *platform.routes(),
        *governance.routes(),
        *credentials.routes(),
        *webhooks.routes(),
        guarded("/healthz", _health, access=PUBLIC),
    ]


async def _put(request: Request) -> Response:
    bus, principal = bus_of(request), principal_of(request)
    with bus.backlog.request(principal.account) as offered:
        try:
            put = _put_decoder.decode(await body(request, MAX_PUT_BYTES, offered.more))
        except UNREADABLE as error:
            raise BadRequest(
                f"the body is no list of entries: {error}",
                hint='send {"entries": [{"source": …}]}',
            ) from error
        return json(PutResponse(await bus.put(put.entries, principal)))


async def _platform(request: Request) -> Response:
    bus = bus_of(request)
    visible = _visible(request)
    return json(bus.platform if visible is None else visible.cut(bus.platform))


async def _publishers(request: Request) -> Response:
    found = bus_of(request).publishers(request.query_params.get("event_type"))
    visible = _visible(request)
    return json([each for each in found if visible is None or each.name in visible.publishers])


async def _subscriptions(request: Request) -> Response:
    found = await bus_of(request).subscriptions()
    visible = _visible(request)
    return json([each for each in found if visible is None or each.name in visible.subscriptions])


def _visible(request: Request) -> Visibility | None:
    """Which names may be answered; None: all."""
    bus, principal = bus_of(request), principal_of(request)
    return None if is_open(bus, principal) else bus.authorizer.visible(principal)


async def _health(request: Request) -> Response:
    told = {"status": "ok"}
    if is_open(bus_of(request), principal_of(request)):
        told["bus"] = bus_of(request).platform.bus
    return json(told)
