"""The messages' store: an engine of their own, opened when there is a queue that needs it."""

import asyncio
from collections.abc import Awaitable, Callable

from keybus.bus.engine import Engine
from keybus.bus.message_queues.errors import MessageQueueError

OpenStore = Callable[[], Awaitable[Engine]]
"""Opens the engine that keeps messages; raises `StorageFailed` where it cannot."""


class MessageStore:
    """Opens the engine once, and closes it. Belongs to one event loop.

    Args:
        opening: Opens it; None: this bus keeps no messages.
    """

    def __init__(self, opening: OpenStore | None) -> None:
        self._opening = opening
        self._engine: Engine | None = None
        self._turn = asyncio.Lock()
        self._closed = False

    @property
    def opened(self) -> Engine | None:
        """The engine, where it was opened."""
        return self._engine

    async def engine(self) -> Engine:
        """The engine, opened now where it was not.

        Raises:
            StorageFailed: It could not be opened.
            MessageQueueError: This bus keeps no messages, or is closed.
        """
        if self._engine is not None:
            return self._engine
        async with self._turn:
            if self._engine is None:
                if self._opening is None or self._closed:
                    raise MessageQueueError(
                        "this bus keeps no message queues",
                        hint="it was started without a store for messages",
                    )
                self._engine = await self._opening()
            return self._engine

    async def close(self) -> None:
        """Close it, and open none any more."""
        async with self._turn:
            self._closed = True
            engine, self._engine = self._engine, None
            if engine is not None:
                await engine.close()
