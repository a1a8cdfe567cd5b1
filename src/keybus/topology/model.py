"""The declared model: what `platform.yaml` says, as values."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import msgspec

NAME_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._/-]{0,127}$"
_BUS_NAME = r"^[A-Za-z0-9._-]{1,256}$"
_ACCOUNT_ID = r"^[0-9]{12}$"
_ORGANIZATION = r"^o-[a-z0-9]{4,32}$"
# What contracts call an event type: dotted words in lower case.
_WORD = r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*"
_EVENT_TYPE = rf"^{_WORD}(?:\.{_WORD})+$"
_FIELD = r"^(?:detail\..+|detail-type)$"
_POINTER = r"^(?:/(?:[^/~]|~[01])+)+$"
_EVENT_AT_MAJOR = rf"^{_WORD}(?:\.{_WORD})+@(?:0|[1-9][0-9]{{0,8}})$"
_DATE = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}(?:T[0-9]{2}:[0-9]{2}:[0-9]{2}Z)?$"
_START = r"^(?:latest|archive|[0-9]{4}-[0-9]{2}-[0-9]{2}(?:T[0-9]{2}:[0-9]{2}:[0-9]{2}Z)?)$"
_HOST = r"^[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?(?::[0-9]{1,5})?$"
_URL = r"^https?://[!-~]{1,2000}$"
_RULE = r"^DX(?:0[0-9]|1[0-8])$"
_VERSION = r"^[0-9]{1,9}(?:\.[0-9]{1,9}){0,3}(?:[-+.]?[A-Za-z][0-9A-Za-z.+-]{0,60})?$"
# Written out, since readers of regular expressions disagree on what a blank is.
_SENTENCE = (
    r"[^\u0000-\u0020\u007f-\u00a0\u1680\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ufeff]"
)

Name = Annotated[str, msgspec.Meta(pattern=NAME_PATTERN)]
BusName = Annotated[str, msgspec.Meta(pattern=_BUS_NAME)]
AccountId = Annotated[str, msgspec.Meta(pattern=_ACCOUNT_ID)]
OrganizationId = Annotated[str, msgspec.Meta(pattern=_ORGANIZATION)]
EventType = Annotated[str, msgspec.Meta(pattern=_EVENT_TYPE)]
EventAtMajor = Annotated[str, msgspec.Meta(pattern=_EVENT_AT_MAJOR)]
FieldPath = Annotated[str, msgspec.Meta(pattern=_FIELD)]
Pointer = Annotated[str, msgspec.Meta(pattern=_POINTER)]
Moment = Annotated[str, msgspec.Meta(pattern=_DATE)]
Start = Annotated[str, msgspec.Meta(pattern=_START)]
Host = Annotated[str, msgspec.Meta(pattern=_HOST)]
Url = Annotated[str, msgspec.Meta(pattern=_URL)]
Version = Annotated[str, msgspec.Meta(pattern=_VERSION)]
RuleId = Annotated[str, msgspec.Meta(pattern=_RULE)]
Sentence = Annotated[str, msgspec.Meta(pattern=_SENTENCE)]
Count = Annotated[int, msgspec.Meta(ge=0, le=185)]
AgeSeconds = Annotated[int, msgspec.Meta(ge=60, le=1_209_600)]
AtLeastOne = Annotated[int, msgspec.Meta(ge=1, le=1_000_000_000)]
ArchiveSeconds = Annotated[int, msgspec.Meta(ge=3_600, le=3_155_760_000)]
ArchiveBytes = Annotated[int, msgspec.Meta(ge=1_000_000, le=1_000_000_000_000_000)]
Share = Annotated[float, msgspec.Meta(gt=0, le=1)]

NOBODY = "000000000000"
"""The account of an envelope whose source no publisher has."""

Classification = Literal["public", "internal", "confidential", "pii"]
CLASSIFICATIONS: tuple[Classification, ...] = ("public", "internal", "confidential", "pii")
"""How much an event reveals, and how much an account may see, the least first."""
Footing = Literal["embedded", "nats", "aws"]
"""What the platform runs on."""
AdmissionMode = Literal["enforce", "observe", "off"]
"""What becomes of an event that does not fit: refused, taken and counted, or not looked at."""

FORMS: Mapping[str, str] = {
    NAME_PATTERN: "a name: up to 128 letters, digits and . _ / -, with a letter or digit first",
    _BUS_NAME: "a bus's name: up to 256 letters, digits and . _ -",
    _ACCOUNT_ID: "an account's id: 12 digits",
    _ORGANIZATION: "an organization's id: o- and 4 to 32 letters in lower case and digits",
    _EVENT_TYPE: "an event type: dotted words in lower case, such as order.placed",
    _FIELD: "a field of an event: detail.colour, steps joined by dots, or detail-type",
    _POINTER: "a JSON pointer into the event, such as /site/kind",
    _EVENT_AT_MAJOR: "an event type at a major version, such as order.placed@1",
    _DATE: "a date such as 2027-06-30, or a time in UTC such as 2027-06-30T12:00:00Z",
    _START: "latest, archive, or a date or time in UTC such as 2027-06-30T12:00:00Z",
    _HOST: "a host, such as hooks.example.com, with a port where it is not the usual one",
    _URL: "an http or https address in ASCII, without blanks",
    _RULE: "a compliance rule's id, DX00 to DX18",
    _VERSION: "a version, such as 0.4.1",
    _SENTENCE: "a sentence: it is blank",
}
"""What each pattern of the model asks for, in words."""


def moment_us(text: str) -> int:
    """A declared date or time, in microseconds since the Unix epoch; a date is its first moment.

    Raises:
        ValueError: The calendar has no such day or time.
    """
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1_000_000


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


class _Declared(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A part of the platform file: what it says, and nothing beside it."""


