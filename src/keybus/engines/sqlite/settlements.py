"""The ways a lease ends durably."""

from collections.abc import Callable

import msgspec

from keybus.bus.engine import Delivery
from keybus.engines.sqlite.leases import FIRST, Hold, Leases
from keybus.engines.sqlite.ledger import Ledger, Retried
from keybus.engines.sqlite.operation import Operation, Transaction
from keybus.engines.sqlite.queries import query

_INSERT_DEAD = query("insert_dead_letter")


class Place(msgspec.Struct, frozen=True):
    """A subscription's two halves: the loop's leases and the committer's ledger."""

    leases: Leases
    ledger: Ledger


class Settlement(Operation[None]):
    """Leases on their way to be settled; where that fails they are leased as before."""

    def __init__(self, place: Place, taken: dict[int, Hold]) -> None:
        super().__init__()
        self._leases, self._ledger = place.leases, place.ledger
        self._taken = taken
        self._fetched = place.leases.hand_over()
        self._kept = [
            position for position, hold in taken.items() if hold is not FIRST and hold.kept
        ]

    def prepare(self) -> None:
        """The ledger must know the line, even where this transaction fails."""
        self._ledger.note_fetched(self._fetched)

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

    def apply(self, transaction: Transaction) -> None:
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

    def apply(self, transaction: Transaction) -> None:
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

    def apply(self, transaction: Transaction) -> None:
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
