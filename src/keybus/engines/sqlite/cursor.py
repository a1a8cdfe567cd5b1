"""A subscription's durable place in the log, as the bus sees it."""

from collections.abc import AsyncIterator, Sequence

from keybus.bus.dead_letters.letters import REJECTED, DeadLetter
from keybus.bus.engine import CursorState, Delivery, Group, Held, Status
from keybus.clock import Clock
from keybus.engines.alarm import Alarm
from keybus.engines.limits import check_cause, check_delay, check_group, check_reason
from keybus.engines.sqlite.aside import Aside
from keybus.engines.sqlite.committer import Committer
from keybus.engines.sqlite.dead_letters import SqliteDeadLetters
from keybus.engines.sqlite.filling import Filling
from keybus.engines.sqlite.leases import Leases
from keybus.engines.sqlite.ledger import Ledger
from keybus.engines.sqlite.marks import Marks
from keybus.engines.sqlite.moving import Moving
from keybus.engines.sqlite.opening import Opened
from keybus.engines.sqlite.queue import Queue
from keybus.engines.sqlite.reader import Reader
from keybus.engines.sqlite.ring import Ring
from keybus.engines.sqlite.settlements import Place
from keybus.engines.sqlite.settling import Settling
from keybus.engines.sqlite.statuses import oldest, status_of
from keybus.errors import EngineError
from keybus.steady import SteadyTime


