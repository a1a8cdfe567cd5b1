"""Event buses: DescribeEventBus, ListEventBuses, CreateEventBus, UpdateEventBus, DeleteEventBus.

There is one bus a process. It has the name of its platform, and is the ``default`` one too.

Source: Amazon EventBridge API reference, the operations of these names.
"""

from collections.abc import Mapping
from typing import Annotated, Final, Literal, NoReturn

from keybus.server.access import administer
from keybus.server.aws import AwsError, Call, Operation
from keybus.server.aws.errors import invalid
from keybus.server.aws.paging import page
from keybus.server.aws.shapes import Answer, Request, length, pattern
from keybus.server.eventbridge.naming import DEFAULT, bus_named
from keybus.server.eventbridge.shapes import BusName, Limit, NextToken, Tag

MANAGE = administer("buses.manage")
_MICROSECONDS: Final = 1_000_000
Name = Annotated[str, length(1, 256), pattern(r"[/\.\-_A-Za-z0-9]+")]
Description = Annotated[str, length(None, 512)]
KmsKey = Annotated[str, length(None, 2048), pattern(r"^[a-zA-Z0-9_\-/:]*$")]


class DeadLetterConfig(Request, frozen=True):
    """Where goes what could not be delivered; refused where it names a queue."""

    arn: Annotated[str, length(1, 1600)] | None = None


class LogConfig(Request, frozen=True):
    """What the bus logs; refused but for ``OFF``."""

    include_detail: Literal["NONE", "FULL"] | None = None
    level: Literal["OFF", "ERROR", "INFO", "TRACE"] | None = None


class DescribeEventBus(Request, frozen=True):
    """DescribeEventBusRequest."""

    name: BusName | None = None


class ListEventBuses(Request, frozen=True):
    """ListEventBusesRequest."""

    name_prefix: Name | None = None
    next_token: NextToken | None = None
    limit: Limit | None = None


class CreateEventBus(Request, frozen=True):
    """CreateEventBusRequest."""

    name: Name
    event_source_name: (
        Annotated[str, length(1, 256), pattern(r"aws\.partner(/[\.\-_A-Za-z0-9]+){2,}")] | None
    ) = None
    description: Description | None = None
    kms_key_identifier: KmsKey | None = None
    dead_letter_config: DeadLetterConfig | None = None
    log_config: LogConfig | None = None
    tags: tuple[Tag, ...] = ()


class UpdateEventBus(Request, frozen=True):
    """UpdateEventBusRequest."""

    name: Name | None = None
    kms_key_identifier: KmsKey | None = None
    description: Description | None = None
    dead_letter_config: DeadLetterConfig | None = None
    log_config: LogConfig | None = None


class DeleteEventBus(Request, frozen=True):
    """DeleteEventBusRequest."""

    name: Name


class EventBus(Answer, frozen=True):
    """DescribeEventBusResponse, and an EventBus of ListEventBusesResponse; times are seconds."""

    name: str
    arn: str
    description: str | None = None
    policy: str | None = None
    creation_time: float | None = None
    last_modified_time: float | None = None


class EventBuses(Answer, frozen=True):
    """ListEventBusesResponse."""

    event_buses: list[EventBus]
    next_token: str | None = None


class Updated(Answer, frozen=True):
    """UpdateEventBusResponse."""

    arn: str
    name: str
    description: str | None = None


async def describe_event_bus(call: Call, asked: DescribeEventBus) -> EventBus:
    """Describe the bus, under the name by which it is asked for."""
    return await _described(call, bus_named(call, asked.name))


async def list_event_buses(call: Call, asked: ListEventBuses) -> EventBuses:
    """List the bus, under each of its names."""
    names = {DEFAULT, call.bus.platform.bus}
    shown, token = page(
        [each for each in names if each.startswith(asked.name_prefix or "")],
        str,
        listing="ListEventBuses",
        token=asked.next_token,
        limit=asked.limit,
    )
    return EventBuses([await _described(call, each) for each in shown], token)


async def create_event_bus(call: Call, asked: CreateEventBus) -> NoReturn:
    """Say why there is no other bus."""
    if asked.event_source_name is not None:
        raise AwsError(
            "ResourceNotFoundException", f"Event source {asked.event_source_name} does not exist."
        )
    if "/" in asked.name:
        raise invalid("Event bus name must not contain '/'.")
    if asked.name in (DEFAULT, call.bus.platform.bus):
        raise AwsError("ResourceAlreadyExistsException", f"Event bus {asked.name} already exists.")
    raise AwsError(
        "LimitExceededException",
        f"The requested resource exceeds the maximum number allowed: a Keybus process has one bus,"
        f" {call.bus.platform.bus!r}, which is {DEFAULT!r} too; run another for {asked.name!r}.",
    )


async def update_event_bus(call: Call, asked: UpdateEventBus) -> Updated:
    """Give the bus another description."""
    name = bus_named(call, asked.name)
    if asked.kms_key_identifier:
        raise _without_effect("KmsKeyIdentifier", "events are kept in the engine's store as it is")
    if asked.dead_letter_config is not None and asked.dead_letter_config.arn:
        raise _without_effect("DeadLetterConfig", "name a dead-letter queue for each target")
    if asked.log_config is not None and asked.log_config.level not in (None, "OFF"):
        raise _without_effect("LogConfig", "`keybus tail` and `keybus explain` tell of each event")
    if asked.description is not None:
        await call.bus.details.describe(asked.description, call.principal)
    return Updated(arn_of(call, name), name, call.bus.details.said.description or None)


async def delete_event_bus(call: Call, asked: DeleteEventBus) -> None:
    """Nothing, where there is no such bus; the one that there is stays."""
    if asked.name == DEFAULT:
        raise invalid("Cannot delete event bus default.")
    if asked.name == call.bus.platform.bus:
        raise invalid(f"Cannot delete event bus {asked.name}: it is the default one too.")


def arn_of(call: Call, name: str) -> str:
    """The bus's ARN under one of its names; it belongs to the central account."""
    return call.arn("events", f"event-bus/{name}", call.bus.platform.central or "")


def _without_effect(parameter: str, instead: str) -> AwsError:
    return invalid(f"{parameter} is not supported by Keybus: {instead}.")


async def _described(call: Call, name: str) -> EventBus:
    bus, arn = call.bus, arn_of(call, name)
    created = await bus.details.created_us(bus.versions, bus.generation)
    applied = bus.generation.applied.applied_us
    changed = max(created, applied, bus.details.said.changed_us, bus.policy.changed_us)
    return EventBus(
        name,
        arn,
        bus.details.said.description or None,
        bus.policy.document(arn, _seen_by(call)) or None,
        created / _MICROSECONDS,
        changed / _MICROSECONDS,
    )


def _seen_by(call: Call) -> str | None:
    """The account whose part of the policy is shown; None: who asks may see all of it."""
    if call.is_open or call.bus.authorizer.administer(call.principal, "buses.read") is None:
        return None
    return call.account


OPERATIONS: Final[Mapping[str, Operation]] = {
    "CreateEventBus": Operation(CreateEventBus, create_event_bus, MANAGE),
    "DeleteEventBus": Operation(DeleteEventBus, delete_event_bus, MANAGE),
    "DescribeEventBus": Operation(DescribeEventBus, describe_event_bus),
    "ListEventBuses": Operation(ListEventBuses, list_event_buses),
    "UpdateEventBus": Operation(UpdateEventBus, update_event_bus, MANAGE),
}
