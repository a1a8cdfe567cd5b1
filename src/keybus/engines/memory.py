"""The engine that keeps nothing: for tests, ours and users' own, and for a bus to play with."""

import asyncio
import heapq
from collections import deque
from collections.abc import AsyncIterator, Sequence

from keybus.bus.engine import (
    CursorState,
    DeadLetter,
    Delivery,
    Document,
    Record,
    Selection,
    Stored,
)
from keybus.clock import SYSTEM, Clock
from keybus.engines.limits import check_append, check_delay, check_reason
from keybus.engines.steady import SteadyTime
from keybus.errors import Conflict, EngineError


class MemoryCursor:
    """A subscription's place in a log that is gone with the process.

    Belongs to one event loop; nothing in it waits but ``fetch``.
    """

    def __init__(self, name: str, log: Sequence[Stored], clock: Clock) -> None:
        self._name, self._log = name, log
        self._clock, self._time = clock, SteadyTime(clock)
        self._line: deque[int] = deque()
        # Handed back or due, as (position, attempt); always earlier in the log than the line.
        self._ready: list[tuple[int, int]] = []
        # As (due, position, attempt).
        self._delayed: list[tuple[int, int, int]] = []
        self._leased: dict[int, int] = {}
        self._dead: list[DeadLetter] = []
        self._wake = asyncio.Event()
        self._fetching = self._closed = False

    @property
    def name(self) -> str:
        """The subscription's name."""
        return self._name

    async def fetch(self, limit: int) -> Sequence[Delivery]:
        """Lease up to ``limit`` deliveries, in log order but for those whose retry is due.

        Waits until there is at least one. Cancelling it leases nothing.

        Raises:
            EngineError: The engine was closed, or another fetch is waiting.
        """
        if self._fetching:
            raise EngineError(f"subscription {self._name!r} is being fetched from already")
        self._fetching = True
        try:
            while True:
                self._check_open()
                if deliveries := self._lease(limit):
                    return deliveries
                await self._wait()
        finally:
            self._fetching = False

    async def ack(self, positions: Sequence[int]) -> None:
        """Settle deliveries as handled."""
        self._check_open()
        for position in positions:
            self._leased.pop(position, None)

    async def retry(self, position: int, *, delay: float, reason: str) -> None:
        """Count a failed attempt, and deliver again after ``delay`` seconds."""
        self._check_open()
        check_delay(delay)
        check_reason(reason)
        attempt = self._leased.pop(position, None)
        if attempt is not None:
            due = self._time.now() + round(delay * 1_000_000)
            heapq.heappush(self._delayed, (due, position, attempt + 1))
            self._wake.set()

    async def bury(self, position: int, *, reason: str) -> None:
        """Count a failed attempt and move the delivery to the dead letters."""
        self._check_open()
        check_reason(reason)
        attempt = self._leased.pop(position, None)
        if attempt is not None:
            event, now = self._log[position - 1], self._clock.time_us()
            self._dead.append(
                DeadLetter(position, event.ingested_at, event.envelope, attempt, reason, now)
            )

    async def release(self, positions: Sequence[int]) -> None:
        """Hand leases back untried, to be delivered again at once."""
        for position in positions:
            attempt = self._leased.pop(position, None)
            if attempt is not None:
                heapq.heappush(self._ready, (position, attempt))
        self._wake.set()

    async def state(self) -> CursorState:
        """How the subscription stands now."""
        now = self._time.now()
        return CursorState(
            waiting=len(self._line) + len(self._ready) + len(self._delayed),
            in_flight=len(self._leased),
            delayed=sum(due > now for due, _, _ in self._delayed),
            dead=len(self._dead),
        )

    async def dead_letters(self) -> AsyncIterator[DeadLetter]:
        """All dead letters, oldest first."""
        for letter in self._dead:
            yield letter

    def feed(self, position: int) -> None:
        """An event was appended that matches; for the engine."""
        self._line.append(position)
        self._wake.set()

    def close(self) -> None:
        """No more deliveries: a fetch that waits is told so. For the engine."""
        self._closed = True
        self._wake.set()

    def _lease(self, limit: int) -> list[Delivery]:
        now = self._time.now()
        while self._delayed and self._delayed[0][0] <= now and len(self._ready) < limit:
            _, position, attempt = heapq.heappop(self._delayed)
            heapq.heappush(self._ready, (position, attempt))
        taken: list[Delivery] = []
        while len(taken) < limit and (self._ready or self._line):
            position, attempt = (
                heapq.heappop(self._ready) if self._ready else (self._line.popleft(), 1)
            )
            event = self._log[position - 1]
            taken.append(Delivery(position, event.ingested_at, event.envelope, attempt))
        self._leased.update((delivery.position, delivery.attempt) for delivery in taken)
        return taken

    async def _wait(self) -> None:
        """Until something was appended or handed back, or the next delay is over."""
        self._wake.clear()
        if not self._delayed:
            await self._wake.wait()
            return
        left = max(self._delayed[0][0] - self._time.now(), 0) / 1_000_000
        timer = asyncio.ensure_future(self._clock.sleep(left))
        timer.add_done_callback(self._over)
        try:
            await self._wake.wait()
        finally:
            timer.cancel()

    def _over(self, timer: "asyncio.Future[None]") -> None:
        """A timer that was cancelled wakes nobody: it would wake the next wait, and that the next."""
        if not timer.cancelled():
            self._wake.set()

    def _check_open(self) -> None:
        if self._closed:
            raise EngineError("the engine is closed")


