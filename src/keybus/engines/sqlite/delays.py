"""Deliveries that left the line, waiting for the time of their next attempt."""

import heapq
from collections.abc import Callable
from typing import NamedTuple

from keybus.engines.sqlite.queries import query
from keybus.engines.sqlite.reader import Reader

DELAYS_LIMIT = 16_384
"""Delays held in memory; those due later wait in the store."""

_AFTER, _COUNT = query("exceptions_after"), query("count_exceptions_after")
_BEFORE_ALL = (-1, -1)


class Delay(NamedTuple):
    """A delivery and when it is due.

    Attributes:
        due_at: Microseconds of the engine's steady time.
        position: Of the delivery.
        attempts: Attempts that failed.
        group: The group that it belongs to.
        alone: Whether it is to be delivered by itself: 1 or 0, as the store has it.
    """

    due_at: int
    position: int
    attempts: int
    group: str = ""
    alone: int = 0


class Delays:
    """The nearest delays in a heap, the others in the store.

    Everything in the heap is due before everything that is only in the store. Belongs to the
    event loop; one ``load`` at a time, and ``push`` may be called during it.
    """

    def __init__(self, reader: Reader, subscription: int, *, stored: int) -> None:
        """Delays that are all in the store.

        Args:
            reader: Reads the store.
            subscription: The subscription's id.
            stored: How many there are.
        """
        self._reader, self._subscription = reader, subscription
        self._heap: list[Delay] = []
        # Beyond the horizon there is more in the store; how many of them are nowhere else.
        self._more, self._stored = stored > 0, stored
        self._horizon = _BEFORE_ALL
        self._fresh: list[Delay] | None = None

    def __len__(self) -> int:
        """All of them."""
        return len(self._heap) + self._stored + len(self._fresh or ())

    @property
    def hungry(self) -> bool:
        """Nothing is in the heap, but there is something in the store."""
        return self._more and not self._heap

    @property
    def next_due(self) -> int | None:
        """When the next is due; None where there is none in the heap."""
        return self._heap[0].due_at if self._heap else None

    async def count_later_than(self, now: int) -> int:
        """How many are due later than now; the store is asked only where it may be behind."""
        stored = self._stored
        if stored and self._horizon[0] <= now:
            [(stored,)] = await self._reader.rows(_COUNT, (self._subscription, *self._horizon, now))
        heap = self._heap
        if heap and heap[0].due_at > now:
            held = len(heap)
        else:
            held = sum(delay.due_at > now for delay in heap)
        return stored + held + sum(delay.due_at > now for delay in self._fresh or ())

    def push(self, delay: Delay) -> None:
        """A delivery whose delay has just become durable."""
        if self._fresh is not None:
            self._fresh.append(delay)
        elif self._more and delay[:2] > self._horizon:
            self._stored += 1
        else:
            heapq.heappush(self._heap, delay)
            if len(self._heap) > 2 * DELAYS_LIMIT:
                self._shorten()

    def admit(self, due_at: int, first: int, count: int) -> None:
        """So many rows were added to the store; never during a load.

        Args:
            due_at: When all of them are due.
            first: The first position among them.
            count: How many there are.
        """
        before = (due_at, first - 1)
        if not self._more or self._horizon > before:
            # The heap may have nothing that comes after what is only in the store.
            kept = [delay for delay in self._heap if delay[:2] <= before]
            self._stored += len(self._heap) - len(kept)
            heapq.heapify(kept)
            self._heap, self._horizon, self._more = kept, before, True
        self._stored += count

    def pop(self) -> Delay:
        """The next, taken out."""
        return heapq.heappop(self._heap)

    async def load(self, is_known: Callable[[int], bool]) -> None:
        """Take the next from the store into the heap.

        Args:
            is_known: Says of a position that its row may be older than what memory knows: it is
                held elsewhere, or was settled since the load began. Asked when the rows are there.
        """
        self._fresh = []
        try:
            rows = await self._reader.rows(
                _AFTER, (self._subscription, *self._horizon, DELAYS_LIMIT)
            )
            # In the order of their times: a heap already.
            self._heap = [Delay(*row) for row in rows if not is_known(row[1])]
            self._stored -= len(self._heap)
            self._more = len(rows) == DELAYS_LIMIT
            if rows:
                self._horizon = rows[-1][:2]
        finally:
            fresh, self._fresh = self._fresh, None
            for delay in fresh:
                self.push(delay)

    def _shorten(self) -> None:
        self._heap.sort()
        self._stored += len(self._heap) - DELAYS_LIMIT
        self._more = True
        del self._heap[DELAYS_LIMIT:]
        self._horizon = self._heap[-1][:2]
