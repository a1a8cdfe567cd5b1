"""The way to what is asked thousands of times a second, past the router.

The router tries one route after the other and wraps each request twice: that took more time than all
that is done for a request but the work on its events. What answers is the route's own endpoint, so
the decision that it asks for, and its errors, are the same.
"""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from keybus.errors import KeybusError
from keybus.server.access import Guarded
from keybus.server.answers import refused


class Straight:
    """An ASGI middleware that reaches routes that ask for it by the whole of their path.

    Args:
        app: The application that has them, and is asked for everything else.
    """

    def __init__(self, app: Starlette) -> None:
        self._app = app
        self._endpoints = {
            (method, route.path): route.endpoint
            for route in app.routes
            if isinstance(route, Guarded) and route.straight
            for method in route.methods or ()
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or pass the request on."""
        endpoint = None
        if scope["type"] == "http":
            endpoint = self._endpoints.get((scope["method"], scope["path"]))
        if endpoint is None:
            await self._app(scope, receive, send)
            return
        scope["app"] = self._app
        try:
            answer = await endpoint(Request(scope, receive, send))
        except KeybusError as error:
            answer = refused(error)
        await answer(scope, receive, send)
