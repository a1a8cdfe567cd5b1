"""Keeps web pages out: browsers send an Origin, and programs do not."""

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send


class SameOrigin:
    """An ASGI middleware that refuses what a page of another origin asks.

    Over TLS the Origin has to be the Host's https address; without TLS, where a proxy may have
    ended it, its http or https address.

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
            schemes = ("https",) if scope["scheme"] in ("https", "wss") else ("http", "https")
            own = [f"{scheme}://{host}" for scheme in schemes for host in hosts]
            if len(hosts) != 1 or any(origin not in own for origin in origins):
                answer = PlainTextResponse(
                    "This bus answers programs and pages of its own: one Host, and no other Origin.\n",
                    status_code=403,
                )
                await answer(scope, receive, send)
                return
        await self._app(scope, receive, send)
