"""Who uses what: counted in memory, kept in the engine's documents every half minute."""

import asyncio
import contextlib
import logging
from typing import Final

from keybus.bus.engine import Documents
from keybus.bus.usage.counts import Counts
from keybus.clock import Clock
from keybus.errors import EngineError
from keybus.governance.sprawl import UsageSnapshot

COLLECTION: Final = "usage"
"""The collection of documents that holds what was counted, an account a document."""
FLUSH_SECONDS: Final = 30.0
_log = logging.getLogger(__name__)


class Usage(Counts):
    """Counts, and keeps what it counted. Belongs to one event loop; made by `open`.

    Up to 30 s of counts are lost in a crash.
    """

    def __init__(self, documents: Documents, clock: Clock) -> None:
        super().__init__(clock.time_us())
        self._documents, self._clock = documents, clock
        self._flushed: dict[str, bytes] = {}
        self._flushing: asyncio.Task[None] | None = None

    @classmethod
    async def open(cls, documents: Documents, clock: Clock) -> "Usage":
        """Go on counting where the last bus on this store ended.

        Args:
            documents: The engine's.
            clock: Time.
        """
        usage = cls(documents, clock)
        async for document in documents.list(COLLECTION):
            try:
                usage.load(document.key, document.value)
            except ValueError as error:
                _log.warning("usage: %s is counted anew: %s", document.key, error)
            else:
                usage._flushed[document.key] = document.value
        usage._flushing = asyncio.create_task(usage._flush_for_ever(), name="usage")
        return usage

    def snapshot(self) -> UsageSnapshot:
        """All that was counted, in the order of its names."""
        return self.counted(self._clock.time_us())

    async def flush(self) -> None:
        """Keep what changed since the last time."""
        for key, text in self.texts().items():
            if self._flushed.get(key) != text:
                await self._documents.put(COLLECTION, key, text)
                self._flushed[key] = text

    async def close(self) -> None:
        """Keep everything; closing again does no harm."""
        flushing, self._flushing = self._flushing, None
        if flushing is None:
            return
        flushing.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await flushing
        await self._flush_or_log()

    async def _flush_for_ever(self) -> None:
        while True:
            await self._clock.sleep(FLUSH_SECONDS)
            await self._flush_or_log()

    async def _flush_or_log(self) -> None:
        try:
            await self.flush()
        except EngineError:
            _log.exception("could not keep what was counted of usage; the next time will")