class SqliteCursor:
    """One subscription's queue, leases and held deliveries, over what the store holds.

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
        self._name, self._id = opened.name, opened.ledger.subscription
        self._reader, self._time, self._fetching = reader, time, False
        self._spent: EngineError | None = None
        self._alarm = Alarm(clock, time)
        self._place = place = Place(opened.name, Leases(), opened.ledger)
        self._marks = Marks(place, committer, opened.fetched)
        moving = Moving(committer, self._check_open)
        self._letters = SqliteDeadLetters(
            place,
            committer=committer,
            reader=reader,
            clock=clock,
            time=time,
            moving=moving,
            check_open=self._check_open,
            come_back=lambda back: self._queue.admit(back),  # noqa: PLW0108 - made after them
            opened=opened,
        )
        self._queue = Queue(
            opened,
            reader=reader,
            ring=ring,
            time=time,
            alarm=self._alarm,
            leases=place.leases,
            marks=self._marks,
            letters=self._letters,
            moving=moving,
        )
        self._filling = Filling(opened, place, self._queue, committer)
        self._settling = Settling(
            place,
            queue=self._queue,
            letters=self._letters,
            moving=moving,
            committer=committer,
            reader=reader,
            clock=clock,
            time=time,
        )
        self._aside = Aside(
            opened,
            place=place,
            queue=self._queue,
            letters=self._letters,
            moving=moving,
            committer=committer,
            reader=reader,
            clock=clock,
            time=time,
        )

    @property
    def name(self) -> str:
        """The subscription's name."""
        return self._name

    @property
    def ledger(self) -> Ledger:
        """The durable place, which is the committer's; for the engine."""
        return self._place.ledger

    @property
    def filled(self) -> int | None:
        """Up to which position it is filled from the log; None: it is whole."""
        return self._filling.through

    async def fill(self, positions: Sequence[int], through: int, *, whole: bool = False) -> None:
        """Add positions of the past, durably, to a queue that is not whole.

        Raises:
            StorageFailed: It is unknown whether they were added; they may be added again.
        """
        self._check_open()
        await self._filling.fill(positions, through, whole=whole)

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
                deliveries = await self._queue.lease(limit)
                # It may have been spent meanwhile.
                self._check_open()
                if deliveries:
                    return deliveries
                await self._queue.wait()
        finally:
            self._fetching = False

    async def ack(self, positions: Sequence[int]) -> None:
        """Settle deliveries as handled; durable on return.

        Raises:
            StorageFailed: They are leased as before.
        """
        self._check_open()
        await self._settling.ack(positions)

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
        await self._settling.retry(position, delay, reason, group, alone=alone)

    async def begin(self, position: int, *, reason: str) -> None:
        """Count, durably, the attempt that is about to be made; the delivery stays leased.

        Raises:
            StorageFailed: As far as is known nothing was counted.
            EngineError: The reason cannot be kept; nothing was counted.
        """
        self._check_open()
        check_reason(reason)
        await self._settling.begin(position, reason)

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
        await self._settling.bury(position, reason, cause, tried=tried)

    async def expire(self, before: int, *, reason: str, limit: int) -> int:
        """Bury what is too old, with the cause ``expired``; how many deliveries that were.

        Raises:
            StorageFailed: They wait as before, as far as is known.
            EngineError: The reason cannot be kept.
        """
        self._check_open()
        check_reason(reason)
        return await self._settling.expire(before, reason, limit)

    async def hold(self, positions: Sequence[int], *, reason: str, group: str = "") -> None:
        """Put deliveries aside, durably, and count no attempt: one transaction's work for all.

        Raises:
            StorageFailed: They are leased as before.
            EngineError: The reason or the group cannot be kept; they are leased as before.
        """
        self._check_open()
        check_reason(reason)
        check_group(group)
        await self._aside.hold(positions, reason, group)

    async def unhold(self, group: str | None = None, limit: int | None = None) -> int:
        """Make what is held deliverable again, durably; how many there were.

        Raises:
            StorageFailed: Some may be deliverable, the others are held as before.
        """
        if group is None:
            return await self._aside.bring_back()
        return await self._aside.bring_group_back(group, limit)

    async def groups(self) -> Sequence[Group]:
        """The groups that have deliveries which were tried again or are held.

        Raises:
            StorageFailed: The store could not be read.
        """
        self._check_open()
        return await self._aside.groups()

    async def reached(self) -> int:
        """A position up to which there is nothing more to be fetched that could be fetched now.

        Raises:
            StorageFailed: The store could not be read.
        """
        self._check_open()
        return await self._queue.reached()

    async def held(self) -> AsyncIterator[Held]:
        """All held deliveries, in log order.

        Raises:
            StorageFailed: The store could not be read.
        """
        self._check_open()
        async for each in self._aside.each():
            yield each

    async def status(self, position: int) -> Status:
        """How the delivery of one event stands.

        Raises:
            StorageFailed: The store could not be read.
        """
        self._check_open()
        now = self._time.now()
        found = None
        if position not in self._place.leases:
            found = await self._reader.snapshot(lambda c: status_of(c, self._id, position, now))
        # It may have been leased while the store was read.
        return found if found and position not in self._place.leases else Status("in-flight")

    async def oldest(self) -> int:
        """When the first delivery was ingested that is neither settled nor held; 0: none is.

        Raises:
            StorageFailed: The store could not be read.
        """
        self._check_open()
        return await self._reader.snapshot(lambda c: oldest(c, self._id))

    async def release(self, positions: Sequence[int]) -> None:
        """Hand leases back untried, to be delivered again at once."""
        self._queue.release(positions)

    async def state(self) -> CursorState:
        """How the subscription stands now.

        Raises:
            StorageFailed: Delays beyond those in memory could not be counted.
        """
        self._check_open()
        delayed = await self._queue.count_delayed()
        return CursorState(
            waiting=self._queue.waiting + self._aside.ordered,
            in_flight=len(self._place.leases),
            # It may have changed while the store counted.
            delayed=min(delayed, self._queue.delayed),
            dead=self._letters.count_now,
            held=self._aside.count - self._aside.ordered,
            ordered=self._aside.ordered,
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
        self._queue.feed(positions)

    def spend(self, why: EngineError) -> None:
        """No more deliveries: whoever uses it is told so. For the engine."""
        self._spent = why
        self._alarm.ring()

    def end(self) -> None:
        """Its leases end in order. For the engine, before the committer is stopped."""
        self._marks.end()

    def _check_open(self) -> None:
        if self._spent is not None:
            raise EngineError(*self._spent.args, hint=self._spent.hint)
