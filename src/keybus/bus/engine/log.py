"""The log as an engine's protocol has it: what goes in, what comes out, how much there is."""

from collections.abc import Sequence

import msgspec

from keybus.bus.metering.histogram import Histogram

MAX_RECORDS = 1_000
"""Records of one append: as many as JetStream takes in one atomic batch."""
DIGEST_BYTES = 16
"""Bytes of a record's digest, where it has one."""


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


class Commits(msgspec.Struct, frozen=True):
    """How long it takes to make things durable; empty where that is nothing that takes time.

    Attributes:
        whole: Seconds of a transaction, or of a batch, from its beginning until it is durable.
        synced: Seconds of that in which it was written and synced.
    """

    whole: Histogram = msgspec.field(default_factory=Histogram)
    synced: Histogram = msgspec.field(default_factory=Histogram)
