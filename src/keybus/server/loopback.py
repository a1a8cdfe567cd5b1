"""Keeps web pages out of a bus that asks nobody for credentials.

A page in a browser on this machine can send requests to 127.0.0.1, and by DNS rebinding even read
the answers. So the Host must name the loopback, and an Origin, which only browsers send, must be
the bus itself.
"""

import re

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

_LOOPBACK = re.compile(r"(?:localhost|127\.0\.0\.1|\[::1\])(?::[0-9]{1,5})?", re.IGNORECASE)


class LoopbackOnly:
    """An ASGI middleware that lets only local programs through.

    Args:
        app: What stands behind it.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer 403."""
        if scope["type"] in ("http", "websocket"):
            headers = Headers(scope=scope)
            hosts, origins = headers.getlist("host"), headers.getlist("origin")
            local = len(hosts) == 1 and _LOOPBACK.fullmatch(hosts[0])
            if not local or any(origin != f"http://{hosts[0]}" for origin in origins):
                await self._refuse(scope, receive, send)
                return
        await self._app(scope, receive, send)

    @staticmethod
    async def _refuse(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 4403, "reason": "loopback only"})
            return
        answer = PlainTextResponse(
            "This bus answers programs on this machine only: Host must be loopback, Origin its own.\n",
            status_code=403,
        )
        await answer(scope, receive, send)
