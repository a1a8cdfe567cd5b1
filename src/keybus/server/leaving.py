"""Clients that go away while they wait for an answer."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Literal

from starlette.requests import Request


@contextlib.asynccontextmanager
async def leaves(request: Request) -> AsyncIterator[asyncio.Event]:
    """Set once whoever asks has closed the connection; the body has to be read before.

    It is watched for from when somebody waits for it: what is answered at once costs no task.

    Args:
        request: What is asked.
    """
    left = _Leaving(request)
    try:
        yield left
    finally:
        await left.stop()


class _Leaving(asyncio.Event):
    def __init__(self, request: Request) -> None:
        super().__init__()
        self._request = request
        self._watching: asyncio.Task[None] | None = None

    async def wait(self) -> Literal[True]:
        if self._watching is None:
            self._watching = asyncio.create_task(self._watch())
        return await super().wait()

    async def stop(self) -> None:
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.gather(self._watching, return_exceptions=True)

    async def _watch(self) -> None:
        while (await self._request.receive())["type"] != "http.disconnect":
            pass
        self.set()
