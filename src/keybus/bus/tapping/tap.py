"""What waits for one tail, bounded."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

from keybus.bus.engine import Record

MOST_WAITING: Final = 2_000
"""Events that wait for a tail,"""
MOST_BYTES: Final = 4 << 20
"""and bytes of them; one event more than that may wait."""

Waiting = tuple[int, Record]
"""An event and its position."""


class Tap:
    """Takes events as they become durable; where too many wait, the oldest are let go.

    Belongs to one event loop; nothing in it waits but `news`.

    Args:
        may: Whether whoever watches may have an event; asked of every event that is put, so it
            has to be fast.

    Attributes:
        account: The account of whoever watches.
        left_out: Events that were let go and not told of yet.
        closed: Why nothing comes any more; empty while something may.
    """

    def __init__(self, account: str, may: Callable[[Record], bool]) -> None:
        self.account = account
        self.left_out = 0
        self.closed = ""
        self._may = may
        self._waiting: deque[Waiting] = deque()
        self._bytes = 0
        self._news = asyncio.Event()

    def offer(self, positions: Sequence[int], records: Sequence[Record]) -> None:
        """These became durable."""
        for position, record in zip(positions, records, strict=True):
            if self._may(record):
                self._waiting.append((position, record))
                self._bytes += len(record.envelope)
        while len(self._waiting) > MOST_WAITING or (
            self._bytes > MOST_BYTES and len(self._waiting) > 1
        ):
            self._pop()
            self.left_out += 1
        if self._waiting:
            self._news.set()

    def take(self, most: int) -> list[Waiting]:
        """The oldest that wait, up to so many."""
        taken = [self._pop() for _ in range(min(most, len(self._waiting)))]
        if not self._waiting:
            self._news.clear()
        return taken

    def told(self) -> int:
        """How many were left out since it was asked last."""
        count, self.left_out = self.left_out, 0
        return count

    def close(self, reason: str) -> None:
        """Nothing comes any more."""
        self.closed = self.closed or reason
        self._news.set()

    async def news(self, seconds: float) -> bool:
        """Wait until something waits, or it is closed; whether that was within so many seconds."""
        try:
            async with asyncio.timeout(seconds):
                await self._news.wait()
        except TimeoutError:
            return False
        return True

    def _pop(self) -> Waiting:
        position, record = self._waiting.popleft()
        self._bytes -= len(record.envelope)
        return position, record