class Quota(_Declared, frozen=True):
    """How much an account may publish; what is not set is not bounded.

    Attributes:
        events_per_second: Events.
        bytes_per_second: Bytes of events, as EventBridge counts them.
    """

    events_per_second: AtLeastOne | None = None
    bytes_per_second: AtLeastOne | None = None

    @property
    def is_declared(self) -> bool:
        """Whether there is any bound."""
        return self != Quota()


class Account(_Declared, frozen=True):
    """A team's isolated area: 12 digits and, as its key in the platform, a name.

    Attributes:
        id: Its 12 digits.
        clearance: The highest classification of other accounts' events that it may receive.
        owners: Who answers for it, and approves grants on the events that it owns.
        organization: Its organization, where it is not the platform's.
        destinations: The hosts to which its webhooks may deliver.
        quota: How much it may publish.
    """

    id: AccountId
    clearance: Classification = "internal"
    owners: list[Name] = []
    organization: OrganizationId | None = None
    destinations: list[Host] = []
    quota: Quota = Quota()


class Publisher(_Declared, frozen=True):
    """A service of an account, allowed to emit the event types it owns.

    Attributes:
        account: The account's name.
        events: The event types that it emits.
        sources: The envelope sources it uses; its own name where none is given.
    """

    account: Name
    events: list[EventType]
    sources: list[Name] = []


class Grant(_Declared, frozen=True):
    """An approved, expiring permission for an account to receive events.

    An account needs none for the events that it owns itself.

    Attributes:
        account: The account that may receive.
        reason: What it needs them for.
        approver: Who approved: one of the owners of the events' account, or of the central one.
        expires: The first moment at which it no longer holds, in UTC.
        events: Event types.
        sources: Sources of events that have no contract.
    """

    account: Name
    reason: Sentence
    approver: Name
    expires: Moment
    events: list[EventType] = []
    sources: list[Name] = []

    @property
    def expires_us(self) -> int:
        """``expires`` in microseconds since the Unix epoch."""
        return moment_us(self.expires)


class Retry(_Declared, frozen=True):
    """When a delivery gives up.

    Attributes:
        attempts: Retries after the first attempt, 0 to 185 (EventBridge's default and limit).
        max_age: Seconds after which it is no longer tried; None: no limit.
        keep_dead_letters: Seconds after which a delivery that gave up is deleted (SQS's limit).
    """

    attempts: Count = 185
    max_age: AgeSeconds | None = None
    keep_dead_letters: AgeSeconds = 1_209_600


class Order(_Declared, frozen=True):
    """Delivery in order, one key at a time.

    Attributes:
        key: JSON pointer to the key in the event; the contract's own where none is given.
        on_failure: Whether what follows a failed event of its key waits, or goes ahead.
    """

    key: Pointer | None = None
    on_failure: Literal["block", "skip"] = "block"


class Webhook(_Declared, frozen=True):
    """An address to which deliveries are posted.

    Attributes:
        url: The address; its host is one of the account's ``destinations``.
        secret: The name of the secret that signs deliveries.
    """

    url: Url
    secret: Name | None = None


class InputTransformer(_Declared, frozen=True):
    """JSON that is made of each event, by EventBridge's rules.

    Attributes:
        template: JSON, in which ``<name>`` stands for a variable's value.
        paths: Each variable's path into the event, such as ``$.detail.status``.
    """

    template: str
    paths: dict[str, str] = {}


class Target(_Declared, frozen=True):
    """Where deliveries go, and in which form; of the four that make a form, one at most.

    Attributes:
        webhook: Deliveries are posted to it; None: they wait in the queue.
        input: JSON text that is handed over in place of each event.
        input_path: A path to the part of the event that is handed over.
        input_transformer: A template that is filled with parts of the event.
        jsonata: A JSONata expression over the event.
    """

    webhook: Webhook | None = None
    input: str | None = None
    input_path: str | None = None
    input_transformer: InputTransformer | None = None
    jsonata: str | None = None

    @property
    def has_plain_input(self) -> bool:
        """Whether something else than the event is handed over, and no expression makes it."""
        made = (self.input, self.input_path, self.input_transformer)
        return any(each is not None for each in made)


