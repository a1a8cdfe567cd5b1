"""Opening a subscription: found, or made at the log's end."""

from collections.abc import Callable

import apsw
import msgspec

from keybus.engines.sqlite.ledger import Ledger
from keybus.engines.sqlite.operation import Operation, Transaction
from keybus.engines.sqlite.packed import unpack
from keybus.engines.sqlite.queries import query

_FIND, _INSERT = query("subscription"), query("insert_subscription")
_NEXT, _SINCE = query("next_subscription"), query("first_since")
_COUNT, _FIRST = query("count_matches_after"), query("first_match_after")
_DATE = query("date_exceptions")
_EXCEPTIONS, _DEAD = query("count_exceptions"), query("count_dead_letters")
_REDRIVEN = query("has_redriven")
_ALONE, _MARK = query("exceptions_alone"), query("mark_fetched")


WHOLE = -1
"""How far a queue is filled that need not be."""


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
        held: How many deliveries are held, for any reason,
        ordered: and how many of them behind an earlier one of their group.
        filled: Up to which position the queue is filled from the log; `WHOLE`: it is whole.
        fetched: Up to where deliveries may have been out when the process died; 0: nowhere.
        redriven: Whether deliveries were dead letters before.
    """

    name: str
    ledger: Ledger
    floor: int
    settled: set[int]
    matched: int
    exceptions: int
    dead: int
    held: int
    ordered: int
    filled: int
    fetched: int
    redriven: bool


def look(connection: apsw.Connection, name: str) -> Opened | None:
    """How a subscription stands, within the transaction that is open; None where there is none."""
    row = connection.execute(_FIND, (name,)).fetchone()
    if row is None:
        return None
    subscription, floor, sparse, held, ordered, filled, fetched, *_ = row
    ledger = Ledger(subscription, floor, sparse)
    return Opened(
        name=name,
        ledger=ledger,
        floor=floor,
        settled=set(ledger.settled),
        matched=_count_matches(connection, subscription, floor),
        exceptions=int(connection.execute(_EXCEPTIONS, (subscription,)).get),
        dead=int(connection.execute(_DEAD, (subscription,)).get),
        held=held,
        ordered=ordered,
        filled=filled,
        fetched=fetched,
        redriven=bool(connection.execute(_REDRIVEN, (subscription,)).get),
    )


class Open(Operation[None]):
    """Opens a subscription.

    Alone in its transaction: it counts what stands, and whatever is committed after it is fed to
    the cursor that ``then`` makes.
    """

    alone = True

    def __init__(
        self,
        name: str,
        *,
        since: int | None,
        date_by: int | None,
        then: Callable[[Opened], None],
        ended: Callable[[], None],
    ) -> None:
        """Open it.

        Args:
            name: The subscription's name.
            since: Where it is made, it begins with what was ingested then, in microseconds since the
                Unix epoch, and is to be filled; None: it begins at the log's end.
            date_by: The time by the wall clock, in microseconds, by which to date delays of an
                earlier run; None where those that there are were dated or made by this one.
            then: Called on the loop with what was opened.
            ended: Called on the loop when it has landed or failed.
        """
        super().__init__()
        self._name, self._since, self._date_by = name, since, date_by
        self._then, self._ended = then, ended
        self._opened: Opened | None = None

    def apply(self, transaction: Transaction) -> None:
        """Find it or make it, and count."""
        connection = transaction.connection
        found = look(connection, self._name)
        if found is None:
            number = int(connection.execute(_NEXT).get)
            floor = transaction.log.tail.position
            if self._since is not None:
                first = connection.execute(_SINCE, (self._since,)).get
                floor = floor if first is None else int(first) - 1
            filled = WHOLE if self._since is None else floor
            connection.execute(_INSERT, (number, self._name, floor, filled))
            transaction.log.name(self._name, number)
            found = look(connection, self._name)
        else:
            self._look_back(connection, found)
        if found is not None:
            # What comes later was not out, however far ahead the mark stood.
            fetched = min(found.fetched, transaction.log.tail.position)
            self._opened = msgspec.structs.replace(found, fetched=fetched)

    def _look_back(self, connection: apsw.Connection, found: Opened) -> None:
        """What the last run left, which may have died: before its times are changed."""
        subscription = found.ledger.subscription
        *_, due_at, position = connection.execute(_FIND, (self._name,)).fetchone() or (-1, -1)
        if due_at >= 0:
            connection.execute(_ALONE, (subscription, due_at, position))
            connection.execute(_MARK, (found.fetched, -1, -1, subscription))
        if self._date_by is not None:
            connection.execute(_DATE, (self._date_by, subscription))

    def landed(self) -> None:
        """Make the cursor."""
        self._ended()
        assert self._opened is not None
        self._then(self._opened)

    def failed(self) -> None:
        """There is no cursor."""
        self._ended()


def _count_matches(connection: apsw.Connection, subscription: int, floor: int) -> int:
    count = int(connection.execute(_COUNT, (subscription, floor)).get)
    row = connection.execute(_FIRST, (subscription, floor)).fetchone()
    # Only the first row can reach across the floor.
    return count - sum(position <= floor for position in unpack("Q", row[0])) if row else 0
