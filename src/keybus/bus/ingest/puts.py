"""Puts under way: whoever must know that none is left of those that began before."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager


class Puts:
    """All puts that have begun and not ended. Belongs to one event loop."""

    def __init__(self) -> None:
        self._next = 0
        self._under_way: set[int] = set()
        self._ended = asyncio.Event()

    @contextmanager
    def one(self) -> Iterator[None]:
        """One that is under way."""
        self._next += 1
        number = self._next
        self._under_way.add(number)
        try:
            yield
        finally:
            self._under_way.discard(number)
            self._ended.set()

    async def passed(self) -> None:
        """Until all that are under way now have ended."""
        last = self._next
        while self._under_way and min(self._under_way) <= last:
            self._ended.clear()
            await self._ended.wait()
