"""Deliveries that were put aside, and how they come back."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence

import msgspec

from keybus.bus.engine import Delivery, Group, Held
from keybus.engines.sqlite.delays import Delay
from keybus.engines.sqlite.operation import Operation, Transaction
from keybus.engines.sqlite.queries import query
from keybus.engines.sqlite.reader import Reader
from keybus.engines.sqlite.settlements import Place

UNHOLD_PAGE = 4_096
"""Deliveries that come back in one transaction: so many hold up the commits of others little."""

_PAGE, _BRING, _DELETE = query("held_page"), query("bring_back"), query("delete_held")
_COUNT, _AFTER = query("count_held"), query("held_after")
_GROUP_PAGE, _BRING_ONE = query("held_page_of_group"), query("bring_back_one")
_DELETE_ONE, _GROUPS = query("delete_held_one"), query("groups")
_READ = 256


class Back(msgspec.Struct, frozen=True):
    """Deliveries that came back: all between two positions that were held.

    Attributes:
        first: The first position.
        last: The last one.
        due_at: When they are due, in microseconds of the engine's steady time.
        freed: How many are held no longer.
        count: How many are among the exceptions now: the same, but where one was there already.
        ordered: How many of those that are held no longer waited behind one of their group.
    """

    first: int
    last: int
    due_at: int
    freed: int
    count: int
    ordered: int = 0


class BringBack(Operation[Back | None]):
    """The next held deliveries become exceptions that are due; None where there are no more.

    While it is under way nobody may load delays: a load might read what this has committed and
    not yet told of, and count it twice. Hence it holds the lock, from before it is submitted.

    Alone in its transaction: what was held with an exception's row loses that row only when its
    own transaction is written.
    """

    alone = True

    def __init__(
        self,
        place: Place,
        *,
        after: int,
        until: int,
        due_at: int,
        noted_at: int,
        then: Callable[[Back], None],
        lock: asyncio.Lock,
    ) -> None:
        """Bring the next ones back.

        Args:
            place: The subscription's place.
            after: Only positions after this one,
            until: and none after this one.
            due_at: Now, in microseconds of the engine's steady time,
            noted_at: and by the wall clock.
            then: Called on the loop with what came back.
            lock: Held; it is let go when this has landed or failed.
        """
        super().__init__()
        self._place, self._after, self._until = place, after, until
        self._due_at, self._noted_at = due_at, noted_at
        self._then, self._lock = then, lock
        self._back: Back | None = None

    def apply(self, transaction: Transaction) -> None:
        """Move a page of them."""
        self._place.check()
        self._back = None
        connection, subscription = transaction.connection, self._place.ledger.subscription
        page = (subscription, self._after, self._until, UNHOLD_PAGE)
        rows: list[tuple[int, int]] = list(connection.execute(_PAGE, page))
        if not rows:
            return
        first, last = rows[0][0], rows[-1][0]
        ordered = sum(for_order for _, for_order in rows)
        bounds = (subscription, first, last)
        connection.execute(_BRING, (self._due_at, self._noted_at, *bounds))
        count = connection.changes()
        connection.execute(_DELETE, bounds)
        connection.execute(_COUNT, (-len(rows), -ordered, subscription))
        self._back = Back(first, last, self._due_at, len(rows), count, ordered)

    def landed(self) -> Back | None:
        """They are among the delays."""
        self._lock.release()
        if self._back is not None:
            self._then(self._back)
        return self._back

    def failed(self) -> None:
        """They are held as before."""
        self._lock.release()


class Freed(msgspec.Struct, frozen=True):
    """Deliveries of one group that came back.

    Attributes:
        held: How many are held no longer,
        ordered: and how many of them waited behind an earlier one of their group.
        delays: What they are now.
    """

    held: int
    ordered: int
    delays: Sequence[Delay]


class BringGroupBack(Operation[int]):
    """The first held deliveries of one group become exceptions that are due; how many.

    Alone, and with the lock held, as `BringBack` is. They are few, so that memory is told of each.
    """

    alone = True

    def __init__(
        self,
        place: Place,
        *,
        group: str,
        limit: int,
        until: int,
        due_at: int,
        noted_at: int,
        then: Callable[[Freed], None],
        lock: asyncio.Lock,
    ) -> None:
        """Bring them back.

        Args:
            place: The subscription's place.
            group: The group; empty: what has none.
            limit: At most so many.
            until: Only positions up to this one.
            due_at: Now, in microseconds of the engine's steady time,
            noted_at: and by the wall clock.
            then: Called on the loop with what came back.
            lock: Held; it is let go when this has landed or failed.
        """
        super().__init__()
        self._place, self._group, self._limit, self._until = place, group, limit, until
        self._due_at, self._noted_at = due_at, noted_at
        self._then, self._lock = then, lock
        self._freed = Freed(0, 0, ())

    def apply(self, transaction: Transaction) -> None:
        """Move them; what was among the exceptions already counts for nothing."""
        self._place.check()
        connection, subscription = transaction.connection, self._place.ledger.subscription
        page = (subscription, self._group, self._until, self._limit)
        freed = ordered = 0
        delays: list[Delay] = []
        while not delays and (rows := list(connection.execute(_GROUP_PAGE, page))):
            times = (self._due_at, self._noted_at, subscription)
            back = connection.executemany(_BRING_ONE, [(*times, row[0]) for row in rows])
            delays = [Delay(*row) for row in back]
            connection.executemany(_DELETE_ONE, [(subscription, row[0]) for row in rows])
            freed += len(rows)
            ordered += sum(row[1] for row in rows)
        connection.execute(_COUNT, (-freed, -ordered, subscription))
        self._freed = Freed(freed, ordered, delays)

    def landed(self) -> int:
        """They are among the delays."""
        self._lock.release()
        self._then(self._freed)
        return len(self._freed.delays)

    def failed(self) -> None:
        """They are held as before."""
        self._lock.release()


class Groups(Operation[Sequence[Group]]):
    """Asks for a subscription's groups.

    Alone, and by the committer: whatever was submitted before is counted.
    """

    alone = True

    def __init__(self, place: Place) -> None:
        super().__init__()
        self._place = place
        # Whatever becomes of them is submitted later, and those that are being settled were before.
        self._leased = place.leases.tried()
        self._groups: Sequence[Group] = ()

    def apply(self, transaction: Transaction) -> None:
        """Look."""
        self._place.check()
        rows = transaction.connection.execute(_GROUPS, (self._place.ledger.subscription,))
        self._groups = [
            Group(name, returning - self._leased[name], last, held_from)
            for name, returning, last, held_from in rows
            if held_from or returning > self._leased[name]
        ]

    def landed(self) -> Sequence[Group]:
        """What there is."""
        return self._groups

    def failed(self) -> None:
        """Nothing was asked."""


async def held(
    reader: Reader,
    subscription: int,
    own: Callable[[Sequence[int]], Awaitable[Mapping[int, Delivery]]],
) -> AsyncIterator[Held]:
    """All held deliveries of a subscription, in log order, a page at a time.

    Args:
        reader: Reads the store.
        subscription: The subscription's id.
        own: Finds those that have bytes of their own.

    Raises:
        StorageFailed: The store could not be read.
    """
    last = 0
    while rows := await reader.rows(_AFTER, (subscription, last, _READ)):
        events = dict(await own([row[0] for row in rows]))
        events.update(await reader.events([row[0] for row in rows if row[0] not in events]))
        for last, attempts, reason, held_at in rows:
            event = events[last]
            yield Held(last, event.ingested_at, event.envelope, attempts, reason, held_at)
