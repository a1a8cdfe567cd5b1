"""The ASGI application: every face of the bus on one port."""

import logging

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from keybus.bus import Bus
from keybus.errors import KeybusError
from keybus.protocol import API, Problem
from keybus.server import eventbridge, native
from keybus.server.answers import json, problem
from keybus.server.loopback import LoopbackOnly

_log = logging.getLogger(__name__)


def application(bus: Bus) -> LoopbackOnly:
    """The application of a running bus, open to programs on this machine only.

    Args:
        bus: The bus; whoever started it closes it.
    """
    app = Starlette(
        routes=[*native.routes(), *eventbridge.routes()],
        exception_handlers={KeybusError: _refused, HTTPException: _no_such_route},
    )
    app.state.bus = bus
    return LoopbackOnly(app)


async def _no_such_route(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    told = Problem(
        "no-such-route",
        f"{request.method} {request.url.path}: {error.detail}",
        hint=f"the native API is under {API}; EventBridge's is POST /",
    )
    return json(told, error.status_code)


async def _refused(_: Request, error: Exception) -> Response:
    assert isinstance(error, KeybusError)
    answer = problem(error)
    if answer.status_code >= 500:  # noqa: PLR2004 - the server's own fault
        _log.error("%s", error, exc_info=error)
    return answer
