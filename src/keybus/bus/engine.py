"""The engine's protocol: all that the bus asks of whatever keeps events.

Every engine passes `tests/contract`. A method that JetStream could not serve does not belong
here; `docs/architecture.md` says, method by method, how SQLite does it and how JetStream will.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Literal, Protocol

import msgspec

from keybus.bus.dead_letters.letters import REJECTED, DeadLetter, Letters
from keybus.bus.metering.histogram import Histogram

MAX_RECORDS = 1_000
"""Records of one append: as many as JetStream takes in one atomic batch."""
DIGEST_BYTES = 16
"""Bytes of a record's digest, where it has one."""
MAX_GROUP = 64
"""Characters of a group's name."""
ORDER = "order"
"""The reason of a delivery that is held because an earlier one of its group is not settled."""


class Record(msgspec.Struct, frozen=True, gc=False):
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
        digest: What it is known again by, `DIGEST_BYTES` bytes (JetStream: the message id); empty:
            it is not. To an engine it says nothing: whoever appends one twice has it twice.
    """

    envelope: bytes
    event_id: str
    source: str
    event_type: str
    ingested_at: int
    matched: tuple[str, ...]
    digest: bytes = b""


class Stored(msgspec.Struct, frozen=True, gc=False):
    """An event in the log."""

    position: int
    ingested_at: int
    envelope: bytes


class Digests(msgspec.Struct, frozen=True):
    """By what a run of the log's events is known again.

    Attributes:
        ingested_at: The latest of the run, in microseconds since the Unix epoch.
        positions: Of those events that have a digest, in log order; never empty.
        digests: Theirs, in the same order.
    """

    ingested_at: int
    positions: Sequence[int]
    digests: Sequence[bytes]


class Delivery(msgspec.Struct, frozen=True, gc=False):
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
        returning: How many of it were tried again, or were held and came back, and are neither
            settled nor leased: each of them is fetched once more.
        last: The last position of it, of all that was tried again or is held: everything of it up
            to there that is neither was fetched before, and may come for the first time once more.
        held_from: The first position that is held; 0 where none is.
    """

    name: str
    returning: int
    last: int
    held_from: int


class Status(msgspec.Struct, frozen=True):
    """How one delivery stands in its queue, as far as the queue still knows.

    Attributes:
        state: ``waiting``: nobody has fetched it, or it was handed back, or its time has come.
            ``in-flight``: it is leased. ``delayed``: it waits for its next attempt. ``ordered``: it
            is held behind an earlier one of its group. ``held``: it is held for another reason.
            ``dead``: it is a dead letter. ``gone``: nothing is left of it: it was settled, or it
            never matched.
        attempts: Attempts that failed, as far as they are known: not of what is ``in-flight``.
        due_in: Microseconds until the next attempt, where it is delayed.
        reason: Of the last failure, of its being held, or of its burial.
        held_at: Since when it is held, in microseconds since the Unix epoch.
        behind: The first position of its group that is not settled, where it is ordered and that
            is known; 0 where not.
        letter: The dead letter's id; the last one's, where it was buried more than once.
    """

    state: Literal["waiting", "in-flight", "delayed", "ordered", "held", "dead", "gone"]
    attempts: int = 0
    due_in: int = 0
    reason: str = ""
    held_at: int = 0
    behind: int = 0
    letter: str = ""


class Found(msgspec.Struct, frozen=True):
    """What one step of a search in the log found.

    Attributes:
        events: Those that have the text in them, the newest first.
        before: Where the next step begins: everything from here on was looked at; 0 where nothing
            of the log is left.
        back_to: The earliest ``ingested_at`` that was looked at, in microseconds since the Unix
            epoch, or a little before it; 0 where nothing was.
    """

    events: Sequence[Stored]
    before: int
    back_to: int


class LogState(msgspec.Struct, frozen=True):
    """How much the log has.

    Attributes:
        first_at: When the first event that it still has was ingested, in microseconds since the
            Unix epoch, or about then; 0 where there is none.
        last_at: The latest time at which one was; 0 where there is none.
        size: Bytes that the engine uses: of the log, and where they share a file, of all else.
    """

    first_at: int
    last_at: int
    size: int


class Trimmed(msgspec.Struct, frozen=True):
    """What one step of trimming dropped.

    Attributes:
        events: How many events.
        size: Bytes of their envelopes.
        through: The position after which the next step goes on.
        more: Whether there may be something to look at then.
        needed_by: The subscriptions whose deliveries kept something from being dropped.
    """

    events: int = 0
    size: int = 0
    through: int = 0
    more: bool = False
    needed_by: tuple[str, ...] = ()


class Document(msgspec.Struct, frozen=True):
    """A versioned value: topology, releases, credentials, audit."""

    key: str
    version: int
    value: bytes


class Commits(msgspec.Struct, frozen=True):
    """How long it takes to make things durable; empty where that is nothing that takes time.

    Attributes:
        whole: Seconds of a transaction, or of a batch, from its beginning until it is durable.
        synced: Seconds of that in which it was written and synced.
    """

    whole: Histogram = msgspec.field(default_factory=Histogram)
    synced: Histogram = msgspec.field(default_factory=Histogram)


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

    @property
    def filled(self) -> int | None:
        """Up to which position of the log it is filled, where it was made to begin in the past.

        None: it is whole. Until then nothing can be fetched, and nothing expires.
        """
        ...

    async def fill(self, positions: Sequence[int], through: int, *, whole: bool = False) -> None:
        """Add positions of the past, durably, to a queue that is not whole.

        Whoever fills it goes through the log in order, from `filled` on, and up to where every
        later append says itself that it matches. What is there already is not added twice. An
        engine that works the match set out itself never has a queue that is not whole.

        Args:
            positions: What matches; they grow.
            through: Everything up to this position was looked at.
            whole: Nothing is left to fill: deliveries begin, in log order.

        Raises:
            StorageFailed: It is unknown whether they were added; they may be added again.
        """
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

    async def status(self, position: int) -> Status:
        """How the delivery of one event stands; cheap, however much is in the queue."""
        ...

    async def oldest(self) -> int:
        """When the first delivery was ingested that is neither settled nor held.

        In microseconds since the Unix epoch; 0 where there is none. Cheap, however many there are.
        """
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
