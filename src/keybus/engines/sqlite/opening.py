"""Opening a subscription: found, or made at the log's end."""

from collections.abc import Callable

import apsw
import msgspec

from keybus.engines.sqlite.ledger import Ledger
from keybus.engines.sqlite.operation import Operation, Transaction
from keybus.engines.sqlite.packed import unpack
from keybus.engines.sqlite.queries import query

_FIND, _INSERT = query("subscription"), query("insert_subscription")
_COUNT, _FIRST = query("count_matches_after"), query("first_match_after")
_DATE = query("date_exceptions")
_EXCEPTIONS, _DEAD = query("count_exceptions"), query("count_dead_letters")


class Opened(msgspec.Struct, frozen=True):
    """How a subscription stood when it was opened.

    Attributes:
        name: The subscription's name.
        ledger: Its durable place, from now on the committer's.
        floor: Everything matched up to here is settled or among the exceptions.
        settled: Positions above the floor of which the same is true.
        matched: How many positions above the floor there are, those included.
        exceptions: How many deliveries left the line.
        dead: How many dead letters there are.
    """

    name: str
    ledger: Ledger
    floor: int
    settled: set[int]
    matched: int
    exceptions: int
    dead: int


class Open(Operation[None]):
    """Opens a subscription.

    Alone in its transaction: it counts what stands, and whatever is committed after it is fed to
    the cursor that ``then`` makes.
    """

    alone = True

    def __init__(self, name: str, now: int, then: Callable[[Opened], None]) -> None:
        super().__init__()
        self._name, self._now, self._then = name, now, then
        self._opened: Opened | None = None

    def apply(self, transaction: Transaction) -> None:
        """Find it or make it, and count."""
        connection, end = transaction.connection, transaction.log.tail.position
        row = connection.execute(_FIND, (self._name,)).fetchone()
        if row is None:
            subscription = int(connection.execute(_INSERT, (self._name, end)).get)
            floor, sparse = end, b""
        else:
            subscription, floor, sparse = row
            connection.execute(_DATE, (self._now, subscription))
        ledger = Ledger(subscription, floor, sparse)
        self._opened = Opened(
            name=self._name,
            ledger=ledger,
            floor=floor,
            settled=set(ledger.settled),
            matched=_count_matches(connection, subscription, floor),
            exceptions=int(connection.execute(_EXCEPTIONS, (subscription,)).get),
            dead=int(connection.execute(_DEAD, (subscription,)).get),
        )

    def landed(self) -> None:
        """Make the cursor."""
        assert self._opened is not None
        self._then(self._opened)


def _count_matches(connection: apsw.Connection, subscription: int, floor: int) -> int:
    count = int(connection.execute(_COUNT, (subscription, floor)).get)
    row = connection.execute(_FIRST, (subscription, floor)).fetchone()
    # Only the first row can reach across the floor.
    return count - sum(position <= floor for position in unpack("Q", row[0])) if row else 0
