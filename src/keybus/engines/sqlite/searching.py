"""Looking for events by what stands in them, from the log's end backwards."""

import apsw

from keybus.bus.engine import Found, Stored
from keybus.engines.sqlite.log import segment_at
from keybus.engines.sqlite.queries import query

_BACK = query("segments_back")
_AFTER_ALL = 2**62


def find(connection: apsw.Connection, text: bytes, before: int | None, most: int) -> Found:
    """One step, within the transaction that is open.

    SQLite looks through the segments' bytes, without the interpreter's lock; only what has the
    text in it is taken apart.

    Args:
        connection: The store.
        text: Bytes of the envelope.
        before: Only what lies before this position; None: everything.
        most: Bytes to look through.

    Raises:
        StorageFailed: A segment is damaged.
    """
    limit = _AFTER_ALL if before is None else before
    events: list[Stored] = []
    size = back_to = 0
    for first, length, earliest, has in connection.execute(_BACK, (text, limit)):
        if has:
            within = [
                Stored(each.position, each.ingested_at, each.envelope)
                for each in segment_at(connection, first)
                if text in each.envelope and each.position < limit
            ]
            events += reversed(within)
        size += length
        back_to = min(back_to or earliest, earliest)
        if size >= most:
            return Found(events, first, back_to)
    return Found(events, 0, back_to)
