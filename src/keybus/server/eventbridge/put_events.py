"""PutEvents: up to ten entries, each taken or refused by itself.

Source: Amazon EventBridge API reference, "PutEvents" and "PutEventsRequestEntry".
"""

import re
from collections.abc import Sequence

import msgspec

from keybus.bus import Bus
from keybus.envelope import MAX_ENTRY_BYTES, Entry, EntryResult, size
from keybus.errors import Throttled
from keybus.governance import Principal
from keybus.server.answers import UNREADABLE
from keybus.server.eventbridge.errors import AwsError

MAX_ENTRIES = 10
_ARN = re.compile(r"arn:aws[a-z-]*:events:[a-z0-9-]*:[0-9]{12}:event-bus/(.+)")
_MICROSECONDS = 1_000_000


class RequestEntry(msgspec.Struct, rename="pascal"):
    """A PutEventsRequestEntry; every member may be absent, and some absences are refused."""

    source: str | None = None
    detail_type: str | None = None
    detail: str | None = None
    resources: list[str] | None = None
    time: float | None = None
    event_bus_name: str | None = None
    trace_header: str | None = None


class Request(msgspec.Struct, rename="pascal"):
    """PutEventsRequest."""

    entries: list[RequestEntry]
    endpoint_id: str | None = None


class ResultEntry(msgspec.Struct, rename="pascal", omit_defaults=True):
    """PutEventsResultEntry: an EventId, or an ErrorCode and an ErrorMessage."""

    event_id: str | None = None
    error_code: str | None = None
    error_message: str | None = None


class Answer(msgspec.Struct, rename="pascal"):
    """PutEventsResponse."""

    failed_entry_count: int
    entries: list[ResultEntry]


async def put_events(bus: Bus, principal: Principal, content: bytes) -> Answer:
    """Answer a PutEvents call.

    Raises:
        AwsError: The request as a whole is refused.
    """
    entries = _parse(content)
    offered = [_entry(entry, bus) for entry in entries]
    taken = [entry for entry in offered if isinstance(entry, Entry)]
    if sum(map(size, taken)) > MAX_ENTRY_BYTES:
        raise _invalid(
            f"Total size of the entries in the request is over the limit ({MAX_ENTRY_BYTES} bytes)."
        )
    results = iter(await _put(bus, taken, principal))
    answered = [entry if isinstance(entry, EntryResult) else next(results) for entry in offered]
    return Answer(
        failed_entry_count=sum(1 for result in answered if result.code),
        entries=[_result(result) for result in answered],
    )


async def _put(bus: Bus, taken: list[Entry], principal: Principal) -> Sequence[EntryResult]:
    """A result for each; where the account's quota is used up, AWS's error code for that."""
    try:
        return await bus.put(taken, principal) if taken else ()
    except Throttled as error:
        told = f"{error.args[0]}; try again in {error.retry_after:.1f} s"
        return [EntryResult(code="ThrottlingException", message=told)] * len(taken)


def _parse(content: bytes) -> list[RequestEntry]:
    try:
        request = msgspec.json.decode(content, type=Request)
    except UNREADABLE as error:
        if isinstance(error, msgspec.ValidationError):
            raise _invalid(str(error)) from error
        raise AwsError("SerializationException", f"the body is not JSON: {error}") from error
    count = len(request.entries)
    if not 1 <= count <= MAX_ENTRIES:
        bound = "less than or equal to 10" if count else "greater than or equal to 1"
        raise _invalid(
            "1 validation error detected: Value at 'entries' failed to satisfy constraint: "
            f"Member must have length {bound}"
        )
    return request.entries


def _invalid(message: str) -> AwsError:
    return AwsError("ValidationException", message)


def _entry(entry: RequestEntry, bus: Bus) -> Entry | EntryResult:
    """The entry as the bus takes it, or why it does not."""
    for name, value in (
        ("Source", entry.source),
        ("DetailType", entry.detail_type),
        ("Detail", entry.detail),
    ):
        if not value:
            return EntryResult(
                code="InvalidArgument",
                message=f"Parameter {name} is not valid. Reason: {name} is a required argument.",
            )
    assert entry.source
    assert entry.detail_type
    assert entry.detail
    named = _bus_name(entry.event_bus_name or "default")
    if named not in ("default", bus.platform.bus):
        # AWS takes such an entry and drops it; an event that goes nowhere is not taken here.
        return EntryResult(
            code="InvalidArgument", message=f"Event bus {entry.event_bus_name!r} does not exist."
        )
    return Entry(
        source=entry.source,
        detail_type=entry.detail_type,
        detail=msgspec.Raw(entry.detail.encode()),
        resources=tuple(entry.resources or ()),
        time_us=None if entry.time is None else int(entry.time * _MICROSECONDS),
    )


def _bus_name(text: str) -> str:
    """The name in an event bus's ARN; anything else is taken for the name itself."""
    found = _ARN.fullmatch(text)
    return found[1] if found else text


def _result(result: EntryResult) -> ResultEntry:
    if result.code:
        return ResultEntry(error_code=result.code, error_message=result.message)
    return ResultEntry(event_id=result.event_id)
