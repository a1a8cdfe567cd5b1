"""Deliveries by polling: each POST settles what the last one brought, and waits for more."""

from starlette.requests import Request
from starlette.responses import Response

from keybus.errors import SubscriptionError
from keybus.protocol import API, ReceiveRequest, ReceiveResponse
from keybus.server.access import CONSUME, AnyRoute, guarded, principal_of
from keybus.server.answers import json
from keybus.server.leaving import leaves
from keybus.server.native.pollers import Pollers
from keybus.server.native.polling import Ended, NoSuchConsumer
from keybus.server.operation import Operation
from keybus.server.request import Body

_REQUEST = Body(
    ReceiveRequest,
    limit=1 << 20,
    wrong="the body is no poll",
    hint='send {"max": 10, "wait": 20, "ack": []}',
    optional=True,
)


def routes() -> list[AnyRoute]:
    """The one route, with its decision."""
    return [
        guarded(
            f"{API}/subscriptions/{{name:path}}/receive",
            _receive,
            access=CONSUME,
            operation=Operation(
                id="receiveDeliveries",
                summary="Settle deliveries, and wait for more",
                path={"name": "The subscription's name."},
                body=_REQUEST,
                answers={200: ReceiveResponse},
                fails=(SubscriptionError, NoSuchConsumer),
            ),
            methods=["POST"],
        )
    ]


async def _receive(request: Request) -> Response:
    asked = await _REQUEST.of(request)
    pollers: Pollers = request.app.state.pollers
    name, principal = request.path_params["name"], principal_of(request)
    if asked.consumer is None:
        ended: Ended | None = getattr(request.state, "ended", None)
        poller = pollers.open(name, principal, ended)
    else:
        poller = pollers.find(name, asked.consumer, principal)
    async with leaves(request) as left:
        return json(await poller.poll(asked, left))