class Alarms(_Declared, frozen=True):
    """When somebody is to be told; what is not set is not watched.

    Attributes:
        dead_letters: As many dead letters.
        waiting: As many deliveries waiting.
        failure_rate: This share of attempts fails.
        p90_ms: Milliseconds from ingest to acknowledgement that 9 of 10 deliveries take.
    """

    dead_letters: AtLeastOne | None = None
    waiting: AtLeastOne | None = None
    failure_rate: Share | None = None
    p90_ms: AtLeastOne | None = None


class Subscription(_Declared, frozen=True):
    """A durable queue in the subscriber's account.

    Attributes:
        account: The account's name.
        events: Which events, as ``type@major``; may be left out where there is a filter.
        filter: An EventBridge pattern that an event must match as well.
        fields: What of the event is delivered, beside what its contract requires; all where
            nothing is named.
        allow_undeclared: Fields of the filter and the target's input that are meant although no
            contract declares them, as ``detail.colour``, each with all that is within it.
        order: Delivery in order; None: none is promised.
        start: With which events its queue begins where it is made: ``latest``, with what is
            published from then on; ``archive``, with all that the bus still has; or with what it has
            taken since a date or time in UTC.
        retry: When a delivery gives up.
        target: Where deliveries go.
        alarms: When somebody is to be told.
    """

    account: Name
    events: list[EventAtMajor] = []
    filter: dict[str, Any] | None = None
    fields: list[Pointer] = []
    allow_undeclared: list[FieldPath] = []
    order: Order | None = None
    start: Start = "latest"
    retry: Retry = Retry()
    target: Target = Target()
    alarms: Alarms = Alarms()

    @property
    def event_refs(self) -> tuple[EventRef, ...]:
        """The events, read."""
        return tuple(EventRef.parse(text) for text in self.events)

    @property
    def start_us(self) -> int | None:
        """``start`` in microseconds since the Unix epoch; 0: all there is; None: ``latest``."""
        if self.start == "latest":
            return None
        return 0 if self.start == "archive" else max(0, moment_us(self.start))


class Waiver(_Declared, frozen=True):
    """A compliance finding that is accepted for a time.

    Attributes:
        rule: The rule's id.
        subject: JSON pointer to the part of the platform that it is about.
        reason: Why it is accepted.
        approver: Who approved: one of the owners of the central account.
        expires: The first moment at which it no longer holds, in UTC.
    """

    rule: RuleId
    subject: Pointer
    reason: Sentence
    approver: Name
    expires: Moment

    @property
    def expires_us(self) -> int:
        """``expires`` in microseconds since the Unix epoch."""
        return moment_us(self.expires)


class Minimum(_Declared, frozen=True):
    """The oldest software that accounts should run; what is not set is not looked at.

    Attributes:
        client: Keybus's own version, as its client reports it.
    """

    client: Version | None = None


class Archive(_Declared, frozen=True):
    """How much the bus keeps of what every subscription has settled; without limits, all of it.

    Attributes:
        max_age: Seconds after which events are dropped; None: never.
        max_size: Bytes of the store's file in use at which the oldest events are dropped; None: no
            limit.
    """

    max_age: ArchiveSeconds | None = None
    max_size: ArchiveBytes | None = None


class Admission(_Declared, frozen=True):
    """What becomes of events that do not fit their contract, or come from where they may not.

    Attributes:
        default: Of all types that are not named; None: as the bus was started.
        types: Of these event types.
    """

    default: AdmissionMode | None = None
    types: dict[EventType, AdmissionMode] = {}

    @property
    def is_declared(self) -> bool:
        """Whether it says anything."""
        return self != Admission()


class Platform(_Declared, frozen=True):
    """One bus and all who use it.

    Attributes:
        bus: The bus's name.
        organization: The organization of all accounts that name no other.
        central: The account that owns the bus and administers it.
        footing: What it runs on.
        accounts: By name.
        publishers: By name.
        grants: By name.
        subscriptions: By name.
        exceptions: Compliance findings that are accepted for a time, by name.
        minimum: The oldest software that accounts should run.
        archive: How much the bus keeps.
        admission: What becomes of events that do not fit their contract.
        region: What the envelope's ``region`` says.
        contracts: The contract repository's folder, relative to the platform file.
    """

    bus: BusName
    organization: OrganizationId | None = None
    central: Name | None = None
    footing: Footing = "embedded"
    accounts: dict[Name, Account] = {}
    publishers: dict[Name, Publisher] = {}
    grants: dict[Name, Grant] = {}
    subscriptions: dict[Name, Subscription] = {}
    exceptions: dict[Name, Waiver] = {}
    minimum: Minimum = Minimum()
    archive: Archive = Archive()
    admission: Admission = Admission()
    region: Name = "local"
    contracts: str = "contracts"

    def account_of_source(self, source: str) -> str:
        """The id of the account whose publisher has this source; zeros where none has."""
        for name, publisher in self.publishers.items():
            if source in (publisher.sources or [name]):
                return self.accounts[publisher.account].id
        return NOBODY
