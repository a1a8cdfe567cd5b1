"""What of a subscription is in its consumer's hands."""

import heapq
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from typing import NamedTuple


class Hold(NamedTuple):
    """How a delivery is held.

    Attributes:
        attempt: Which attempt it is, from 1.
        kept: It has a row among the exceptions.
        group: The group under which it was tried again or held.
        alone: It is to be delivered by itself.
    """

    attempt: int
    kept: bool
    group: str = ""
    alone: bool = False


FIRST = Hold(1, kept=False)
"""How nearly all are held: one object for them all."""
NOWHERE = 2**63
"""After every position."""
ALONE = Hold(1, kept=False, alone=True)
"""How those from the line are held that may have been out at a crash."""


class Leases:
    """Leased deliveries, by position, in memory only: after a crash they come again.

    A lease that is being settled is nobody's: it returns where the settling fails. Belongs to
    the event loop.
    """

    def __init__(self) -> None:
        self._held: dict[int, Hold] = {}
        self._settling: set[int] = set()
        self._watched: set[int] | None = None
        # Taken from the line since the ledger last heard of it, in log order.
        self._fetched: list[int] = []

    def __len__(self) -> int:
        """Leased, or being settled."""
        return len(self._held) + len(self._settling)

    def __contains__(self, position: int) -> bool:
        """Leased, or being settled."""
        return position in self._held or position in self._settling

    def add(self, position: int, hold: Hold) -> None:
        """Lease a delivery that did not come from the line."""
        self._held[position] = hold

    def add_line(
        self, taken: Iterable[int], unsettled: Iterable[int], alone: Iterable[int] = ()
    ) -> None:
        """Lease what was taken from the line.

        Args:
            taken: The front of the line,
            unsettled: what of it is leased,
            alone: and what of that is to be delivered by itself.
        """
        self._held.update(dict.fromkeys(unsettled, FIRST))
        self._held.update(dict.fromkeys(alone, ALONE))
        self._fetched += taken

    def tried(self) -> Counter[str]:
        """Of each group, how many that are leased have a row among the exceptions."""
        return Counter([hold.group for hold in self._held.values() if hold.kept and hold.group])

    def release(self, position: int) -> Hold | None:
        """Take one back; None where it is not leased."""
        return self._held.pop(position, None)

    def settle(self, positions: Iterable[int]) -> dict[int, Hold]:
        """Begin to settle those of the deliveries that are leased."""
        pop, taken = self._held.pop, dict[int, Hold]()
        for position in positions:
            hold = pop(position, None)
            if hold is not None:
                taken[position] = hold
        self._settling.update(taken)
        return taken

    def settled(self, taken: dict[int, Hold]) -> None:
        """They are settled, durably."""
        self._settling.difference_update(taken)
        if self._watched is not None:
            self._watched.update(taken)

    def restore(self, taken: dict[int, Hold]) -> None:
        """They could not be settled, and are leased as before."""
        self._settling.difference_update(taken)
        self._held.update(taken)

    @contextmanager
    def watch(self) -> Iterator[set[int]]:
        """Positions that are settled meanwhile; one watch at a time."""
        self._watched = watched = set[int]()
        try:
            yield watched
        finally:
            self._watched = None

    def hand_over(self) -> list[int]:
        """What was taken from the line since the last time, for the ledger."""
        fetched, self._fetched = self._fetched, []
        return fetched


class Ready:
    """Deliveries that were handed back or are due: all earlier in the log than what is in line.

    Belongs to the event loop.
    """

    def __init__(self) -> None:
        self._heap: list[tuple[int, Hold]] = []
        self._positions: set[int] = set()

    def __len__(self) -> int:
        return len(self._heap)

    def __contains__(self, position: int) -> bool:
        return position in self._positions

    @property
    def first(self) -> int:
        """The earliest position; `NOWHERE` where there is none."""
        return self._heap[0][0] if self._heap else NOWHERE

    def push(self, position: int, hold: Hold) -> None:
        """Put one in its place."""
        heapq.heappush(self._heap, (position, hold))
        self._positions.add(position)

    def pop(self, limit: int) -> list[tuple[int, Hold]]:
        """The earliest in the log, up to so many, taken out."""
        taken = [heapq.heappop(self._heap) for _ in range(min(limit, len(self._heap)))]
        self._positions.difference_update([position for position, _ in taken])
        return taken

    def until(self, position: int) -> list[tuple[int, Hold]]:
        """All that is not after a position, in log order."""
        return sorted(each for each in self._heap if each[0] <= position)

    def remove(self, positions: Collection[int]) -> None:
        """Take some out."""
        if positions:
            self._positions.difference_update(positions)
            self._heap = [each for each in self._heap if each[0] in self._positions]
            heapq.heapify(self._heap)
