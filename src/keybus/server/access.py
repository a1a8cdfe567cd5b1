"""Access: every route says, as data, who may use it, and is reached through that decision only."""

from collections.abc import Awaitable, Callable, Iterable
from typing import Literal

import msgspec
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.routing import Match, Route, WebSocketRoute
from starlette.types import Scope
from starlette.websockets import WebSocket

from keybus.bus import Bus
from keybus.errors import Forbidden
from keybus.governance import ANYBODY, Principal
from keybus.governance.authorizer import ACTIONS
from keybus.governance.sprawl import HEADER
from keybus.server.operation import Operation

NOT_YOURS = 4403
"""The close code of a WebSocket that may not be opened, or not any longer."""
_MAX_REASON_BYTES = 123
_AGENT = HEADER.lower().encode()

Endpoint = Callable[[Request], Awaitable[Response]]
SocketEndpoint = Callable[[WebSocket], Awaitable[None]]


class Access(msgspec.Struct, frozen=True):
    """Who may use a route.

    Attributes:
        rule: ``public``: whoever reaches the port. ``member``: any credential that holds; what is
            answered is cut to what it may see. ``put``: the same, and the bus decides entry by
            entry. ``consume``: the account of the subscription that the path names.
            ``administer``: the roles that the action asks for.
        action: The action of ``administer``, one of the authorizer's.
    """

    rule: Literal["public", "member", "put", "consume", "administer"]
    action: str = ""

    def __post_init__(self) -> None:
        known = self.action in ACTIONS if self.rule == "administer" else not self.action
        if not known:
            raise ValueError(f"{self.rule} {self.action!r} is no decision of the authorizer's")


PUBLIC, MEMBER, PUT, CONSUME = Access("public"), Access("member"), Access("put"), Access("consume")


def administer(action: str) -> Access:
    """For those who may do this with the platform as a whole."""
    return Access("administer", action)


class Guarded(Route):
    """A route with its decision, and what it is asked and answers; made by `guarded`."""

    access: Access
    operation: Operation | None
    straight: bool


class GuardedSocket(WebSocketRoute):
    """A WebSocket's route with its decision; made by `guarded_socket`."""

    access: Access


AnyRoute = Guarded | GuardedSocket


def guarded(
    path: str,
    endpoint: Endpoint,
    *,
    access: Access,
    operation: Operation | None = None,
    methods: Iterable[str] = ("GET",),
    straight: bool = False,
) -> Guarded:
    """A route that reaches its endpoint once the decision is for it.

    Args:
        path: Its path, as Starlette writes it; ``consume`` needs ``name`` in it.
        endpoint: What answers.
        access: Who may use it.
        operation: What it is asked and answers; None: a face of others, such as AWS's, that says so.
        methods: The methods that it answers.
        straight: Whether it is asked so often that it is reached past the router.
    """

    async def answer(request: Request) -> Response:
        decide(request, access, request.path_params.get("name", ""))
        return await endpoint(request)

    route = Guarded(path, answer, methods=list(methods))
    route.access, route.operation, route.straight = access, operation, straight
    return route


def guarded_socket(path: str, endpoint: SocketEndpoint, *, access: Access) -> GuardedSocket:
    """The same for a WebSocket; one that is refused is accepted and closed with 4403.

    Only so does its client hear the reason: browsers' and most libraries' interfaces do not tell
    the answer to a handshake that was refused. Who has no credential gets no further than that.
    """

    async def answer(websocket: WebSocket) -> None:
        try:
            decide(websocket, access, websocket.path_params.get("name", ""))
        except Forbidden as error:
            await websocket.accept()
            await websocket.close(NOT_YOURS, shortened(str(error)))
            return
        await endpoint(websocket)

    route = GuardedSocket(path, answer)
    route.access = access
    return route


def methods_of(request: Request) -> list[str]:
    """The methods that are answered at a request's path; none where it has no route."""
    routes = [route for route in request.app.routes if isinstance(route, Guarded)]
    paths = (each.path for each in routes if each.matches(request.scope)[0] != Match.NONE)
    path = next(paths, None)  # as the router does, which asks the first that fits
    return sorted(set().union(*(each.methods or () for each in routes if each.path == path)))


def bus_of(connection: HTTPConnection) -> Bus:
    """The bus that the application serves."""
    bus: Bus = connection.scope["app"].state.bus
    return bus


def principal_of(connection: HTTPConnection) -> Principal:
    """Who asks, as the door found out."""
    principal: Principal = connection.scope["state"]["principal"]
    return principal


def decide(connection: HTTPConnection, access: Access, subscription: str = "") -> None:
    """Let a request pass.

    Args:
        connection: The request.
        access: What its route says.
        subscription: The subscription that it names, for ``consume``.

    Raises:
        Forbidden: The authorizer is against it.
    """
    bus = bus_of(connection)
    principal = principal_of(connection)
    if principal.account and (agent := first_header(connection.scope, _AGENT)):
        bus.usage.seen(principal.account, agent, bus.clock.time_us())
    if is_open(bus, principal):
        return
    if access.rule == "consume":
        refusal = bus.authorizer.consume(principal, subscription)
        bus.permission.require(principal, f"consume {subscription[:128]}", refusal)
    elif access.rule == "administer":
        refusal = bus.authorizer.administer(principal, access.action)
        bus.permission.require(principal, access.action, refusal)


def first_header(scope: Scope, name: bytes) -> str:
    """The first value of a header; empty where there is none.

    Args:
        scope: The request's.
        name: In lower case.
    """
    for found, value in scope["headers"]:
        if found == name:
            text: str = value.decode("latin-1")
            return text
    return ""


def is_open(bus: Bus, principal: Principal) -> bool:
    """Whether the bus asks nobody for credentials, so that there is nobody to decide about."""
    return principal == ANYBODY and bus.modes.authorization != "enforce"


def shortened(reason: str) -> str:
    """As much of a reason as a WebSocket's close takes."""
    return reason.encode()[:_MAX_REASON_BYTES].decode("utf-8", "ignore")
