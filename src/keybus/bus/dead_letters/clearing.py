"""A clearing: dead letters that leave together, to be delivered again or for good."""

from collections import Counter
from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from keybus.bus.dead_letters.letters import LetterChoice, LetterSummary
from keybus.bus.delivery.gatekeeper import Gatekeeper
from keybus.errors import KeybusError

Kind = Literal["redrive", "purge"]
State = Literal["running", "done", "cancelled", "failed"]


class Preview(msgspec.Struct, frozen=True):
    """What a clearing would move, before anything is.

    Attributes:
        count: How many dead letters.
        causes: How many by their cause.
        types: How many by their event type.
        withheld: How many would not be delivered now but held, by the reason.
        oldest: The first one's id; empty where there is none. An id is the time of the burial.
        mark: The last one's id: a clearing with this as its end moves these and none that come
            after.
    """

    count: int
    causes: Mapping[str, int]
    types: Mapping[str, int]
    withheld: Mapping[str, int]
    oldest: str
    mark: str


class Clearing(msgspec.Struct, frozen=True):
    """Dead letters on their way, or that have gone.

    Attributes:
        id: Its id; in the order of their beginning.
        kind: Whether they are delivered again, or deleted.
        subscription: Whose they are.
        choice: Which; ``until`` is the last one that there was when it began.
        total: How many there were when it began.
        started_us: When it began, in microseconds since the Unix epoch.
        by: The account of who asked for it; empty on a bus that asks for no credentials.
        rate: Letters a second, at most; 0: as fast as it goes.
        moved: How many have gone.
        state: ``running``, ``done``, ``cancelled``, or ``failed``: the subscription is gone.
        error: Why it failed.
        ended_us: When it ended; 0 while it runs.
    """

    id: str
    kind: Kind
    subscription: str
    choice: LetterChoice
    total: int
    started_us: int
    by: str = ""
    rate: int = 0
    moved: int = 0
    state: State = "running"
    error: str = ""
    ended_us: int = 0

    @property
    def told(self) -> dict[str, Any]:
        """What the audit log has of its beginning; ids only by their number."""
        chosen: dict[str, Any] = {"cause": self.choice.cause, "event_type": self.choice.event_type}
        if self.choice.ids is not None:
            chosen["ids"] = len(self.choice.ids)
        return {
            "id": self.id,
            "count": self.total,
            "until": self.choice.until,
            **{name: value for name, value in chosen.items() if value},
        }


class AlreadyClearing(KeybusError):
    """Another redrive or purge of the subscription is under way."""

    code = "already-clearing"

    def __init__(self, standing: Clearing) -> None:
        super().__init__(
            f"a {standing.kind} of {standing.subscription!r} is under way ({standing.id})",
            hint="wait for its end, or cancel it: `keybus dlq redrives --cancel`",
        )


class NoSuchClearing(KeybusError):
    """A redrive or purge that there is not."""

    code = "no-such-clearing"


def preview_of(summary: LetterSummary, gatekeeper: Gatekeeper | None, now: int) -> Preview:
    """What is said of dead letters before they go.

    Args:
        summary: What they are.
        gatekeeper: What may be delivered; None: everything.
        now: Microseconds since the Unix epoch.
    """
    causes, types, withheld = Counter[str](), Counter[str](), Counter[str]()
    for group in summary.groups:
        causes[group.cause] += group.count
        types[group.event_type] += group.count
        if gatekeeper and (why := gatekeeper.refusal(group.event_type, group.source, now)):
            withheld[why] += group.count
    return Preview(
        sum(causes.values()), causes, types, withheld, oldest=summary.oldest, mark=summary.newest
    )
