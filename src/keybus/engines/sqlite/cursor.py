"""A subscription's durable place in the log, as the bus sees it."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import msgspec

from keybus.bus.dead_letters.letters import EXPIRED, REJECTED, DeadLetter
from keybus.bus.engine import CursorState, Delivery, Group, Held
from keybus.clock import Clock
from keybus.engines.alarm import Alarm
from keybus.engines.limits import check_cause, check_delay, check_group, check_reason
from keybus.engines.sqlite.committer import Committer
from keybus.engines.sqlite.dead_letters import SqliteDeadLetters
from keybus.engines.sqlite.delays import Delay, Delays
from keybus.engines.sqlite.held import (
    UNHOLD_PAGE,
    Back,
    BringBack,
    BringGroupBack,
    Freed,
    Groups,
    held,
)
from keybus.engines.sqlite.leases import NOWHERE, Hold, Leases, Ready
from keybus.engines.sqlite.ledger import Ledger, Retried
from keybus.engines.sqlite.line import Line
from keybus.engines.sqlite.marks import NO_DUE, Marks
from keybus.engines.sqlite.opening import Opened
from keybus.engines.sqlite.queries import query
from keybus.engines.sqlite.reader import Reader
from keybus.engines.sqlite.ring import Ring
from keybus.engines.sqlite.settlements import (
    Ack,
    Begin,
    Burial,
    Bury,
    Epitaph,
    Expire,
    Place,
    Retry,
    SetAside,
)
from keybus.engines.steady import SteadyTime
from keybus.errors import EngineError

_LAST_BEFORE = query("last_before")
_MOST_READY = 4_096
"""Due deliveries that are taken into memory, where nobody fetches them, to see how old they are."""


class SqliteCursor:
    """One subscription's line, delays and leases, in memory, over what the store holds.

    Belongs to one event loop: between two awaits nothing else changes it. What becomes durable
    on the committer's thread comes back as a callback on the loop, in the order of the commits.
    """

    def __init__(
        self,
        opened: Opened,
        *,
        committer: Committer,
        reader: Reader,
        ring: Ring,
        clock: Clock,
        time: SteadyTime,
    ) -> None:
        ledger = opened.ledger
        self._name, self._id = opened.name, ledger.subscription
        self._committer, self._reader, self._ring = committer, reader, ring
        self._clock, self._time = clock, time
        self._line = Line(
            reader,
            ledger.subscription,
            after=opened.floor,
            count=opened.matched,
            settled=opened.settled,
        )
        self._delays = Delays(reader, ledger.subscription, stored=opened.exceptions)
        self._ready = Ready()
        self._leases = Leases()
        self._place = Place(opened.name, self._leases, ledger)
        self._marks = Marks(self._place, committer, opened.fetched)
        # First deliveries up to here may have been out when the process before this one died.
        self._suspect = opened.fetched
        self._popped = NO_DUE
        self._held, self._ordered = opened.held, opened.ordered
        self._taking = 0
        self._alarm = Alarm(clock, time)
        # Of loading delays and of bringing back held deliveries, one at a time.
        self._moving = asyncio.Lock()
        # Of taking out of the line and of what is ready, one at a time.
        self._leasing = asyncio.Lock()
        self._fetching = False
        self._spent: EngineError | None = None
        self._letters = SqliteDeadLetters(
            self._place,
            committer=committer,
            reader=reader,
            clock=clock,
            time=time,
            moving=self._moving,
            check_open=self._check_open,
            come_back=self._admit,
            opened=opened,
        )

    @property
    def name(self) -> str:
        """The subscription's name."""
        return self._name

    @property
    def ledger(self) -> Ledger:
        """The durable place, which is the committer's; for the engine."""
        return self._place.ledger

    async def fetch(self, limit: int) -> Sequence[Delivery]:
        """Lease up to ``limit`` deliveries, in log order but for those whose retry is due.

        Waits until there is at least one. Cancelling it leases nothing.

        Raises:
            EngineError: The cursor is spent, or another fetch is waiting.
            StorageFailed: The store could not be read; nothing is leased.
        """
        if self._fetching:
            raise EngineError(f"subscription {self._name!r} is being fetched from already")
        self._fetching = True
        try:
            while True:
                self._check_open()
                async with self._leasing:
                    deliveries = await self._lease(limit)
                # It may have been spent meanwhile.
                self._check_open()
                if deliveries:
                    return deliveries
                if not (self._delays.hungry or self._line.hungry):
                    await self._alarm.wait(self._delays.next_due)
        finally:
            self._fetching = False

    async def ack(self, positions: Sequence[int]) -> None:
        """Settle deliveries as handled; durable on return.

        Raises:
            StorageFailed: They are leased as before.
        """
        self._check_open()
        if taken := self._leases.settle(positions):
            await self._committer.submit(Ack(self._place, taken))

    async def retry(
        self, position: int, *, delay: float, reason: str, group: str = "", alone: bool = False
    ) -> None:
        """Count a failed attempt, durably, and deliver again after ``delay`` seconds.

        Raises:
            StorageFailed: It is leased as before, and as far as is known nothing was counted.
            EngineError: The delay, the reason or the group cannot be kept; it is leased as before.
        """
        self._check_open()
        check_delay(delay)
        check_reason(reason)
        check_group(group)
        if taken := self._leases.settle([position]):
            wait = round(delay * 1_000_000)
            retried = Retried(
                position=position,
                attempts=taken[position].attempt,
                due_at=self._time.now() + wait,
                delay=wait,
                noted_at=self._clock.time_us(),
                reason=reason,
                group=group,
                alone=alone,
            )
            await self._committer.submit(
                Retry(self._place, taken, retried, lambda: self._delay(retried))
            )

    async def begin(self, position: int, *, reason: str) -> None:
        """Count, durably, the attempt that is about to be made; the delivery stays leased.

        Raises:
            StorageFailed: As far as is known nothing was counted.
            EngineError: The reason cannot be kept; nothing was counted.
        """
        self._check_open()
        check_reason(reason)
        if taken := self._leases.settle([position]):
            hold = taken[position]
            begun = Retried(
                position=position,
                attempts=hold.attempt,
                due_at=self._time.now(),
                delay=0,
                noted_at=self._clock.time_us(),
                reason=reason,
                group=hold.group,
                alone=True,
            )
            await self._committer.submit(Begin(self._place, taken, begun))

    async def bury(
        self, position: int, *, reason: str, cause: str = REJECTED, tried: bool = True
    ) -> None:
        """Move the delivery to the dead letters, durably.

        Raises:
            StorageFailed: It is leased as before, and as far as is known there is no dead letter.
            EngineError: The reason or the cause cannot be kept; it is leased as before.
        """
        self._check_open()
        check_reason(reason)
        check_cause(cause)
        if position not in self._leases:
            return
        # Read here, so that no commit waits for it.
        [event] = await self._events([position], kept=1)
        self._check_open()
        if taken := self._leases.settle([position]):
            attempt = taken[position].attempt
            burial = Burial(event, attempt if tried else attempt - 1, failed=tried)
            epitaph = Epitaph(cause, reason, self._clock.time_us())
            await self._committer.submit(
                Bury(self._place, taken, [burial], epitaph, self._letters.gain)
            )

    async def expire(self, before: int, *, reason: str, limit: int) -> int:
        """Bury what is too old, with the cause ``expired``; how many deliveries that were.

        Whole segments of the log are too old, or not: whether there are any takes one look into
        an index, and nothing of what is younger is read.

        Raises:
            StorageFailed: They wait as before, as far as is known.
            EngineError: The reason cannot be kept.
        """
        self._check_open()
        check_reason(reason)
        rows = await self._reader.rows(_LAST_BEFORE, (before,))
        if not rows:
            return 0
        epitaph = Epitaph(EXPIRED, reason, self._clock.time_us())
        async with self._leasing:
            self._check_open()
            expiring = await self._expiring(int(rows[0][0]), before, epitaph, limit)
        self._alarm.ring()
        if expiring.count:
            await self._committer.submit(expiring)
        return expiring.count

    async def hold(self, positions: Sequence[int], *, reason: str, group: str = "") -> None:
        """Put deliveries aside, durably, and count no attempt: one transaction's work for all.

        Raises:
            StorageFailed: They are leased as before.
            EngineError: The reason or the group cannot be kept; they are leased as before.
        """
        self._check_open()
        check_reason(reason)
        check_group(group)
        if taken := self._leases.settle(positions):
            aside = SetAside(
                self._place,
                taken,
                reason=reason,
                group=group,
                held_at=self._clock.time_us(),
                then=self._count_held,
            )
            await self._committer.submit(aside)

    async def unhold(self, group: str | None = None, limit: int | None = None) -> int:
        """Make what is held deliverable again, durably; how many there were.

        Raises:
            StorageFailed: Some may be deliverable, the others are held as before.
        """
        if group is not None:
            return await self._unhold_group(group, limit)
        until, due_at, noted_at = self._ring.last, self._time.now(), self._clock.time_us()
        after = freed = 0
        while back := await self._bring_back(after, until, due_at, noted_at):
            after, freed = back.last, freed + back.freed
        return freed

    async def groups(self) -> Sequence[Group]:
        """The groups that have deliveries which were tried again or are held.

        Raises:
            StorageFailed: The store could not be read.
        """
        self._check_open()
        return await self._committer.submit(Groups(self._place))

    async def reached(self) -> int:
        """A position up to which there is nothing more to be fetched that could be fetched now.

        Raises:
            StorageFailed: The store could not be read.
        """
        async with self._leasing:
            self._check_open()
            if self._delays.hungry:
                await self._load_delays()
            if self._line.hungry:
                await self._line.load(self._ring.last)
            # Those that were left behind by the floor are the first of all.
            self._collect_due(_MOST_READY)
            first = min(self._ready.first, self._line.first)
            return self._ring.last if first == NOWHERE else first - 1

    async def held(self) -> AsyncIterator[Held]:
        """All held deliveries, in log order.

        Raises:
            StorageFailed: The store could not be read.
        """
        self._check_open()
        async for each in held(self._reader, self._id, self._letters.redriven):
            yield each

    async def release(self, positions: Sequence[int]) -> None:
        """Hand leases back untried, to be delivered again at once."""
        self._release(positions)

    async def state(self) -> CursorState:
        """How the subscription stands now.

        Raises:
            StorageFailed: Delays beyond those in memory could not be counted.
        """
        self._check_open()
        delayed = await self._delays.count_later_than(self._time.now())
        return CursorState(
            waiting=self._line.waiting
            + self._taking
            + len(self._ready)
            + len(self._delays)
            + self._ordered,
            in_flight=len(self._leases),
            # It may have changed while the store counted.
            delayed=min(delayed, len(self._delays)),
            dead=self._letters.count_now,
            held=self._held - self._ordered,
            ordered=self._ordered,
        )

    async def dead_letters(self) -> AsyncIterator[DeadLetter]:
        """All dead letters, oldest first.

        Raises:
            StorageFailed: The store could not be read.
        """
        async for letter in self._letters.each():
            yield letter

    @property
    def letters(self) -> SqliteDeadLetters:
        """The dead letters, to be chosen from, redriven and purged."""
        return self._letters

    def feed(self, positions: Sequence[int]) -> None:
        """A segment became durable, and matched at these positions.

        For the engine, which calls it for every segment in log order.
        """
        self._line.feed(positions)
        self._alarm.ring()

    def spend(self, why: EngineError) -> None:
        """No more deliveries: whoever uses it is told so. For the engine."""
        self._spent = why
        self._alarm.ring()

    def end(self) -> None:
        """Its leases end in order. For the engine, before the committer is stopped."""
        self._marks.end()

    async def _lease(self, limit: int) -> list[Delivery]:
        """Lease what is there, or nothing."""
        if self._delays.hungry:
            await self._load_delays()
        if self._line.hungry:
            await self._line.load(self._ring.last)
        self._collect_due(limit)
        ready = self._ready.pop(limit)
        taken = self._line.take(limit - len(ready))
        line = self._line.unsettled(taken)
        alone = [each for each in line if each <= self._suspect] if self._suspect else ()
        try:
            found = await self._events([position for position, _ in ready] + line, len(ready))
            await self._marks.reach(line[-1] if line else 0, self._popped)
        except BaseException:
            self._put_back(ready, taken)
            raise
        # From here on nothing waits: what is leased is returned.
        self._line.forget(taken)
        self._leases.add_line(taken, line, alone)
        for index in range(len(ready), len(ready) + len(alone)):
            found[index] = msgspec.structs.replace(found[index], alone=True)
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
        return found

    async def _events(self, positions: list[int], kept: int) -> list[Delivery]:
        """The events as first deliveries, from memory where they are there.

        Args:
            positions: Where they stand in the log.
            kept: How many of them, from the first, may have bytes of their own.
        """
        self._taking = len(positions)
        try:
            own = await self._letters.redriven(positions[:kept])
            get = self._ring.get
            held = (
                [own.get(each) or get(each) for each in positions] if own else map(get, positions)
            )
            found = [event for event in held if event]
            if len(found) == len(positions):
                return found
            known = {event.position: event for event in found}
            missing = [position for position in positions if position not in known]
            known.update(await self._reader.events(missing))
        finally:
            self._taking = 0
        return [known[position] for position in positions]

    def _collect_due(self, limit: int) -> None:
        delays = self._delays
        while len(self._ready) < limit and delays.next_due is not None:
            if delays.next_due > self._time.now():
                return
            due = delays.pop()
            self._popped = max(self._popped, due[:2])
            hold = Hold(due.attempts + 1, True, due.group, bool(due.alone))  # noqa: FBT003 - a hot path
            self._ready.push(due.position, hold)

    async def _expiring(self, last: int, before: int, epitaph: Epitaph, limit: int) -> Expire:
        """The burial of what is too old, up to a position of the log; it is leased to nobody."""
        if self._delays.hungry:
            await self._load_delays()
        if self._line.hungry and last > self._place.ledger.floor:
            await self._line.load(self._ring.last)
        self._collect_due(_MOST_READY)
        due = self._ready.until(last)
        again = await self._letters.redriven_at([position for position, _ in due])
        old = [each for each in due if again.get(each[0], 0) < before][:limit]
        self._ready.remove([position for position, _ in old])
        taken = self._line.take_until(last, limit - len(old))
        line = self._line.unsettled(taken)
        try:
            events = await self._events([position for position, _ in old] + line, len(old))
        except BaseException:
            self._put_back(old, taken)
            raise
        # From here on nothing waits.
        self._line.forget(taken)
        self._leases.add_line(taken, line)
        for position, hold in old:
            self._leases.add(position, hold)
        settling = self._leases.settle([each.position for each in events])
        burials = [Burial(e, settling[e.position].attempt - 1, failed=False) for e in events]
        return Expire(
            self._place, settling, burials, epitaph, then=self._letters.gain, back=self._release
        )

    def _put_back(self, ready: Sequence[tuple[int, Hold]], taken: list[int]) -> None:
        for position, hold in ready:
            self._ready.push(position, hold)
        self._line.put_back(taken)

    async def _load_delays(self) -> None:
        leases, ready = self._leases, self._ready
        async with self._moving:
            with leases.watch() as settled:
                await self._delays.load(
                    lambda position: position in leases or position in ready or position in settled
                )

    async def _bring_back(self, after: int, until: int, due_at: int, noted_at: int) -> Back | None:
        await self._moving.acquire()
        try:
            self._check_open()
            bringing = BringBack(
                self._place,
                after=after,
                until=until,
                due_at=due_at,
                noted_at=noted_at,
                then=self._come_back,
                lock=self._moving,
            )
        except BaseException:
            self._moving.release()
            raise
        return await self._committer.submit(bringing)

    async def _unhold_group(self, group: str, limit: int | None) -> int:
        until, due_at, noted_at = self._ring.last, self._time.now(), self._clock.time_us()
        freed = 0
        while limit is None or freed < limit:
            page = min(UNHOLD_PAGE, UNHOLD_PAGE if limit is None else limit - freed)
            await self._moving.acquire()
            try:
                self._check_open()
                bringing = BringGroupBack(
                    self._place,
                    group=group,
                    limit=page,
                    until=until,
                    due_at=due_at,
                    noted_at=noted_at,
                    then=self._group_came_back,
                    lock=self._moving,
                )
            except BaseException:
                self._moving.release()
                raise
            count = await self._committer.submit(bringing)
            freed += count
            if count < page:
                break
        return freed

    def _group_came_back(self, freed: Freed) -> None:
        self._count_held(-freed.held, -freed.ordered)
        for delay in freed.delays:
            self._delays.push(delay)
        self._alarm.ring()

    def _come_back(self, back: Back) -> None:
        self._count_held(-back.freed, -back.ordered)
        self._admit(back)

    def _admit(self, back: Back) -> None:
        self._delays.admit(back.due_at, back.first, back.count)
        self._alarm.ring()

    def _release(self, positions: Sequence[int]) -> None:
        for position in positions:
            if hold := self._leases.release(position):
                self._ready.push(position, hold)
        self._alarm.ring()

    def _delay(self, retried: Retried) -> None:
        self._delays.push(
            Delay(
                retried.due_at,
                retried.position,
                retried.attempts,
                retried.group,
                int(retried.alone),
            )
        )
        self._alarm.ring()

    def _count_held(self, count: int, ordered: int) -> None:
        self._held += count
        self._ordered += ordered

    def _check_open(self) -> None:
        if self._spent is not None:
            raise EngineError(*self._spent.args, hint=self._spent.hint)
