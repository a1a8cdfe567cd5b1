"""Keeps web pages out: browsers send an Origin, and programs do not."""

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
            hosts = [value for name, value in scope["headers"] if name == b"host"]
            origins = [value for name, value in scope["headers"] if name == b"origin"]
            schemes = (b"https",) if scope["scheme"] in ("https", "wss") else (b"http", b"https")
            if len(hosts) != 1 or any(
                origin not in [b"%s://%s" % (scheme, hosts[0]) for scheme in schemes]
                for origin in origins
            ):
                answer = PlainTextResponse(
                    "This bus answers programs and pages of its own: one Host, and no other Origin.\n",
                    status_code=403,
                )
                await answer(scope, receive, send)
                return
        await self._app(scope, receive, send)
