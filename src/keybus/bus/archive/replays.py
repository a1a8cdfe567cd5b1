"""Replays: events of the log that are sent once more, many at a time, in the background."""

import asyncio
import logging
from typing import Final

import msgspec

from keybus.bus.archive.looking import previewed
from keybus.bus.archive.passage import Gone, Passage, Surroundings
from keybus.bus.archive.replay import (
    AlreadyReplaying,
    FromArchive,
    NoSuchReplay,
    Preview,
    Replay,
    ReplayExists,
    State,
    Wanted,
)
from keybus.bus.archive.sieve import Sieve
from keybus.bus.audit.log import AuditLog
from keybus.bus.dead_letters.letters import next_id
from keybus.bus.engine import Documents
from keybus.errors import EngineError, SubscriptionError
from keybus.governance import Principal
from keybus.governance.audit import BUS, Actor
from keybus.patterns import Pattern

AT_ONCE: Final = 10
"""Replays that are under way at once, as on EventBridge."""
KEPT: Final = 20
"""Replays to a destination that are remembered after their end."""
KEPT_OF_ARCHIVES: Final = 100
"""Replays of named archives that are remembered after their end."""
_COLLECTION = "replays"
_END_PAUSE = 1.0
_decoder = msgspec.json.Decoder(Replay)
_log = logging.getLogger(__name__)


