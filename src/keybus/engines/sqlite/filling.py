"""Filling a queue that begins before it was made: matches of the past, before it is fetched from."""

from collections.abc import Sequence

import apsw

from keybus.engines.sqlite.committer import Committer
from keybus.engines.sqlite.log import SEGMENT_EVENTS
from keybus.engines.sqlite.opening import WHOLE, Opened
from keybus.engines.sqlite.operation import Operation, Transaction
from keybus.engines.sqlite.packed import pack, unpack
from keybus.engines.sqlite.queries import query
from keybus.engines.sqlite.queue import Queue
from keybus.engines.sqlite.settlements import Place

_ROWS, _DELETE = query("match_rows_from"), query("delete_match")
_MATCH, _FILLED = query("insert_match"), query("update_filled")


class Fill(Operation[int]):
    """Adds positions to the match index; how many of them were not there.

    Alone in its transaction: what was appended before it is in the index.
    """

    alone = True

    def __init__(self, place: Place, positions: Sequence[int], filled: int) -> None:
        """Add them.

        Args:
            place: The subscription's place.
            positions: They grow.
            filled: How far it is filled then; `WHOLE`: nothing is left.
        """
        super().__init__()
        self._place, self._positions, self._filled = place, positions, filled
        self._added = 0

    def apply(self, transaction: Transaction) -> None:
        """Merge them with what appends have matched, and note how far it is."""
        self._place.check()
        connection, subscription = transaction.connection, self._place.ledger.subscription
        self._added = _merge(connection, subscription, self._positions) if self._positions else 0
        connection.execute(_FILLED, (self._filled, subscription))

    def landed(self) -> int:
        """So many more wait."""
        return self._added

    def failed(self) -> None:
        """Nothing was kept, as far as is known."""


class Filling:
    """How far a queue is filled. Belongs to the event loop.

    Attributes:
        through: The position through which it is; None: it is whole.
    """

    def __init__(self, opened: Opened, place: Place, queue: Queue, committer: Committer) -> None:
        self.through = None if opened.filled == WHOLE else opened.filled
        self._place, self._queue, self._committer = place, queue, committer

    async def fill(self, positions: Sequence[int], through: int, *, whole: bool) -> None:
        """Add positions of the past, durably.

        Raises:
            StorageFailed: It is unknown whether they were added; they may be added again.
        """
        if self.through is None:
            return
        filled = WHOLE if whole else through
        added = await self._committer.submit(Fill(self._place, positions, filled))
        self._queue.fill(added, whole=whole)
        self.through = None if whole else through


def _merge(connection: apsw.Connection, subscription: int, positions: Sequence[int]) -> int:
    """Put positions among those that are there; how many were not."""
    before, rows = set[int](), []
    for last, packed in connection.execute(_ROWS, (subscription, positions[0])):
        found = unpack("Q", packed)
        if found[0] > positions[-1]:
            break
        before.update(found)
        rows.append((subscription, last))
    connection.executemany(_DELETE, rows)
    merged = sorted(before.union(positions))
    parts = [merged[at : at + SEGMENT_EVENTS] for at in range(0, len(merged), SEGMENT_EVENTS)]
    connection.executemany(
        _MATCH, [(subscription, part[-1], len(part), pack("Q", part)) for part in parts]
    )
    return len(merged) - len(before)
