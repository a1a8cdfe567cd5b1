"""Trimming: segments of the log that are old, and that no delivery needs, are dropped."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import apsw

from keybus.bus.engine import LogState, Trimmed
from keybus.engines.sqlite.opening import WHOLE
from keybus.engines.sqlite.operation import Operation, Transaction
from keybus.engines.sqlite.packed import unpack
from keybus.engines.sqlite.queries import query

_OLD, _DROP, _PLACES = query("old_segments"), query("delete_segment"), query("places")
_MATCHES = query("matches_after")
_EXCEPTIONS, _HELD = query("exceptions_between"), query("held_between")
_BESIDE, _NOTE = query("take_dropped_beside"), query("insert_dropped")
_TAIL, _FIRST_TIMES = query("log_tail"), query("first_times")

STEP_BYTES: Final = 2 << 20
"""Bytes of the segments that are looked at in one step, but for the last: what commits wait for."""

Ranges = Sequence[tuple[int, int, int]]
"""Segments in log order: first position, last position, bytes of envelopes."""


class Trim(Operation[Trimmed]):
    """Drops segments, all in one transaction, and few enough for it to be short.

    Alone in it: whatever was committed before is seen, and whatever comes after finds them gone.
    """

    alone = True

    def __init__(self, before: int, after: int, limit: int) -> None:
        """Drop some.

        Args:
            before: Only segments of which everything is older, in microseconds since the epoch.
            after: Only segments that begin after this position.
            limit: At most so many segments are looked at.
        """
        super().__init__()
        self._bounds = (after, before, limit)
        self._trimmed = Trimmed()

    def apply(self, transaction: Transaction) -> None:
        """Look at some, and drop those that nobody needs."""
        connection = transaction.connection
        _, _, limit = self._bounds
        old = _few(connection.execute(_OLD, self._bounds))
        needed: dict[int, set[str]] = {}
        if old:
            for name, index in _needs(connection, old):
                needed.setdefault(index, set()).add(name)
        gone = [each for index, each in enumerate(old) if index not in needed]
        connection.executemany(_DROP, [(first,) for first, _, _ in gone])
        for run in _runs(gone):
            _note(connection, *run)
        self._trimmed = Trimmed(
            events=sum(last - first + 1 for first, last, _ in gone),
            size=sum(size for _, _, size in gone),
            through=old[-1][0] if old else self._bounds[0],
            more=len(old) == limit or sum(size for _, _, size in old) >= STEP_BYTES,
            needed_by=tuple(sorted(set().union(*needed.values()))),
        )

    def landed(self) -> Trimmed:
        """They are gone."""
        return self._trimmed

    def failed(self) -> None:
        """They are there, as far as is known."""


def _few(segments: Iterable[tuple[int, int, int]]) -> Ranges:
    """As many of them as a step has."""
    found, size = [], 0
    for first, last, length in segments:
        found.append((first, last, length))
        size += length
        if size >= STEP_BYTES:
            break
    return found


def _runs(segments: Ranges) -> Iterator[tuple[int, int]]:
    """First and last positions of segments that follow one another."""
    begin = end = 0
    for first, last, _ in segments:
        if begin and first == end + 1:
            end = last
            continue
        if begin:
            yield begin, end
        begin, end = first, last
    if begin:
        yield begin, end


def _note(connection: apsw.Connection, first: int, last: int) -> None:
    """Note that these positions are dropped, so that nobody takes them for lost."""
    for beside_first, beside_last in list(connection.execute(_BESIDE, (first, last))):
        first, last = min(first, beside_first), max(last, beside_last)
    connection.execute(_NOTE, (first, last))


def state_of(connection: apsw.Connection) -> LogState:
    """How much the log has, within the transaction that is open."""
    tail = connection.execute(_TAIL).fetchone()
    pages, free, size = (
        int(connection.execute(f"PRAGMA {name}").get)
        for name in ("page_count", "freelist_count", "page_size")
    )
    used = (pages - free) * size
    if tail is None:
        return LogState(0, 0, used)
    times = unpack("q", connection.execute(_FIRST_TIMES).get)
    return LogState(min(times), int(tail[1]), used)


def _needs(connection: apsw.Connection, old: Ranges) -> Iterator[tuple[str, int]]:
    """Which subscription needs which of the segments, by its index."""
    firsts = [first for first, _, _ in old]
    lasts = [last for _, last, _ in old]
    low, high = firsts[0], lasts[-1]
    places: list[tuple[str, int, int, int]] = list(connection.execute(_PLACES))
    for name, number, floor, filled in places:
        if filled != WHOLE:  # what comes after may still be wanted
            yield from ((name, index) for index in range(bisect_right(lasts, filled), len(old)))
        for (packed,) in connection.execute(_MATCHES, (number, max(floor, low - 1))):
            found = unpack("Q", packed)
            if found[0] > high:
                break
            waiting = found[bisect_right(found, floor) :]
            yield from ((name, index) for index in _holding(waiting, firsts, lasts))
        for sql in (_EXCEPTIONS, _HELD):
            found = [each for (each,) in connection.execute(sql, (number, low, high))]
            yield from ((name, index) for index in _holding(found, firsts, lasts))


def _holding(
    positions: Sequence[int], firsts: Sequence[int], lasts: Sequence[int]
) -> Iterator[int]:
    """The indexes of the segments that hold some of the positions, which grow."""
    for index, (first, last) in enumerate(zip(firsts, lasts, strict=True)):
        at = bisect_left(positions, first)
        if at < len(positions) and positions[at] <= last:
            yield index
