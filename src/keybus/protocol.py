"""The native protocol: what client and server say to each other, defined once for both.

Publishing is a POST of `PutRequest`; a subscription is a WebSocket on which the server sends
`Hello` and then `Frame`s, and the client `Settlement`s. At most ``window`` deliveries are
unsettled at any time: settling is what gives the server credit to send more. Where a WebSocket
cannot be had, a subscription is polled: each POST of `ReceiveRequest` settles and asks for more.
"""

from typing import Annotated, Any

import msgspec

from keybus.envelope import Entry, EntryResult, decode
from keybus.errors import Fault

API = "/api/v1"
MAX_PUT_ENTRIES = 1000
"""Entries of one native put."""
MAX_PUT_BYTES = 8 << 20
"""Bytes of one native put's body."""
DEFAULT_WINDOW = 500
MAX_WINDOW = 10_000
MAX_FRAME_DELIVERIES = 100
"""Deliveries of one frame."""
MAX_FRAME_BYTES = 4 << 20
"""A frame is closed once it holds as much."""
HEARTBEAT_SECONDS = 5.0
"""How often a client says that it is alive; leases outlive three missed ones."""
MAX_POLL = 1_000
"""Deliveries that one poll may ask for; an answer is closed at `MAX_FRAME_BYTES` as well."""
MAX_POLL_SECONDS = 20.0
POLL_SILENCE_SECONDS = 60.0
"""A consumer that polls is gone, with its leases, so long after its last poll ended."""

CAUSE_PATTERN = r"^(?:[a-z0-9]+(?:[.-][a-z0-9]+)*)?$"
Position = Annotated[int, msgspec.Meta(ge=0)]


class PutRequest(msgspec.Struct, frozen=True):
    """``POST /api/v1/events``."""

    entries: Annotated[list[Entry], msgspec.Meta(min_length=1, max_length=MAX_PUT_ENTRIES)]


class PutResponse(msgspec.Struct, frozen=True):
    """A result for each entry, in the same order."""

    results: list[EntryResult]


class Hello(msgspec.Struct, frozen=True, tag="hello"):
    """The server's first message on a subscription.

    Attributes:
        subscription: Its name.
        events: The event types it asks for (``type@major``); empty where a filter alone decides.
        window: How many deliveries may be unsettled.
    """

    subscription: str
    events: list[str]
    window: int


class Delivered(msgspec.Struct, frozen=True, gc=False):
    """One delivery in a frame.

    Attributes:
        position: The delivery's name until it is settled.
        ingested_at: When the bus took the event, in microseconds since the Unix epoch.
        attempt: 1 the first time.
        envelope: The envelope's JSON, as the bus keeps it.
        group: Deliveries of one group are to be handled one after another, in the order of the
            frame, and what follows one that fails is to be released untried; empty where there is
            no order.
    """

    position: int
    ingested_at: int
    attempt: int
    envelope: msgspec.Raw
    group: str = ""

    @property
    def replay_name(self) -> str:
        """The replay by which it came; empty where it came as it was published.

        Raises:
            EnvelopeError: The subscription's input makes something else of its events.
        """
        return decode(self.envelope).replay_name


class Frame(msgspec.Struct, frozen=True, tag="frame"):
    """Deliveries on their way to a subscriber."""

    deliveries: list[Delivered]


class Notice(msgspec.Struct, frozen=True, tag="notice"):
    """Something that a subscriber should know, such as that a grant has expired.

    Attributes:
        code: What it is about: ``grant-expired`` to whoever receives, ``grant-ended`` to whoever
            granted, ``held`` to one that connects while deliveries are held back, ``paused`` and
            ``resumed`` where somebody paused the subscription or let it go on, ``breaker-open``
            and ``breaker-closed`` where its consumers failed everything, and managed one again.
        message: What happened, and what to do next.
    """

    code: str
    message: str


