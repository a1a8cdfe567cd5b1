"""``/api/v1/openapi.json``: the same for everybody who has a credential."""

import asyncio
from typing import Any, Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from keybus.protocol import API
from keybus.server.access import MEMBER, AnyRoute, guarded
from keybus.server.openapi.document import document
from keybus.server.operation import JSON, Operation

PATH: Final = f"{API}/openapi.json"


def routes() -> list[AnyRoute]:
    """The one route, with its decision."""
    return [
        guarded(
            PATH,
            _document,
            access=MEMBER,
            operation=Operation(
                id="describe", summary="This document", answers={200: dict[str, Any]}
            ),
        )
    ]


async def _document(request: Request) -> Response:
    """The document, made when it is first asked for: starting does not wait for it."""
    app, state = request.app, request.app.state
    if not hasattr(state, "openapi"):
        made = await asyncio.to_thread(document, app.routes, closed=state.registry is not None)
        state.openapi = msgspec.json.encode(made)
    return Response(state.openapi, media_type=JSON)
