"""What of a subscription can be fetched: handed back, due, or in line."""

import asyncio
from collections.abc import Sequence

import msgspec

from keybus.bus.engine import Delivery
from keybus.engines.alarm import Alarm
from keybus.engines.sqlite.dead_letters import SqliteDeadLetters
from keybus.engines.sqlite.delays import Delay, Delays
from keybus.engines.sqlite.held import Back
from keybus.engines.sqlite.leases import NOWHERE, Hold, Leases, Ready
from keybus.engines.sqlite.line import Line
from keybus.engines.sqlite.marks import NO_DUE, Marks
from keybus.engines.sqlite.moving import Moving
from keybus.engines.sqlite.opening import WHOLE, Opened
from keybus.engines.sqlite.reader import Reader
from keybus.engines.sqlite.ring import Ring
from keybus.steady import SteadyTime

_MOST_READY = 4_096
"""Due deliveries that are taken into memory, where nobody fetches them, to see how old they are."""


class Queue:
    """One subscription's line, its delays, and what was handed back, with their leases.

    Belongs to one event loop.
    """

    def __init__(
        self,
        opened: Opened,
        *,
        reader: Reader,
        ring: Ring,
        time: SteadyTime,
        alarm: Alarm,
        leases: Leases,
        marks: Marks,
        letters: SqliteDeadLetters,
        moving: Moving,
    ) -> None:
        """A queue as it stood when it was opened.

        Args:
            opened: How it stood.
            reader: Reads the store.
            ring: The newest events.
            time: What deliveries are due by.
            alarm: Rung when there may be something to fetch.
            leases: What is in the consumer's hands.
            marks: How far deliveries were handed out.
            letters: The dead letters; what was one before has bytes of its own.
            moving: Nobody loads delays while rows become exceptions.
        """
        self._reader, self._ring, self._time, self._alarm = reader, ring, time, alarm
        self._leases, self._marks, self._letters = leases, marks, letters
        self._moving = moving
        self._ledger = ledger = opened.ledger
        self._line = Line(
            reader,
            ledger.subscription,
            after=opened.floor,
            count=opened.matched,
            settled=opened.settled,
            sealed=opened.filled != WHOLE,
        )
        self._delays = Delays(reader, ledger.subscription, stored=opened.exceptions)
        self._ready = Ready()
        # First deliveries up to here may have been out when the process before this one died.
        self._suspect = opened.fetched
        self._popped = NO_DUE
        # Taken out and not yet leased.
        self._taking = 0
        # Of taking out, one at a time.
        self._leasing = asyncio.Lock()

    @property
    def last(self) -> int:
        """The log's last position."""
        return self._ring.last

    @property
    def waiting(self) -> int:
        """How many there are to fetch, delayed ones included."""
        return self._line.waiting + self._taking + len(self._ready) + len(self._delays)

    @property
    def delayed(self) -> int:
        """No more than this are delayed."""
        return len(self._delays)

    async def count_delayed(self) -> int:
        """How many wait for the time of their next attempt.

        Raises:
            StorageFailed: Those beyond what is in memory could not be counted.
        """
        return await self._delays.count_later_than(self._time.now())

    async def lease(self, limit: int) -> Sequence[Delivery]:
        """Lease up to ``limit`` deliveries: what is there, or nothing. Cancelling leases nothing.

        Raises:
            StorageFailed: The store could not be read; nothing is leased.
        """
        async with self._leasing:
            return await self._lease(limit)

    async def wait(self) -> None:
        """Until there may be something to lease that was not there."""
        if not (self._delays.hungry or self._line.hungry):
            await self._alarm.wait(self._delays.next_due)

    async def reached(self) -> int:
        """A position up to which there is nothing more that could be leased now.

        Raises:
            StorageFailed: The store could not be read.
        """
        async with self._leasing:
            self._moving.check_open()
            if self._delays.hungry:
                await self._load_delays()
            if self._line.hungry:
                await self._line.load(self._ring.last)
            # Those that were left behind by the floor are the first of all.
            self._collect_due(_MOST_READY)
            first = min(self._ready.first, self._line.first)
            return self._ring.last if first == NOWHERE else first - 1

    async def lease_old(self, last: int, before: int, limit: int) -> Sequence[Delivery]:
        """Lease what is too old to be fetched, each with the attempt that it would be.

        Args:
            last: The last position of the log that may be too old.
            before: What was redriven since this time is not; microseconds since the Unix epoch.
            limit: At most so many.

        Raises:
            StorageFailed: The store could not be read; nothing is leased.
        """
        async with self._leasing:
            self._moving.check_open()
            found = await self._lease_old(last, before, limit)
        self._alarm.ring()
        return found

    def feed(self, positions: Sequence[int]) -> None:
        """A segment became durable, and matched at these positions."""
        self._line.feed(positions)
        self._alarm.ring()

    def fill(self, count: int, *, whole: bool) -> None:
        """So many of the past were added; once it is whole they may be leased."""
        self._line.fill(count, whole=whole)
        self._alarm.ring()

    def delay(self, delays: Sequence[Delay]) -> None:
        """Delays that have just become durable."""
        for each in delays:
            self._delays.push(each)
        self._alarm.ring()

    def admit(self, back: Back) -> None:
        """Rows were added to the exceptions; whoever did it holds the lock until now."""
        self._delays.admit(back.due_at, back.first, back.count)
        self._alarm.ring()

    def release(self, positions: Sequence[int]) -> None:
        """Leases end untried."""
        for position in positions:
            if hold := self._leases.release(position):
                self._ready.push(position, hold)
        self._alarm.ring()

    async def events(self, positions: list[int], kept: int) -> list[Delivery]:
        """The events as first deliveries, from memory where they are there.

        Args:
            positions: Where they stand in the log.
            kept: How many of them, from the first, may have bytes of their own.

        Raises:
            StorageFailed: The store could not be read.
        """
        own = await self._letters.redriven(positions[:kept])
        get = self._ring.get
        held = [own.get(each) or get(each) for each in positions] if own else map(get, positions)
        found = [event for event in held if event]
        if len(found) == len(positions):
            return found
        known = {event.position: event for event in found}
        missing = [position for position in positions if position not in known]
        known.update(await self._reader.events(missing))
        return [known[position] for position in positions]

    async def _lease(self, limit: int) -> list[Delivery]:
        if self._delays.hungry:
            await self._load_delays()
        if self._line.hungry:
            await self._line.load(self._ring.last)
        self._collect_due(limit)
        ready = self._ready.pop(limit)
        taken = self._line.take(limit - len(ready))
        line = self._line.unsettled(taken)
        alone = [each for each in line if each <= self._suspect] if self._suspect else ()
        self._taking = len(ready) + len(line)
        try:
            found = await self.events([position for position, _ in ready] + line, len(ready))
            if found:  # else nothing may wait: what came meanwhile would wake nobody
                await self._marks.reach(line[-1] if line else 0, len(line), self._popped)
        except BaseException:
            self._put_back(ready, taken)
            raise
        finally:
            self._taking = 0
        # From here on nothing waits: what is leased is returned.
        self._line.forget(taken)
        self._leases.add_line(taken, line, alone)
        for index in range(len(ready), len(ready) + len(alone)):
            found[index] = msgspec.structs.replace(found[index], alone=True)
        self._lease_ready(ready, found)
        return found

    def _lease_ready(self, ready: Sequence[tuple[int, Hold]], found: list[Delivery]) -> None:
        """Lease what did not come from the line; its events, found first, get their attempts."""
        for index, (position, hold) in enumerate(ready):
            self._leases.add(position, hold)
            event = found[index]
            found[index] = Delivery(
                position,
                event.ingested_at,
                event.envelope,
                hold.attempt,
                hold.group,
                hold.alone,
                redriven_at=event.redriven_at,
            )

    async def _lease_old(self, last: int, before: int, limit: int) -> list[Delivery]:
        if self._delays.hungry:
            await self._load_delays()
        if self._line.hungry and last > self._ledger.floor:
            await self._line.load(self._ring.last)
        self._collect_due(_MOST_READY)
        due = self._ready.until(last)
        again = await self._letters.redriven_at([position for position, _ in due])
        old = [each for each in due if again.get(each[0], 0) < before][:limit]
        self._ready.remove([position for position, _ in old])
        taken = self._line.take_until(last, limit - len(old))
        line = self._line.unsettled(taken)
        self._taking = len(old) + len(line)
        try:
            found = await self.events([position for position, _ in old] + line, len(old))
        except BaseException:
            self._put_back(old, taken)
            raise
        finally:
            self._taking = 0
        # From here on nothing waits.
        self._line.forget(taken)
        self._leases.add_line(taken, line)
        self._lease_ready(old, found)
        return found

    def _collect_due(self, limit: int) -> None:
        delays = self._delays
        while len(self._ready) < limit and delays.next_due is not None:
            if delays.next_due > self._time.now():
                return
            due = delays.pop()
            self._popped = max(self._popped, due[:2])
            hold = Hold(due.attempts + 1, True, due.group, bool(due.alone))  # noqa: FBT003 - a hot path
            self._ready.push(due.position, hold)

    def _put_back(self, ready: Sequence[tuple[int, Hold]], taken: list[int]) -> None:
        for position, hold in ready:
            self._ready.push(position, hold)
        self._line.put_back(taken)

    async def _load_delays(self) -> None:
        leases, ready = self._leases, self._ready
        async with self._moving.lock:
            # While this waited its turn, others may have filled what it would have replaced.
            if not self._delays.hungry:
                return
            with leases.watch() as settled:
                await self._delays.load(
                    lambda position: position in leases or position in ready or position in settled
                )
