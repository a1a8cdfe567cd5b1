"""How much the bus keeps, over the native API."""

from starlette.requests import Request
from starlette.responses import Response

from keybus.bus.archive.retention import ArchiveInfo
from keybus.protocol import API
from keybus.server.access import AnyRoute, administer, bus_of, guarded
from keybus.server.answers import json
from keybus.server.operation import Operation


def routes() -> list[AnyRoute]:
    """The one route, with its decision."""
    return [
        guarded(
            f"{API}/archive",
            _archive,
            access=administer("subscriptions.read"),
            operation=Operation(
                id="showArchive",
                summary="How much is kept, since when, and by which subscriptions' need",
                answers={200: ArchiveInfo},
            ),
        )
    ]


async def _archive(request: Request) -> Response:
    return json(await bus_of(request).retention.info())
