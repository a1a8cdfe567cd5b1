"""What is done now and then: messages that are too old go, and the store's room is used again."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from keybus.bus.dead_letters.letters import LetterChoice
from keybus.bus.engine import Engine
from keybus.bus.message_queues.duplicates import SECONDS
from keybus.bus.message_queues.queue import CreatedQueue
from keybus.bus.message_queues.store import MessageStore
from keybus.clock import Clock
from keybus.errors import KeybusError
from keybus.steady import SteadyTime

TRIM_SECONDS: Final = 10.0
"""Seconds between two looks for what of the store nobody needs any more."""
EXPIRE_SECONDS: Final = 60.0
"""Seconds between two looks for messages that are too old."""
_PAGE: Final = 1_000
_RANGES: Final = 16
_US: Final = 1_000_000
_log = logging.getLogger(__name__)


class Sweeper:
    """Deletes what is too old or settled. Belongs to one event loop.

    Args:
        store: The messages' store.
        queues: The queues there are.
        clock: Time.
    """

    def __init__(
        self, store: MessageStore, queues: Callable[[], Sequence[CreatedQueue]], clock: Clock
    ) -> None:
        self._store, self._queues, self._clock = store, queues, clock
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Look from now on."""
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="sweep message queues")

    async def close(self) -> None:
        """Look no longer."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        time = SteadyTime(self._clock)
        expired = self._clock.monotonic()
        while True:
            await self._clock.sleep(TRIM_SECONDS)
            engine = self._store.opened
            if engine is None:
                continue
            try:
                if self._clock.monotonic() - expired >= EXPIRE_SECONDS:
                    expired = self._clock.monotonic()
                    await self._expire(engine)
                await self._trim(engine, min(self._clock.time_us(), time.now()))
            except KeybusError as error:
                _log.warning("message queues cannot be swept: %s", error)
            except Exception:  # noqa: BLE001 - logged; the disk would fill up without it
                _log.exception("message queues cannot be swept")

    async def _expire(self, engine: Engine) -> None:
        for queue in self._queues():
            state = await engine.queue_state(queue.settings.line)
            if not (state.waiting or state.dead):
                continue
            dispatcher = await queue.dispatcher()
            await _all(lambda: dispatcher.expire(_PAGE))  # noqa: B023 - awaited here
            letters = dispatcher.cursor.letters  # on SQS nothing is left of what is too old
            await _all(lambda: letters.purge(LetterChoice(), _PAGE))  # noqa: B023 - awaited here

    async def _trim(self, engine: Engine, now: int) -> None:
        """Drop what is settled; where there are FIFO queues, once it is not known again either."""
        if any(queue.fifo for queue in self._queues()):
            now -= round(SECONDS * _US) + _US
        after = 0
        while (step := await engine.trim(now, after=after, limit=_RANGES)).more:
            after = step.through
            await asyncio.sleep(0)


async def _all(step: Callable[[], Awaitable[int]]) -> None:
    """Take a step as long as it finds a whole page to do."""
    done = _PAGE
    while done == _PAGE:
        done = await step()
