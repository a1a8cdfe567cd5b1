"""Batches: deliveries that wait for each other, to be handed to one handler together."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence

import msgspec

from keybus.client.handlers import Batch
from keybus.clock import Clock
from keybus.contracts import Event
from keybus.envelope import Envelope
from keybus.protocol import Delivered


class Taken(msgspec.Struct, frozen=True, eq=False):
    """A delivery that was read.

    Attributes:
        delivery: The delivery.
        envelope: Its envelope.
        event: The event as its handler takes it.
    """

    delivery: Delivered
    envelope: Envelope
    event: Event | Envelope


Unit = Sequence[Taken]
"""One delivery; or those of one group, which stay in their order and go together."""
Work = Callable[[Batch, Sequence[Unit]], Awaitable[bool]]
"""Hands units to a batch's handler; answers whether all of them are settled for good."""


class _Open:
    """A batch that still takes more."""

    def __init__(self, timer: "asyncio.Task[None]") -> None:
        self.units: list[Unit] = []
        self.count = 0
        self.timer = timer


class Batches:
    """What waits for each batch handler. Belongs to one event loop.

    Whoever fills a batch hands it over, and is busy for as long; what is not full goes when its
    window is over.

    Args:
        work: Hands a batch over.
        release: Told of what is handed back untried, as something before it failed.
        clock: Time.
    """

    def __init__(self, work: Work, release: Callable[[Unit], None], clock: Clock) -> None:
        self._work, self._release, self._clock = work, release, clock
        self._open: dict[Batch, _Open] = {}
        self._timers: set[asyncio.Task[None]] = set()

    async def add(self, batch: Batch, unit: Unit) -> None:
        """Let deliveries wait for a batch's handler; returns once there is room for more."""
        if len(unit) > batch.size:
            await self._in_parts(batch, unit)
            return
        while (there := self._open.get(batch)) and there.count + len(unit) > batch.size:
            await self._close(batch, there)
        if there is None:
            there = self._open[batch] = _Open(self._later(batch))
        there.units.append(unit)
        there.count += len(unit)
        if there.count >= batch.size:
            await self._close(batch, there)

    def take(self) -> Iterable[Unit]:
        """All that waits, taken out."""
        found = [unit for each in self._open.values() for unit in each.units]
        for each in self._open.values():
            each.timer.cancel()
        self._open.clear()
        return found

    async def stop(self) -> None:
        """Hand nothing over any more."""
        for timer in self._timers:
            timer.cancel()
        await asyncio.gather(*self._timers, return_exceptions=True)

    def _later(self, batch: Batch) -> "asyncio.Task[None]":
        timer = asyncio.create_task(self._when_over(batch))
        self._timers.add(timer)
        timer.add_done_callback(self._timers.discard)
        return timer

    async def _when_over(self, batch: Batch) -> None:
        await self._clock.sleep(batch.window)
        there = self._open.pop(batch, None)
        if there is not None:
            await self._work(batch, there.units)

    async def _close(self, batch: Batch, there: _Open) -> None:
        if self._open.get(batch) is there:
            del self._open[batch]
            there.timer.cancel()
            await self._work(batch, there.units)

    async def _in_parts(self, batch: Batch, unit: Unit) -> None:
        """One group that is larger than a batch: part after part, as long as they are handled."""
        for at in range(0, len(unit), batch.size):
            if not await self._work(batch, [unit[at : at + batch.size]]):
                self._release(unit[at + batch.size :])
                return
