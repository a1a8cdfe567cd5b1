"""The memory engine's face: its log, its queues and its documents."""

from collections.abc import AsyncIterator, Sequence

from keybus.bus.engine import CursorState, Record, Selection, Stored
from keybus.clock import SYSTEM, Clock
from keybus.engines.limits import check_append, no_queue, spent
from keybus.engines.memory.cursor import MemoryCursor
from keybus.engines.memory.documents import MemoryDocuments
from keybus.engines.memory.letters import LetterIds, MemoryLetters
from keybus.engines.memory.queue import Queue
from keybus.engines.steady import SteadyTime
from keybus.errors import EngineError


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
        self._queues: dict[str, Queue] = {}
        self._cursors: dict[str, MemoryCursor] = {}
        self._documents = MemoryDocuments()
        self._letter_ids = LetterIds()
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
            self._log.append(Stored(position, record.ingested_at, record.envelope))
            for name in dict.fromkeys(record.matched):
                self._queues[name].feed(position)
                if cursor := self._cursors.get(name):
                    cursor.feed()
        return range(first, first + len(records))

    async def open(self, subscription: str, selection: Selection) -> MemoryCursor:  # noqa: ARG002 - what matched is frozen with the event
        """The cursor of the subscription's queue, made at the log's end where there is none yet.

        The same object for as long as it is open. The selection is not asked.
        """
        self._check_open()
        if subscription not in self._queues:
            self._queues[subscription] = Queue(self._log, MemoryLetters(self._letter_ids))
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
            cursor.spend(EngineError("the engine is closed"))

    def _check_open(self) -> None:
        if self._closed:
            raise EngineError("the engine is closed")
