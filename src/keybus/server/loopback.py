"""Keeps web pages out of a bus that asks nobody for credentials.

A page in a browser on this machine can send requests to 127.0.0.1, and by DNS rebinding even read
the answers. So the Host must name the loopback, and an Origin, which only browsers send, must be
the bus itself.
"""

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

_LOOPBACK = {"localhost", "127.0.0.1", "[::1]"}


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
            host, origin = headers.get("host", ""), headers.get("origin")
            local = _hostname(host) in _LOOPBACK
            if not local or origin not in (None, f"http://{host}"):
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


def _hostname(host: str) -> str:
    """The host without its port; brackets of an IPv6 address are kept."""
    if host.startswith("["):
        return host.partition("]")[0] + "]"
    return host.partition(":")[0].lower()
