"""The ASGI application: every face of the bus on one port."""

from collections.abc import Sequence

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Scope

from keybus.bus import Bus
from keybus.errors import KeybusError
from keybus.governance import Principal
from keybus.governance.authorizer import Refusal
from keybus.governance.credentials import Registry
from keybus.protocol import API, Problem
from keybus.server import metrics, native, openapi
from keybus.server.access import AnyRoute, Guarded, methods_of
from keybus.server.answers import json, problem, refused
from keybus.server.auth import Door
from keybus.server.auth.door import open_door
from keybus.server.aws import Dispatch
from keybus.server.eventbridge import EVENTS
from keybus.server.listening import Listening
from keybus.server.loopback import LoopbackOnly
from keybus.server.origin import SameOrigin
from keybus.server.schemas import SCHEMAS
from keybus.server.sqs import SQS
from keybus.server.straight import Straight

AWS = Dispatch([EVENTS, SQS])
"""The services of AWS that speak its JSON protocol."""


def routes() -> list[AnyRoute]:
    """Every route of every face, each with its decision."""
    return [
        *native.routes(),
        *openapi.routes(),
        *metrics.routes(),
        *AWS.routes(),
        *SCHEMAS.routes(),
    ]


def application(
    bus: Bus, registry: Registry | None = None, listening: Listening | None = None
) -> ASGIApp:
    """The application of a running bus.

    With a registry every request needs a credential, but for what is public. Without one the bus
    asks nobody, and is open to programs on this machine only.

    Args:
        bus: The bus; whoever started it closes it.
        registry: The credentials.
        listening: How the server can be reached, as compliance asks.
    """
    app = Straight(behind_the_door(bus, registry, listening))
    if registry is None:
        return LoopbackOnly(open_door(app))

    def told(principal: Principal, what: str, error: KeybusError) -> None:
        # The authorizer was not asked; who it claims to be goes with the refusal all the same.
        bus.refused(principal, what, Refusal("credential", str(error.args[0]), error.hint))

    door = Door(
        app,
        registry,
        public=public_paths(routes()),
        render=_as_asked,
        refused=told,
        clock=bus.clock,
    )
    return SameOrigin(door)


def behind_the_door(
    bus: Bus, registry: Registry | None = None, listening: Listening | None = None
) -> Starlette:
    """The routes, and all that is reached through them; it takes nobody who has no principal."""
    app = Starlette(
        routes=routes(),
        exception_handlers={KeybusError: _refused, HTTPException: _no_such_route},
    )
    app.router.redirect_slashes = False  # a path is the route's own, or there is none
    app.state.bus, app.state.registry = bus, registry
    app.state.listening = listening or Listening()
    app.state.pollers = native.Pollers(bus)
    return app


def public_paths(among: Sequence[AnyRoute]) -> frozenset[str]:
    """The paths of the routes that are open to everybody."""
    public = [route for route in among if route.access.rule == "public"]
    assert all(isinstance(route, Guarded) and "{" not in route.path for route in public)
    return frozenset(route.path for route in public)


def _as_asked(scope: Scope, error: KeybusError) -> Response:
    """An error in the shape of the face that was asked."""
    return AWS.refusal(scope, error) or SCHEMAS.refusal(scope, error) or problem(error)


async def _no_such_route(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if (unknown := SCHEMAS.unknown(request.scope)) is not None:
        return unknown
    told = Problem(
        "no-such-route",
        f"{request.method} {request.url.path}: {error.detail}",
        hint=f"the native API is under {API}; EventBridge's is POST /",
    )
    answer = json(told, error.status_code)
    if methods := methods_of(request):  # RFC 9110, section 15.5.6
        answer.headers["allow"] = ", ".join(methods)
    return answer


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, KeybusError)
    return SCHEMAS.refusal(request.scope, error) or refused(error)