class MemoryDocuments:
    """Versioned documents in a dictionary. Belongs to one event loop."""

    def __init__(self) -> None:
        self._held: dict[tuple[str, str], Document] = {}
        # One counter for all, so that a deleted key's versions never come again.
        self._version = 0

    async def get(self, collection: str, key: str) -> Document | None:
        """The document, or None."""
        return self._held.get((collection, key))

    async def put(
        self, collection: str, key: str, value: bytes, *, expected: int | None = None
    ) -> int:
        """Write and return the new version.

        Args:
            collection: Name of the collection.
            key: The document's key.
            value: Its bytes.
            expected: The version that must stand now (0: none); None writes whatever stands.

        Raises:
            Conflict: Another version stands.
        """
        self._compare(collection, key, expected)
        self._version += 1
        self._held[collection, key] = Document(key, self._version, value)
        return self._version

    async def delete(self, collection: str, key: str, *, expected: int | None = None) -> None:
        """Remove; a document that is not there is no error unless ``expected`` says so.

        Raises:
            Conflict: Another version stands.
        """
        self._compare(collection, key, expected)
        self._held.pop((collection, key), None)

    async def list(self, collection: str) -> AsyncIterator[Document]:
        """All documents of the collection, by key."""
        for held, key in sorted(self._held):
            if held == collection and (held, key) in self._held:
                yield self._held[held, key]

    def _compare(self, collection: str, key: str, expected: int | None) -> None:
        held = self._held.get((collection, key))
        found = held.version if held else 0
        if expected is not None and expected != found:
            raise Conflict(collection, key, expected=expected, found=found)


class MemoryEngine:
    """Keeps events in lists and everything else in dictionaries, until it is dropped.

    The same meaning as every engine, and the same tests; "durable" is as long as the object
    lives. Belongs to one event loop.
    """

    def __init__(self, clock: Clock = SYSTEM) -> None:
        """An empty engine.

        Args:
            clock: Where time comes from: with a manual clock, retries are due when a test says.
        """
        self._clock = clock
        self._log: list[Stored] = []
        self._cursors: dict[str, MemoryCursor] = {}
        self._documents = MemoryDocuments()
        self._closed = False

    @property
    def documents(self) -> MemoryDocuments:
        """The versioned documents."""
        return self._documents

    async def append(self, records: Sequence[Record]) -> Sequence[int]:
        """Append in order, all or nothing.

        Returns:
            A position for each record, growing along the log.

        Raises:
            EngineError: A record matches a subscription that was never opened, there are more
                than an append may have, or the engine is closed.
        """
        if self._closed:
            raise EngineError("the engine is closed")
        check_append(records)
        unknown = {name for record in records for name in record.matched} - self._cursors.keys()
        if unknown:
            raise EngineError(
                f"no such subscription: {', '.join(sorted(unknown))}", hint="open it first"
            )
        first = len(self._log) + 1
        for position, record in enumerate(records, first):
            self._log.append(Stored(position, record.ingested_at, record.envelope))
            for name in dict.fromkeys(record.matched):
                self._cursors[name].feed(position)
        return range(first, first + len(records))

    async def open(self, subscription: str, selection: Selection) -> MemoryCursor:  # noqa: ARG002 - what matched is frozen with the event
        """The subscription's cursor, made at the log's end where it does not exist yet.

        The selection is not asked.
        """
        if self._closed:
            raise EngineError("the engine is closed")
        if subscription not in self._cursors:
            self._cursors[subscription] = MemoryCursor(subscription, self._log, self._clock)
        return self._cursors[subscription]

    async def read(self, since: int = 0, until: int | None = None) -> AsyncIterator[Stored]:
        """The log's events with ``since <= ingested_at < until``, in log order.

        Args:
            since: Microseconds since the Unix epoch.
            until: The same; None for all that stands when the read begins.
        """
        for event in self._log[:]:
            if since <= event.ingested_at and (until is None or event.ingested_at < until):
                yield event

    async def close(self) -> None:
        """Let a fetch that waits know that nothing comes any more."""
        self._closed = True
        for cursor in self._cursors.values():
            cursor.close()
