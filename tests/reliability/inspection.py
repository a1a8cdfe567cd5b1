"""Looks at a store that was opened anew: is everything there that was answered, and no more?"""

import asyncio
import random
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import apsw

from keybus.bus.audit.log import AuditLog
from keybus.bus.engine import Cursor, CursorState, Delivery, Engine
from tests.contract.engines_under_test import ANY, PATIENCE
from tests.reliability.answers import GONE, Answers, Append, Fate, Filled, Queue, Standing
from tests.reliability.consumer import LONGEST_DELAY
from tests.reliability.jumping_clock import JumpingClock
from tests.reliability.load import COLLECTION
from tests.reliability.past import Past

_AT_ONCE = 1_000


class Inspection:
    """Finds what may not be, and notes of all that was left open how it came out.

    Attributes:
        problems: What was found, in words.
        lost: Deliveries of acknowledged events that are nowhere.
        again: Deliveries whose acknowledgement was answered, and that came again.
    """

    def __init__(self, engine: Engine, answers: Answers, clock: JumpingClock) -> None:
        self._engine, self._answers, self._clock = engine, answers, clock
        self._events: dict[int, tuple[Append, int]] = {}
        self._present: set[int] = set()
        self._missing = 0
        self.problems: list[str] = []
        self.lost = self.again = 0

    async def run(self, audit: AuditLog) -> None:
        """Look at all of it; every delivery is fetched, and released again."""
        await self._log()
        await self._queues()
        await self._documents()
        await self._audit(audit)
        self._answers.trimmed, self._answers.trimming = self._missing, False

    async def _log(self) -> None:
        places: dict[bytes, list[int]] = {}
        async for event in self._engine.read():
            places.setdefault(event.envelope, []).append(event.position)
        for text, found in places.items():
            if len(found) > 1:
                self.problems.append(f"{text!r} stands in the log {len(found)} times")
        self._present = {place for found in places.values() for place in found}
        for append in self._answers.appends:
            self._append(append, [places.pop(text, []) for text in append.texts])
        if places:
            self.problems.append(f"in the log is what nobody offered: {sorted(places)[:3]}")
        answers = self._answers
        if self._missing < answers.trimmed or (
            self._missing > answers.trimmed and not answers.trimming
        ):
            self.problems.append(f"{answers.trimmed} events were dropped; {self._missing} are gone")

    def _append(self, append: Append, found: Sequence[Sequence[int]]) -> None:
        """Look where its events stand; ranges of the log that may have been dropped may be gone."""
        firsts = {place - index for index, places in enumerate(found) for place in places}
        missing = sum(not places for places in found)
        may_be_dropped = append.at < self._answers.trimmed_before
        if not firsts and append.first is None and not append.answered:
            append.absent = True
            append.queues.clear()
        elif not firsts and not may_be_dropped:
            if not append.answered:
                append.queues.clear()
                return
            self.lost += missing
            self.problems.append(f"LOST: {missing} answered events, {append.first}")
        elif len(firsts) > 1 or (missing and not may_be_dropped):
            self.problems.append(f"an append is kept in part, or out of order: {found}")
        elif firsts - {first := append.first or min(firsts)}:
            self.problems.append(f"answered at {append.first}, and stands at {firsts}")
        else:
            self._missing += missing
            self._answers.found(append, first)
            self._events.update((first + index, (append, index)) for index in range(len(found)))

    async def _queues(self) -> None:
        there = set(await self._engine.queues())
        for name, queue in list(self._answers.queues.items()):
            if name in there:
                queue.certain, queue.removing = True, False
                queue.seen, queue.newest = set(), 0
            elif queue.certain:
                self.problems.append(f"LOST: the queue {name}")
            if name not in there:
                del self._answers.queues[name]
        if strange := there - self._answers.queues.keys():
            self.problems.append(f"there are queues that were removed: {sorted(strange)}")
        # Whatever waits for its time: it may not wait any longer, however the wall clock was set.
        cursors = [await self._engine.open(name, ANY) for name in self._answers.queues]
        self._clock.advance(LONGEST_DELAY + 0.001)
        for cursor in cursors:
            queue = self._answers.queues[cursor.name]
            await self._filled(cursor, queue)
            await self._queue(cursor, queue)

    async def _filled(self, cursor: Cursor, queue: Queue) -> None:
        """It is filled as far as was answered, and what is left to fill it with is there; then so."""
        filled = Filled(cursor.filled)
        if queue.filled and filled not in queue.filled:
            self.problems.append(
                f"{cursor.name} is {filled}; allowed: {sorted(queue.filled, key=str)}"
            )
        queue.filled = {filled}
        if cursor.filled is not None:
            gone = [each for each in queue.owed - self._present if each > cursor.filled]
            if gone:
                self.lost += len(gone)
                self.problems.append(
                    f"LOST: {cursor.name} was to be filled with {sorted(gone)[:5]}"
                )
            draw = random.Random(f"fill {len(self._answers.appends)}")
            await Past(self._engine, self._answers, draw).fill(cursor, queue)

    async def _queue(self, cursor: Cursor, queue: Queue) -> None:
        found = await _everything(cursor)
        standings: dict[int, list[Standing]] = {}
        for delivery in found:
            standing = Standing("line", delivery.attempt - 1)
            standings.setdefault(delivery.position, []).append(standing)
            append, place = self._events.get(delivery.position, (None, 0))
            if append is not None and delivery.envelope != append.texts[place]:
                self.problems.append(f"{cursor.name}: {delivery.position} has other bytes")
        async for held in cursor.held():
            standings.setdefault(held.position, []).append(Standing("held", held.attempts))
        async for letter in cursor.dead_letters():
            standings.setdefault(letter.position, []).append(Standing("dead", letter.attempts))
        self.problems += _miscounted(cursor.name, await cursor.state(), standings.values())
        self.problems += _out_of_order(cursor.name, queue, found)
        for position in sorted(standings.keys() | queue.fates.keys()):
            self._delivery(cursor.name, queue, position, standings.get(position, [GONE]))
        queue.seen = {delivery.position for delivery in found}
        queue.newest = max(queue.seen, default=0)
        await cursor.release(sorted(queue.seen))

    def _delivery(
        self, name: str, queue: Queue, position: int, standings: Sequence[Standing]
    ) -> None:
        fate = queue.fates.get(position)
        if fate is None or not self._matched(name, queue, position):
            self.problems.append(f"{name}: {position} never matched, and stands as {standings}")
            return
        allowed = fate.allowed
        if strange := [each for each in standings if each not in allowed]:
            self.lost += GONE in strange
            self.again += fate.certain == GONE
            word = "LOST" if GONE in strange else "CAME BACK" if fate.certain == GONE else "wrong"
            self.problems.append(
                f"{word}: {name}: {position} stands as {strange}; allowed: {sorted(allowed)}"
            )
        if _too_often(standings, fate):
            self.problems.append(f"{name}: {position} stands more than once: {standings}")
        _note(fate, standings)

    def _matched(self, name: str, queue: Queue, position: int) -> bool:
        if position not in self._events:
            return False
        append, place = self._events[position]
        matched = name in append.matched[place] and append.queues[name] is queue
        return matched or position in queue.chosen

    async def _documents(self) -> None:
        documents = self._engine.documents
        standing = {each.key: each.value async for each in documents.list(COLLECTION)}
        for key, values in self._answers.documents.items():
            found = standing.pop(key, None)
            if found not in values:
                self.problems.append(f"the document {key} is not as it was answered")
            values[:] = [found]
        if standing:
            self.problems.append(f"there are documents that nobody wrote: {sorted(standing)}")

    async def _audit(self, audit: AuditLog) -> None:
        verification = await audit.verify()
        self.problems += [f"the audit log: {damage}" for damage in verification.damages]
        written = {entry.subject async for entry in audit.entries()}
        if missing := [act for act in self._answers.acts if act not in written]:
            self.problems.append(f"LOST: {len(missing)} acts of the audit log: {missing[:3]}")


