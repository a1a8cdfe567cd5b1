"""The tree of errors: one root, a stable code each, and what, where and what next in every message.

KeybusError
├── SettingsError          a setting that cannot be used
├── EnvelopeError          an event that does not fit the envelope's shape or size
├── PatternError           an event pattern that is not valid
├── ContractError
│   ├── BrokenContracts    a contract repository with faults, all of them listed
│   ├── InvalidEvent       an event that its contract refuses, every fault listed
│   └── UnknownEventType   no contract or binding has this type
├── TopologyError          a platform file with faults, all of them listed
├── PlanRefused            a platform that may not be applied, with every reason
├── Unauthenticated        a request without a credential that holds
├── Forbidden              a request that the authorizer refuses
├── Throttled              too much was asked; ask again later
│   └── Overloaded         too much was asked by all together
├── CredentialError        a credential that cannot be issued, rotated, revoked or unsealed
├── AuditError             an audit log that was changed, with every place
├── PublishError
│   ├── BusUnavailable     the bus could not be reached, or did not answer in time
│   └── EntriesRefused     the bus refused some of the entries; the others are durable
├── SubscriptionError      a subscription that cannot be opened or was closed by the bus
└── EngineError
    ├── Conflict           a document changed since it was read
    └── StorageFailed      the store could not make something durable
"""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import ClassVar

import msgspec


