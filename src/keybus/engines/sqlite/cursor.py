"""A subscription's durable place in the log, as the bus sees it."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence

from keybus.bus.engine import CursorState, DeadLetter, Delivery, Held
from keybus.clock import Clock
from keybus.engines.alarm import Alarm
from keybus.engines.limits import check_delay, check_reason
from keybus.engines.sqlite.committer import Committer
from keybus.engines.sqlite.delays import Delay, Delays
from keybus.engines.sqlite.held import Back, BringBack, held
from keybus.engines.sqlite.leases import Hold, Leases, Ready
from keybus.engines.sqlite.ledger import Ledger, Retried
from keybus.engines.sqlite.line import Line
from keybus.engines.sqlite.opening import Opened
from keybus.engines.sqlite.queries import query
from keybus.engines.sqlite.reader import Reader
from keybus.engines.sqlite.ring import Ring
from keybus.engines.sqlite.settlements import Ack, Burial, Bury, Place, Retry, SetAside
from keybus.engines.steady import SteadyTime
from keybus.errors import EngineError

_DEAD = query("dead_letters_after")
_PAGE = 256


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
        self._dead, self._held = opened.dead, opened.held
        self._taking = 0
        self._alarm = Alarm(clock, time)
        # Of loading delays and of bringing back held deliveries, one at a time.
        self._moving = asyncio.Lock()
        self._fetching = False
        self._spent: EngineError | None = None

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

    async def retry(self, position: int, *, delay: float, reason: str) -> None:
        """Count a failed attempt, durably, and deliver again after ``delay`` seconds.

        Raises:
            StorageFailed: It is leased as before, and as far as is known nothing was counted.
            EngineError: The delay or the reason cannot be kept; it is leased as before.
        """
        self._check_open()
        check_delay(delay)
        check_reason(reason)
        if taken := self._leases.settle([position]):
            wait = round(delay * 1_000_000)
            retried = Retried(
                position=position,
                attempts=taken[position].attempt,
                due_at=self._time.now() + wait,
                delay=wait,
                noted_at=self._clock.time_us(),
                reason=reason,
            )
            await self._committer.submit(
                Retry(self._place, taken, retried, lambda: self._delay(retried))
            )

    async def bury(self, position: int, *, reason: str) -> None:
        """Count a failed attempt and move the delivery to the dead letters, durably.

        Raises:
            StorageFailed: It is leased as before, and as far as is known there is no dead letter.
            EngineError: The reason cannot be kept; it is leased as before.
        """
        self._check_open()
        check_reason(reason)
        if position not in self._leases:
            return
        # Read here, so that no commit waits for it.
        event = self._ring.get(position) or (await self._reader.events([position]))[position]
        self._check_open()
        if taken := self._leases.settle([position]):
            attempts, now = taken[position].attempt, self._clock.time_us()
            burial = Burial(position, attempts, reason, now, event)
            await self._committer.submit(Bury(self._place, taken, burial, self._count_dead))

    async def hold(self, positions: Sequence[int], *, reason: str) -> None:
        """Put deliveries aside, durably, and count no attempt: one transaction's work for all.

        Raises:
            StorageFailed: They are leased as before.
            EngineError: The reason cannot be kept; they are leased as before.
        """
        self._check_open()
        check_reason(reason)
        if taken := self._leases.settle(positions):
            now = self._clock.time_us()
            await self._committer.submit(
                SetAside(self._place, taken, reason, now, self._count_held)
            )

    async def unhold(self) -> int:
        """Make everything that is held deliverable again, durably; how many there were.

        Raises:
            StorageFailed: Some may be deliverable, the others are held as before.
        """
        until, due_at, noted_at = self._ring.last, self._time.now(), self._clock.time_us()
        after = freed = 0
        while back := await self._bring_back(after, until, due_at, noted_at):
            after, freed = back.last, freed + back.freed
        return freed

    async def held(self) -> AsyncIterator[Held]:
        """All held deliveries, in log order.

        Raises:
            StorageFailed: The store could not be read.
        """
        self._check_open()
        async for each in held(self._reader, self._id):
            yield each

    async def release(self, positions: Sequence[int]) -> None:
        """Hand leases back untried, to be delivered again at once."""
        for position in positions:
            if hold := self._leases.release(position):
                self._ready.push(position, hold)
        self._alarm.ring()

    async def state(self) -> CursorState:
        """How the subscription stands now.

        Raises:
            StorageFailed: Delays beyond those in memory could not be counted.
        """
        self._check_open()
        delayed = await self._delays.count_later_than(self._time.now())
        return CursorState(
            waiting=self._line.waiting + self._taking + len(self._ready) + len(self._delays),
            in_flight=len(self._leases),
            # It may have changed while the store counted.
            delayed=min(delayed, len(self._delays)),
            dead=self._dead,
            held=self._held,
        )

    async def dead_letters(self) -> AsyncIterator[DeadLetter]:
        """All dead letters, oldest first.

        Raises:
            StorageFailed: The store could not be read.
        """
        self._check_open()
        last = 0
        while rows := await self._reader.rows(_DEAD, (self._id, last, _PAGE)):
            for row in rows:
                last, *letter = row
                yield DeadLetter(*letter)

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
        try:
            found = await self._events([position for position, _ in ready] + line)
        except BaseException:
            for position, hold in ready:
                self._ready.push(position, hold)
            self._line.put_back(taken)
            raise
        # From here on nothing waits: what is leased is returned.
        self._line.forget(taken)
        self._leases.add_line(taken, line)
        for index, (position, hold) in enumerate(ready):
            self._leases.add(position, hold)
            event = found[index]
            found[index] = Delivery(position, event.ingested_at, event.envelope, hold.attempt)
        return found

    async def _events(self, positions: list[int]) -> list[Delivery]:
        """The events as first deliveries, from memory where they are there."""
        get = self._ring.get
        held = [get(position) for position in positions]
        found = [event for event in held if event]
        if len(found) == len(positions):
            return found
        missing = [position for position, event in zip(positions, held, strict=True) if not event]
        self._taking = len(positions)
        try:
            read: Mapping[int, Delivery] = await self._reader.events(missing)
        finally:
            self._taking = 0
        return [event or read[each] for each, event in zip(positions, held, strict=True)]

    def _collect_due(self, limit: int) -> None:
        delays = self._delays
        while len(self._ready) < limit and delays.next_due is not None:
            if delays.next_due > self._time.now():
                return
            due = delays.pop()
            self._ready.push(due.position, Hold(due.attempts + 1, kept=True))

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

    def _come_back(self, back: Back) -> None:
        self._held -= back.freed
        self._delays.admit(back.due_at, back.first, back.count)
        self._alarm.ring()

    def _delay(self, retried: Retried) -> None:
        self._delays.push(Delay(retried.due_at, retried.position, retried.attempts))
        self._alarm.ring()

    def _count_dead(self) -> None:
        self._dead += 1

    def _count_held(self, count: int) -> None:
        self._held += count

    def _check_open(self) -> None:
        if self._spent is not None:
            raise EngineError(*self._spent.args, hint=self._spent.hint)
