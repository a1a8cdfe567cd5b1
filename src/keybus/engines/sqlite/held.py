"""Deliveries that were put aside, and how they come back."""

import asyncio
from collections.abc import AsyncIterator, Callable

import msgspec

from keybus.bus.engine import Held
from keybus.engines.sqlite.operation import Operation, Transaction
from keybus.engines.sqlite.queries import query
from keybus.engines.sqlite.reader import Reader
from keybus.engines.sqlite.settlements import Place

UNHOLD_PAGE = 4_096
"""Deliveries that come back in one transaction: so many hold up the commits of others little."""

_PAGE, _BRING, _DELETE = query("held_page"), query("bring_back"), query("delete_held")
_COUNT, _AFTER = query("count_held"), query("held_after")
_READ = 256


class Back(msgspec.Struct, frozen=True):
    """Deliveries that came back: all between two positions that were held.

    Attributes:
        first: The first position.
        last: The last one.
        due_at: When they are due, in microseconds of the engine's steady time.
        freed: How many are held no longer.
        count: How many are among the exceptions now: the same, but where one was there already.
    """

    first: int
    last: int
    due_at: int
    freed: int
    count: int


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
        positions = [position for (position,) in connection.execute(_PAGE, page)]
        if not positions:
            return
        first, last = positions[0], positions[-1]
        bounds = (subscription, first, last)
        connection.execute(_BRING, (self._due_at, self._noted_at, *bounds))
        count = connection.changes()
        connection.execute(_DELETE, bounds)
        connection.execute(_COUNT, (-len(positions), subscription))
        self._back = Back(first, last, self._due_at, len(positions), count)

    def landed(self) -> Back | None:
        """They are among the delays."""
        self._lock.release()
        if self._back is not None:
            self._then(self._back)
        return self._back

    def failed(self) -> None:
        """They are held as before."""
        self._lock.release()


async def held(reader: Reader, subscription: int) -> AsyncIterator[Held]:
    """All held deliveries of a subscription, in log order, a page at a time.

    Raises:
        StorageFailed: The store could not be read.
    """
    last = 0
    while rows := await reader.rows(_AFTER, (subscription, last, _READ)):
        events = await reader.events([row[0] for row in rows])
        for last, attempts, reason, held_at in rows:
            event = events[last]
            yield Held(last, event.ingested_at, event.envelope, attempts, reason, held_at)
