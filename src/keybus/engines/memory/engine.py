"""The memory engine's face: its log, its queues and its documents."""

from collections.abc import AsyncIterator, Mapping, Sequence

from keybus.bus.engine import (
    Commits,
    CursorState,
    Digests,
    Found,
    LogState,
    Record,
    Selection,
    Stored,
    Trimmed,
)
from keybus.clock import SYSTEM, Clock
from keybus.engines.limits import check_append, no_queue, spent
from keybus.engines.memory.cursor import MemoryCursor
from keybus.engines.memory.documents import MemoryDocuments
from keybus.engines.memory.letters import LetterIds, MemoryLetters
from keybus.engines.memory.queue import Queue
from keybus.errors import EngineError
from keybus.steady import SteadyTime


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
        self._clock, self._time = clock, SteadyTime(clock)
        self._log: list[Stored] = []
        self._digests: list[tuple[Stored, bytes]] = []
        self._queues: dict[str, Queue] = {}
        self._cursors: dict[str, MemoryCursor] = {}
        self._documents = MemoryDocuments()
        self._letter_ids = LetterIds()
        self._commits = Commits()
        self._closed = False

    @property
    def documents(self) -> MemoryDocuments:
        """The versioned documents."""
        return self._documents

    @property
    def commits(self) -> Commits:
        """Nothing takes time here."""
        return self._commits

    async def append(self, records: Sequence[Record]) -> Sequence[int]:
        """Append in order, all or nothing.

        Returns:
            A position for each record, growing along the log.

        Raises:
            EngineError: A record matches a subscription that has no queue, there are more than
                an append may have, or the engine is closed.
        """
        self._check_open()
        check_append(records)
        unknown = {name for record in records for name in record.matched} - self._queues.keys()
        if unknown:
            raise no_queue(unknown)
        first = len(self._log) + 1
        for position, record in enumerate(records, first):
            event = Stored(position, record.ingested_at, record.envelope)
            self._log.append(event)
            if record.digest:
                self._digests.append((event, record.digest))
            for name in dict.fromkeys(record.matched):
                self._queues[name].feed(position)
                if cursor := self._cursors.get(name):
                    cursor.feed()
        return range(first, first + len(records))

    async def open(
        self,
        subscription: str,
        selection: Selection,  # noqa: ARG002 - what matched is frozen with the event
        since: int | None = None,
    ) -> MemoryCursor:
        """The cursor of the subscription's queue, made where there is none yet.

        The same object for as long as it is open. The selection is not asked.
        """
        self._check_open()
        if subscription not in self._queues:
            filled = None if since is None else 0
            self._queues[subscription] = Queue(
                self._log, MemoryLetters(self._letter_ids), filled=filled
            )
        if subscription not in self._cursors:
            self._cursors[subscription] = MemoryCursor(
                subscription, self._queues[subscription], self._clock, self._time
            )
        return self._cursors[subscription]

    async def close_queue(self, subscription: str) -> None:
        """Stop using a queue, without losing anything of it; its leases end untried."""
        self._check_open()
        if cursor := self._cursors.pop(subscription, None):
            self._queues[subscription].release_all()
            cursor.spend(spent(subscription, "closed"))

    async def queues(self) -> Sequence[str]:
        """The names of all queues there are, open or not, sorted."""
        self._check_open()
        return sorted(self._queues)

    async def queue_state(self, subscription: str) -> CursorState:
        """How a queue stands, whether it is open or not.

        Raises:
            EngineError: There is no queue of that name.
        """
        self._check_open()
        if subscription not in self._queues:
            raise no_queue([subscription])
        return self._queues[subscription].state(self._time.now())

    async def remove(self, subscription: str) -> None:
        """Remove a queue, with all that waits, is held or is a dead letter in it."""
        self._check_open()
        self._queues.pop(subscription, None)
        if cursor := self._cursors.pop(subscription, None):
            cursor.spend(spent(subscription, "removed"))

    async def read(
        self, since: int = 0, until: int | None = None, *, after: int = 0
    ) -> AsyncIterator[Stored]:
        """The log's events with ``since <= ingested_at < until``, in log order.

        Args:
            since: Microseconds since the Unix epoch.
            until: The same; None for all that stands when the read begins.
            after: Only what stands after this position.
        """
        for event in self._log[after:]:
            if (
                event.envelope
                and since <= event.ingested_at
                and (until is None or event.ingested_at < until)
            ):
                yield event

    async def stored(self, positions: Sequence[int]) -> Mapping[int, Stored]:
        """The events at some positions, by these; those that the log does not have are left out."""
        self._check_open()
        there = [each for each in positions if 0 < each <= len(self._log)]
        return {each: self._log[each - 1] for each in there if self._log[each - 1].envelope}

    async def digests(self, since: int, limit: int) -> AsyncIterator[Digests]:
        """The digests of what was appended lately, in log order; each event is a run."""
        self._check_open()
        after = len(self._log) - limit
        for event, digest in self._digests[:]:
            if event.position > after and event.ingested_at >= since:
                yield Digests(event.ingested_at, [event.position], [digest])

    async def log_state(self) -> LogState:
        """How much the log has; its size is that of the envelopes."""
        self._check_open()
        there = [event for event in self._log if event.envelope]
        return LogState(
            min((event.ingested_at for event in there), default=0),
            max((event.ingested_at for event in self._log), default=0),
            sum(len(event.envelope) for event in there),
        )

    async def trim(self, before: int, *, after: int = 0, limit: int) -> Trimmed:
        """One step of dropping events that are old, and that no delivery needs; each is a range.

        What is dropped leaves its position and its time behind.
        """
        self._check_open()
        needs = {name: queue.needs() for name, queue in self._queues.items()}
        events, size, through, looked, needed_by = 0, 0, after, 0, set[str]()
        for event in self._log[after:-1]:
            if event.ingested_at >= before or looked == limit:
                break
            through = event.position
            if not event.envelope:
                continue
            looked += 1
            if by := {name for name, needed in needs.items() if event.position in needed}:
                needed_by |= by
                continue
            events, size = events + 1, size + len(event.envelope)
            self._log[event.position - 1] = Stored(event.position, event.ingested_at, b"")
        self._digests = [each for each in self._digests if self._log[each[0].position - 1].envelope]
        return Trimmed(events, size, through, looked == limit, tuple(sorted(needed_by)))

    async def find(self, text: bytes, before: int | None, most: int) -> Found:
        """One step of a search for events by what stands in them, backwards."""
        self._check_open()
        events: list[Stored] = []
        size, back_to = 0, 0
        for event in reversed(self._log):
            if before is not None and event.position >= before:
                continue
            if size >= most:
                return Found(events, event.position + 1, back_to)
            size += len(event.envelope)
            back_to = min(back_to or event.ingested_at, event.ingested_at)
            if text in event.envelope:
                events.append(event)
        return Found(events, 0, back_to)

    async def close(self) -> None:
        """Let a fetch that waits know that nothing comes any more."""
        self._closed = True
        for cursor in self._cursors.values():
            cursor.spend(EngineError("the engine is closed"))

    def _check_open(self) -> None:
        if self._closed:
            raise EngineError("the engine is closed")
