"""The REST part of the native API."""

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from keybus.errors import Overloaded
from keybus.governance.authorizer import Visibility
from keybus.protocol import (
    API,
    MAX_PUT_BYTES,
    PublisherInfo,
    PutRequest,
    PutResponse,
    SubscriptionInfo,
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
from keybus.server.answers import json
from keybus.server.native import (
    archive,
    clearings,
    contract_releasing,
    contracts,
    credentials,
    dead_letters,
    explain,
    governance,
    pauses,
    platform,
    receive,
    replays,
    tail,
    undeclared,
    violations,
    webhooks,
)
from keybus.server.native.deliveries import deliveries
from keybus.server.operation import Operation
from keybus.server.request import Body, Query
from keybus.topology import Platform


class PublishersQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The query of ``GET /api/v1/publishers``.

    Attributes:
        event_type: Only those of this event type.
    """

    event_type: str | msgspec.UnsetType = msgspec.UNSET


class Health(msgspec.Struct, frozen=True, omit_defaults=True):
    """That the bus answers.

    Attributes:
        status: ``ok``.
        bus: Its name, where it asks nobody for credentials.
    """

    status: str
    bus: str = ""


_ENTRIES = Body(
    PutRequest,
    limit=MAX_PUT_BYTES,
    wrong="the body is no list of entries",
    hint='send {"entries": [{"source": …}]}',
)
_OF_TYPE = Query(PublishersQuery)


def routes() -> list[AnyRoute]:
    """Every route of the native API, each with its decision."""
    one = f"{API}/subscriptions/{{name:path}}"
    return [
        guarded(
            f"{API}/events",
            _put,
            access=PUT,
            operation=Operation(
                id="putEvents",
                summary="Offer events; each is taken or refused by itself",
                body=_ENTRIES,
                answers={200: PutResponse},
                fails=(Overloaded,),
            ),
            methods=["POST"],
            straight=True,
        ),
        guarded(
            f"{API}/platform",
            _platform,
            access=administer("platform.read"),
            operation=Operation(
                id="showPlatform",
                summary="What holds; an account without the role central or auditor sees its part",
                answers={200: Platform},
            ),
        ),
        guarded(
            f"{API}/publishers",
            _publishers,
            access=MEMBER,
            operation=Operation(
                id="listPublishers",
                summary="The declared publishers",
                query=_OF_TYPE,
                answers={200: list[PublisherInfo]},
            ),
        ),
        guarded(
            f"{API}/subscriptions",
            _subscriptions,
            access=MEMBER,
            operation=Operation(
                id="listSubscriptions",
                summary="Subscriptions, and how each stands",
                answers={200: list[SubscriptionInfo]},
            ),
        ),
        guarded_socket(f"{one}/deliveries", deliveries, access=CONSUME),
        *receive.routes(),
        *clearings.routes(),
        *dead_letters.routes(),
        *explain.routes(),
        *violations.routes(),
        *tail.routes(),
        *undeclared.routes(),
        *pauses.routes(),
        *replays.routes(),
        *archive.routes(),
        *platform.routes(),
        *governance.routes(),
        *credentials.routes(),
        *webhooks.routes(),
        *contracts.routes(),
        *contract_releasing.routes(),
        guarded(
            "/healthz",
            _health,
            access=PUBLIC,
            operation=Operation(id="health", summary="Whether it answers", answers={200: Health}),
        ),
    ]


async def _put(request: Request) -> Response:
    bus, principal = bus_of(request), principal_of(request)
    with bus.backlog.request(principal.account) as offered:
        put = await _ENTRIES.of(request, offered.more)
        return json(PutResponse(await bus.put(put.entries, principal)))


async def _platform(request: Request) -> Response:
    bus = bus_of(request)
    visible = _visible(request)
    return json(bus.platform if visible is None else visible.cut(bus.platform))


async def _publishers(request: Request) -> Response:
    event_type = _OF_TYPE.of(request).event_type
    found = bus_of(request).publishers(None if event_type is msgspec.UNSET else event_type)
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
    shown = is_open(bus_of(request), principal_of(request))
    return json(Health("ok", bus_of(request).platform.bus if shown else ""))
