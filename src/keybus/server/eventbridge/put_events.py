"""PutEvents: up to ten entries, each taken or refused by itself.

Source: Amazon EventBridge API reference, "PutEvents" and "PutEventsRequestEntry".
"""

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Final

import msgspec

from keybus.bus.event_bus.custom_bus import bus_arn
from keybus.envelope import MAX_ENTRY_BYTES, Entry, EntryResult, size
from keybus.errors import KeybusError, Throttled
from keybus.server.access import PUT
from keybus.server.aws import Call, Operation
from keybus.server.aws.errors import invalid
from keybus.server.aws.shapes import Answer as AwsAnswer
from keybus.server.aws.shapes import Request, length, pattern
from keybus.server.eventbridge.naming import DEFAULT, is_platforms
from keybus.server.eventbridge.shapes import OwnBusName

_MAX_BODY: Final = 8 << 20
_ARN = re.compile(r"arn:aws[a-z-]*:events:[a-z0-9-]*:[0-9]{12}:event-bus/(.+)")
_MICROSECONDS = 1_000_000
_FAR: Final = 1e12
"""Seconds that are beyond the years that an event may be of, and still have microseconds."""

EndpointId = Annotated[str, length(1, 50), pattern(r"^[A-Za-z0-9\-]+[\.][A-Za-z0-9\-]+$")]


class RequestEntry(Request, frozen=True):
    """A PutEventsRequestEntry; every member may be absent, and some absences are refused."""

    source: str | None = None
    detail_type: str | None = None
    detail: str | None = None
    resources: list[Annotated[str, length(None, 2048)]] | None = None
    time: float | None = None
    event_bus_name: OwnBusName | None = None
    trace_header: Annotated[str, length(1, 500)] | None = None


class PutEvents(Request, frozen=True):
    """PutEventsRequest."""

    entries: Annotated[list[RequestEntry], length(1, 10)]
    endpoint_id: EndpointId | None = None


class ResultEntry(AwsAnswer, frozen=True):
    """PutEventsResultEntry: an EventId, or an ErrorCode and an ErrorMessage."""

    event_id: str | None = None
    error_code: str | None = None
    error_message: str | None = None


class Answer(AwsAnswer, frozen=True):
    """PutEventsResponse."""

    failed_entry_count: int
    entries: list[ResultEntry]


async def put_events(call: Call, asked: PutEvents) -> Answer:
    """Answer a PutEvents call.

    Raises:
        AwsError: The request as a whole is refused.
    """
    offered = [_entry(entry, call) for entry in asked.entries]
    taken = [each for each in offered if isinstance(each, tuple)]
    if sum(size(entry) for _, entry in taken) > MAX_ENTRY_BYTES:
        raise invalid(
            f"Total size of the entries in the request is over the limit ({MAX_ENTRY_BYTES} bytes)."
        )
    buses = dict.fromkeys(bus for bus, _ in taken)
    results = {
        bus: iter(
            await _put(call, [each for of, each in taken if of == bus], bus, alone=len(buses) == 1)
        )
        for bus in buses
    }
    answered = [
        each if isinstance(each, EntryResult) else next(results[each[0]]) for each in offered
    ]
    return Answer(
        failed_entry_count=sum(1 for result in answered if result.code),
        entries=[_result(result) for result in answered],
    )


async def _put(
    call: Call, taken: list[Entry], event_bus: str, *, alone: bool
) -> Sequence[EntryResult]:
    """A result for each; where the account's quota is used up, AWS's error code for that.

    Unless it is the only bus of the call, what fails fails its own entries: others may have been
    taken, which whoever tries it all again would double.
    """
    try:
        return await call.bus.put(taken, call.principal, event_bus)
    except Throttled as error:
        told = f"{error.args[0]}; try again in {error.retry_after:.1f} s"
        return [EntryResult(code="ThrottlingException", message=told)] * len(taken)
    except KeybusError as error:
        if alone:
            raise
        return [EntryResult(code="InternalFailure", message=str(error))] * len(taken)


def _entry(entry: RequestEntry, call: Call) -> tuple[str, Entry] | EntryResult:
    """The ARN of the bus, or nothing for the platform's own, and the entry; or why not."""
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
    bus = _bus(entry.event_bus_name or DEFAULT, call)
    if bus is None:
        # AWS takes such an entry and drops it; an event that goes nowhere is not taken here.
        return EntryResult(
            code="InvalidArgument", message=f"Event bus {entry.event_bus_name!r} does not exist."
        )
    return bus, Entry(
        source=entry.source,
        detail_type=entry.detail_type,
        detail=msgspec.Raw(entry.detail.encode()),
        resources=tuple(entry.resources or ()),
        time_us=None if entry.time is None else _microseconds(entry.time),
    )


def _microseconds(seconds: float) -> int:
    return int(max(-_FAR, min(seconds, _FAR)) * _MICROSECONDS)


def _bus(text: str, call: Call) -> str | None:
    """The ARN of the bus, by its name or ARN; empty for the platform's own, None where none is."""
    found = _ARN.fullmatch(text)
    name = found[1] if found else text
    if is_platforms(call, name):
        return ""
    if call.bus.custom_buses.find(call.account, name) is None:
        return None
    arn = bus_arn(call.bus.platform.region, call.account_id, name)
    return arn if text in (name, arn) else None


def _result(result: EntryResult) -> ResultEntry:
    if result.code:
        return ResultEntry(error_code=result.code, error_message=result.message)
    return ResultEntry(event_id=result.event_id)


OPERATIONS: Final[Mapping[str, Operation]] = {
    "PutEvents": Operation(PutEvents, put_events, PUT, most=_MAX_BODY)
}
