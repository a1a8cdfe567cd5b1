"""What a subscription has yet to fetch for the first time, in log order."""

from collections import deque
from collections.abc import Sequence

from keybus.engines.sqlite.leases import NOWHERE
from keybus.engines.sqlite.reader import Reader

LINE_LIMIT = 65_536
"""Positions held in memory; the rest waits in the match index."""


class Line:
    """A queue of positions, fed by appends while the consumer keeps up.

    A consumer that falls behind costs bounded memory: what does not fit is dropped here and
    loaded from the match index when its turn comes. Belongs to the event loop; one ``load`` at
    a time, and ``feed`` may be called during it.

    Attributes:
        waiting: How many there are to fetch, those in the match index included.
    """

    def __init__(
        self,
        reader: Reader,
        subscription: int,
        *,
        after: int,
        count: int,
        settled: set[int],
        sealed: bool = False,
    ) -> None:
        """A line whose positions all are in the match index.

        Args:
            reader: Reads the match index.
            subscription: The subscription's id.
            after: The floor: only positions after it.
            count: How many there are,
            settled: and which of them are settled already: in line, but not to be fetched.
            sealed: The match index is being filled: nothing is to be fetched yet.
        """
        self._reader, self._subscription = reader, subscription
        self.waiting = count - len(settled)
        self._settled = set(settled)
        self._queue: deque[int] = deque()
        # Whatever is in line up to here was queued; after it, only while not behind.
        self._end = after
        self._behind = True
        self._sealed = sealed
        self._fresh: list[int] | None = None

    @property
    def hungry(self) -> bool:
        """Nothing is queued, but there may be something in the match index."""
        return self._behind and not self._queue and not self._sealed

    @property
    def first(self) -> int:
        """The next position to fetch, of what is queued; `NOWHERE` where nothing is."""
        return next((each for each in self._queue if each not in self._settled), NOWHERE)

    def feed(self, positions: Sequence[int]) -> None:
        """A segment was appended and matched at these positions."""
        self.waiting += len(positions)
        if self._fresh is not None:
            if len(self._fresh) <= LINE_LIMIT:
                self._fresh += positions
        elif not self._behind:
            if len(self._queue) + len(positions) <= LINE_LIMIT:
                self._queue += positions
                self._end = positions[-1]
            else:
                self._behind = True

    def fill(self, count: int, *, whole: bool) -> None:
        """So many were added to the match index; once it is whole they may be fetched."""
        self.waiting += count
        self._sealed = self._sealed and not whole

    def take(self, limit: int) -> list[int]:
        """The front of the line, with up to so many to fetch among it."""
        queue = self._queue
        if self._settled:
            return self._take_unsettled(limit)
        if limit >= len(queue):
            taken = list(queue)
            queue.clear()
        else:
            taken = [queue.popleft() for _ in range(limit)]
        self.waiting -= len(taken)
        return taken

    def take_until(self, position: int, limit: int) -> list[int]:
        """The same, as far as it is not after a position."""
        taken: list[int] = []
        while self._queue and limit > 0 and self._queue[0] <= position:
            taken.append(self._queue.popleft())
            limit -= taken[-1] not in self._settled
        self.waiting -= len(self.unsettled(taken))
        return taken

    def unsettled(self, taken: list[int]) -> list[int]:
        """Those to fetch among what was taken."""
        if not self._settled:
            return taken
        return [position for position in taken if position not in self._settled]

    def put_back(self, taken: list[int]) -> None:
        """What was taken last, to the front again."""
        self.waiting += len(self.unsettled(taken))
        self._queue.extendleft(reversed(taken))

    def forget(self, taken: list[int]) -> None:
        """What was taken is fetched, and never comes back into line."""
        if self._settled:
            self._settled.difference_update(taken)

    async def load(self, committed: int) -> None:
        """Queue what the match index has next.

        Args:
            committed: The log's end; every later append is fed while this waits, or after it.
        """
        self._fresh = []
        try:
            loaded, complete = await self._reader.matches(
                self._subscription, self._end, committed, LINE_LIMIT
            )
            self._queue += loaded
            if not complete:
                self._end = loaded[-1]
                return
            # With nothing lost on the way, the appends take over where the index ended.
            self._end = committed
            self._behind = len(self._fresh) > LINE_LIMIT
            if self._fresh and not self._behind:
                self._queue += self._fresh
                self._end = self._fresh[-1]
        finally:
            self._fresh = None

    def _take_unsettled(self, limit: int) -> list[int]:
        taken: list[int] = []
        while self._queue and limit > 0:
            taken.append(self._queue.popleft())
            limit -= taken[-1] not in self._settled
        self.waiting -= len(self.unsettled(taken))
        return taken
