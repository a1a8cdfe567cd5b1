"""What a tail is sent: one JSON object a line."""

import msgspec


class Event(msgspec.Struct, frozen=True, tag="event"):
    """An event that became durable, as whoever watches may have it.

    Attributes:
        position: Its place in the log.
        ingested_at: When the bus took it, in microseconds since the Unix epoch.
        envelope: The envelope's JSON.
    """

    position: int
    ingested_at: int
    envelope: msgspec.Raw


class LeftOut(msgspec.Struct, frozen=True, tag="left-out"):
    """Events that came faster than they were taken; they were not even looked at.

    Attributes:
        count: How many, of those that whoever watches may have; the pattern was not asked.
    """

    count: int


class Alive(msgspec.Struct, frozen=True, tag="alive"):
    """Nothing came for a while."""


class End(msgspec.Struct, frozen=True, tag="end"):
    """The last line.

    Attributes:
        reason: Why; empty where as many were sent as were asked for.
    """

    reason: str


Line = Event | LeftOut | Alive | End
