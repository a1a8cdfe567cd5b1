"""A client's token goes to the bus that it was told of, and nowhere else."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from keybus.client.http import HttpTransport
from keybus.errors import KeybusError
from keybus.settings import Settings

TOKEN = "kb_KBTKAAAAAAAAAAAAAAAA_" + "s" * 43
Ask = Callable[[HttpTransport], Awaitable[object]]


async def answering(answer: str, heard: list[bytes]) -> tuple[asyncio.Server, int]:
    """A server that writes down what it is asked, and has one answer to everything."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(answer.encode())
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    return server, server.sockets[0].getsockname()[1]


@pytest.mark.parametrize(
    "ask",
    [lambda bus: bus.publishers("a.b"), lambda bus: bus.subscribe("feed", 1)],
    ids=["request", "socket"],
)
@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "307 Redirect", "308 Redirect"])
async def test_a_redirect_takes_the_token_nowhere(ask: Ask, status: str) -> None:
    told: list[bytes] = []
    elsewhere: list[bytes] = []
    other, port = await answering("HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n", elsewhere)
    bus, own = await answering(
        f"HTTP/1.1 {status}\r\nLocation: http://127.0.0.1:{port}/\r\nContent-Length: 0\r\n\r\n",
        told,
    )
    transport = HttpTransport(
        f"http://127.0.0.1:{own}", request_timeout=5, settings=Settings(token=TOKEN)
    )
    async with bus, other:
        with pytest.raises(KeybusError, match=r"elsewhere|refused \(30"):
            await ask(transport)
        await transport.close()
    assert TOKEN.encode() in told[0]
    assert not elsewhere
