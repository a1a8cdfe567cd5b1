"""The ways a lease ends durably."""

from collections.abc import Callable

import msgspec

from keybus.bus.engine import Delivery
from keybus.engines.limits import spent
from keybus.engines.sqlite.leases import FIRST, Hold, Leases
from keybus.engines.sqlite.ledger import Ledger, Retried
from keybus.engines.sqlite.operation import Operation, Refusal, Transaction
from keybus.engines.sqlite.queries import query

_INSERT_DEAD, _INSERT_HELD = query("insert_dead_letter"), query("insert_held")
_COUNT_HELD = query("count_held")


class Place(msgspec.Struct, frozen=True):
    """A subscription's name, and its two halves: the loop's leases and the committer's ledger."""

    name: str
    leases: Leases
    ledger: Ledger

    def check(self) -> None:
        """For operations, on the committer's thread.

        Raises:
            Refusal: The subscription was removed before the operation's turn came.
        """
        if self.ledger.removed:
            raise Refusal(spent(self.name, "removed"))


class Settlement(Operation[None]):
    """Leases on their way to be settled; where that fails they are leased as before."""

    def __init__(self, place: Place, taken: dict[int, Hold]) -> None:
        super().__init__()
        self._place, self._leases, self._ledger = place, place.leases, place.ledger
        self._taken = taken
        self._fetched = place.leases.hand_over()
        self._kept = [
            position for position, hold in taken.items() if hold is not FIRST and hold.kept
        ]

    def prepare(self) -> None:
        """The ledger must know the line, even where this transaction fails."""
        self._ledger.note_fetched(self._fetched)

    def apply(self, transaction: Transaction) -> None:
        """Settle it, where there is still something to settle it in."""
        self._place.check()
        self.settle(transaction)

    def settle(self, transaction: Transaction) -> None:
        """Write, or stage for the transaction's write."""
        raise NotImplementedError

    def landed(self) -> None:
        """The leases are gone."""
        self._leases.settled(self._taken)

    def failed(self) -> None:
        """The leases stand."""
        self._leases.restore(self._taken)

    def _settle(self, transaction: Transaction) -> None:
        line = self._taken.keys() - self._kept if self._kept else self._taken.keys()
        transaction.ledger(self._ledger).settle(line, self._kept)


class Ack(Settlement):
    """Handled. Any number of them cost a transaction one row."""

    def settle(self, transaction: Transaction) -> None:
        """Stage it."""
        self._settle(transaction)


class Retry(Settlement):
    """One attempt failed; there will be another."""

    def __init__(
        self,
        place: Place,
        taken: dict[int, Hold],
        retried: Retried,
        then: Callable[[], None],
    ) -> None:
        super().__init__(place, taken)
        self._retried, self._then = retried, then

    def settle(self, transaction: Transaction) -> None:
        """Stage it."""
        transaction.ledger(self._ledger).retry(self._retried, kept=bool(self._kept))

    def landed(self) -> None:
        """It waits for its time."""
        super().landed()
        self._then()


class Burial(msgspec.Struct, frozen=True):
    """A delivery that gives up.

    Attributes:
        position: Of the delivery.
        attempts: Attempts that failed.
        reason: Why.
        buried_at: Microseconds since the Unix epoch.
        event: The event.
    """

    position: int
    attempts: int
    reason: str
    buried_at: int
    event: Delivery


class Bury(Settlement):
    """One attempt failed, the last one."""

    def __init__(
        self,
        place: Place,
        taken: dict[int, Hold],
        burial: Burial,
        then: Callable[[], None],
    ) -> None:
        super().__init__(place, taken)
        self._burial, self._then = burial, then

    def settle(self, transaction: Transaction) -> None:
        """Copy the event's bytes, and settle its delivery."""
        burial, event = self._burial, self._burial.event
        transaction.connection.execute(
            _INSERT_DEAD,
            (
                self._ledger.subscription,
                burial.position,
                event.ingested_at,
                burial.attempts,
                burial.buried_at,
                burial.reason,
                event.envelope,
            ),
        )
        self._settle(transaction)

    def landed(self) -> None:
        """There is a dead letter more."""
        super().landed()
        self._then()


class SetAside(Settlement):
    """Held: no attempt failed, and there will be none until somebody says so."""

    def __init__(
        self,
        place: Place,
        taken: dict[int, Hold],
        reason: str,
        held_at: int,
        then: Callable[[int], None],
    ) -> None:
        """Hold what was taken.

        Args:
            place: The subscription's place.
            taken: The deliveries.
            reason: Why.
            held_at: Microseconds since the Unix epoch.
            then: Called on the loop with how many more are held.
        """
        super().__init__(place, taken)
        self._reason, self._held_at, self._then = reason, held_at, then
        self._count = 0

    def settle(self, transaction: Transaction) -> None:
        """Put them aside, and settle their deliveries."""
        connection, subscription = transaction.connection, self._ledger.subscription
        before = connection.total_changes()
        connection.executemany(
            _INSERT_HELD,
            [
                (subscription, position, hold.attempt - 1, self._held_at, self._reason)
                for position, hold in self._taken.items()
            ],
        )
        # One may be there already, where an earlier failure was none.
        self._count = connection.total_changes() - before
        connection.execute(_COUNT_HELD, (self._count, subscription))
        self._settle(transaction)

    def landed(self) -> None:
        """There are so many more held."""
        super().landed()
        self._then(self._count)
