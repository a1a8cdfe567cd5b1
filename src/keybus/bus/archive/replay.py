"""A replay: events of the log that are sent once more."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec

from keybus.errors import KeybusError

State = Literal["running", "done", "cancelled", "failed"]
NAME_PATTERN = r"^[.\-_A-Za-z0-9]{1,64}$"
"""What EventBridge lets a replay be called."""
ReplayName = Annotated[str, msgspec.Meta(pattern=NAME_PATTERN)]


class Wanted(msgspec.Struct, frozen=True):
    """What is to be sent once more, and to whom.

    Attributes:
        to: The subscription that gets it; empty: every one that it matches now.
        since: From when on the bus took it, in microseconds since the Unix epoch.
        until: Before when; the same.
        pattern: The event pattern that it has to match as well, as JSON; empty: none.
        only: Where it goes to every subscription, those of them that get it; None: all of them.
    """

    to: str
    since: int
    until: int
    pattern: str = ""
    only: tuple[str, ...] | None = None

    def is_for(self, subscription: str) -> bool:
        """Whether a subscription gets of it what it matches."""
        if self.to:
            return subscription == self.to
        return self.only is None or subscription in self.only


class FromArchive(msgspec.Struct, frozen=True):
    """What was asked for of a named archive, through EventBridge's API.

    Attributes:
        archive: The archive's name.
        since: The beginning that was asked for, in microseconds since the Unix epoch.
        until: The end; the same.
        rules: The ARNs of the rules to whose targets it goes; empty: to every subscription.
        description: What whoever began it says of it.
    """

    archive: str
    since: int
    until: int
    rules: tuple[str, ...] = ()
    description: str = ""


class Preview(msgspec.Struct, frozen=True):
    """What a replay would send, before anything is.

    Attributes:
        count: How many events.
        types: How many by their event type.
        subscriptions: How many deliveries by the subscription.
        size: Bytes of the events' envelopes.
        first: When the bus took the first of them, in microseconds since the Unix epoch; 0 where
            there is none.
        last: The same of the last one.
        withheld: How many deliveries are left out since the account may not receive them now, by
            the reason; whatever the pattern is, unless it goes to the bus.
        looked: How many events of the time range were looked at.
        complete: Whether all were; else the numbers are of the first of them.
        since: From when on, as it was asked for.
        until: The end that was looked to: a replay with it sends these and none that came later.
    """

    count: int
    types: Mapping[str, int]
    subscriptions: Mapping[str, int]
    size: int
    first: int
    last: int
    withheld: Mapping[str, int]
    looked: int
    complete: bool
    since: int
    until: int


class Replay(msgspec.Struct, frozen=True):
    """Events that are being sent once more, or were.

    Attributes:
        id: Its id; in the order of their beginning.
        name: What the events carry as ``replay-name``.
        wanted: What is sent, and to whom; its ``until`` is no later than the beginning.
        rate: Events a second, at most; 0: as fast as it goes.
        by: The account of who asked for it; empty on a bus that asks for no credentials.
        started_us: When it began, in microseconds since the Unix epoch.
        looked: How many events of the time range were looked at.
        sent: How many were sent.
        withheld: How many deliveries were left out since the account may not receive them now.
        unfit: How many events could not be looked at.
        first_us: When the bus took the first event that was looked at; 0 before.
        at_us: The same of the last one.
        place: Its position in the log.
        waits_for: The subscription whose queue is too full to go on now; empty where none is.
        state: ``running``, ``done``, ``cancelled``, or ``failed``: the subscription is gone, say.
        error: Why it failed.
        ended_us: When it ended; 0 while it runs.
        origin: The named archive that it is of, and how it was asked for; None: it is of the log.
    """

    id: str
    name: str
    wanted: Wanted
    started_us: int
    rate: int = 0
    by: str = ""
    looked: int = 0
    sent: int = 0
    withheld: int = 0
    unfit: int = 0
    first_us: int = 0
    at_us: int = 0
    place: int = 0
    waits_for: str = ""
    state: State = "running"
    error: str = ""
    ended_us: int = 0
    origin: FromArchive | None = None

    @property
    def share(self) -> float:
        """How much of the time range it has been through, 0 to 1."""
        if self.state == "done":
            return 1.0
        whole = self.wanted.until - self.first_us
        return (self.at_us - self.first_us) / whole if self.first_us and whole > 0 else 0.0

    @property
    def told(self) -> dict[str, Any]:
        """What the audit log has of its beginning."""
        wanted = self.wanted
        pattern = {"pattern": wanted.pattern} if wanted.pattern else {}
        only = {} if wanted.only is None else {"only": list(wanted.only)}
        archive = {} if self.origin is None else {"archive": self.origin.archive}
        return {
            "id": self.id,
            "name": self.name,
            "since": wanted.since,
            "until": wanted.until,
            **pattern,
            **only,
            **archive,
        }


class AlreadyReplaying(KeybusError):
    """Another replay to the same destination is under way, or too many are."""

    code = "already-replaying"


class ReplayExists(KeybusError):
    """A replay of that name is known already."""

    code = "replay-exists"

    def __init__(self, name: str) -> None:
        super().__init__(f"Replay {name} already exists.")


class NoSuchReplay(KeybusError):
    """A replay that there is not."""

    code = "no-such-replay"

    def __init__(self, replay: str) -> None:
        super().__init__(
            f"there is no replay {replay[:40]!r}", hint="list them: `keybus replay list`"
        )
