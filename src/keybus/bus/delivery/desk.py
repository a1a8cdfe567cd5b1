"""What the delivering and the settling of one subscription have in common."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import TypeVar

from keybus.bus.delivery.consumers import Consumers
from keybus.bus.delivery.lanes import Lanes
from keybus.bus.delivery.settings import DeliverySettings
from keybus.bus.engine import Cursor, Delivery
from keybus.clock import Clock
from keybus.errors import EngineError
from keybus.protocol import Notice

FAILURE_PAUSE = 0.5
"""Seconds to wait after the store failed, so that a full disk is not asked without pause."""
_MOST_REASONS = 20
"""Reasons for holding that are remembered and told: events may have a thousand sources."""
T = TypeVar("T")
_log = logging.getLogger(__name__)


async def to_the_end(step: Coroutine[object, object, T]) -> T:
    """Take a step to its end, also where whoever waits for it is cancelled meanwhile.

    Else nobody would hear what became of leases that were being settled.
    """
    task = asyncio.ensure_future(step)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise


class Desk:
    """One subscription's cursor, settings and consumers. Belongs to the dispatcher's event loop.

    Attributes:
        cursor: Its place in the log.
        settings: How it delivers now.
        clock: Time and jitter.
        consumers: Who consumes it.
        lanes: What keeps it in order; None where it is in none, or nobody consumes it.
        holding: Why deliveries were held under the settings of now, in the order of their coming.
        look_again: Called where what is held may be delivered by now.
    """

    def __init__(
        self,
        cursor: Cursor,
        settings: DeliverySettings,
        clock: Clock,
        look_again: Callable[[], None],
    ) -> None:
        self.cursor, self.settings, self.clock = cursor, settings, clock
        self.consumers = Consumers(clock)
        self.lanes: Lanes | None = None
        self.holding: dict[str, None] = {}
        self.look_again = look_again
        self._store_fails = False

    async def kept(
        self, deliveries: Sequence[Delivery], step: Awaitable[None], *, ends: bool
    ) -> bool:
        """Whether the store kept a step; where it did not, the deliveries come again.

        Args:
            deliveries: What it is about.
            step: What the cursor does.
            ends: Whether it is the end of them, so that what follows may go.
        """
        if ends and self.lanes is None:
            return await self._kept(deliveries, step, ends=ends)
        return await to_the_end(self._kept(deliveries, step, ends=ends))

    async def _kept(
        self, deliveries: Sequence[Delivery], step: Awaitable[None], *, ends: bool
    ) -> bool:
        try:
            await step
        except EngineError:
            self.fail("could not settle, so it is delivered again")
            if self.lanes is not None:
                self.lanes.released(deliveries)
            await self.cursor.release([delivery.position for delivery in deliveries])
            return False
        if ends and self.lanes is not None:
            self.lanes.settled(deliveries)
            self.consumers.news.set()
        return True

    async def hand_back(self, deliveries: Sequence[Delivery]) -> None:
        """They go back untried, to be delivered again at once."""
        if self.lanes is not None:
            deliveries = self.lanes.handed_back(deliveries)
            self.consumers.news.set()
        await self.cursor.release([delivery.position for delivery in deliveries])

    def fail(self, what: str) -> None:
        """Log that the store failed, within the handling of its error, and be careful with it."""
        _log.exception("%s: %s", self.cursor.name, what)
        self._store_fails = True

    async def rest(self) -> None:
        """Wait, where the store failed."""
        if self._store_fails:
            self._store_fails = False
            await self.clock.sleep(FAILURE_PAUSE)

    def tell_holding(self, reason: str) -> None:
        """Tell consumers why deliveries are held, each reason once."""
        if reason not in self.holding and len(self.holding) < _MOST_REASONS:
            self.holding[reason] = None
            self.consumers.tell(Notice("held", reason))
