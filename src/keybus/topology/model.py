"""The declared model, in its first form: what `platform.yaml` says, as values."""

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec

_NAME = r"^[A-Za-z0-9][A-Za-z0-9._/-]{0,127}$"
_BUS_NAME = r"^[A-Za-z0-9._-]{1,256}$"
_ACCOUNT_ID = r"^[0-9]{12}$"
# What contracts call an event type: dotted words in lower case.
_WORD = r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*"
_EVENT_TYPE = rf"^{_WORD}(?:\.{_WORD})+$"
_FIELD = r"^(?:detail\..+|detail-type)$"
_EVENT_AT_MAJOR = rf"^{_WORD}(?:\.{_WORD})+@(?:0|[1-9][0-9]{{0,8}})$"

Name = Annotated[str, msgspec.Meta(pattern=_NAME)]
BusName = Annotated[str, msgspec.Meta(pattern=_BUS_NAME)]
AccountId = Annotated[str, msgspec.Meta(pattern=_ACCOUNT_ID)]
EventType = Annotated[str, msgspec.Meta(pattern=_EVENT_TYPE)]
EventAtMajor = Annotated[str, msgspec.Meta(pattern=_EVENT_AT_MAJOR)]
FieldPath = Annotated[str, msgspec.Meta(pattern=_FIELD)]
Count = Annotated[int, msgspec.Meta(ge=0, le=185)]

FORMS: Mapping[str, str] = {
    _NAME: "a name: up to 128 letters, digits and . _ / -, with a letter or digit first",
    _BUS_NAME: "a bus's name: up to 256 letters, digits and . _ -",
    _ACCOUNT_ID: "an account's id: 12 digits",
    _EVENT_TYPE: "an event type: dotted words in lower case, such as order.placed",
    _FIELD: "a field of an event: detail.colour, steps joined by dots, or detail-type",
    _EVENT_AT_MAJOR: "an event type at a major version, such as order.placed@1",
}
"""What each pattern of the model asks for, in words."""


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
        allow_undeclared: Fields of the filter that are meant although no contract declares them,
            as ``detail.colour``, each with all that is within it.
        retry: When a delivery gives up.
    """

    account: Name
    events: list[EventAtMajor] = []
    filter: dict[str, Any] | None = None
    allow_undeclared: list[FieldPath] = []
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

    bus: BusName
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
