"""Clearings: dead letters that are redriven or purged, many at a time, in the background."""

import asyncio
import logging
from collections.abc import Callable
from typing import Final

import msgspec

from keybus.bus.audit.log import AuditLog
from keybus.bus.dead_letters.clearing import (
    AlreadyClearing,
    Clearing,
    Kind,
    NoSuchClearing,
    Preview,
    State,
    preview_of,
)
from keybus.bus.dead_letters.letters import LetterChoice, Letters, letter_id, next_id
from keybus.bus.delivery.dispatcher import Dispatcher
from keybus.bus.engine import Documents
from keybus.clock import Clock, pause
from keybus.errors import EngineError, StorageFailed, SubscriptionError
from keybus.governance import Principal
from keybus.governance.audit import BUS, Actor

PAGE: Final = 1_000
"""Letters that are moved in one transaction, at most."""
KEPT: Final = 20
"""Clearings of a subscription that are remembered after their end."""
_COLLECTION = "clearings"
_FAILURE_PAUSE = 1.0
_decoder = msgspec.json.Decoder(Clearing)
_log = logging.getLogger(__name__)
Find = Callable[[str], Dispatcher]
"""The dispatcher of a subscription; raises `SubscriptionError` where there is none."""


class Clearings:
    """All clearings: those under way, and the last ones of each subscription.

    Each page is one step of the store: a letter is still there, or it is moved. What is under way
    when the process ends goes on at the next start. Belongs to one event loop.

    Args:
        documents: Where they are kept.
        audit: Where each is written down, before it begins and when it has ended.
        find: Finds a subscription.
        clock: Time.
    """

    def __init__(self, documents: Documents, audit: AuditLog, find: Find, clock: Clock) -> None:
        self._documents, self._audit = documents, audit
        self._find, self._clock = find, clock
        self._known: dict[str, Clearing] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._stops: dict[str, asyncio.Event] = {}
        self._beginning = asyncio.Lock()

    async def resume(self) -> None:
        """Go on with what an earlier run left under way."""
        async for each in self._documents.list(_COLLECTION):
            self._known[each.key] = _decoder.decode(each.value)
        for clearing in list(self._known.values()):
            if clearing.state == "running":
                self._start(clearing, again=True)

    async def close(self) -> None:
        """Stop; what is under way goes on at the next start."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def of(self, subscription: str) -> list[Clearing]:
        """Those of a subscription, the latest first."""
        found = [each for each in self._known.values() if each.subscription == subscription]
        return sorted(found, key=lambda each: each.id, reverse=True)

    async def preview(self, subscription: str, choice: LetterChoice) -> Preview:
        """What a clearing would move if it began now; nothing is changed.

        Raises:
            SubscriptionError: There is no such subscription.
            StorageFailed: The store could not be read.
        """
        dispatcher = self._find(subscription)
        summary = await dispatcher.cursor.letters.summary(choice)
        return preview_of(summary, dispatcher.settings.gatekeeper, self._clock.time_us())

    async def begin(
        self,
        kind: Kind,
        subscription: str,
        choice: LetterChoice,
        by: Principal,
        *,
        rate: int = 0,
    ) -> Clearing:
        """Begin to redrive or to purge.

        Args:
            kind: Which of the two.
            subscription: Whose dead letters: redriven ones go to it, and to nobody else.
            choice: Which of them; with `Preview.mark` as ``until``, those that were previewed.
            by: Who asks for it.
            rate: Letters a second, at most; 0: as fast as it goes.

        Raises:
            SubscriptionError: There is no such subscription.
            AlreadyClearing: Another one of its clearings is under way.
            StorageFailed: It has not begun, as far as is known.
        """
        letters = self._find(subscription).cursor.letters
        async with self._beginning:
            for each in self.of(subscription):
                if each.state == "running":
                    raise AlreadyClearing(each)
            if not choice.until:
                mark = (await letters.summary(choice)).newest or letter_id(0)
                choice = msgspec.structs.replace(choice, until=mark)
            clearing = Clearing(
                id=next_id(self._clock.time_us(), self._known),
                kind=kind,
                subscription=subscription,
                choice=choice,
                total=await letters.count(choice),
                rate=rate,
                by=by.account,
                started_us=self._clock.time_us(),
            )
            await self._audit.write(
                Actor.of(by), f"dead-letters.{kind}", subscription, clearing.told
            )
            await self._keep(clearing)
            self._start(clearing)
            return clearing

    async def cancel(self, subscription: str, clearing: str, by: Principal) -> Clearing:
        """Stop a clearing after the page that is being moved; what was moved stays moved.

        Raises:
            NoSuchClearing: The subscription has none of that id.
            StorageFailed: It goes on.
        """
        found = self._known.get(clearing)
        if found is None or found.subscription != subscription:
            raise NoSuchClearing(
                f"{subscription!r} has no redrive or purge {clearing[:40]!r}",
                hint="list them: `keybus dlq redrives`",
            )
        if found.state != "running":
            return found
        await self._audit.write(Actor.of(by), "dead-letters.cancel", subscription, found.told)
        task = self._tasks.get(clearing)
        if task is not None:
            self._stops[clearing].set()
            await asyncio.wait([task])
        return self._known[clearing]

    def _start(self, clearing: Clearing, *, again: bool = False) -> None:
        self._stops[clearing.id] = asyncio.Event()
        task = asyncio.create_task(
            self._run(clearing.id, again=again), name=f"clearing {clearing.id}"
        )
        self._tasks[clearing.id] = task
        task.add_done_callback(lambda _: self._forget(clearing.id))

    def _forget(self, clearing: str) -> None:
        del self._tasks[clearing], self._stops[clearing]

    async def _run(self, clearing: str, *, again: bool) -> None:
        """Move page after page; a store that fails is asked again after a while."""
        stop = self._stops[clearing]
        while True:
            try:
                if again:
                    await self._count_again(clearing)
                    again = False
                more = True
                while more and not stop.is_set():
                    more = await self._step(clearing)
                await self._end(self._known[clearing], "cancelled" if more else "done")
            except StorageFailed as error:
                _log.warning("dead letters wait to be moved: %s", error)
                again = True
            except (EngineError, SubscriptionError) as error:
                if await self._gave_up(clearing, error):
                    return
            else:
                return
            await pause(self._clock, _FAILURE_PAUSE, stop)

    async def _step(self, clearing: str) -> bool:
        """Move a page; whether there may be more."""
        standing = self._known[clearing]
        page = min(PAGE, standing.rate) if standing.rate else PAGE
        letters = self._find(standing.subscription).cursor.letters
        moved = await _move(letters, standing, page)
        if moved:
            standing = msgspec.structs.replace(standing, moved=standing.moved + moved)
            await self._keep(standing)
        if moved < page:
            return False
        seconds = moved / standing.rate if standing.rate else 0.0
        await pause(self._clock, seconds, self._stops[clearing])
        return True

    async def _count_again(self, clearing: str) -> None:
        """The last page may have been moved without being counted."""
        standing = self._known[clearing]
        left = await self._find(standing.subscription).cursor.letters.count(standing.choice)
        moved = max(standing.moved, standing.total - left)
        await self._keep(msgspec.structs.replace(standing, moved=moved))

    async def _gave_up(self, clearing: str, error: Exception) -> bool:
        """Whether it has failed: the subscription is gone. A queue that was opened anew is not."""
        standing = self._known[clearing]
        try:
            self._find(standing.subscription)
        except SubscriptionError:
            await self._end(standing, "failed", str(error))
            return True
        return False

    async def _end(self, standing: Clearing, state: State, error: str = "") -> Clearing:
        ended = msgspec.structs.replace(
            standing, state=state, error=error, ended_us=self._clock.time_us()
        )
        done = "redriven" if ended.kind == "redrive" else "purged"
        data = {"id": ended.id, "count": ended.moved, "of": ended.total, "state": state}
        await self._audit.write(BUS, f"dead-letters.{done}", ended.subscription, data)
        await self._keep(ended)
        for old in [each for each in self.of(ended.subscription) if each.ended_us][KEPT:]:
            await self._documents.delete(_COLLECTION, old.id)
            del self._known[old.id]
        return ended

    async def _keep(self, clearing: Clearing) -> None:
        self._known[clearing.id] = clearing
        await self._documents.put(_COLLECTION, clearing.id, msgspec.json.encode(clearing))


async def _move(letters: Letters, clearing: Clearing, page: int) -> int:
    move = letters.redrive if clearing.kind == "redrive" else letters.purge
    return await move(clearing.choice, page)
