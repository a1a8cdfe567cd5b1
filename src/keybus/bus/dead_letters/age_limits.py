"""Age limits: deliveries that are tried no more, and dead letters that are kept no longer."""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Mapping

from keybus.bus.audit.log import AuditLog
from keybus.bus.dead_letters.letters import LetterChoice, letter_id
from keybus.bus.delivery.dispatcher import Dispatcher
from keybus.clock import Clock
from keybus.errors import EngineError
from keybus.governance.audit import BUS
from keybus.steady import SteadyTime

SWEEP_SECONDS = 5.0
"""How often it is looked for deliveries that are too old: they are buried that much late."""
KEEP_SECONDS = 60.0
"""The same for dead letters."""
_PAGE = 1_000
_log = logging.getLogger(__name__)


class AgeLimits:
    """Buries what is older than its subscription's ``retry.max_age``, fetched or not.

    And deletes dead letters after ``retry.keep_dead_letters``. What is deleted never comes again,
    so there a wall clock that was set forward counts only as far as time has passed.

    Args:
        dispatchers: Those there are now.
        audit: Where is written down how many dead letters were deleted.
        clock: Time.
    """

    def __init__(
        self, dispatchers: Callable[[], Mapping[str, Dispatcher]], audit: AuditLog, clock: Clock
    ) -> None:
        self._dispatchers, self._audit, self._clock = dispatchers, audit, clock
        self._time = SteadyTime(clock)
        self._kept_at = clock.monotonic()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Look from now on."""
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="age limits")

    async def close(self) -> None:
        """Look no longer."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            await self._clock.sleep(SWEEP_SECONDS)
            keep = self._clock.monotonic() - self._kept_at >= KEEP_SECONDS
            if keep:
                self._kept_at = self._clock.monotonic()
            for name, dispatcher in list(self._dispatchers().items()):
                try:
                    await self._expire(dispatcher)
                    if keep:
                        await self._forget(name, dispatcher)
                except EngineError as error:  # the store fails, or the queue is gone
                    _log.warning("%s: cannot look for what is too old: %s", name, error)
                except Exception:  # noqa: BLE001 - logged; the others have limits as well
                    _log.exception("%s: cannot look for what is too old", name)

    async def _expire(self, dispatcher: Dispatcher) -> None:
        while await dispatcher.expire(_PAGE) == _PAGE:
            pass

    async def _forget(self, name: str, dispatcher: Dispatcher) -> None:
        now = min(self._clock.time_us(), self._time.now())
        keep = dispatcher.settings.retry.keep_dead_letters * 1_000_000
        old, letters = LetterChoice(until=letter_id(now - keep)), dispatcher.cursor.letters
        deleted, full = 0, bool(await letters.page(old, 1))
        try:
            while full:
                count = await letters.purge(old, _PAGE)
                deleted, full = deleted + count, count == _PAGE
        finally:
            if deleted:
                with contextlib.suppress(EngineError):  # the store fails: what is gone is gone
                    data = {"count": deleted, "older_than_seconds": keep // 1_000_000}
                    await self._audit.write(BUS, "dead-letters.expired", name, data)
