"""One HTTP connection, with bounds on what it may send and how long that may take.

uvicorn bounds neither the size of a request's head nor the time that a head or a body may take, or
an answer to be taken, and counts a connection against its limit only once a whole head is there.
"""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from keybus.server import draining
from keybus.server.draining import Draining

HEAD_SECONDS = 10.0
"""Within which a request's head must have come, from the connection's or its own first byte."""
BODY_SECONDS = 30.0
"""Within which its body must have come, after its head."""
MAX_HEAD_BYTES = 32 << 10
MAX_HEADERS = 100
MAX_CONNECTIONS = 2_000
_TIMED_OUT = (
    b"HTTP/1.1 408 Request Timeout\r\ncontent-type: text/plain; charset=utf-8\r\n"
    b"content-length: 33\r\nconnection: close\r\n\r\nThe request took too long to come"
)


class TooMuch(Exception):
    """A request's head that is larger than is allowed."""


class BoundedConnection(HttpToolsProtocol):
    """A connection whose requests have to come whole, small and in time.

    Attributes:
        head_seconds: Within which a head must have come.
        body_seconds: Within which a body must have come.
        taking_seconds: How long a client may take (almost) nothing of its answer.
    """

    head_seconds, body_seconds = HEAD_SECONDS, BODY_SECONDS
    taking_seconds = draining.SECONDS
    _draining: Draining
    _deadline: asyncio.TimerHandle | None = None
    _head_bytes, _head_complete = 0, False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take the connection, or end it where there are too many."""
        self._draining = Draining(transport, self.taking_seconds)
        super().connection_made(transport)
        if len(self.connections) > MAX_CONNECTIONS:
            transport.abort()
            return
        self._within(self.head_seconds)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the deadlines."""
        self._on_time()
        self._draining.end()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        self._head_bytes, self._head_complete = 0, False
        self._within(self.head_seconds)

    def on_url(self, url: bytes) -> None:
        """A piece of its target."""
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """One of its headers; what comes after a chunked body is none, and nobody has signed it."""
        self._count(len(name) + len(value))
        if self._head_complete:
            return
        if len(self.headers) >= MAX_HEADERS:
            raise TooMuch
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Its head is there."""
        self._head_complete = True
        self._within(self.body_seconds)
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """All of it is there."""
        self._on_time()
        super().on_message_complete()

    def handle_websocket_upgrade(self) -> None:
        """From here on it is a WebSocket, with heartbeats of its own."""
        self._on_time()
        self._draining.end()
        super().handle_websocket_upgrade()

    def pause_writing(self) -> None:
        """Too much of an answer waits to be taken."""
        super().pause_writing()
        self._draining.watch()

    def resume_writing(self) -> None:
        """It was taken."""
        super().resume_writing()
        self._draining.rest()

    def on_response_complete(self) -> None:
        """An answer was written; the last one ends the connection."""
        super().on_response_complete()
        self._leave()

    def timeout_keep_alive_handler(self) -> None:
        """Nothing came any more."""
        super().timeout_keep_alive_handler()
        self._leave()

    def send_400_response(self, msg: str) -> None:
        """Answer what cannot be read, and end the connection."""
        super().send_400_response(msg)
        self._leave()

    def _leave(self) -> None:
        """What was written before the close is taken, or lost."""
        if self.transport.is_closing():
            self._draining.watch()

    def _count(self, length: int) -> None:
        self._head_bytes += length
        if self._head_bytes > MAX_HEAD_BYTES:
            raise TooMuch

    def _within(self, seconds: float) -> None:
        self._on_time()
        self._deadline = self.loop.call_later(seconds, self._too_late)

    def _on_time(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _too_late(self) -> None:
        if self.transport.is_closing():
            return
        if self.flow.read_paused:  # it is we who have not read on
            self._within(self.body_seconds)
            return
        answering: Any = self.cycle
        if answering is None or answering.response_complete or not answering.response_started:
            self.transport.write(_TIMED_OUT)
        self.transport.close()
        self._leave()
