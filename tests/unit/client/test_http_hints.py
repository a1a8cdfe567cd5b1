"""What a bus answers says when to come again, and the client passes it on."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec
import pytest

from keybus.client.http import HttpTransport
from keybus.envelope import Entry
from keybus.errors import BusUnavailable, KeybusError, Throttled

ENTRY = Entry("a", "b", msgspec.Raw(b"{}"))


@asynccontextmanager
async def answering(head: str) -> AsyncIterator[str]:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        body = b'{"code":"overloaded","message":"too much waits","hint":"wait"}'
        length = f"content-length: {len(body)}\r\nconnection: close"
        writer.write(f"HTTP/1.1 {head}\r\n{length}\r\n\r\n".encode() + body)
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


@pytest.mark.parametrize(
    ("head", "kind", "after"),
    [
        ("429 Too Many Requests\r\nretry-after: 7", Throttled, 7.0),
        ("429 Too Many Requests", Throttled, 1.0),
        ("503 Service Unavailable\r\nretry-after: 3", Throttled, 3.0),
        ("503 Service Unavailable", BusUnavailable, None),
        ("500 Internal Server Error\r\nretry-after: 3", BusUnavailable, None),
    ],
)
async def test_an_answer_says_when_to_come_again(
    head: str, kind: type[KeybusError], after: float | None
) -> None:
    async with answering(head) as url:
        transport = HttpTransport(url, request_timeout=10.0)
        with pytest.raises(kind, match="too much waits") as told:
            await transport.put([ENTRY])
        await transport.close()
    assert getattr(told.value, "retry_after", None) == after
