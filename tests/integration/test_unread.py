"""A client that does not take its answers, or cannot be given one, loses its connection."""

import asyncio
import socket
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager

import pytest
import uvicorn
import uvloop
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send
from uvicorn.server import ServerState

from keybus.server.bounded_socket import BoundedSocket
from keybus.server.connection import BoundedConnection
from keybus.server.draining import LEAST_BYTES

UPGRADE = (
    b"Host: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
)
OPENING = b"GET / HTTP/1.1\r\n" + UPGRADE + b"\r\n"
GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
LARGE = b"x" * (64 << 20)  # more than any socket's buffers hold
SECONDS = 0.2


class ImpatientSocket(BoundedSocket):
    """The same, in less time than a test takes."""

    taking_seconds = SECONDS
    lost: asyncio.Event

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self.lost.set()


class Impatient(BoundedConnection):
    """The same, in less time than a test takes."""

    taking_seconds = SECONDS
    lost: asyncio.Event

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self.lost.set()


async def answer(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers with more than a client takes that does not read."""
    if scope["type"] == "http":
        await PlainTextResponse(LARGE)(scope, receive, send)
        return
    await receive()
    await send({"type": "websocket.accept"})
    if scope["query_string"] == b"long":
        while True:
            await send({"type": "websocket.send", "bytes": LARGE[: 1 << 20]})
    await send({"type": "websocket.send", "bytes": LARGE})


@asynccontextmanager
async def impatient() -> AsyncIterator[int]:
    """The port of a server that waits for nobody."""
    config = uvicorn.Config(answer, ws=ImpatientSocket, lifespan="off", log_config=None)
    config.load()
    state = ServerState()
    Impatient.lost = ImpatientSocket.lost = asyncio.Event()
    server = await asyncio.get_running_loop().create_server(
        lambda: Impatient(config=config, server_state=state, app_state={}), "127.0.0.1", 0
    )
    async with server:
        yield server.sockets[0].getsockname()[1]


def run(scenario: Coroutine[object, object, None]) -> None:
    """Run it as `keybus serve` runs: on uvloop, whose transports are not asyncio's."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(scenario)


@pytest.mark.parametrize(
    "sent",
    [GET, GET[:-2] + b"Connection: close\r\n\r\n", GET * 3, OPENING, OPENING.replace(b"/", b"/?long", 1)],
    ids=["answer", "last answer", "answers", "message", "messages"],
)  # fmt: skip
def test_an_answer_that_nobody_takes_ends_the_connection(sent: bytes) -> None:
    async def scenario() -> None:
        async with impatient() as port:
            with socket.create_connection(("127.0.0.1", port)) as connection:
                connection.sendall(sent)
                async with asyncio.timeout(10):
                    await Impatient.lost.wait()

    run(scenario())


def test_who_takes_an_answer_slowly_gets_all_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    bound = 2.0  # a busy machine may stand still for most of it
    monkeypatch.setattr(Impatient, "taking_seconds", bound)

    async def scenario() -> None:
        async with impatient() as port, asyncio.timeout(60):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                writer.write(GET)
                await reader.readuntil(b"\r\n\r\n")
                taken = 0
                for _ in range(5):
                    taken += len(await reader.readexactly(LEAST_BYTES * 300))
                    await asyncio.sleep(bound / 4)  # together they take longer than the bound
                await reader.readexactly(len(LARGE) - taken)
            finally:
                writer.close()

    run(scenario())


@pytest.mark.parametrize(
    "more",
    [
        b"Content-Length: 5\r\n\r\n12345",
        b"Content-Length: 50\r\n\r\n12345",
        b"Transfer-Encoding: chunked\r\n\r\n",
        b"X: " + b"a" * 9000 + b"\r\n\r\n",
    ],
    ids=["a body", "half a body", "chunks", "a long header"],
)
def test_a_handshake_that_cannot_be_taken_is_answered(more: bytes) -> None:
    async def scenario() -> None:
        async with impatient() as port, asyncio.timeout(5):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"GET / HTTP/1.1\r\n" + UPGRADE + more)
            answered = await reader.read()  # to the end: the connection is closed
            assert answered.startswith(b"HTTP/1.1 400")
            writer.close()

    run(scenario())
