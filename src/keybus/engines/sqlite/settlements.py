"""The ways a lease ends durably."""

from collections.abc import Callable, Iterator, Sequence

import apsw
import msgspec

from keybus.bus.engine import ORDER, Delivery
from keybus.engines.identity import Identity
from keybus.engines.limits import spent
from keybus.engines.sqlite.leases import FIRST, Hold, Leases
from keybus.engines.sqlite.ledger import Ledger, Retried
from keybus.engines.sqlite.operation import Operation, Refusal, Transaction
from keybus.engines.sqlite.queries import query

_INSERT_DEAD, _INSERT_HELD = query("insert_dead_letter"), query("insert_held")
_NEXT_DEAD, _COUNT_HELD = query("next_dead_letters"), query("count_held")


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


class Begin(Settlement):
    """The attempt that is about to be made has failed, unless its lease ends in another way."""

    def __init__(self, place: Place, taken: dict[int, Hold], retried: Retried) -> None:
        super().__init__(place, taken)
        self._retried = retried

    def settle(self, transaction: Transaction) -> None:
        """Stage it."""
        transaction.ledger(self._ledger).retry(self._retried, kept=bool(self._kept))

    def landed(self) -> None:
        """It is leased as before, and has a row among the exceptions."""
        super().landed()
        for position, hold in self._taken.items():
            self._leases.add(position, hold._replace(kept=True))


class Burial(msgspec.Struct, frozen=True):
    """A delivery that gives up.

    Attributes:
        event: The event.
        attempts: Attempts that failed.
        failed: Whether the last of them failed now.
    """

    event: Delivery
    attempts: int
    failed: bool


class Epitaph(msgspec.Struct, frozen=True):
    """What burials of one moment have in common.

    Attributes:
        cause: Why, as a code.
        reason: Why, in words.
        buried_at: Microseconds since the Unix epoch.
    """

    cause: str
    reason: str
    buried_at: int


class Bury(Settlement):
    """They are tried no more."""

    def __init__(
        self,
        place: Place,
        taken: dict[int, Hold],
        burials: Sequence[Burial],
        epitaph: Epitaph,
        then: Callable[[int], None],
    ) -> None:
        """Bury what was taken.

        Args:
            place: The subscription's place.
            taken: The deliveries.
            burials: The same, with their events.
            epitaph: Why.
            then: Called on the loop with how many dead letters more there are.
        """
        super().__init__(place, taken)
        self._epitaph, self._then = epitaph, then
        self._burials = [(each, Identity.of(each.event.envelope)) for each in burials]

    def settle(self, transaction: Transaction) -> None:
        """Copy the events' bytes, and settle their deliveries."""
        connection = transaction.connection
        connection.executemany(_INSERT_DEAD, self._rows(connection))
        self._settle(transaction)

    def landed(self) -> None:
        """There are so many dead letters more."""
        super().landed()
        self._then(len(self._burials))

    def _rows(self, connection: apsw.Connection) -> Iterator[dict[str, int | str | bytes]]:
        epitaph, count = self._epitaph, len(self._burials)
        last = int(connection.execute(_NEXT_DEAD, (epitaph.buried_at, count)).get)
        for number, (burial, identity) in enumerate(self._burials, last - count + 1):
            yield {
                "id": number,
                "subscription": self._ledger.subscription,
                "position": burial.event.position,
                "event_id": identity.event_id,
                "event_type": identity.event_type,
                "source": identity.source,
                "ingested_at": burial.event.ingested_at,
                "attempts": burial.attempts,
                "cause": epitaph.cause,
                "reason": epitaph.reason,
                "failed_at": epitaph.buried_at if burial.failed else 0,
                "buried_at": epitaph.buried_at,
                "envelope": burial.event.envelope,
            }


class Expire(Bury):
    """They were in nobody's hands: where it fails they are handed back.

    Attributes:
        count: How many they are.
    """

    def __init__(
        self,
        place: Place,
        taken: dict[int, Hold],
        burials: Sequence[Burial],
        epitaph: Epitaph,
        *,
        then: Callable[[int], None],
        back: Callable[[Sequence[int]], None],
    ) -> None:
        """Bury what was taken; ``back`` is called on the loop with its positions if that fails."""
        super().__init__(place, taken, burials, epitaph, then)
        self._back = back
        self.count = len(burials)

    def failed(self) -> None:
        """They wait as before."""
        super().failed()
        self._back(list(self._taken))


class SetAside(Settlement):
    """Held: no attempt failed, and there will be none until somebody says so."""

    def __init__(
        self,
        place: Place,
        taken: dict[int, Hold],
        *,
        reason: str,
        group: str,
        held_at: int,
        then: Callable[[int, int], None],
    ) -> None:
        """Hold what was taken.

        Args:
            place: The subscription's place.
            taken: The deliveries.
            reason: Why.
            group: The group that they belong to.
            held_at: Microseconds since the Unix epoch.
            then: Called on the loop with how many more are held, and how many of them for order.
        """
        super().__init__(place, taken)
        self._reason, self._group, self._held_at, self._then = reason, group, held_at, then
        self._count = 0

    def settle(self, transaction: Transaction) -> None:
        """Put them aside, and settle their deliveries."""
        connection, subscription = transaction.connection, self._ledger.subscription
        before = connection.total_changes()
        connection.executemany(
            _INSERT_HELD,
            [
                (subscription, position, hold.attempt - 1, self._held_at, self._reason, self._group)
                for position, hold in self._taken.items()
            ],
        )
        # One may be there already, where an earlier failure was none.
        self._count = connection.total_changes() - before
        connection.execute(_COUNT_HELD, (self._count, self._ordered, subscription))
        self._settle(transaction)

    def landed(self) -> None:
        """There are so many more held."""
        super().landed()
        self._then(self._count, self._ordered)

    @property
    def _ordered(self) -> int:
        return self._count if self._reason == ORDER else 0
