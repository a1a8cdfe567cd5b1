"""What an engine's protocol says of deliveries: each one, and how a subscription stands."""

from typing import Literal

import msgspec

MAX_GROUP = 64
"""Characters of a group's name."""
ORDER = "order"
"""The reason of a delivery that is held because an earlier one of its group is not settled."""


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
