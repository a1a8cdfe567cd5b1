"""What is said of an event: what became of it in each subscription, and why."""

from collections.abc import Sequence
from typing import Literal

import msgspec

Outcome = Literal[
    "acknowledged",
    "in-flight",
    "waiting",
    "delayed",
    "ordered",
    "held",
    "dead-letter",
    "filtered-out",
    "not-subscribed",
    "not-yet-declared",
]
"""What became of an event in a subscription; docs/explain.md has them in words."""


class FieldTold(msgspec.Struct, frozen=True):
    """One field of a filter that the event does not satisfy.

    Attributes:
        path: The field's path, steps joined by dots.
        expected: What the filter asks for, as it would stand in a pattern.
        reason: What is wrong with the event's value; empty where the event may not be read by
            whoever asks.
        hint: What may be meant instead; empty where nothing is near.
    """

    path: str
    expected: str
    reason: str = ""
    hint: str = ""


class SubscriptionExplanation(msgspec.Struct, frozen=True):
    """What became of an event in one subscription.

    Attributes:
        subscription: Its name.
        account: Whose it is.
        outcome: What became of the event.
        message: The same in a sentence.
        notes: What else stands in the way, or is to be known: that it is paused, that nobody
            consumes it, that its grant has ended.
        attempts: Attempts that failed, where they are known.
        next_attempt_in: Seconds until the next one, where it is delayed.
        reason: Of the last failure, of its being held, or of its burial.
        held_at: Since when it is held, in microseconds since the Unix epoch; 0 where it is not.
        behind: The position of the delivery that it waits for; 0 where it waits for none, or that
            is not known.
        dead_letter: The dead letter's id.
        cause: The dead letter's cause.
        version: The version of the platform by whose rules it was decided, where the queue itself
            does not know any more; 0 where it knows.
        fields: What of the filter the event does not satisfy, of the nearest alternative.
    """

    subscription: str
    account: str
    outcome: Outcome
    message: str
    notes: Sequence[str] = ()
    attempts: int = 0
    next_attempt_in: float = 0.0
    reason: str = ""
    held_at: int = 0
    behind: int = 0
    dead_letter: str = ""
    cause: str = ""
    version: int = 0
    fields: Sequence[FieldTold] = ()


class EventExplanation(msgspec.Struct, frozen=True):
    """An event that was found, and what became of it.

    Attributes:
        event_id: The envelope's id: what the put answered.
        detail_id: The event's own ``id``; empty where it has none.
        event_type: Its type.
        source: Its source.
        position: Its place in the log.
        ingested_at: When the bus took it, in microseconds since the Unix epoch.
        subscriptions: By name; only those that whoever asks may see.
        everything: Whether these are all that there are.
    """

    event_id: str
    detail_id: str
    event_type: str
    source: str
    position: int
    ingested_at: int
    subscriptions: Sequence[SubscriptionExplanation]
    everything: bool


class ExplainAnswer(msgspec.Struct, frozen=True):
    """One step of looking for an event.

    Attributes:
        events: Those of this id that were found, the newest first.
        before: The ``before`` of the next step, which looks at what is older; 0 where everything
            that was asked for was looked at.
        back_to: Up to here the log was looked at, in microseconds since the Unix epoch; 0 where it
            is empty.
    """

    events: Sequence[EventExplanation]
    before: int
    back_to: int
