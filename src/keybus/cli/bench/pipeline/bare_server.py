"""Servers that stand in for a bus: what HTTP alone costs, and what the clients alone can do."""

import asyncio
from typing import Any, Final, Literal

import click
import msgspec
import uvicorn
import uvloop
from starlette.types import Receive, Scope, Send

from keybus.cli.bench.pipeline.answers import answer, frame
from keybus.server.runner import address_of, listen

_FRAMES_AHEAD: Final = 3
_MASKED = 4


class Standing(msgspec.Struct, frozen=True):
    """What the process is asked for.

    Attributes:
        to: ``http``: a real server with an application that does nothing; ``at-once``: no server
            at all, but finished bytes.
        per_request: Events of one request, or deliveries of one frame.
    """

    to: Literal["http", "at-once"]
    per_request: int


class _Application:
    """Reads the body, and answers as a bus would."""

    def __init__(self, per_request: int) -> None:
        self._body = answer(per_request)
        length = str(len(self._body)).encode()
        self._head = [(b"content-type", b"application/json"), (b"content-length", length)]

    async def __call__(self, _: Scope, receive: Receive, send: Send) -> None:
        body = bytearray()
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        await send({"type": "http.response.start", "status": 200, "headers": self._head})
        await send({"type": "http.response.body", "body": self._body})


class _AtOnce(asyncio.Protocol):
    """Answers each request once its bytes are there; who asks for deliveries is sent frames."""

    def __init__(self, answered: bytes, framed: bytes) -> None:
        self._answered, self._framed = answered, framed
        self._transport: Any = None
        self._left = 0
        self._feeding = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client has come."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Part of a request; of a consumer: that it has taken frames."""
        if self._feeding:
            self._feed(data)
        elif data.startswith(b"GET"):
            self._feeding = True
            self._transport.write(b"HTTP/1.1 101 Switching Protocols\r\n\r\n")
            self._transport.write(self._framed * _FRAMES_AHEAD)
        else:
            self._take(data)

    def _take(self, data: bytes) -> None:
        if not self._left:
            head, _, body = data.partition(b"\r\n\r\n")
            self._left = int(head.rpartition(b"content-length: ")[2]) - len(body)
        else:
            self._left -= len(data)
        if not self._left:
            self._transport.write(self._answered)

    def _feed(self, data: bytes) -> None:
        """As many frames as were acknowledged; each is acknowledged by its hundred positions."""
        self._transport.write(self._framed * data.count(b"99"))


def main(text: str) -> None:
    """Answer until SIGTERM; the address goes to standard output."""
    asked = msgspec.json.decode(text, type=Standing)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(asked))


async def _serve(asked: Standing) -> None:
    with listen("127.0.0.1", 0) as listener:
        click.echo(f"ready http://{address_of(listener)}")
        if asked.to == "http":
            config = uvicorn.Config(
                _Application(asked.per_request),
                http="httptools",
                lifespan="off",
                access_log=False,
                log_config=None,
            )
            await uvicorn.Server(config).serve(sockets=[listener])
            return
        body = answer(asked.per_request)
        answered = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body)
        payload = frame(asked.per_request)
        framed = b"\x82\x7f" + len(payload).to_bytes(8) + payload
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: _AtOnce(answered, framed), sock=listener)
        await server.serve_forever()
