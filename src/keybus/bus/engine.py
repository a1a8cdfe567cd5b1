"""The engine's protocol: all that the bus asks of whatever keeps events.

Every engine passes `tests/contract`. A method that JetStream could not serve does not belong
here; `docs/architecture.md` says, method by method, how SQLite does it and how JetStream will.
"""

from collections.abc import AsyncIterator, Sequence
from typing import Protocol

import msgspec

from keybus.bus.dead_letters.letters import REJECTED, DeadLetter, Letters

MAX_RECORDS = 1_000
"""Records of one append: as many as JetStream takes in one atomic batch."""
MAX_GROUP = 64
"""Characters of a group's name."""
ORDER = "order"
"""The reason of a delivery that is held because an earlier one of its group is not settled."""


class Record(msgspec.Struct, frozen=True):
    """An event on its way into the log.

    Attributes:
        envelope: The finished envelope as JSON, serialised once.
        event_id: The envelope's ``id``.
        source: The envelope's ``source`` (JetStream: part of the subject).
        event_type: The envelope's ``detail-type`` (JetStream: part of the subject).
        ingested_at: When the bus took it, in microseconds since the Unix epoch; what ``read``
            goes by.
        matched: Names of the subscriptions that it matched, by the rules of this moment. An
            engine may freeze the set (SQLite) or work it out again by their selections
            (JetStream).
    """

    envelope: bytes
    event_id: str
    source: str
    event_type: str
    ingested_at: int
    matched: tuple[str, ...]


class Stored(msgspec.Struct, frozen=True):
    """An event in the log."""

    position: int
    ingested_at: int
    envelope: bytes


class Delivery(msgspec.Struct, frozen=True):
    """An event on its way to one subscription.

    Attributes:
        position: Its place in the log; the delivery's name until it is settled.
        ingested_at: When the bus took it, in microseconds since the Unix epoch.
        envelope: The envelope's bytes, as appended.
        attempt: 1 the first time; one more for each attempt that durably failed before. Where
            a broker counts deliveries (JetStream), untried releases and restarts count too: it
            is then at least that.
        group: The group under which it was tried again or held; empty where it was neither.
        alone: It was out, or may have been, when whoever had it was lost, and others with it. It
            is to be delivered by itself, so that a second loss tells which of them it was.
        redriven_at: When it last left the dead letters, in microseconds since the Unix epoch; 0
            where it never was one.
    """

    position: int
    ingested_at: int
    envelope: bytes
    attempt: int
    group: str = ""
    alone: bool = False
    redriven_at: int = 0


class Held(msgspec.Struct, frozen=True):
    """A delivery that was put aside, until somebody says that it may go on.

    Attributes:
        position: Its place in the log.
        ingested_at: When the bus took it, in microseconds since the Unix epoch.
        envelope: The envelope's bytes, as appended.
        attempts: Attempts that failed before it was held; holding it counted none.
        reason: Why it is held.
        held_at: Since when, in microseconds since the Unix epoch.
    """

    position: int
    ingested_at: int
    envelope: bytes
    attempts: int
    reason: str
    held_at: int


class CursorState(msgspec.Struct, frozen=True):
    """How a subscription stands.

    Attributes:
        waiting: Deliveries that nobody has fetched, delayed and ordered ones included, held ones
            not.
        in_flight: Deliveries fetched and not settled.
        delayed: Deliveries that wait for the time of their next attempt.
        dead: Dead letters.
        held: Deliveries that are held, for any reason but `ORDER`.
        ordered: Deliveries that are held for that reason: behind an earlier one of their group.
    """

    waiting: int
    in_flight: int
    delayed: int
    dead: int
    held: int
    ordered: int


class Group(msgspec.Struct, frozen=True):
    """Deliveries of one subscription that are in order among themselves, and not all settled.

    Attributes:
        name: Its name.
        returning: How many of it were tried again, or were held and came back, and are not
            settled: each of them is fetched once more.
        returning_to: The last position among them; 0 where there is none.
        held_from: The first position that is held; 0 where none is.
    """

    name: str
    returning: int
    returning_to: int
    held_from: int


