"""How one delivery stands, by what the store has of it."""

import apsw

from keybus.bus.dead_letters.letters import letter_id
from keybus.bus.engine import ORDER, Status
from keybus.engines.sqlite.packed import unpack
from keybus.engines.sqlite.queries import query

_EXCEPTION, _HELD, _LETTER = query("exception_at"), query("held_at"), query("letter_at")
_FIRST_OF_GROUP = query("first_of_group")
_PLACE, _MATCH = query("place_of"), query("match_across")
_AFTER, _FIRST_EXCEPTION, _TIME = (
    query("matches_after"),
    query("first_exception"),
    query("time_at"),
)
_REDRIVEN = query("redriven")


def status_of(connection: apsw.Connection, subscription: int, position: int, now: int) -> Status:
    """How a delivery stands, within the transaction that is open; leases are nothing it knows of.

    Args:
        connection: The store.
        subscription: The subscription's id.
        position: The delivery's.
        now: Microseconds of the engine's steady time.
    """
    at = (subscription, position)
    held = connection.execute(_HELD, at).fetchone()
    if held is not None:
        return _held(connection, at, held)
    exception = connection.execute(_EXCEPTION, at).fetchone()
    if exception is not None:
        attempts, due_at, reason = exception
        wait = max(0, due_at - now)
        # Without an attempt it is a note of the engine's own.
        reason = reason if attempts else ""
        return Status("delayed" if wait else "waiting", attempts, wait, reason)
    if _is_in_line(connection, subscription, position):
        return Status("waiting")
    letter = connection.execute(_LETTER, at).fetchone()
    if letter is None:
        return Status("gone")
    return Status("dead", letter[1], reason=letter[2], letter=letter_id(letter[0]))


def oldest(connection: apsw.Connection, subscription: int) -> int:
    """When the first delivery was ingested that is neither settled nor held; 0 where there is none.

    Within the transaction that is open.
    """
    in_line = _first_in_line(connection, subscription)
    left = connection.execute(_FIRST_EXCEPTION, (subscription,)).get
    first = min([each for each in (in_line, left) if each], default=0)
    row = connection.execute(_TIME, (first,)).fetchone() if first else None
    if row is None:  # the log may have let it go, where it was redriven
        own = connection.execute(_REDRIVEN, (subscription, first)).fetchone() if first else None
        return 0 if own is None else int(own[0])
    return int(unpack("q", row[1])[first - row[0]])


def _first_in_line(connection: apsw.Connection, subscription: int) -> int:
    """The first position that matched and is not settled; 0 where there is none."""
    floor, sparse = connection.execute(_PLACE, (subscription,)).fetchone() or (0, b"")
    settled = set(unpack("Q", sparse))
    for (packed,) in connection.execute(_AFTER, (subscription, floor)):
        for position in unpack("Q", packed):
            if position > floor and position not in settled:
                return int(position)
    return 0


def _held(
    connection: apsw.Connection, at: tuple[int, int], row: tuple[int, str, int, str]
) -> Status:
    attempts, reason, held_at, group = row
    if reason != ORDER:
        return Status("held", attempts, reason=reason, held_at=held_at)
    first = int(connection.execute(_FIRST_OF_GROUP, (at[0], group)).get)
    return Status("ordered", attempts, held_at=held_at, behind=first if first < at[1] else 0)


def _is_in_line(connection: apsw.Connection, subscription: int, position: int) -> bool:
    """Whether it matched and is not settled."""
    floor, sparse = connection.execute(_PLACE, (subscription,)).fetchone() or (position, b"")
    if position <= floor:
        return False
    row = connection.execute(_MATCH, (subscription, position)).fetchone()
    return (
        row is not None and position in unpack("Q", row[0]) and position not in unpack("Q", sparse)
    )