class Failed(msgspec.Struct, frozen=True):
    """A delivery that was not handled, and why.

    Attributes:
        position: Which.
        reason: Why.
        after: Seconds before which it is not to be delivered again, where that is longer than
            the backoff.
        cause: Why, as a code by which dead letters are counted, where it is buried: words in lower
            case, joined by hyphens or dots; empty: ``rejected``.
    """

    position: Position
    reason: Annotated[str, msgspec.Meta(max_length=2000)]
    after: Annotated[float, msgspec.Meta(ge=0, le=86_400)] = 0.0
    cause: Annotated[str, msgspec.Meta(max_length=64, pattern=CAUSE_PATTERN)] = ""


class Settlement(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a subscriber says of deliveries; an empty one is a heartbeat.

    Attributes:
        ack: Handled.
        retry: Failed: deliver again, after a backoff that the bus chooses.
        bury: Cannot be handled at all: to the dead letters.
        release: Handed back untried.
        leaving: Send nothing more; what is out and not settled by then is handed back untried.
    """

    ack: list[Position] = []
    retry: list[Failed] = []
    bury: list[Failed] = []
    release: list[Position] = []
    leaving: bool = False


class ReceiveRequest(Settlement, frozen=True, forbid_unknown_fields=True):
    """``POST …/receive``: what became of deliveries, and a wait for more of them.

    Attributes:
        max: Deliveries wanted, at most; 0: settle only.
        wait: Seconds to wait for the first of them.
        batch_window: Seconds to wait for ``max`` of them from the first one on, within ``wait``.
        consumer: What the first answer called the consumer; None: a new one.
        again: First what was sent already and is not settled: for an answer that did not arrive.
    """

    max: Annotated[int, msgspec.Meta(ge=0, le=MAX_POLL)] = 100
    wait: Annotated[float, msgspec.Meta(ge=0, le=MAX_POLL_SECONDS)] = MAX_POLL_SECONDS
    batch_window: Annotated[float, msgspec.Meta(ge=0, le=MAX_POLL_SECONDS)] = 0.0
    consumer: Annotated[str, msgspec.Meta(max_length=64)] | None = None
    again: bool = False


class ReceiveResponse(msgspec.Struct, frozen=True):
    """The answer to a poll; everything that its request settled is durable.

    Attributes:
        consumer: Who holds the leases; None: nobody any more, so that the next poll begins anew.
        deliveries: What is leased to the consumer from now on.
        unknown: Positions in the request that the consumer did not hold: settled before, or no
            longer its own.
        notices: What the consumer should know.
    """

    consumer: str | None
    deliveries: list[Delivered]
    unknown: list[int]
    notices: list[Notice]


class PublisherInfo(msgspec.Struct, frozen=True):
    """A publisher as ``GET /api/v1/publishers`` lists it."""

    name: str
    account: str
    sources: list[str]
    events: list[str]


class GrantInfo(msgspec.Struct, frozen=True):
    """A grant as ``GET /api/v1/grants`` lists it, to the account that has it and to the owners.

    Attributes:
        name: Its name.
        account: The account that may receive.
        owners: The accounts whose events it is about.
        events: Event types.
        sources: Sources of events without a contract.
        reason: What the account needs them for.
        approver: Who approved.
        expires: The first moment at which it no longer holds.
        holds: Whether it holds now.
    """

    name: str
    account: str
    owners: list[str]
    events: list[str]
    sources: list[str]
    reason: str
    approver: str
    expires: str
    holds: bool


class TargetInfo(msgspec.Struct, frozen=True):
    """How a target stands that delivers by itself.

    Attributes:
        kind: ``webhook``; of a rule's target ``queue`` or ``api-destination``.
        state: ``delivering``; ``waiting`` after many failures, in which nothing is tried;
            ``probing``, one delivery at a time; ``stopped``, as something has to be done first.
        reason: The last failure, or what has to be done; empty where there is none.
        probe_us: When it is tried next, in microseconds since the Unix epoch; 0 where that is now.
    """

    kind: str
    state: str
    reason: str = ""
    probe_us: int = 0


class PauseInfo(msgspec.Struct, frozen=True):
    """That a subscription is paused.

    Attributes:
        reason: Why, in the words of whoever paused it.
        by: Their account's name; empty on a bus that asks for no credentials.
        since_us: Since when, in microseconds since the Unix epoch.
    """

    reason: str
    by: str
    since_us: int


class BreakerInfo(msgspec.Struct, frozen=True):
    """That a subscription's consumers failed all that they were handed, and are left alone.

    Attributes:
        state: ``waiting``, in which nothing is handed out; ``probing``, one delivery at a time.
        reason: The last failure.
        probe_us: When one is handed out next, in microseconds since the Unix epoch.
    """

    state: str
    reason: str
    probe_us: int


class SubscriptionInfo(msgspec.Struct, frozen=True):
    """A subscription as ``GET /api/v1/subscriptions`` lists it.

    Attributes:
        name: Its name.
        account: The account it belongs to.
        events: What it asks for, as ``type@major``.
        filter: The pattern that an event must match as well.
        consumers: How many consumers are connected.
        acknowledged: Deliveries handled since the bus was started.
        waiting: Deliveries that nobody has fetched, delayed ones included.
        in_flight: Deliveries out with consumers.
        delayed: Deliveries that wait for the time of their next attempt.
        ordered: Deliveries that wait behind an earlier one of their key; all that are put aside
            for it, not those in memory.
        held: Deliveries that the account may not receive now; they come once it may again.
        holding: Why deliveries are held, each reason once; empty where none has to be.
        dead: Dead letters.
        target: How its target stands; None where deliveries wait for whoever consumes them.
        paused: That nothing is delivered until somebody resumes it; None where it is not so.
        breaker: That its consumers are left alone for a while; None where it is not so.
        filling: Its queue is being filled with events of the past: until that is done nothing is
            delivered.
    """

    name: str
    account: str
    events: list[str]
    filter: dict[str, Any] | None
    consumers: int
    acknowledged: int
    waiting: int
    in_flight: int
    delayed: int
    held: int
    holding: list[str]
    dead: int
    target: TargetInfo | None = None
    paused: PauseInfo | None = None
    ordered: int = 0
    breaker: BreakerInfo | None = None
    filling: bool = False


class ViolationCount(msgspec.Struct, frozen=True):
    """How often events of one type broke one rule.

    Attributes:
        type: The event type; empty: types that no contract has.
        rule: What they broke: a keyword of their contract, as ``required``, or ``no-contract``,
            ``no-edition``, ``retired`` or ``other-source``.
        account: The account of the publisher whose source they have; empty: nobody's.
        count: How many events.
        last_us: When the last one came, in microseconds since the Unix epoch.
    """

    type: str
    rule: str
    account: str
    count: int
    last_us: int


class Violation(msgspec.Struct, frozen=True):
    """One event that was taken although it does not fit.

    Attributes:
        type: Its type.
        source: Its source.
        account: The account of the publisher that has the source; empty: nobody's.
        taken_us: When it came, in microseconds since the Unix epoch.
        faults: What is wrong with it, the first few.
        detail: The beginning of its detail, as JSON.
        is_whole: Whether that is all of it.
    """

    type: str
    source: str
    account: str
    taken_us: int
    faults: tuple[Fault, ...]
    detail: str
    is_whole: bool


class ViolationsAnswer(msgspec.Struct, frozen=True):
    """``GET /api/v1/admission/violations``.

    Attributes:
        since_us: Since when it is counted: when the bus was started.
        counts: By type, rule and account.
        samples: The last events of each type, the newest first.
    """

    since_us: int
    counts: list[ViolationCount]
    samples: list[Violation]


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    """An error as the native API answers it.

    Attributes:
        code: Stable code of the error.
        message: What is wrong and where.
        hint: What to do next.
    """

    code: str
    message: str
    hint: str = ""
