"""What keeps events, subscriptions' places and documents, as the bus sees it."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Protocol

from keybus.bus.engine.cursor import Cursor
from keybus.bus.engine.delivery import CursorState
from keybus.bus.engine.documents import Documents
from keybus.bus.engine.log import Commits, Digests, Found, LogState, Record, Stored, Trimmed


class Selection(Protocol):
    """What a subscription asks for, to an engine that works the match set out itself.

    A pure function of the event; asked on the bus's event loop.
    """

    @property
    def event_types(self) -> frozenset[str]:
        """The event types that it may accept; empty: any."""
        ...

    def accepts(self, envelope: bytes) -> bool:
        """Whether an event matches, by the whole of its envelope."""
        ...


class Engine(Protocol):
    """What keeps events, subscriptions' places and documents."""

    @property
    def documents(self) -> Documents:
        """The versioned documents."""
        ...

    @property
    def commits(self) -> Commits:
        """How long it takes to make things durable, since the engine was opened."""
        ...

    async def append(self, records: Sequence[Record]) -> Sequence[int]:
        """Append in order, all or nothing; durable on return.

        Args:
            records: At most ``MAX_RECORDS``.

        Returns:
            A position for each record, growing along the log.

        Raises:
            StorageFailed: It is unknown whether it was kept: all of it, or nothing. Whoever
                appends it again may append it twice.
            EngineError: There are too many, or one matches a name that has no queue: it was
                never opened, or removed; nothing was kept. An append that began before its
                removal was answered may be kept without that match.
        """
        ...

    async def open(
        self, subscription: str, selection: Selection, since: int | None = None
    ) -> Cursor:
        """The cursor of the subscription's queue, made at the log's end where there is none yet.

        A name that a later append matches must have been opened before. Opened again while it is
        open, it is the same cursor, with its leases. Opened again after ``close_queue``, it goes
        on exactly where the queue stood: what was leased comes again untried, and nothing comes
        twice. After ``remove`` it is a new queue, at the log's end.

        Args:
            subscription: Its name.
            selection: What it asks for; another one than the last time, if it likes. An engine
                that freezes the match set with the event does not use it: what was matched
                stays. One that works it out again filters by it, also what it had not delivered
                yet, and has to agree with ``Record.matched``.
            since: Where it is made, it begins with what was ingested then or later, in microseconds
                since the Unix epoch. An engine that freezes the match set with the event is told of
                the past by ``Cursor.fill``.
        """
        ...

    async def close_queue(self, subscription: str) -> None:
        """Stop using a queue, without losing anything of it.

        Its cursor is spent, and its leases end untried; what was begun to be settled is settled.
        The queue stays, and whatever is appended and matches it waits there. Does nothing where
        it is not open.
        """
        ...

    async def queues(self) -> Sequence[str]:
        """The names of all queues there are, open or not, sorted: also those nobody uses now."""
        ...

    async def queue_state(self, subscription: str) -> CursorState:
        """How a queue stands, whether it is open or not.

        Of one that is not open, nothing is in flight.

        Raises:
            EngineError: There is no queue of that name.
        """
        ...

    async def remove(self, subscription: str) -> None:
        """Remove a queue, durably, with all that waits, is held or is a dead letter in it.

        Its cursor is spent. Does nothing where there is none of that name.

        Raises:
            StorageFailed: It is unknown whether it was removed; where it was not, its cursor is
                as before.
        """
        ...

    def read(
        self, since: int = 0, until: int | None = None, *, after: int = 0
    ) -> AsyncIterator[Stored]:
        """The log's events with ``since <= ingested_at < until``, in log order.

        Args:
            since: Microseconds since the Unix epoch.
            until: The same; None for all that stands when the read begins.
            after: Only what stands after this position.
        """
        ...

    async def stored(self, positions: Sequence[int]) -> Mapping[int, Stored]:
        """The events at some positions, by these; those that the log does not have are left out.

        What was dropped may be answered for a while, from memory.

        Raises:
            StorageFailed: The log could not be read.
        """
        ...

    def digests(self, since: int, limit: int) -> AsyncIterator[Digests]:
        """The digests of what was appended lately, in log order.

        Every event with ``since <= ingested_at`` that is among the log's newest ``limit`` and has a
        digest is in it, and with it those of its run. What was begun to be appended before is
        there as well, if it is kept, also where nobody waited for the answer.

        Args:
            since: Microseconds since the Unix epoch.
            limit: Only so many of the log's last events are looked at.

        Raises:
            StorageFailed: The log could not be read.
        """
        ...

    async def log_state(self) -> LogState:
        """How much the log has.

        Raises:
            StorageFailed: The store could not be read.
        """
        ...

    async def trim(self, before: int, *, after: int = 0, limit: int) -> Trimmed:
        """One step of dropping old events, durably; their room is used again.

        Dropped are whole ranges of the log, of which everything was ingested before a time and no
        queue has anything that is not settled: nothing waits, is out, delayed or held, and none is
        still to be filled from there. Dead letters, and what was redriven, have bytes of their own.
        The log's end stays, whatever its age.

        Args:
            before: Microseconds since the Unix epoch.
            after: Only what lies after this position.
            limit: Ranges to look at; so few that no append waits long for it.

        Raises:
            StorageFailed: It is unknown whether anything was dropped.
        """
        ...

    async def find(self, text: bytes, before: int | None, most: int) -> Found:
        """One step of a search for events by what stands in them, from the log's end backwards.

        A step is short, however long the log is; whoever searches goes on with ``before``.

        Args:
            text: Bytes of the envelope.
            before: Only what lies before this position; None: everything.
            most: Bytes of envelopes to look through, at about which the step ends.

        Raises:
            StorageFailed: The log could not be read.
        """
        ...

    async def close(self) -> None:
        """Finish what was begun and let go of the store.

        May be called more than once, also at once, and cancelled: that only stops waiting.
        """
        ...