def check_integrity(path: Path, vfs: str) -> Iterator[str]:
    """What SQLite itself finds wrong with a store's file."""
    connection = apsw.Connection(str(path), vfs=vfs)
    try:
        for (found,) in connection.execute("PRAGMA integrity_check"):
            if found != "ok":
                yield f"integrity_check: {found}"
    finally:
        connection.close()


async def _everything(cursor: Cursor) -> list[Delivery]:
    found: list[Delivery] = []
    async with asyncio.timeout(PATIENCE):
        while (state := await cursor.state()).waiting > state.ordered:
            found += await cursor.fetch(_AT_ONCE)
    return found


def _miscounted(
    name: str, state: CursorState, standings: Iterable[Sequence[Standing]]
) -> Iterator[str]:
    counts = Counter[str](each.place for found in standings for each in found)
    counted = {"held": state.held + state.ordered, "dead": state.dead, "line": state.in_flight}
    for place, count in counted.items():
        if counts[place] != count:
            yield f"{name}: {counts[place]} deliveries are {place}, and it counts {count}"


def _out_of_order(name: str, queue: Queue, found: Sequence[Delivery]) -> Iterator[str]:
    last = 0
    for delivery in found:
        fate = queue.fates.get(delivery.position)
        if delivery.attempt > 1 or fate is None or fate.aside:
            continue
        if delivery.position < last:
            yield f"{name}: {delivery.position} came after {last}, out of log order"
        last = delivery.position


def _too_often(standings: Sequence[Standing], fate: Fate) -> bool:
    """In line or held, and that once; dead letters as often as a burial was asked for."""
    places = Counter(each.place for each in standings)
    return places["line"] + places["held"] > 1 or places["dead"] > max(fate.buried, 1)


def _note(fate: Fate, standings: Sequence[Standing]) -> None:
    """Dead letters stay, whatever becomes of the delivery; so that it is what is in line first."""
    first = min(standings, key=lambda each: each.place == "dead")
    fate.seen(first)
    fate.possible.update(standings)