class Document(msgspec.Struct, frozen=True):
    """A versioned value: topology, releases, credentials, audit."""

    key: str
    version: int
    value: bytes


class Selection(Protocol):
    """What a subscription asks for, to an engine that works the match set out itself.

    A pure function of the event; safe for any thread.
    """

    @property
    def event_types(self) -> frozenset[str]:
        """The event types that it may accept; empty: any."""
        ...

    def accepts(self, envelope: bytes) -> bool:
        """Whether an event matches, by the whole of its envelope."""
        ...


class Cursor(Protocol):
    """A subscription's durable place in the log.

    A delivery that was fetched is leased to the caller, in memory, until it is settled by
    exactly one of ``ack``, ``retry``, ``bury``, ``hold`` or ``release``; settling one that is
    not leased does nothing. After a restart every delivery that was not durably settled comes
    again.

    Where settling raises ``StorageFailed``, the delivery is leased as before, and it is unknown
    whether the settlement was kept. It may be settled again: at worst an attempt counts, or a
    dead letter stands, twice.

    A cursor is spent when its queue was closed or removed, or the engine closed: a fetch that
    waits ends, and everything but ``release``, which then does nothing, raises ``EngineError``.
    Safe for use from one event loop.
    """

    @property
    def name(self) -> str:
        """The subscription's name."""
        ...

    async def fetch(self, limit: int) -> Sequence[Delivery]:
        """Lease up to ``limit`` deliveries, in log order but for those whose retry is due.

        Waits until there is at least one. Cancelling it leases nothing. One fetch at a time.
        """
        ...

    async def ack(self, positions: Sequence[int]) -> None:
        """Settle deliveries as handled; durable on return."""
        ...

    async def retry(
        self, position: int, *, delay: float, reason: str, group: str = "", alone: bool = False
    ) -> None:
        """Count a failed attempt, durably, and deliver again after ``delay`` seconds.

        The delay is measured on the monotonic clock; over a restart on the wall clock, but it
        is never longer from there than it was at first.

        Args:
            position: Of the delivery.
            delay: Seconds.
            reason: Why it failed.
            group: The group whose order it belongs to.
            alone: It shall be delivered by itself; what is fetched says so.

        Raises:
            EngineError: The delay is not finite, negative or longer than a year, the reason is
                no Unicode text, or the group's name none of at most `MAX_GROUP` characters.
        """
        ...

    async def begin(self, position: int, *, reason: str) -> None:
        """Count, durably, the attempt that is about to be made; the delivery stays leased.

        Where the process dies with it, the attempt has failed. Settling it in any way counts
        nothing twice. What was not leased is passed over.

        Args:
            position: Of the delivery.
            reason: Why it will have failed, if nobody says more.

        Raises:
            EngineError: The reason is no Unicode text.
        """
        ...

    async def bury(
        self, position: int, *, reason: str, cause: str = REJECTED, tried: bool = True
    ) -> None:
        """Move the delivery to the dead letters, durably.

        Args:
            position: The delivery's.
            reason: Why, in words.
            cause: Why, as a stable code: words in lower case, joined by hyphens or dots.
            tried: Count a failed attempt.

        Raises:
            EngineError: The reason is no Unicode text, or the cause is no code.
        """
        ...

    async def expire(self, before: int, *, reason: str, limit: int) -> int:
        """Bury what is too old, with the cause ``expired``; how many deliveries that were.

        That is what was ingested before a time, and was not redriven since, whether it was ever
        fetched or not; but nothing that is leased, held, or delayed. No attempt is counted, and
        nothing is looked at that is not to be buried. An engine may leave what stands in the log
        right before something younger to a later call.

        What `groups` has counted may be among it: not to be called by whoever waits for that.

        Args:
            before: Microseconds since the Unix epoch.
            reason: Why, in words.
            limit: At most so many; where as many were buried, there may be more.
        """
        ...

    async def hold(self, positions: Sequence[int], *, reason: str, group: str = "") -> None:
        """Put deliveries aside, durably, and count no attempt.

        They are not delivered until ``unhold``. They hold up nothing, and cost no memory,
        however many there are and for however long.

        Args:
            positions: Of the deliveries.
            reason: Why; `ORDER` where they wait behind an earlier one of their group.
            group: The group whose order they belong to.

        Raises:
            EngineError: The reason is no Unicode text, or the group's name none of at most
                `MAX_GROUP` characters.
        """
        ...

    async def unhold(self, group: str | None = None, limit: int | None = None) -> int:
        """Make what is held deliverable again, durably; how many there were.

        They are due at once, in log order among themselves, with the attempt and the group that
        each was held with. What is held while this runs may be among them, or stay held.

        Without a limit it works in parts. Where it raises, or is cancelled, some may be
        deliverable and the others are held as before; calling it again goes on with those.

        Args:
            group: Only of this group; empty: only what has none; None: everything.
            limit: Only so many, the first in the log; with a group only.

        Returns:
            How many are deliverable now that were not. With a limit: 0 where none is held, and
            else at least one.
        """
        ...

    async def groups(self) -> Sequence[Group]:
        """The groups that have deliveries which were tried again or are held.

        Asked before the first fetch: it tells which groups are blocked from an earlier run.
        """
        ...

    async def reached(self) -> int:
        """A position up to which there is nothing more to be fetched that could be fetched now.

        After a restart, what was out comes for the first time once more; whoever keeps order has
        to know when the last of it has come, before it goes on with what is later in the log.
        """
        ...

    def held(self) -> AsyncIterator[Held]:
        """All held deliveries, in log order."""
        ...

    async def release(self, positions: Sequence[int]) -> None:
        """Hand leases back untried, to be delivered again at once."""
        ...

    async def state(self) -> CursorState:
        """How the subscription stands now."""
        ...

    def dead_letters(self) -> AsyncIterator[DeadLetter]:
        """All dead letters, oldest first."""
        ...

    @property
    def letters(self) -> Letters:
        """The dead letters, to be chosen from, redriven and purged."""
        ...


