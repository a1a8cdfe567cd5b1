"""What of a subscription is durably settled: a floor, and single positions above it."""

from collections import deque
from collections.abc import Collection, Iterable
from itertools import islice

import apsw
import msgspec

from keybus.engines.sqlite.packed import pack, unpack
from keybus.engines.sqlite.queries import query

SPARSE_LIMIT = 2048
"""Above this many settled positions, whatever holds the floor back is left behind."""

TRIM_EVERY = 4096
"""Positions the floor moves before match rows under it are deleted."""

_UPDATE, _TRIM = query("update_subscription"), query("delete_matches")
_EXCEPT, _SETTLE = query("upsert_exception"), query("delete_exception")
_LEFT_BEHIND = "leased while the floor went on"


class Retried(msgspec.Struct, frozen=True):
    """A failed attempt, to be made again.

    Attributes:
        position: Of the delivery.
        attempts: Attempts that failed.
        due_at: When to deliver again, in microseconds of the engine's steady time.
        delay: Microseconds from the failure to that.
        noted_at: When it failed by the wall clock, in microseconds since the Unix epoch.
        reason: Why the last attempt failed.
        group: The group that the delivery belongs to.
        alone: It is to be delivered by itself.
    """

    position: int
    attempts: int
    due_at: int
    delay: int
    noted_at: int
    reason: str
    group: str = ""
    alone: bool = False

    def row(self, subscription: int) -> tuple[int | str, ...]:
        """Its row among the exceptions."""
        return (
            *(subscription, self.position, self.attempts, self.due_at, self.delay, self.noted_at),
            *(self.reason, self.group, int(self.alone)),
        )


class _Staged(msgspec.Struct):
    """What one transaction is about to change."""

    settled: set[int] = msgspec.field(default_factory=set)
    unkept: list[int] = msgspec.field(default_factory=list)
    retried: list[Retried] = msgspec.field(default_factory=list)
    parked: list[int] = msgspec.field(default_factory=list)
    passed: int = 0
    floor: int = 0
    removed: bool = False


class Ledger:
    """One subscription's durable place.

    A position is *settled* here when the line is done with it: acknowledged, buried, or moved to
    the exceptions, which the floor may pass. Thus the positions above the floor are no more than
    what is in flight, and where even that grows (one stuck lease, everything after it handled),
    the stuck ones are parked: moved to the exceptions with no attempt counted.

    Belongs to the committer's thread. Staged changes count only after ``keep``; after ``drop``
    it is as if they had never been.

    Attributes:
        subscription: The subscription's id.
        floor: Whatever matched up to here is settled.
        settled: Positions above the floor of which the same is true.
        removed: The subscription is no more; nothing may be staged.
    """

    def __init__(self, subscription: int, floor: int, sparse: bytes) -> None:
        self.subscription = subscription
        self.floor = floor
        self.settled = set(unpack("Q", sparse))
        # Fetched from the line and above the floor, in log order.
        self._window: deque[int] = deque()
        self._parked: set[int] = set()
        self._trimmed = 0
        self._staged = _Staged()
        self.removed = False

    def note_fetched(self, positions: Iterable[int]) -> None:
        """These were taken from the line next, in log order; true whether a commit fails or not."""
        self._window.extend(positions)

    def settle(self, line: Collection[int], kept: Iterable[int]) -> None:
        """Stage that deliveries are done with.

        Args:
            line: Those that came from the line.
            kept: Those that have a row among the exceptions.
        """
        staged = self._staged
        staged.unkept += kept
        if self._parked and not self._parked.isdisjoint(line):
            staged.unkept += self._parked.intersection(line)
            line = set(line) - self._parked
        staged.settled.update(line)

    def retry(self, retried: Retried, *, kept: bool) -> None:
        """Stage that an attempt failed.

        Args:
            retried: The attempt.
            kept: The delivery has a row among the exceptions already.
        """
        self._staged.retried.append(retried)
        if not kept and retried.position not in self._parked:
            self._staged.settled.add(retried.position)

    def remove(self) -> None:
        """Stage that the subscription is no more."""
        self._staged.removed = True

    def write(self, connection: apsw.Connection) -> None:
        """Write what was staged, within the transaction that is open."""
        staged, subscription = self._staged, self.subscription
        if staged.settled:
            staged.settled |= self.settled
            self._advance()
            if len(staged.settled) > SPARSE_LIMIT:
                self._park(connection)
            sparse = pack("Q", sorted(staged.settled))
            connection.execute(_UPDATE, (staged.floor, sparse, subscription))
            if staged.floor - self._trimmed >= TRIM_EVERY:
                connection.execute(_TRIM, (subscription, staged.floor))
        if staged.retried:
            connection.executemany(_EXCEPT, [each.row(subscription) for each in staged.retried])
        if staged.unkept:
            connection.executemany(_SETTLE, [(subscription, each) for each in staged.unkept])

    def keep(self) -> None:
        """What was staged is durable."""
        staged, self._staged = self._staged, _Staged()
        if staged.settled or staged.passed:
            self.settled = staged.settled
            for _ in range(staged.passed):
                self._window.popleft()
            self.floor = staged.floor
            if self.floor - self._trimmed >= TRIM_EVERY:
                self._trimmed = self.floor
        self._parked.update(staged.parked)
        self._parked.difference_update(staged.unkept)
        self._parked.difference_update([retried.position for retried in staged.retried])
        self.removed = self.removed or staged.removed

    def drop(self) -> None:
        """What was staged was rolled back."""
        self._staged = _Staged()

    def _advance(self) -> None:
        """Move the floor over all that is settled at the front of the window."""
        staged, settled = self._staged, self._staged.settled
        staged.floor, staged.passed = self.floor, 0
        for position in self._window:
            if position not in settled:
                break
            staged.passed += 1
            staged.floor = position
        settled.difference_update(islice(self._window, staged.passed))

    def _park(self, connection: apsw.Connection) -> None:
        """Leave behind whatever holds the floor back."""
        staged = self._staged
        ahead = list(islice(self._window, staged.passed, None))
        while ahead and ahead[-1] not in staged.settled:
            ahead.pop()
        if not ahead:
            return
        staged.parked = [position for position in ahead if position not in staged.settled]
        connection.executemany(
            _EXCEPT,
            [(self.subscription, each, 0, 0, 0, 0, _LEFT_BEHIND, "", 0) for each in staged.parked],
        )
        staged.settled.difference_update(ahead)
        staged.floor = ahead[-1]
        staged.passed += len(ahead)
