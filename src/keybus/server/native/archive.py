"""How much the bus keeps, over the native API."""

from starlette.requests import Request
from starlette.responses import Response

from keybus.protocol import API
from keybus.server.access import AnyRoute, administer, bus_of, guarded
from keybus.server.answers import json


def routes() -> list[AnyRoute]:
    """The one route, with its decision."""
    return [guarded(f"{API}/archive", _archive, access=administer("subscriptions.read"))]


async def _archive(request: Request) -> Response:
    return json(await bus_of(request).retention.info())
