"""What stands on AWS, as plain values: buses, rules, targets, queues, archives, schemas."""

from collections.abc import Mapping
from typing import Any

import msgspec

from keybus.contracts.exchange_formats.foreign import ForeignSchema


class NotCarried(msgspec.Struct, frozen=True):
    """Something on AWS that the platform does not have, or not as it was.

    Attributes:
        subject: Its ARN, or what it is called.
        why: Why not.
        hint: What to do next.
    """

    subject: str
    why: str
    hint: str = ""

    def __str__(self) -> str:
        """On one line."""
        what = f"{self.subject}: {self.why}"
        return f"{what} ({self.hint})" if self.hint else what


class Target(msgspec.Struct, frozen=True):
    """Where a rule sends.

    Attributes:
        id: Its id within the rule.
        arn: What it is.
        input: JSON text that is handed over in place of the event.
        input_path: A path to the part of the event that is handed over.
        template: A template that is filled with parts of the event.
        paths: The template's variables.
        max_age: Seconds for which EventBridge tries.
        has_parameters: Whether an API destination is called with headers, a query or a path beside.
    """

    id: str
    arn: str
    input: str | None = None
    input_path: str | None = None
    template: str | None = None
    paths: Mapping[str, str] = msgspec.field(default_factory=dict)
    max_age: int | None = None
    has_parameters: bool = False


class Rule(msgspec.Struct, frozen=True):
    """A rule of a bus.

    Attributes:
        arn: Which.
        name: Its name.
        pattern: What it matches; None: nothing, as it goes by the clock.
        is_enabled: Whether it does.
        schedule: When it goes by the clock; empty: never.
        targets: Where it sends.
    """

    arn: str
    name: str
    pattern: Mapping[str, Any] | None
    is_enabled: bool = True
    schedule: str = ""
    targets: tuple[Target, ...] = ()


class Archive(msgspec.Struct, frozen=True):
    """An archive of a bus.

    Attributes:
        name: Its name.
        days: How long it keeps events; 0: for ever.
        is_whole: Whether it keeps all of them.
    """

    name: str
    days: int
    is_whole: bool


class Bus(msgspec.Struct, frozen=True):
    """A bus.

    Attributes:
        arn: Which.
        name: Its name.
        policy: Who may put on it, as JSON text; empty: its own account alone.
        rules: Its rules, but those that AWS made itself.
        archives: Its archives.
    """

    arn: str
    name: str
    policy: str = ""
    rules: tuple[Rule, ...] = ()
    archives: tuple[Archive, ...] = ()


class Queue(msgspec.Struct, frozen=True):
    """A queue that a rule sends to.

    Attributes:
        arn: Which.
        receives: How often a message is received before it is a dead letter; 0: without end.
        keep_dead_letters: Seconds that its dead letters are kept; 0: nobody knows.
    """

    arn: str
    receives: int = 0
    keep_dead_letters: int = 0


class Destination(msgspec.Struct, frozen=True):
    """An API destination that a rule sends to.

    Attributes:
        arn: Which.
        url: Its address.
        method: How it is called.
    """

    arn: str
    url: str
    method: str


class Part(msgspec.Struct, frozen=True):
    """What stands in one account and region.

    Attributes:
        name: What the account is to be called.
        id: Its 12 digits.
        region: The region.
        buses: Its buses, by their ARNs.
        queues: Queues that rules send to, by their ARNs.
        destinations: API destinations that rules send to, by their ARNs.
        schemas: What its registries hold.
        unread: What could not be read.
    """

    name: str
    id: str
    region: str
    buses: Mapping[str, Bus]
    queues: Mapping[str, Queue] = msgspec.field(default_factory=dict)
    destinations: Mapping[str, Destination] = msgspec.field(default_factory=dict)
    schemas: tuple[ForeignSchema, ...] = ()
    unread: tuple[NotCarried, ...] = ()
