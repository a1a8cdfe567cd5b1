"""What is done now and then: messages that are too old go, and the store's room is used again."""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from keybus.bus.dead_letters.letters import LetterChoice
from keybus.bus.engine import Engine
from keybus.bus.ingest.once import SECONDS
from keybus.bus.message_queues.queue import CreatedQueue
from keybus.bus.message_queues.store import MessageStore
from keybus.clock import Clock
from keybus.errors import KeybusError

TRIM_SECONDS: Final = 10.0
"""Seconds between two looks for what of the store nobody needs any more."""
EXPIRE_SECONDS: Final = 60.0
"""Seconds between two looks for messages that are too old."""
_PAGE: Final = 1_000
_RANGES: Final = 16
_US: Final = 1_000_000
_ALL: Final = 1 << 62
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
        looks = round(SECONDS / TRIM_SECONDS) + 2
        first = clock.time_us() - round(SECONDS * _US) - _US
        self._times = deque([first] * looks, looks)

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
        expired = self._clock.monotonic()
        while True:
            await self._clock.sleep(TRIM_SECONDS)
            engine = self._store.opened
            if engine is None:
                continue
            if self._clock.monotonic() - expired >= EXPIRE_SECONDS:
                expired = self._clock.monotonic()
                for queue in self._queues():
                    await self._try(self._expire(engine, queue), queue.settings.key)
            await self._try(self._trim(engine), "the message queues' store")

    async def _try(self, step: Awaitable[None], what: str) -> None:
        """Take a step; one that fails keeps no other from being taken."""
        try:
            await step
        except KeybusError as error:
            _log.warning("%s cannot be swept: %s", what, error)
        except Exception:  # noqa: BLE001 - logged; the disk would fill up without it
            _log.exception("%s cannot be swept", what)

    async def _expire(self, engine: Engine, queue: CreatedQueue) -> None:
        state = await engine.queue_state(queue.settings.line)
        if not (state.waiting or state.dead):
            return
        dispatcher = await queue.dispatcher()
        await _all(lambda: dispatcher.expire(_PAGE))
        letters = dispatcher.cursor.letters  # on SQS nothing is left of what is too old
        await _all(lambda: letters.purge(LetterChoice(), _PAGE))

    async def _trim(self, engine: Engine) -> None:
        """Drop what is settled; where there are FIFO queues, once it is not known again either.

        What is known again was appended in these last minutes, at a time of day that was read in
        them: whatever the wall clock was set to since, nothing that is older is needed.
        """
        self._times.append(self._clock.time_us())
        before = min(self._times) if any(queue.fifo for queue in self._queues()) else _ALL
        after = 0
        while (step := await engine.trim(before, after=after, limit=_RANGES)).more:
            after = step.through
            await asyncio.sleep(0)


async def _all(step: Callable[[], Awaitable[int]]) -> None:
    """Take a step as long as it finds a whole page to do."""
    done = _PAGE
    while done == _PAGE:
        done = await step()
