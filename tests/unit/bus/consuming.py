"""A consumer on the test's own loop."""

import asyncio
from collections.abc import Sequence

from keybus.bus import Bus, Delivery
from keybus.governance import ANYBODY, Principal
from keybus.protocol import Notice, Settlement


class Consumer:
    """Takes what it is sent, waits for it without polling, and settles it."""

    def __init__(
        self, bus: Bus, subscription: str, window: int = 10, principal: Principal = ANYBODY
    ) -> None:
        self.notices: list[Notice] = []
        self.frames: list[list[Delivery]] = []
        self.broken = False
        self.reads = asyncio.Event()
        self.reads.set()
        self._news = asyncio.Condition()
        self._dispatcher = bus.dispatcher(subscription)
        self.session = bus.join(subscription, self.send, window, principal)

    async def send(self, batch: Sequence[Delivery] | Notice) -> None:
        await self.reads.wait()
        if self.broken:
            raise ConnectionResetError("gone")
        async with self._news:
            if isinstance(batch, Notice):
                self.notices.append(batch)
            else:
                self.frames.append(list(batch))
            self._news.notify_all()

    @property
    def deliveries(self) -> list[Delivery]:
        return [delivery for frame in self.frames for delivery in frame]

    async def until(self, count: int) -> list[Delivery]:
        async with asyncio.timeout(5), self._news:
            await self._news.wait_for(lambda: len(self.deliveries) >= count)
        return self.deliveries

    async def until_told(self, count: int = 1) -> list[Notice]:
        async with asyncio.timeout(5), self._news:
            await self._news.wait_for(lambda: len(self.notices) >= count)
        return self.notices

    async def settle(self, settlement: Settlement) -> None:
        await self._dispatcher.settle(self.session, settlement)

    async def ack(self, *deliveries: Delivery) -> None:
        await self.settle(Settlement(ack=[delivery.position for delivery in deliveries]))

    async def leave(self) -> None:
        await self._dispatcher.leave(self.session, "gone")


async def turns() -> None:
    """Let everything that is ready run."""
    for _ in range(50):
        await asyncio.sleep(0)
