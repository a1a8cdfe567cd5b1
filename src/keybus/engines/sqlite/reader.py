"""Reads the store on a thread of its own: short queries, no snapshot held between them."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import apsw

from keybus.bus.engine import Delivery
from keybus.engines.sqlite.lane import Lane
from keybus.engines.sqlite.log import Segment, segment_at, segment_from
from keybus.engines.sqlite.packed import unpack
from keybus.engines.sqlite.queries import query
from keybus.errors import EngineError, StorageFailed

_SEGMENTS_KEPT = 8
_PAGE_BYTES = 1024 * 1024
_MATCHES = query("matches_after")

T = TypeVar("T")
Row = tuple[Any, ...]
"""One row: what its columns hold is the query's business, and STRICT tables keep to it."""


class Reader:
    """One connection on one thread.

    The coroutines belong to the event loop, in any number at once; they are served in order. A
    read that begins after a commit was answered sees that commit.
    """

    def __init__(self, lane: Lane) -> None:
        self._lane = lane
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="keybus-read")
        self._closed = False
        # A consumer that is behind asks for the same segment many times over.
        self._segments: dict[int, Segment] = {}

    async def rows(self, sql: str, bindings: tuple[int | str, ...]) -> list[Row]:
        """All rows of a query."""
        return await self._call(lambda connection: list(connection.execute(sql, bindings)))

    async def events(self, positions: Sequence[int]) -> Mapping[int, Delivery]:
        """The events at these positions, as first deliveries."""
        return await self._call(lambda connection: self._events(connection, positions))

    async def matches(
        self, subscription: int, after: int, until: int, limit: int
    ) -> tuple[list[int], bool]:
        """What a subscription matched, in log order.

        Args:
            subscription: Its id.
            after: Only positions after this one,
            until: and none after this one.
            limit: Stop after about so many.

        Returns:
            The positions, and whether they are all.
        """
        return await self._call(lambda c: _matches(c, subscription, after, until, limit))

    async def segments(self, first: int, last: int) -> Sequence[Segment]:
        """Segments of the log from a position on, about a megabyte, and none after the last."""
        return await self._call(lambda connection: _read_on(connection, first, last))

    async def snapshot(self, work: Callable[[apsw.Connection], T]) -> T:
        """What some work finds that reads more than once; nothing changes in between."""

        def reading(connection: apsw.Connection) -> T:
            with connection:
                found = work(connection)
            return found  # noqa: RET504 - to mypy, a with might swallow what is raised in it

        return await self._call(reading)

    def stop(self) -> None:
        """Refuse what is not begun; belongs to the event loop."""
        self._closed = True

    def close(self) -> None:
        """Finish what was begun; any thread, and it waits."""
        self._thread.shutdown()

    async def _call(self, work: Callable[[apsw.Connection], T]) -> T:
        if self._closed:
            raise EngineError("the engine is closed")
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, _reading, self._lane, work)

    def _segment(self, connection: apsw.Connection, position: int) -> Segment:
        for segment in self._segments.values():
            if segment.first <= position <= segment.last:
                return segment
        segment = segment_at(connection, position)
        self._segments[segment.first] = segment
        if len(self._segments) > _SEGMENTS_KEPT:
            del self._segments[next(iter(self._segments))]
        return segment

    def _events(self, connection: apsw.Connection, positions: Sequence[int]) -> dict[int, Delivery]:
        found: dict[int, Delivery] = {}
        segment: Segment | None = None
        for position in sorted(positions):
            if segment is None or position > segment.last:
                segment = self._segment(connection, position)
            found[position] = segment.at(position)
        return found


def _read_on(connection: apsw.Connection, first: int, last: int) -> list[Segment]:
    found: list[Segment] = []
    size = 0
    while first <= last and size < _PAGE_BYTES:
        segment = segment_from(connection, first)
        if segment.first > last:
            break
        found.append(segment)
        size += segment.size
        first = segment.last + 1
    return found


def _matches(
    connection: apsw.Connection, subscription: int, after: int, until: int, limit: int
) -> tuple[list[int], bool]:
    found: list[int] = []
    for (packed,) in connection.execute(_MATCHES, (subscription, after)):
        if len(found) >= limit:
            return found, False
        found += [each for each in unpack("Q", packed) if after < each <= until]
    return found, True


def _reading(lane: Lane, work: Callable[[apsw.Connection], T]) -> T:
    """On the thread: not every exception can be handed to a future, and none may be lost."""
    try:
        with lane as connection:
            return work(connection)
    except StorageFailed:
        raise
    except Exception as error:
        raise StorageFailed(
            f"the store could not be read: {str(error) or type(error).__name__}"
        ) from error
