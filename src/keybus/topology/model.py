"""The declared model, in its first form: what `platform.yaml` says, as values."""

from typing import Annotated, Any

import msgspec

Name = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]{0,127}$")]
AccountId = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{12}$")]
EventType = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9]*(\.[a-z0-9][a-z0-9_-]*)+$")]
EventAtMajor = Annotated[
    str, msgspec.Meta(pattern=r"^[a-z][a-z0-9]*(\.[a-z0-9][a-z0-9_-]*)+@[0-9]+$")
]
Count = Annotated[int, msgspec.Meta(ge=0, le=185)]


class EventRef(msgspec.Struct, frozen=True):
    """An event type at a major version: ``delivery.completed@1``."""

    type: str
    major: int

    @classmethod
    def parse(cls, text: str) -> "EventRef":
        """Read ``type@major``, whose form the model has checked."""
        event_type, _, major = text.rpartition("@")
        return cls(event_type, int(major))

    def __str__(self) -> str:
        """As it was written."""
        return f"{self.type}@{self.major}"


class Account(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A team's isolated area: 12 digits and, as its key in the platform, a name."""

    id: AccountId


class Publisher(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A service of an account, allowed to emit the event types it owns.

    Attributes:
        account: The account's name.
        events: The event types that it emits.
        sources: The envelope sources it uses; its own name where none is given.
    """

    account: Name
    events: list[EventType]
    sources: list[Name] = []


class Retry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When a delivery gives up.

    Attributes:
        attempts: Retries after the first attempt, 0 to 185 (EventBridge's default and limit).
    """

    attempts: Count = 185


class Subscription(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A durable queue in the subscriber's account.

    Attributes:
        account: The account's name.
        events: Which events, as ``type@major``; may be left out where there is a filter.
        filter: An EventBridge pattern that an event must match as well.
        retry: When a delivery gives up.
    """

    account: Name
    events: list[EventAtMajor] = []
    filter: dict[str, Any] | None = None
    retry: Retry = Retry()

    @property
    def event_refs(self) -> tuple[EventRef, ...]:
        """The events, read."""
        return tuple(EventRef.parse(text) for text in self.events)


class Platform(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One bus and all who use it.

    Attributes:
        bus: The bus's name.
        accounts: By name.
        publishers: By name.
        subscriptions: By name.
        region: What the envelope's ``region`` says.
        contracts: The contract repository's folder, relative to the platform file.
    """

    bus: Name
    accounts: dict[Name, Account] = {}
    publishers: dict[Name, Publisher] = {}
    subscriptions: dict[Name, Subscription] = {}
    region: Name = "local"
    contracts: str = "contracts"

    def account_of_source(self, source: str) -> str:
        """The id of the account whose publisher has this source; zeros where none has."""
        for name, publisher in self.publishers.items():
            if source in (publisher.sources or [name]):
                return self.accounts[publisher.account].id
        return "000000000000"
