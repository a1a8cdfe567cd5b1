"""Retention: how long the log keeps what every subscription has settled."""

import asyncio
import logging
from collections.abc import Callable
from typing import Final

import msgspec

from keybus.bus.audit.log import AuditLog
from keybus.bus.engine import Engine
from keybus.clock import Clock
from keybus.errors import EngineError
from keybus.governance.audit import BUS
from keybus.steady import SteadyTime
from keybus.topology.model import Archive

SWEEP_SECONDS: Final = 60.0
"""How often it is looked: events are kept that much longer."""
FRESH_SECONDS: Final = 600
"""What is younger is never dropped: whoever publishes an event twice is told by it."""
_STEP: Final = 64
"""Ranges of the log that are looked at in one transaction, at most."""
_log = logging.getLogger(__name__)


class ArchiveInfo(msgspec.Struct, frozen=True):
    """How much the bus keeps, as ``GET /api/v1/archive`` answers it.

    Attributes:
        first_at: When it took the first event that it still has, in microseconds since the Unix
            epoch; 0 where it has none.
        last_at: The same of the last one.
        size: Bytes that the store has in use, with all that is not the log.
        max_age: Seconds after which events are dropped; None: never.
        max_size: Bytes that the store may use; None: as many as there are.
        over: Bytes that it uses beyond that.
        needed_by: The subscriptions whose deliveries keep it, or what is too old, from being
            dropped: as of the last look.
    """

    first_at: int
    last_at: int
    size: int
    max_age: int | None
    max_size: int | None
    over: int
    needed_by: tuple[str, ...]


class Retention:
    """Drops what is too old or too much, once a minute, in short steps.

    Never what is not settled. A wall clock that was set forward counts only as far as time has
    passed, since what is dropped never comes again. Belongs to one event loop.

    Args:
        engine: Where the log is.
        archive: What the platform that holds says.
        audit: Where it is written down how much was dropped.
        clock: Time.
    """

    def __init__(
        self, engine: Engine, archive: Callable[[], Archive], audit: AuditLog, clock: Clock
    ) -> None:
        self._engine, self._archive = engine, archive
        self._audit, self._clock = audit, clock
        self._time = SteadyTime(clock)
        self._needed_by: tuple[str, ...] = ()
        self._told = False
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Look from now on."""
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="retention")

    async def close(self) -> None:
        """Look no longer."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def info(self) -> ArchiveInfo:
        """How much the bus keeps.

        Raises:
            StorageFailed: The store could not be read.
        """
        state, archive = await self._engine.log_state(), self._archive()
        return ArchiveInfo(
            state.first_at,
            state.last_at,
            state.size,
            archive.max_age,
            archive.max_size,
            over=0 if archive.max_size is None else max(0, state.size - archive.max_size),
            needed_by=self._needed_by,
        )

    async def _run(self) -> None:
        while True:
            await self._clock.sleep(SWEEP_SECONDS)
            try:
                await self._sweep()
            except EngineError as error:
                _log.warning("the log cannot be trimmed: %s", error)
            except Exception:  # noqa: BLE001 - logged; the disk would fill up without it
                _log.exception("the log cannot be trimmed")

    async def _sweep(self) -> None:
        archive = self._archive()
        now = min(self._clock.time_us(), self._time.now())
        needed, events, size = set[str](), 0, 0
        if archive.max_age is not None:
            before = now - archive.max_age * 1_000_000
            events, size = await self._drop(before, None, needed)
        if archive.max_size is not None:
            before = now - FRESH_SECONDS * 1_000_000
            more = await self._drop(before, archive.max_size, needed)
            events, size = events + more[0], size + more[1]
        self._needed_by = tuple(sorted(needed))
        if events:
            await self._audit.write(BUS, "archive.dropped", "", {"events": events, "size": size})
        if archive.max_size is not None:
            self._tell((await self.info()).over)

    async def _drop(self, before: int, most: int | None, needed: set[str]) -> tuple[int, int]:
        """Drop what is older, until the store uses no more than so much; how much that was."""
        after = events = size = 0
        while most is None or (await self._engine.log_state()).size > most:
            step = await self._engine.trim(before, after=after, limit=_STEP)
            events, size, after = events + step.events, size + step.size, step.through
            needed.update(step.needed_by)
            if not step.more:
                break
            await asyncio.sleep(0)
        return events, size

    def _tell(self, over: int) -> None:
        """Say, once, that the size cannot be kept to, and why."""
        if over and not self._told:
            why = ", ".join(self._needed_by) or "what is young, and what is not the log"
            _log.warning(
                "the store uses %d bytes more than archive.max_size; needed by: %s", over, why
            )
        self._told = bool(over)
