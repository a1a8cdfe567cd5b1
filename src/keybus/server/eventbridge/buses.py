"""Event buses: DescribeEventBus, ListEventBuses, CreateEventBus, UpdateEventBus, DeleteEventBus.

The platform's bus has the name of its platform, and is the ``default`` one of every account too.
Beside it an account may have buses of its own, for its own events and rules.

Source: Amazon EventBridge API reference, the operations of these names.
"""

from collections.abc import Mapping
from functools import partial
from typing import Annotated, Final, Literal

from keybus.bus.event_bus.custom_bus import (
    BusExists,
    BusHasRules,
    CustomBus,
    TooManyBuses,
    bus_arn,
)
from keybus.server.access import administer
from keybus.server.aws import AwsError, Call, Operation
from keybus.server.aws.errors import invalid
from keybus.server.aws.paging import page
from keybus.server.aws.shapes import Answer, Request, length, pattern
from keybus.server.eventbridge.naming import DEFAULT, bus_named, is_platforms
from keybus.server.eventbridge.shapes import BusName, Limit, NextToken, Tag
from keybus.server.eventbridge.tags import checked, require

OWN = administer("rules.manage")
"""Of the account's own buses, as of their rules; the platform's asks for more."""
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


class Created(Answer, frozen=True):
    """CreateEventBusResponse."""

    event_bus_arn: str
    description: str | None = None


class Updated(Answer, frozen=True):
    """UpdateEventBusResponse."""

    arn: str
    name: str
    description: str | None = None


async def describe_event_bus(call: Call, asked: DescribeEventBus) -> EventBus:
    """Describe the bus, under the name by which it is asked for."""
    return await _described(call, bus_named(call, asked.name))


async def list_event_buses(call: Call, asked: ListEventBuses) -> EventBuses:
    """List the platform's bus, under each of its names, and the account's own."""
    own = (each.name for each in call.bus.custom_buses.of(call.account))
    names = {DEFAULT, call.bus.platform.bus, *own}
    shown, token = page(
        [each for each in names if each.startswith(asked.name_prefix or "")],
        str,
        listing="ListEventBuses",
        token=asked.next_token,
        limit=asked.limit,
    )
    return EventBuses([await _described(call, each) for each in shown], token)


async def create_event_bus(call: Call, asked: CreateEventBus) -> Created:
    """Make a bus for the account."""
    if asked.event_source_name is not None:
        raise AwsError(
            "ResourceNotFoundException", f"Event source {asked.event_source_name} does not exist."
        )
    if "/" in asked.name:
        raise invalid("Event bus name must not contain '/'.")
    _check_supported(asked)
    wanted = CustomBus(call.account, asked.name, asked.description or "", checked(asked.tags))
    there = AwsError("ResourceAlreadyExistsException", f"Event bus {asked.name} already exists.")
    if is_platforms(call, asked.name):
        raise there
    try:
        made = await call.bus.custom_buses.create(wanted, call.principal)
    except BusExists as error:
        raise there from error
    except TooManyBuses as error:
        raise AwsError("LimitExceededException", str(error)) from error
    return Created(arn_of(call, made.name), made.description or None)


async def update_event_bus(call: Call, asked: UpdateEventBus) -> Updated:
    """Give a bus another description."""
    name = bus_named(call, asked.name)
    _check_supported(asked)
    if not is_platforms(call, name):
        buses, said = call.bus.custom_buses, asked.description
        bus = buses.find(call.account, name)
        if said is not None:
            bus = await buses.describe(call.account, name, said, call.principal)
        return Updated(arn_of(call, name), name, (bus and bus.description) or None)
    require(call, "buses.manage")
    if asked.description is not None:
        await call.bus.details.describe(asked.description, call.principal)
    return Updated(arn_of(call, name), name, call.bus.details.said.description or None)


def _check_supported(asked: CreateEventBus | UpdateEventBus) -> None:
    """Refuse what would have no effect.

    Raises:
        AwsError: ``ValidationException``.
    """
    if asked.kms_key_identifier:
        raise _without_effect("KmsKeyIdentifier", "events are kept in the engine's store as it is")
    if asked.dead_letter_config is not None and asked.dead_letter_config.arn:
        raise _without_effect("DeadLetterConfig", "name a dead-letter queue for each target")
    if asked.log_config is not None and asked.log_config.level not in (None, "OFF"):
        raise _without_effect("LogConfig", "`keybus tail` and `keybus explain` tell of each event")


async def delete_event_bus(call: Call, asked: DeleteEventBus) -> None:
    """Let one of the account's buses go; nothing, where there is none. The platform's stays."""
    if asked.name == DEFAULT:
        raise invalid("Cannot delete event bus default.")
    if is_platforms(call, asked.name):
        raise invalid(f"Cannot delete event bus {asked.name}: it is the default one too.")
    has_rules = partial(call.bus.rules.on, call.account, asked.name)
    try:
        await call.bus.custom_buses.delete(
            call.account, asked.name, call.principal, has_rules=has_rules
        )
    except BusHasRules as error:
        raise invalid(f"Event bus {asked.name} can't be deleted since it has rules.") from error


def arn_of(call: Call, name: str) -> str:
    """A bus's ARN; the platform's own, under each of its names, belongs to the central account."""
    platform = call.bus.platform
    owner = (platform.central or "") if is_platforms(call, name) else call.account
    return bus_arn(platform.region, call.id_of(owner), name)


def _without_effect(parameter: str, instead: str) -> AwsError:
    return invalid(f"{parameter} is not supported by Keybus: {instead}.")


async def _described(call: Call, name: str) -> EventBus:
    bus, arn = call.bus, arn_of(call, name)
    if (own := bus.custom_buses.find(call.account, name)) is not None:
        return EventBus(
            name,
            arn,
            own.description or None,
            None,
            own.created_us / _MICROSECONDS,
            own.changed_us / _MICROSECONDS,
        )
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
    "CreateEventBus": Operation(CreateEventBus, create_event_bus, OWN),
    "DeleteEventBus": Operation(DeleteEventBus, delete_event_bus, OWN),
    "DescribeEventBus": Operation(DescribeEventBus, describe_event_bus),
    "ListEventBuses": Operation(ListEventBuses, list_event_buses),
    "UpdateEventBus": Operation(UpdateEventBus, update_event_bus, OWN),
}
