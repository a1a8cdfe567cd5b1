"""The sprawl report: what has grown on a platform that nobody needs, owns or keeps up to date."""

from typing import Literal

import msgspec

DAY_US = 24 * 3600 * 1_000_000
"""Microseconds of a day."""

SprawlCode = Literal[
    "event-without-owner",  # its contract names an account that is not declared
    "event-without-people",  # the account that owns it names no owners
    "event-without-publisher",  # no publisher emits it
    "event-without-subscriber",  # no subscription can receive it
    "event-never-published",  # nobody has published it since counting began
    "event-idle",  # nobody has published it for so many days
    "event-near-duplicate",  # another one has almost its name and its fields
    "grant-expired",  # it no longer holds
    "grant-expiring",  # it ends within 30 days
    "grant-unused",  # no subscription of the account asks for anything that it grants
    "grant-wide",  # no subscription of the account asks for some of what it grants
    "grant-idle",  # nothing was delivered under it for so many days
    "subscription-idle",  # nothing was delivered to it for so many days
    "subscription-without-consumer",  # no consumer was there for so many days
    "client-below-minimum",  # an account runs an older client than the platform asks for
    "bindings-other",  # an account's bindings were not made from these contracts
]


class SprawlFinding(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing to look at.

    Attributes:
        code: What kind.
        subject: The event type, or a JSON pointer into the platform file.
        message: What is found.
        hint: What to do about it.
        since_us: Since when, in microseconds since the Unix epoch, where that is known; else 0.
    """

    code: SprawlCode
    subject: str
    message: str
    hint: str = ""
    since_us: int = 0


class BindingsInUse(msgspec.Struct, frozen=True):
    """A package of generated classes that an account runs.

    Attributes:
        name: The package's name.
        digest: Of the contracts that it was made from, shortened.
        current: Whether they are the platform's own contracts of now.
    """

    name: str
    digest: str
    current: bool


class Software(msgspec.Struct, frozen=True):
    """What an account runs; several, where it runs several.

    Attributes:
        account: The account's name.
        client: The version of Keybus's client; empty where none was heard of.
        python: The version of Python.
        bindings: The packages of bindings.
        last_us: When it was last heard, in microseconds since the Unix epoch; 0: never.
        below_minimum: Whether the platform asks for a newer client.
    """

    account: str
    client: str = ""
    python: str = ""
    bindings: tuple[BindingsInUse, ...] = ()
    last_us: int = 0
    below_minimum: bool = False


class SprawlReport(msgspec.Struct, frozen=True):
    """All of it.

    Attributes:
        bus: The bus's name.
        at_us: When it was made, in microseconds since the Unix epoch.
        days: After how many days without use something counts as idle.
        since_us: When counting use began; 0 where nothing is known of use, so that only what is
            declared was looked at.
        events: How many event types there are.
        grants: How many grants.
        subscriptions: How many subscriptions.
        findings: What there is to look at.
        software: What each account runs.
    """

    bus: str
    at_us: int
    days: int
    since_us: int
    events: int
    grants: int
    subscriptions: int
    findings: tuple[SprawlFinding, ...]
    software: tuple[Software, ...]

    @property
    def below_minimum(self) -> tuple[str, ...]:
        """The accounts that run a client that is too old."""
        return tuple(sorted({each.account for each in self.software if each.below_minimum}))