class Fault(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing that is wrong: what, where, and what to do next.

    Attributes:
        code: Stable identifier of the rule that found it, such as ``dangling-ref``.
        message: One sentence that says what is wrong.
        pointer: JSON pointer (RFC 6901) into the document; empty for the whole document.
        file: Path of the file, as the user named its folder.
        line: Line in the file, from 1; 0 where it is not known.
        hint: What to do next.
    """

    code: str
    message: str
    pointer: str = ""
    file: str = ""
    line: int = 0
    hint: str = ""

    def __str__(self) -> str:
        """``file:line pointer: message (hint)``, without the parts that are empty."""
        place = f"{self.file}:{self.line}" if self.file and self.line else self.file
        where = " ".join(part for part in (place, self.pointer) if part)
        what = f"{where}: {self.message}" if where else self.message
        return f"{what} ({self.hint})" if self.hint else what


class KeybusError(Exception):
    """The root of everything that Keybus raises.

    Attributes:
        code: Stable identifier, the same in Python, in HTTP answers and in CLI output.
        hint: What to do next; empty where the message says it.
    """

    code: ClassVar[str] = "keybus"

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint

    def __str__(self) -> str:
        message = str(self.args[0]) if self.args else type(self).__name__
        return f"{message} ({self.hint})" if self.hint else message

    @property
    def with_code(self) -> str:
        """The message, with the code at the end of its first line: what the CLI prints.

        What somebody else answered may be in it, so nothing of it acts on a terminal.
        """
        first, *more = str(self).split("\n", 1)
        told = "\n".join([f"{first} [{self.code}]", *more])
        return "".join(
            one if one.isprintable() or one == "\n" else one.encode("unicode_escape").decode()
            for one in told
        )


class FaultsError(KeybusError):
    """A thing with faults, every one of them listed.

    Attributes:
        faults: All of them, in the order of their places.
    """

    code = "faults"

    def __init__(self, subject: str, faults: Iterable[Fault], *, hint: str = "") -> None:
        self.subject = subject
        self.faults: tuple[Fault, ...] = tuple(faults)
        count = len(self.faults)
        lines = [f"{subject}: {count} fault{'' if count == 1 else 's'}"]
        lines += [f"  {fault} [{fault.code}]" for fault in self.faults]
        super().__init__("\n".join(lines), hint=hint)

    def __str__(self) -> str:
        """A line for each fault, and one for what to do next."""
        return "\n".join(filter(None, (str(self.args[0]), self.hint)))


class SettingsError(KeybusError):
    """A setting (argument, option or ``KEYBUS_*`` variable) that cannot be used."""

    code = "settings"


class EnvelopeError(KeybusError):
    """An event that does not fit the envelope: its shape, its size or its depth.

    Attributes:
        reason: PutEvents' error code for it, such as ``MalformedDetail``.
    """

    code = "envelope"

    def __init__(self, message: str, *, reason: str = "InvalidArgument", hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.reason = reason


class PatternError(KeybusError):
    """An event pattern that is not valid; the message is EventBridge's own reason line."""

    code = "pattern"


class ContractError(KeybusError):
    """Something about contracts."""

    code = "contract"


class BrokenContracts(FaultsError, ContractError):
    """A contract repository with faults, every one listed with file, pointer and hint."""

    code = "broken-contracts"


class InvalidEvent(FaultsError, ContractError):
    """An event that its contract refuses, every fault listed with its JSON pointer.

    Attributes:
        event_type: The type whose contract refused it.
    """

    code = "invalid-event"

    def __init__(self, event_type: str, faults: Iterable[Fault]) -> None:
        super().__init__(f"{event_type} does not fit its contract", faults)
        self.event_type = event_type


class UnknownEventType(ContractError):
    """No contract or binding has this type.

    Attributes:
        event_type: The type that was asked for.
        nearest: Known types that look like it, best first.
    """

    code = "unknown-event-type"

    def __init__(self, event_type: str, known: Iterable[str]) -> None:
        self.event_type = event_type
        self.nearest: Sequence[str] = get_close_matches(event_type, list(known), n=3)
        hint = (
            f"did you mean {' or '.join(map(repr, self.nearest))}?"
            if self.nearest
            else "import its bindings, or make them with `keybus contracts generate`"
        )
        super().__init__(f"unknown event type {event_type!r}", hint=hint)


class TopologyError(FaultsError):
    """A platform file with faults, every one listed with file, line and pointer."""

    code = "topology"


class PlanRefused(FaultsError):
    """A platform that may not be applied: what the footing lacks, what compliance finds."""

    code = "plan-refused"


class PlanOutdated(KeybusError):
    """Another version of the platform holds than the one that a change was planned on.

    Attributes:
        expected: The version that it was planned on.
        found: The version that holds.
    """

    code = "plan-outdated"

    def __init__(self, *, expected: int, found: int) -> None:
        super().__init__(
            f"version {found} of the platform holds, and this was planned on {expected}",
            hint="somebody else applied one meanwhile: look at the plan again",
        )
        self.expected, self.found = expected, found


class Unauthenticated(KeybusError):
    """A request without a credential, or with one that does not hold."""

    code = "unauthenticated"


class Forbidden(KeybusError):
    """A request that the authorizer refuses.

    Attributes:
        rule: Which of its rules decided, such as ``no-grant``.
    """

    code = "forbidden"

    def __init__(self, message: str, *, rule: str, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.rule = rule


class Throttled(KeybusError):
    """Too much was asked.

    Attributes:
        retry_after: Seconds after which to ask again.
    """

    code = "throttled"

    def __init__(self, message: str, *, retry_after: float, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.retry_after = retry_after


class Overloaded(Throttled):
    """Too much was asked by all together, whoever asked this time."""

    code = "overloaded"


class CredentialError(KeybusError):
    """A credential that cannot be issued, rotated, revoked or unsealed."""

    code = "credential"


class AuditError(FaultsError):
    """An audit log that was changed; every place is listed."""

    code = "audit"


class PublishError(KeybusError):
    """An event was not published."""

    code = "publish"


class BusUnavailable(PublishError):
    """The bus could not be reached, or did not answer in time, after all retries."""

    code = "bus-unavailable"


class RefusedEntry(msgspec.Struct, frozen=True):
    """One entry that the bus did not take.

    Attributes:
        index: Its place among the entries that were published, from 0.
        event_id: The event's own ``id``.
        event_type: The event's type.
        code: The bus's error code, such as ``MalformedDetail``.
        message: The bus's reason.
    """

    index: int
    event_id: str
    event_type: str
    code: str
    message: str

    def __str__(self) -> str:
        """One line: which entry, which type, and why."""
        return (
            f"entry {self.index} ({self.event_type} {self.event_id}): {self.code}: {self.message}"
        )


class EntriesRefused(PublishError):
    """The bus refused some of the entries; all the others are durable.

    Attributes:
        refused: Every refused entry, with the bus's code and reason.
        accepted: How many entries of the same call are durable.
    """

    code = "entries-refused"

    def __init__(self, refused: Sequence[RefusedEntry], accepted: int) -> None:
        self.refused = tuple(refused)
        self.accepted = accepted
        total = accepted + len(self.refused)
        lines = [f"the bus refused {len(self.refused)} of {total} events"]
        lines += [f"  {entry}" for entry in self.refused]
        super().__init__("\n".join(lines))


class SubscriptionError(KeybusError):
    """A subscription that cannot be opened, or that the bus closed for good."""

    code = "subscription"

    @classmethod
    def unknown(cls, name: str, known: Iterable[str]) -> "SubscriptionError":
        """There is no such subscription; one with a name like it is named."""
        close = get_close_matches(name, list(known), n=1)
        hint = f"did you mean {close[0]!r}?" if close else "declare it in platform.yaml"
        return cls(f"there is no subscription {name!r}", hint=hint)


class EngineError(KeybusError):
    """The engine could not do what it was asked."""

    code = "engine"


class Conflict(EngineError):
    """A document changed since it was read: read it again and decide anew.

    Attributes:
        collection: The document's collection.
        key: The document's key.
        expected: The version that the caller had read; 0 for none.
        found: The version that stands; 0 for none.
    """

    code = "conflict"

    def __init__(self, collection: str, key: str, *, expected: int, found: int) -> None:
        super().__init__(
            f"{collection}/{key} is at version {found}, not {expected}",
            hint="read it again, then write on the version you read",
        )
        self.collection, self.key, self.expected, self.found = collection, key, expected, found


class StorageFailed(EngineError):
    """The store could not say that something is durable; whether it was kept is unknown.

    What was acknowledged before is kept.
    """

    code = "storage-failed"
