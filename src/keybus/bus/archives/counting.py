"""How much archives hold is counted in the background: no request reads the log."""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Sequence
from contextlib import aclosing
from itertools import groupby
from typing import Final

import msgspec

from keybus.bus.archive.looking import PAGE, TURN
from keybus.bus.archives.archive import NamedArchive
from keybus.bus.archives.tally import Counted, Kept, Tally
from keybus.bus.engine import Documents, Engine, Stored
from keybus.bus.legible import Legible
from keybus.clock import Clock
from keybus.envelope import is_of_platform, is_replayed
from keybus.errors import EngineError, KeybusError
from keybus.patterns import Pattern

SWEEP_SECONDS: Final = 2.0
"""How often it is looked whether something came."""
SHARE: Final = 0.2
"""Of a processor, at most, as long as there is something to count."""
KEEP_SECONDS: Final = 60.0
"""How often the tallies are written down; what was counted since is counted once more."""
_COLLECTION: Final = "archive-counts"
_log = logging.getLogger(__name__)


class Counting:
    """The tallies of all archives. Belongs to one event loop.

    Args:
        engine: Where the log is.
        documents: Where tallies are kept.
        archives: Those that there are.
        clock: Time.
    """

    def __init__(
        self,
        engine: Engine,
        documents: Documents,
        archives: Callable[[], Iterable[NamedArchive]],
        clock: Clock,
    ) -> None:
        self._engine, self._documents, self._clock = engine, documents, clock
        self._archives = archives
        self._tallies: dict[str, Tally] = {}
        self._kept_at = clock.monotonic()
        self._task: asyncio.Task[None] | None = None

    async def load(self, archives: Iterable[NamedArchive]) -> None:
        """Go on with what an earlier run has counted; what of that is damaged is counted anew."""
        by_name = {each.name: each for each in archives}
        async for each, kept in Legible(self._documents, _COLLECTION, Kept, "tally").all():
            if (archive := by_name.get(each.key)) is not None:
                self._tallies[each.key] = Tally(archive, kept)

    def follow(self) -> None:
        """Count from now on, where there is anything to count."""
        if self._task is None and next(iter(self._archives()), None) is not None:
            self._task = asyncio.create_task(self._run(), name="archives are counted")

    async def close(self) -> None:
        """Count no more, and write down what was counted."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            try:
                await self._keep()
            except EngineError as error:
                _log.warning("what archives hold is counted once more: %s", error)

    def counted(self, archive: NamedArchive) -> Counted:
        """How much an archive holds, as far as was counted."""
        tally = self._tallies.get(archive.name)
        if tally is None or not tally.is_of(archive):
            return Counted(0, 0)
        return tally.counted(archive.since(self._clock.time_us()))

    async def _run(self) -> None:
        while True:
            try:
                await self._sweep()
                if self._clock.monotonic() - self._kept_at >= KEEP_SECONDS:
                    await self._keep()
            except EngineError as error:
                _log.warning("what archives hold cannot be counted: %s", error)
            except Exception:  # noqa: BLE001 - logged; all that it costs is a number
                _log.exception("what archives hold cannot be counted")
            await self._clock.sleep(SWEEP_SECONDS)

    async def _sweep(self) -> None:
        """Look through all of the log that was not looked through."""
        archives = {each.name: each for each in self._archives()}
        tallies = {name: self._tally(each) for name, each in archives.items()}
        self._tallies = tallies
        first_at = (await self._engine.log_state()).first_at
        for tally in tallies.values():
            tally.forget(first_at)
        names = sorted(tallies, key=lambda each: tallies[each].through)
        for _, together in groupby(names, lambda each: tallies[each].through):
            views = [_View(archives[name], tallies[name]) for name in together]
            while await self._page(views):
                pass

    def _tally(self, archive: NamedArchive) -> Tally:
        found = self._tallies.get(archive.name)
        return found if found is not None and found.is_of(archive) else Tally(archive)

    async def _page(self, views: Sequence["_View"]) -> bool:
        """Count a page; whether there is more."""
        began, looked = self._clock.monotonic(), 0
        since = min(each.archive.created_us for each in views)
        events = _events(self._engine.read(since, after=views[0].tally.through))
        async with aclosing(events):
            async for stored in events:
                looked += 1
                for view in views:
                    view.count(stored)
                if looked == PAGE:
                    break
                if looked % TURN == 0:
                    await asyncio.sleep(0)
        if looked == PAGE:
            spent = self._clock.monotonic() - began
            await self._clock.sleep(spent * (1 / SHARE - 1))
        return looked == PAGE

    async def _keep(self) -> None:
        """Write down what was counted, and forget what is of archives that are gone."""
        self._kept_at = self._clock.monotonic()
        gone = [each.key async for each in self._documents.list(_COLLECTION)]
        for name in (each for each in gone if each not in self._tallies):
            await self._documents.delete(_COLLECTION, name)
        for name, tally in list(self._tallies.items()):
            if not tally.is_kept:
                tally.is_kept = True
                await self._documents.put(_COLLECTION, name, msgspec.json.encode(tally.kept()))


class _View:
    """An archive that is being counted."""

    def __init__(self, archive: NamedArchive, tally: Tally) -> None:
        self.archive, self.tally = archive, tally
        self._pattern = Pattern.parse(archive.pattern) if archive.pattern else None

    def count(self, stored: Stored) -> None:
        """Count an event, where it is in the archive."""
        self.tally.reach(stored.position)
        if stored.ingested_at < self.archive.created_us or is_replayed(stored.envelope):
            return
        if not is_of_platform(stored.envelope):
            return
        if self._pattern is None or _matches(self._pattern, stored):
            self.tally.add(stored.ingested_at, len(stored.envelope))


async def _events(found: AsyncIterator[Stored]) -> AsyncGenerator[Stored]:
    """As a generator, which can be closed."""
    async for each in found:
        yield each


def _matches(pattern: Pattern, stored: Stored) -> bool:
    try:
        return pattern.matches(stored.envelope)
    except (KeybusError, RecursionError, ValueError):  # whatever an event was made to do to us
        return False
