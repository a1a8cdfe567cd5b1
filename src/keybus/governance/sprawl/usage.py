"""What accounts did on the bus, as far as it was counted."""

import msgspec

from keybus.governance.sprawl.agent import Agent


class OfMajor(msgspec.Struct, frozen=True):
    """What was counted of one major of an event type.

    Attributes:
        major: The major.
        count: How many.
        last_us: When the last, in microseconds since the Unix epoch.
    """

    major: int
    count: int
    last_us: int


class Published(msgspec.Struct, frozen=True):
    """What an account published of one event type.

    Attributes:
        account: The account's name.
        event_type: The type.
        count: How many events.
        first_us: When the first, in microseconds since the Unix epoch.
        last_us: When the last.
        majors: The same by the major that events say, the lowest first. What says none, or was
            counted before majors were, is in none of them.
    """

    account: str
    event_type: str
    count: int
    first_us: int
    last_us: int
    majors: tuple[OfMajor, ...] = ()


class Consumed(msgspec.Struct, frozen=True):
    """What became of a subscription.

    Attributes:
        subscription: Its name.
        account: The account it belongs to.
        delivered: Deliveries sent.
        acknowledged: Deliveries handled.
        delivered_us: When the last was sent, in microseconds since the Unix epoch; 0: none was.
        consumer_us: When a consumer was last seen; 0: never.
    """

    subscription: str
    account: str
    delivered: int = 0
    acknowledged: int = 0
    delivered_us: int = 0
    consumer_us: int = 0


class Received(msgspec.Struct, frozen=True):
    """What an account received of one event type, over all its subscriptions.

    Attributes:
        account: The account's name.
        event_type: The type.
        count: Deliveries sent.
        first_us: When the first, in microseconds since the Unix epoch.
        last_us: When the last.
    """

    account: str
    event_type: str
    count: int
    first_us: int
    last_us: int


class Delivered(msgspec.Struct, frozen=True):
    """What a subscription was sent of one event type.

    Attributes:
        subscription: The subscription's name.
        event_type: The type.
        count: Deliveries sent.
        first_us: When the first, in microseconds since the Unix epoch.
        last_us: When the last.
        majors: The same by the major that it was sent, the lowest first, as in `Published`.
    """

    subscription: str
    event_type: str
    count: int
    first_us: int
    last_us: int
    majors: tuple[OfMajor, ...] = ()


class Seen(msgspec.Struct, frozen=True):
    """Software that an account ran.

    Attributes:
        account: The account's name.
        agent: The software.
        last_us: When it was last heard, in microseconds since the Unix epoch.
    """

    account: str
    agent: Agent
    last_us: int


class UsageSnapshot(msgspec.Struct, frozen=True):
    """``GET /api/v1/usage``.

    Attributes:
        since_us: When counting began, in microseconds since the Unix epoch.
        at_us: When this was counted.
        published: By account and event type.
        consumed: By subscription.
        received: By account and event type.
        seen: By account and software.
        overflow: Events and clients that were not counted under a name, since there were too
            many names.
        delivered: By subscription and event type.
    """

    since_us: int
    at_us: int
    published: tuple[Published, ...] = ()
    consumed: tuple[Consumed, ...] = ()
    received: tuple[Received, ...] = ()
    seen: tuple[Seen, ...] = ()
    overflow: int = 0
    delivered: tuple[Delivered, ...] = ()
