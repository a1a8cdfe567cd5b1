"""What of a subscription is put aside, and what brings it back."""

from collections.abc import AsyncIterator, Sequence
from functools import partial

from keybus.bus.engine import Group, Held
from keybus.clock import Clock
from keybus.engines.sqlite.committer import Committer
from keybus.engines.sqlite.dead_letters import SqliteDeadLetters
from keybus.engines.sqlite.held import (
    UNHOLD_PAGE,
    Back,
    BringBack,
    BringGroupBack,
    Freed,
    Groups,
    held,
)
from keybus.engines.sqlite.moving import Moving
from keybus.engines.sqlite.opening import Opened
from keybus.engines.sqlite.queue import Queue
from keybus.engines.sqlite.reader import Reader
from keybus.engines.sqlite.settlements import Place, SetAside
from keybus.steady import SteadyTime


class Aside:
    """One subscription's held deliveries: rows that nothing reads until they come back.

    Belongs to the event loop.

    Attributes:
        count: How many there are, for any reason,
        ordered: and how many of them wait behind an earlier one of their group.
    """

    def __init__(
        self,
        opened: Opened,
        *,
        place: Place,
        queue: Queue,
        letters: SqliteDeadLetters,
        moving: Moving,
        committer: Committer,
        reader: Reader,
        clock: Clock,
        time: SteadyTime,
    ) -> None:
        """The held deliveries of a cursor.

        Args:
            opened: How the subscription stood.
            place: The subscription's place.
            queue: Where they come back to.
            letters: The dead letters; what was one before has bytes of its own.
            moving: Nobody loads delays while rows become exceptions.
            committer: Who writes.
            reader: Who reads.
            clock: What the time is.
            time: What deliveries are due by.
        """
        self._place, self._queue, self._letters, self._moving = place, queue, letters, moving
        self._committer, self._reader = committer, reader
        self._clock, self._time = clock, time
        self.count, self.ordered = opened.held, opened.ordered

    async def hold(self, positions: Sequence[int], reason: str, group: str) -> None:
        """Put leased deliveries aside, durably.

        Raises:
            StorageFailed: They are leased as before.
        """
        if taken := self._place.leases.settle(positions):
            aside = SetAside(
                self._place,
                taken,
                reason=reason,
                group=group,
                held_at=self._clock.time_us(),
                then=self._counted,
            )
            await self._committer.submit(aside)

    async def bring_back(self) -> int:
        """Make everything deliverable again, durably, a page at a time; how many there were.

        Raises:
            StorageFailed: Some may be deliverable, the others are held as before.
        """
        bring = partial(
            BringBack,
            self._place,
            until=self._queue.last,
            due_at=self._time.now(),
            noted_at=self._clock.time_us(),
            then=self._came_back,
        )
        after = freed = 0
        while back := await self._moving.submit(partial(bring, after=after)):
            after, freed = back.last, freed + back.freed
        return freed

    async def bring_group_back(self, group: str, limit: int | None) -> int:
        """The same of one group, and only so many, the first in the log.

        Raises:
            StorageFailed: Some may be deliverable, the others are held as before.
        """
        bring = partial(
            BringGroupBack,
            self._place,
            group=group,
            until=self._queue.last,
            due_at=self._time.now(),
            noted_at=self._clock.time_us(),
            then=self._group_came_back,
        )
        freed = count = page = 0
        while count == page and (limit is None or freed < limit):
            page = min(UNHOLD_PAGE, UNHOLD_PAGE if limit is None else limit - freed)
            count = await self._moving.submit(partial(bring, limit=page))
            freed += count
        return freed

    async def groups(self) -> Sequence[Group]:
        """The groups that have deliveries which were tried again or are held.

        Raises:
            StorageFailed: The store could not be read.
        """
        return await self._committer.submit(Groups(self._place))

    async def each(self) -> AsyncIterator[Held]:
        """All of them, in log order.

        Raises:
            StorageFailed: The store could not be read.
        """
        subscription = self._place.ledger.subscription
        async for one in held(self._reader, subscription, self._letters.redriven):
            yield one

    def _came_back(self, back: Back) -> None:
        self._counted(-back.freed, -back.ordered)
        self._queue.admit(back)

    def _group_came_back(self, freed: Freed) -> None:
        self._counted(-freed.held, -freed.ordered)
        self._queue.delay(freed.delays)

    def _counted(self, count: int, ordered: int) -> None:
        self.count += count
        self.ordered += ordered
