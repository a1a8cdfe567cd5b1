"""What a consumer says of its deliveries, on its way to the store."""

import asyncio
from typing import Final

from keybus.bus import Dispatcher, Session
from keybus.protocol import Settlement

MOST_AT_ONCE: Final = 64
"""Acknowledgements of one consumer that wait for the store; the next one waits for one of them."""


class Settling:
    """Settles for one consumer: acknowledgements beside one another, everything else in its turn.

    A consumer that waited for each commit before its next acknowledgement is read would be as slow
    as the commits, whatever its window. The store takes them in the order in which they came.

    Args:
        group: What they run in; leaving it waits for all of them.
        dispatcher: The subscription's.
        session: The consumer's.
    """

    def __init__(self, group: asyncio.TaskGroup, dispatcher: Dispatcher, session: Session) -> None:
        self._group, self._dispatcher, self._session = group, dispatcher, session
        self._waiting: set[asyncio.Task[bool]] = set()

    async def take(self, settlement: Settlement) -> None:
        """Settle; returns once the next message may be read."""
        if settlement.retry or settlement.bury or settlement.release or settlement.leaving:
            if self._waiting:
                await asyncio.wait(self._waiting)
            await self._dispatcher.settle(self._session, settlement)
            return
        if not settlement.ack:
            return  # a heartbeat
        if len(self._waiting) >= MOST_AT_ONCE:
            await asyncio.wait(self._waiting, return_when=asyncio.FIRST_COMPLETED)
        task = self._group.create_task(self._dispatcher.settle(self._session, settlement))
        self._waiting.add(task)
        task.add_done_callback(self._waiting.discard)
