"""An HTTPS endpoint on the test's own loop, as good or as bad as a test wants it."""

import asyncio
import contextlib
import json
import ssl
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple


class Request(NamedTuple):
    """What was posted: its headers' names in lower case."""

    line: str
    headers: dict[str, str]
    body: bytes

    @property
    def event(self) -> Any:
        return json.loads(self.body)


Answer = Callable[[Request, asyncio.StreamWriter], Awaitable[None]]


def answers(status: int, body: bytes = b"", **headers: str) -> Answer:
    """An answer of this status."""

    async def answer(_: Request, writer: asyncio.StreamWriter) -> None:
        head = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}"]
        head += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        writer.write("\r\n".join([*head, "", ""]).encode() + body)
        await writer.drain()

    return answer


class Endpoint:
    """Takes requests, and answers each with the next of its answers; the last one stays.

    Attributes:
        requests: What was posted.
        connections: How many connections were made.
    """

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.connections = 0
        self.then: list[Answer] = [answers(204)]
        self.port = 0
        self._news = asyncio.Condition()
        self._server: asyncio.Server | None = None

    async def start(self, tls: ssl.SSLContext | None) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, ssl=tls)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None

    async def until(self, count: int) -> list[Request]:
        """Wait for as many requests."""
        async with asyncio.timeout(10), self._news:
            await self._news.wait_for(lambda: len(self.requests) >= count)
        return self.requests

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, ssl.SSLError):
            while request := await _read(reader):
                async with self._news:
                    self.requests.append(request)
                    answer = self.then.pop(0) if len(self.then) > 1 else self.then[0]
                    self._news.notify_all()
                await answer(request, writer)
                if writer.is_closing():
                    break
        writer.close()


class Slow(Endpoint):
    """Answers once it may, and closes the connection."""

    body = b""

    def __init__(self) -> None:
        super().__init__()
        self.may = asyncio.Event()
        self.then = [self._answer]

    async def _answer(self, request: Request, writer: asyncio.StreamWriter) -> None:
        await self.may.wait()
        await answers(200, self.body, Connection="close")(request, writer)
        writer.close()


async def _read(reader: asyncio.StreamReader) -> Request | None:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    line, *rest = head.decode().strip().split("\r\n")
    headers = {k.lower(): v.strip() for k, _, v in (each.partition(":") for each in rest)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Request(line, headers, body)
