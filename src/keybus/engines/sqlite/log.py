"""The log: finished envelopes in segments, and what each subscription matched in them."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate, chain

import apsw
import msgspec

from keybus.bus.engine import DIGEST_BYTES, Delivery, Record
from keybus.engines.sqlite.packed import pack, unpack
from keybus.engines.sqlite.queries import query
from keybus.errors import StorageFailed

SEGMENT_BYTES = 512 * 1024
SEGMENT_EVENTS = 2048

_INSERT, _MATCH, _TAIL = query("insert_segment"), query("insert_match"), query("log_tail")
_AT, _INSERT_DIGESTS = query("segment_at"), query("insert_digests")
_END_OF_DROPPED = query("end_of_dropped")
_NO_DIGEST = bytes(DIGEST_BYTES)


class Tail(msgspec.Struct, frozen=True):
    """Where the log ends.

    Attributes:
        position: Of the last event; 0 for an empty log.
        peak: The latest ``ingested_at`` so far.
        lag: No event lies further behind the peak that stood before it.
    """

    position: int = 0
    peak: int = 0
    lag: int = 0


class Appended(msgspec.Struct, frozen=True):
    """One segment that became durable.

    Attributes:
        deliveries: Each event as a first delivery.
        size: Bytes of their envelopes.
        matches: What each subscription matched, in log order. Lists may be shared.
    """

    deliveries: Sequence[Delivery]
    size: int
    matches: Mapping[str, Sequence[int]]


class Segment:
    """A segment that was read. Never changes: any thread may read it."""

    def __init__(self, row: tuple[int, int, int, bytes, bytes, bytes]) -> None:
        """The segment of a row.

        Raises:
            StorageFailed: The row's parts do not fit together.
        """
        self.first, self.last, self.peak, times, sizes, self._envelopes = row
        self._times = unpack("q", times)
        self.size = len(self._envelopes)
        self._starts = [0, *accumulate(unpack("I", sizes))]
        count = self.last - self.first + 1
        if (len(self._times), len(self._starts), self._starts[-1]) != (count, count + 1, self.size):
            raise StorageFailed(f"the log is damaged at positions {self.first} to {self.last}")

    def __iter__(self) -> Iterator[Delivery]:
        """Each event as a first delivery."""
        return map(self.at, range(self.first, self.last + 1))

    def at(self, position: int) -> Delivery:
        """The event at a position within the segment, as a first delivery."""
        index = position - self.first
        envelope = self._envelopes[self._starts[index] : self._starts[index + 1]]
        return Delivery(position, self._times[index], envelope, 1)


def segment_at(connection: apsw.Connection, position: int) -> Segment:
    """The segment that holds a position of the log.

    Raises:
        StorageFailed: There is none, or it is damaged.
    """
    segment = segment_holding(connection, position)
    if segment is None:
        raise _hole(position)
    return segment


def segment_holding(connection: apsw.Connection, position: int) -> Segment | None:
    """The segment that holds a position of the log, or None where there is none.

    Raises:
        StorageFailed: It is damaged.
    """
    row = connection.execute(_AT, (position,)).fetchone()
    return None if row is None or row[1] < position else Segment(row)


def segment_from(connection: apsw.Connection, position: int) -> Segment:
    """The segment that holds a position of the log or, where it was dropped, the next one.

    Raises:
        StorageFailed: It is damaged.
    """
    while (segment := segment_holding(connection, position)) is None:
        dropped = connection.execute(_END_OF_DROPPED, (position,)).fetchone()
        if dropped is None:
            raise _hole(position)
        position = dropped[0] + 1
    return segment


def _hole(position: int) -> StorageFailed:
    return StorageFailed(f"the log has a hole at position {position}")


class LogWriter:
    """Appends to the log within the committer's transactions.

    Belongs to the committer's thread. What was staged and written counts only after ``keep``;
    after ``drop`` it is as if it had never been.
    """

    def __init__(self, connection: apsw.Connection, subscriptions: Mapping[str, int]) -> None:
        """Begin at the end of what stands.

        Args:
            connection: The writing connection.
            subscriptions: Every subscription's id, by its name.
        """
        self._subscriptions = dict(subscriptions)
        self._new_subscriptions: dict[str, int | None] = {}
        row = connection.execute(_TAIL).fetchone()
        self.tail = self._new_tail = Tail(*row) if row else Tail()
        self._staged: list[Record] = []

    def stage(self, records: Sequence[Record]) -> int:
        """Take events for the next write; the position of the first of them."""
        first = self.tail.position + len(self._staged) + 1
        self._staged += records
        return first

    def name(self, subscription: str, number: int | None) -> None:
        """Stage that later events may match a subscription, by its id; None: no longer."""
        self._new_subscriptions[subscription] = number

    def write(self, connection: apsw.Connection) -> list[Appended]:
        """Write what was staged, within the transaction that is open.

        What matched a subscription that was removed since is dropped.
        """
        self._new_tail = self.tail
        return [self._write(connection, segment) for segment in _segments(self._staged)]

    def keep(self) -> None:
        """What was written is durable."""
        self.tail = self._new_tail
        self._staged.clear()
        for name, number in self._new_subscriptions.items():
            if number is None:
                self._subscriptions.pop(name, None)
            else:
                self._subscriptions[name] = number
        self._new_subscriptions.clear()

    def drop(self) -> None:
        """What was written was rolled back."""
        self._new_tail = self.tail
        self._staged.clear()
        self._new_subscriptions.clear()

    def _write(self, connection: apsw.Connection, records: Sequence[Record]) -> Appended:
        tail, first = self._new_tail, self._new_tail.position + 1
        times = [record.ingested_at for record in records]
        peak = max(tail.peak, *times)
        # The first event has nothing before it to lag behind.
        lag = max(tail.lag, peak - min(times)) if tail.position else max(times) - min(times)
        self._new_tail = Tail(tail.position + len(records), peak, lag)
        envelopes = [record.envelope for record in records]
        whole = b"".join(envelopes)
        sizes = pack("I", map(len, envelopes))
        last = self._new_tail.position
        connection.execute(_INSERT, (first, last, peak, lag, pack("q", times), sizes, whole))
        digests = b"".join([record.digest or _NO_DIGEST for record in records])
        if digests.strip(b"\0"):
            connection.execute(_INSERT_DIGESTS, (first, max(times), digests))
        matches = {
            name: positions
            for name, positions in matched_positions(records, first).items()
            if name in self._subscriptions
        }
        self._write_matches(connection, matches)
        deliveries = [
            Delivery(position, record.ingested_at, record.envelope, 1)
            for position, record in enumerate(records, first)
        ]
        return Appended(deliveries, len(whole), matches)

    def _write_matches(
        self, connection: apsw.Connection, matches: Mapping[str, Sequence[int]]
    ) -> None:
        packed: dict[int, bytes] = {}
        rows = []
        for name, positions in matches.items():
            key = id(positions)
            if key not in packed:
                packed[key] = pack("Q", positions)
            rows.append((self._subscriptions[name], positions[-1], len(positions), packed[key]))
        connection.executemany(_MATCH, rows)


def matched_positions(records: Sequence[Record], first: int) -> dict[str, Sequence[int]]:
    """What each subscription matched, in log order.

    Most events of a batch match the same subscriptions, so that they are grouped by the whole
    set first: then a set costs as much as an event, not as an event and a subscription.
    """
    by_set: dict[tuple[str, ...], list[int]] = {}
    for position, record in enumerate(records, first):
        known = by_set.get(record.matched)
        if known is None:
            by_set[record.matched] = [position]
        else:
            known.append(position)
    by_name: dict[str, list[list[int]]] = {}
    for names, positions in by_set.items():
        for name in dict.fromkeys(names):
            by_name.setdefault(name, []).append(positions)
    return {
        name: lists[0] if len(lists) == 1 else sorted(chain.from_iterable(lists))
        for name, lists in by_name.items()
    }


def _segments(records: Sequence[Record]) -> Iterator[Sequence[Record]]:
    """Cut a group, so that reading one event never means reading megabytes."""
    start = size = 0
    for index, record in enumerate(records):
        size += len(record.envelope)
        if index > start and (size > SEGMENT_BYTES or index - start == SEGMENT_EVENTS):
            yield records[start:index]
            start, size = index, len(record.envelope)
    if start < len(records):
        yield records[start:]
