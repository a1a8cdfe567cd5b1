"""Looking at events that have no contract, behind the bus's back: no put waits for it.

The log is read, in turns and for a part of the time; where events come faster than that, the older
ones are passed over. What was seen of an event is merged, and kept, within bounds.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Final

from keybus.bus.archive.looking import PAGE, TURN
from keybus.bus.control.control import Control
from keybus.bus.control.generation import Modes
from keybus.bus.engine import Engine, Stored
from keybus.bus.forms.forms import Untranslatable
from keybus.bus.schema_registries.discovered import DiscoveredSchemas
from keybus.bus.schema_registries.discoverer import Discoverer
from keybus.bus.schema_registries.discoverers import Discoverers
from keybus.bus.tapping.view import AccountView
from keybus.clock import Clock
from keybus.contracts.discovery.samples import parsed
from keybus.envelope import decode, head, is_of_platform, is_replayed
from keybus.errors import EngineError, EnvelopeError, KeybusError
from keybus.governance import Principal

SWEEP_SECONDS: Final = 2.0
"""How often it is looked whether something came."""
SHARE: Final = 0.05
"""Of a processor, at most."""
LONGEST_PAUSE: Final = 30.0
"""Seconds between two looks, however long the first one took."""
LONGEST_LAG_US: Final = 60_000_000
"""How far behind it looks; what lies further back is passed over."""
_log = logging.getLogger(__name__)


class Discovering:
    """Looks at events for all discoverers. Belongs to one event loop.

    Args:
        engine: Where the log is.
        control: What holds.
        modes: How strictly the bus looks at what it is asked.
        discoverers: Those that there are.
        schemas: What was found.
        clock: Time.
    """

    def __init__(
        self,
        engine: Engine,
        control: Control,
        modes: Modes,
        discoverers: Discoverers,
        schemas: DiscoveredSchemas,
        *,
        clock: Clock,
    ) -> None:
        self._engine, self._control, self._modes, self._clock = engine, control, modes, clock
        self._discoverers, self._schemas = discoverers, schemas
        self._task: asyncio.Task[None] | None = None

    def follow(self) -> None:
        """Look from now on, where there is anybody to look for."""
        if self._task is None and any(self._started):
            self._task = asyncio.create_task(self._run(), name="schemas are discovered")

    async def close(self) -> None:
        """Look no more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    @property
    def _started(self) -> list[Discoverer]:
        return [each for each in self._discoverers.all.values() if each.state == "STARTED"]

    async def _run(self) -> None:
        while True:
            for each in self._started:
                try:
                    await self._sweep(each)
                except (EngineError, KeybusError) as error:
                    _log.warning("%s cannot look at events: %s", each.key, error)
                except Exception:  # noqa: BLE001 - logged; all that it costs is a schema
                    _log.exception("%s cannot look at events", each.key)
            await self._clock.sleep(SWEEP_SECONDS)

    async def _sweep(self, discoverer: Discoverer) -> None:
        """Look at what came since, a page at a time."""
        asks = discoverer.asks or self._modes.authorization == "enforce"
        asking = Principal(discoverer.account, frozenset(discoverer.roles)) if asks else None
        view = AccountView(self._control, asking, self._clock)
        through: int | None = discoverer.through
        while through is not None and self._discoverers.all.get(discoverer.key) == discoverer:
            began = self._clock.monotonic()
            through = await self._page(discoverer, view, through)
            await self._schemas.write(discoverer)
            if through is not None:
                discoverer = await self._discoverers.looked(discoverer, through)
            spent = self._clock.monotonic() - began
            await self._clock.sleep(min(spent * (1 / SHARE - 1), LONGEST_PAUSE))

    async def _page(self, discoverer: Discoverer, view: AccountView, after: int) -> int | None:
        """Look at the next events; up to where that was, None where there was none."""
        since = max(discoverer.since, self._clock.time_us() - LONGEST_LAG_US)
        through, looked = after, 0
        events = _generated(self._engine.read(since, after=after))
        async with aclosing(events):
            async for stored in events:
                through, looked = stored.position, looked + 1
                await self._look(discoverer, view, stored)
                if looked % TURN == 0:
                    await asyncio.sleep(0)
                if looked == PAGE:
                    break
        return through if looked else None

    async def _look(self, discoverer: Discoverer, view: AccountView, stored: Stored) -> None:
        """See one event, where it is one that is looked for and may be had."""
        envelope = stored.envelope
        try:
            event_type, source = head(envelope)
            if is_replayed(envelope) or event_type in self._control.generation.contracts.editions:
                return
            if not _is_on(discoverer, envelope):
                return
            shown = view.show(envelope, None)
            detail = None if shown is None else parsed(bytes(decode(shown).detail).decode())
        except (EnvelopeError, RecursionError, ValueError, Untranslatable):
            return  # it was made so that it cannot be looked at
        if isinstance(detail, dict):
            await self._schemas.see(discoverer.account, event_type, source, detail)


def _is_on(discoverer: Discoverer, envelope: bytes) -> bool:
    """Whether an event was put on the bus that a discoverer looks at."""
    if discoverer.own_bus:
        return not is_of_platform(envelope) and decode(envelope).event_bus == discoverer.source_arn
    return is_of_platform(envelope)


async def _generated(events: AsyncIterator[Stored]) -> AsyncGenerator[Stored]:
    async for each in events:
        yield each
