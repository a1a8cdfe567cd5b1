"""What a subscriber has to say of its deliveries, in messages of bounded size."""

import asyncio
from collections.abc import Iterator
from typing import TypeVar

from keybus.protocol import Failed, Settlement

T = TypeVar("T")
MAX_REASON = 1000
"""Characters of a reason."""
_MAX_POSITIONS, _MAX_FAILURES = 10_000, 100
"""Of one message, which stays below a MiB by them."""


class Outbox:
    """Collects outcomes until they are sent. Belongs to one event loop.

    Attributes:
        news: Set when there is something to say.
    """

    def __init__(self) -> None:
        self.news = asyncio.Event()
        self._ack: list[int] = []
        self._release: list[int] = []
        self._retry: list[Failed] = []
        self._bury: list[Failed] = []

    def ack(self, position: int) -> None:
        """It was handled."""
        self._ack.append(position)
        self.news.set()

    def retry(self, position: int, reason: str) -> None:
        """It failed, and is to come again."""
        self._retry.append(Failed(position, reason))
        self.news.set()

    def bury(self, position: int, reason: str) -> None:
        """It cannot be handled at all."""
        self._bury.append(Failed(position, reason))
        self.news.set()

    def release(self, position: int) -> None:
        """It is handed back untried."""
        self._release.append(position)
        self.news.set()

    def collect(self, *, leaving: bool) -> Iterator[Settlement]:
        """Take everything out; at least one message, which is a heartbeat where it is empty."""
        first = True
        while first or self._ack or self._release or self._retry or self._bury:
            first = False
            yield Settlement(
                ack=_taken(self._ack, _MAX_POSITIONS),
                retry=_taken(self._retry, _MAX_FAILURES),
                bury=_taken(self._bury, _MAX_FAILURES),
                release=_taken(self._release, _MAX_POSITIONS),
                leaving=leaving,
            )


def _taken(items: list[T], count: int) -> list[T]:
    taken = items[:count]
    del items[:count]
    return taken
