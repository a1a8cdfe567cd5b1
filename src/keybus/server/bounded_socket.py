"""One WebSocket's connection, which is ended where its consumer takes nothing."""

import asyncio
from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from keybus.server.draining import SECONDS, Draining

_REFUSED = (
    b"HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain; charset=utf-8\r\n"
    b"content-length: 28\r\nconnection: close\r\n\r\nInvalid WebSocket handshake."
)


class BoundedSocket(WebSocketsSansIOProtocol):
    """A WebSocket whose consumer has to take what it is sent, the close too.

    Attributes:
        taking_seconds: How long it may take (almost) nothing.
    """

    taking_seconds = SECONDS
    _draining: Draining

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take over the connection."""
        self._draining = Draining(transport, self.taking_seconds)
        super().connection_made(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """It is over."""
        self._draining.end()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """The handshake's whole head at first, then frames."""
        super().data_received(data)
        if not self.handshake_initiated:  # the head cannot be taken, and nobody has answered that
            self.transport.write(_REFUSED)
            self.transport.close()
        if self.transport.is_closing():
            self._draining.watch()

    def pause_writing(self) -> None:
        """Too much waits to be taken."""
        super().pause_writing()
        self._draining.watch()

    def resume_writing(self) -> None:
        """It was taken."""
        super().resume_writing()
        self._draining.rest()

    async def send(self, message: Any) -> None:
        """Send what the application says; a refusal is an answer to the handshake as well.

        Else uvicorn logs an error for each, so that whoever has no credential could fill the log.
        """
        await super().send(message)
        if message["type"] == "websocket.http.response.body" and not message.get("more_body"):
            self.handshake_complete = True

    async def run_asgi(self) -> None:
        """Let the application answer; what is left then is taken, or lost."""
        await super().run_asgi()
        if not self.disconnected:
            self._draining.watch()
