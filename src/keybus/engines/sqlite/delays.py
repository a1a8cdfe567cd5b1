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
        due_at: Microseconds since the Unix epoch.
        position: Of the delivery.
        attempts: Attempts that failed.
    """

    due_at: int
    position: int
    attempts: int


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
        self._stored = stored
        self._horizon = _BEFORE_ALL
        self._fresh: list[Delay] | None = None

    def __len__(self) -> int:
        """All of them."""
        return len(self._heap) + self._stored + len(self._fresh or ())

    @property
    def hungry(self) -> bool:
        """Nothing is in the heap, but there is something in the store."""
        return not self._heap and self._stored > 0

    @property
    def next_due(self) -> int | None:
        """When the next is due; None where there is none in the heap."""
        return self._heap[0].due_at if self._heap else None

    async def count_later_than(self, now: int) -> int:
        """How many are due later than now."""
        stored = 0
        if self._stored:
            [(stored,)] = await self._reader.rows(_COUNT, (self._subscription, *self._horizon, now))
        return stored + sum(delay.due_at > now for delay in self._heap)

    def push(self, delay: Delay) -> None:
        """A delivery whose delay has just become durable."""
        if self._fresh is not None:
            self._fresh.append(delay)
        elif self._stored and delay[:2] > self._horizon:
            self._stored += 1
        else:
            heapq.heappush(self._heap, delay)
            if len(self._heap) > 2 * DELAYS_LIMIT:
                self._shorten()

    def pop(self) -> Delay:
        """The next, taken out."""
        return heapq.heappop(self._heap)

    async def load(self, is_known: Callable[[int], bool]) -> None:
        """Take the next from the store into the heap.

        Args:
            is_known: Says of a position that it is held elsewhere, leased or about to be settled;
                asked when the rows are there.
        """
        self._fresh, loaded = [], list[Delay]()
        complete = False
        try:
            rows = await self._reader.rows(
                _AFTER, (self._subscription, *self._horizon, DELAYS_LIMIT)
            )
            delays = [Delay(*row) for row in rows]
            loaded = [delay for delay in delays if not is_known(delay.position)]
            complete = len(delays) < DELAYS_LIMIT
            if delays:
                self._horizon = delays[-1][:2]
        finally:
            self._stored = 0 if complete else max(self._stored - len(loaded), 0)
            fresh, self._fresh = self._fresh, None
            self._heap += loaded
            heapq.heapify(self._heap)
            # What was pushed meanwhile may have been committed in time to be loaded as well.
            seen = {delay.position for delay in loaded}
            for delay in fresh:
                if delay.position not in seen:
                    self.push(delay)

    def _shorten(self) -> None:
        self._heap.sort()
        self._stored += len(self._heap) - DELAYS_LIMIT
        del self._heap[DELAYS_LIMIT:]
        self._horizon = self._heap[-1][:2]