class Documents(Protocol):
    """Versioned key-value with compare-and-set."""

    async def get(self, collection: str, key: str) -> Document | None:
        """The document, or None."""
        ...

    async def put(
        self, collection: str, key: str, value: bytes, *, expected: int | None = None
    ) -> int:
        """Write durably and return the new version (always greater than any the key had).

        Args:
            collection: Name of the collection.
            key: The document's key.
            value: Its bytes.
            expected: The version that must stand now (0: none); None writes whatever stands.

        Raises:
            Conflict: Another version stands.
        """
        ...

    async def create(self, collection: str, documents: Sequence[tuple[str, bytes]]) -> None:
        """Write new documents durably, all of them or none.

        Args:
            collection: Name of the collection.
            documents: Their keys and bytes; each key once.

        Raises:
            Conflict: One of them stands already.
        """
        ...

    async def delete(self, collection: str, key: str, *, expected: int | None = None) -> None:
        """Remove durably; a document that is not there is no error unless ``expected`` says so.

        Raises:
            Conflict: Another version stands.
        """
        ...

    def list(self, collection: str) -> AsyncIterator[Document]:
        """All documents of the collection, by key."""
        ...


class Engine(Protocol):
    """What keeps events, subscriptions' places and documents."""

    @property
    def documents(self) -> Documents:
        """The versioned documents."""
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

    async def open(self, subscription: str, selection: Selection) -> Cursor:
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

    def read(self, since: int = 0, until: int | None = None) -> AsyncIterator[Stored]:
        """The log's events with ``since <= ingested_at < until``, in log order.

        Args:
            since: Microseconds since the Unix epoch.
            until: The same; None for all that stands when the read begins.
        """
        ...

    async def close(self) -> None:
        """Finish what was begun and let go of the store.

        May be called more than once, also at once, and cancelled: that only stops waiting.
        """
        ...
