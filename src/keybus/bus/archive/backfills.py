"""Back-fills: new subscriptions that begin with events of the past."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

from keybus.bus.archive.looking import page_of
from keybus.bus.archive.passage import Surroundings
from keybus.bus.archive.replay import Wanted
from keybus.bus.audit.log import AuditLog
from keybus.bus.engine import Cursor, Stored
from keybus.bus.ingest.puts import Puts
from keybus.bus.ingest.selection import Rule
from keybus.errors import EngineError, StorageFailed
from keybus.governance.audit import BUS
from keybus.topology import Subscription

_END_OF_TIME: Final = 10**16
_FAILURE_PAUSE: Final = 1.0
_log = logging.getLogger(__name__)


class Backfills:
    """Fills the queues that are not whole, each in a task of its own.

    A queue is made before an event can match it, and filled from then on, from the log's past up
    to where each later event was routed by rules that know it: not before all puts have landed that
    were under way when these rules came to hold. What appends have matched meanwhile is there once.
    Nothing is delivered before; how far it is, the engine keeps, so that a restart goes on.

    Args:
        around: What they go by.
        puts: Those that are under way.
        audit: Where it is written down that a queue is whole.
        declared: The subscription of a name, as the platform that holds has it.
    """

    def __init__(
        self,
        around: Surroundings,
        puts: Puts,
        audit: AuditLog,
        declared: Callable[[str], Subscription | None],
    ) -> None:
        self._around, self._puts, self._audit = around, puts, audit
        self._declared = declared
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._closed = False

    def begin(self) -> None:
        """Fill what is not whole, once the rules hold that know it."""
        for name, dispatcher in () if self._closed else self._around.dispatchers().items():
            if dispatcher.cursor.filled is not None and name not in self._tasks:
                task = asyncio.create_task(self._run(name), name=f"back-fill {name}")
                self._tasks[name] = task
                task.add_done_callback(partial(self._ended, name))

    async def close(self) -> None:
        """Stop; it goes on at the next start."""
        self._closed = True
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _ended(self, name: str, task: asyncio.Task[None]) -> None:
        del self._tasks[name]
        if not task.cancelled():
            self.begin()  # it may have been declared anew in the meantime

    async def _run(self, name: str) -> None:
        """Until it is whole, or gone; a store that fails is asked again."""
        while True:
            dispatcher, declared = self._around.dispatchers().get(name), self._declared(name)
            if dispatcher is None or declared is None:
                return  # it comes back under its name, if it does
            try:
                await self._fill(name, dispatcher.cursor)
            except StorageFailed as error:
                _log.warning("%s: its queue waits to be filled: %s", name, error)
            except EngineError as error:  # its queue was closed, and perhaps opened anew
                _log.warning("%s: its queue is looked at once more: %s", name, error)
            except Exception:  # noqa: BLE001 - logged; without it nothing would be delivered
                _log.exception("%s: its queue cannot be filled, trying again", name)
            else:
                return
            await self._around.clock.sleep(_FAILURE_PAUSE)

    async def _fill(self, name: str, cursor: Cursor) -> None:
        is_last = False
        while cursor.filled is not None and (declared := self._declared(name)) is not None:
            more = await self._page(name, cursor, declared)
            if more:
                continue
            if is_last:
                data = {"start": declared.start}
                await self._audit.write(BUS, "queue.filled", name, data)
                await cursor.fill([], cursor.filled, whole=True)
                return
            await self._puts.passed()
            # What was submitted before is in the log when this is answered.
            await cursor.fill([], cursor.filled)
            is_last = True

    async def _page(self, name: str, cursor: Cursor, declared: Subscription) -> bool:
        """Fill a page; whether there may be more."""
        since = declared.start_us
        if since is None or cursor.filled is None:
            return False
        if declared.retry.max_age is not None:  # what is older would be buried at once
            now = self._around.clock.time_us()
            since = max(since, now - declared.retry.max_age * 1_000_000)
        wanted = Wanted("", since, _END_OF_TIME)
        page, more = await page_of(self._around.engine, wanted, cursor.filled)
        if page:
            rule = self._around.router().rules[name]
            await cursor.fill(await _accepted(name, rule, page), page[-1].position)
        return more


async def _accepted(name: str, rule: Rule, page: Sequence[Stored]) -> list[int]:
    """Where the events lie that a subscription asks for."""
    found = []
    for number, stored in enumerate(page):
        if number % 16 == 0:
            await asyncio.sleep(0)
        try:
            if rule.accepts(stored.envelope):
                found.append(stored.position)
        except Exception as error:  # noqa: BLE001 - whatever an event was made to do to us
            _log.warning("%s: position %d cannot be looked at: %s", name, stored.position, error)
    return found