class Replays:
    """All replays: those under way, and the last ones to each destination.

    What is under way when the process ends goes on at the next start, from its last page on.
    Belongs to one event loop.

    Args:
        documents: Where they are kept.
        audit: Where each is written down, before it begins and when it has ended.
        around: What they go by.
    """

    def __init__(self, documents: Documents, audit: AuditLog, around: Surroundings) -> None:
        self._documents, self._audit, self._around = documents, audit, around
        self._clock = around.clock
        self._known: dict[str, Replay] = {}
        self._passages: dict[str, Passage] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._beginning = asyncio.Lock()
        self._looking = asyncio.Lock()  # one preview at a time: each is a second's work

    async def resume(self) -> None:
        """Go on with what an earlier run left under way."""
        async for each in self._documents.list(_COLLECTION):
            self._known[each.key] = _decoder.decode(each.value)
        for replay in list(self._known.values()):
            if replay.state == "running":
                self._start(replay)

    async def close(self) -> None:
        """Stop; what is under way goes on at the next start."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def all(self) -> list[Replay]:
        """All that are known, the latest first."""
        known = {**self._known, **{name: each.replay for name, each in self._passages.items()}}
        return sorted(known.values(), key=lambda each: each.id, reverse=True)

    def get(self, replay: str) -> Replay:
        """One of them.

        Raises:
            NoSuchReplay: There is none of that id.
        """
        if replay not in self._known:
            raise NoSuchReplay(replay)
        passage = self._passages.get(replay)
        return passage.replay if passage else self._known[replay]

    def passes_by(self, name: str, subscription: str) -> bool:
        """Whether the replays of a name that are known were all for other subscriptions."""
        found = [each.wanted.is_for(subscription) for each in self.all() if each.name == name]
        return bool(found) and not any(found)

    async def preview(self, wanted: Wanted, by: Principal) -> Preview:
        """What a replay would send if it began now; nothing is changed.

        What is asked of everybody's events by a pattern is written down: the count tells something
        of them.

        Args:
            wanted: What is to be sent, and to whom.
            by: Who asks.

        Raises:
            SubscriptionError: There is no such subscription.
            PatternError: The pattern is none.
            StorageFailed: The log could not be read.
        """
        wanted, pattern = self._read(wanted)
        if pattern is not None and not wanted.to:
            data = {"since": wanted.since, "until": wanted.until, "pattern": wanted.pattern}
            await self._audit.write(Actor.of(by), "replay.preview", "", data)
        around = self._around
        sieve = Sieve(wanted, pattern, "preview", around.router(), around.dispatchers())
        async with self._looking:
            return await previewed(around.engine, wanted, sieve, self._clock.time_us())

    def named(self, name: str) -> Replay:
        """The one of a name: of a named archive, where there is such a one, and else the latest.

        Raises:
            NoSuchReplay: There is none of that name.
        """
        found = [each for each in self.all() if each.name == name]
        if not found:
            raise NoSuchReplay(name)
        return next((each for each in found if each.origin is not None), found[0])

    def is_ending(self, replay: str) -> bool:
        """Whether it was cancelled and has not ended yet."""
        passage = self._passages.get(replay)
        return passage is not None and passage.stop.is_set()

    async def begin(
        self,
        wanted: Wanted,
        by: Principal,
        *,
        name: str = "",
        rate: int = 0,
        origin: FromArchive | None = None,
    ) -> Replay:
        """Begin to send.

        Replays of named archives have a name that no other one has, and go beside others.

        Args:
            wanted: What, and to whom.
            by: Who asks for it.
            name: What the events carry as ``replay-name``; empty: the replay's id.
            rate: Events a second, at most; 0: as fast as it goes.
            origin: The named archive that it is of; None: it is of the log.

        Raises:
            SubscriptionError: There is no such subscription.
            PatternError: The pattern is none.
            ReplayExists: It is of a named archive, and another replay has its name.
            AlreadyReplaying: Another replay to it is under way, or too many are.
            StorageFailed: It has not begun, as far as is known.
        """
        wanted, _ = self._read(wanted)
        async with self._beginning:
            self._check_free(wanted.to, name, origin)
            replay = Replay(
                id=(number := next_id(self._clock.time_us(), self._known)),
                name=name or number,
                wanted=wanted,
                started_us=self._clock.time_us(),
                rate=rate,
                by=by.account,
                origin=origin,
            )
            await self._audit.write(Actor.of(by), "replay.begin", wanted.to, replay.told)
            await self._keep(replay)
            self._start(replay)
            return replay

    async def cancel(self, replay: str, by: Principal) -> Replay:
        """Stop a replay after the page that is being sent; what was sent stays sent.

        Raises:
            NoSuchReplay: There is none of that id.
            StorageFailed: It goes on.
        """
        found = self.get(replay)
        if found.state != "running":
            return found
        await self._audit.write(Actor.of(by), "replay.cancel", found.wanted.to, found.told)
        task = self._tasks.get(replay)
        if task is not None:
            self._passages[replay].stop.set()
            await asyncio.wait([task])
        return self.get(replay)

    def _read(self, wanted: Wanted) -> tuple[Wanted, Pattern | None]:
        """What is wanted, with an end that nothing new comes before; and its pattern."""
        if wanted.to and wanted.to not in (known := self._around.dispatchers()):
            raise SubscriptionError.unknown(wanted.to, known)
        pattern = Pattern.parse(wanted.pattern) if wanted.pattern else None
        until = min(wanted.until, self._clock.time_us())
        return msgspec.structs.replace(wanted, until=until), pattern

    def _check_free(self, to: str, name: str, origin: FromArchive | None) -> None:
        if origin is not None and any(each.name == name for each in self._known.values()):
            raise ReplayExists(name)
        running = [each for each in self._known.values() if each.state == "running"]
        hint = "wait for its end, or cancel it: `keybus replay cancel ID`"
        for each in running if origin is None else ():
            if each.wanted.to == to and each.origin is None:
                whom = repr(to) if to else "the bus"
                raise AlreadyReplaying(f"a replay to {whom} is under way ({each.id})", hint=hint)
        if len(running) >= AT_ONCE:
            raise AlreadyReplaying(f"{AT_ONCE} replays are under way", hint="wait for one's end")

    def _start(self, replay: Replay) -> None:
        self._passages[replay.id] = Passage(replay, self._around, self._keep)
        task = asyncio.create_task(self._run(replay.id), name=f"replay {replay.id}")
        self._tasks[replay.id] = task
        task.add_done_callback(lambda _: self._forget(replay.id))

    def _forget(self, replay: str) -> None:
        del self._tasks[replay], self._passages[replay]

    async def _run(self, replay: str) -> None:
        passage = self._passages[replay]
        state: State
        try:
            state, error = ("done" if await passage.run() else "cancelled"), ""
        except Gone as gone:
            state, error = "failed", str(gone)
        except Exception as failure:  # noqa: BLE001 - a fault of ours; it says so, and is logged
            _log.exception("replay %s cannot go on", replay)
            state, error = "failed", f"{type(failure).__name__}: {failure}"
        while True:
            try:
                return await self._end(passage.replay, state, error)
            except EngineError as failure:
                _log.warning("replay %s: its end waits for the store: %s", replay, failure)
            await self._clock.sleep(_END_PAUSE)

    async def _end(self, standing: Replay, state: State, error: str) -> None:
        to = standing.wanted.to
        ended = msgspec.structs.replace(
            standing, state=state, error=error, waits_for="", ended_us=self._clock.time_us()
        )
        data = {"id": ended.id, "sent": ended.sent, "withheld": ended.withheld, "state": state}
        await self._audit.write(BUS, "replay.end", to, data)
        await self._keep(ended)
        self._passages[ended.id].replay = ended
        of_archive = ended.origin is not None
        of_same = [
            each
            for each in self.all()
            if each.ended_us
            and (each.origin is not None) == of_archive
            and (of_archive or each.wanted.to == to)
        ]
        for old in of_same[KEPT_OF_ARCHIVES if of_archive else KEPT :]:
            await self._documents.delete(_COLLECTION, old.id)
            del self._known[old.id]

    async def _keep(self, replay: Replay) -> None:
        await self._documents.put(_COLLECTION, replay.id, msgspec.json.encode(replay))
        self._known[replay.id] = replay
