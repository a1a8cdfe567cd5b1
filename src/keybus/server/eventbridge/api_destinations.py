"""API destinations: CreateApiDestination, UpdateApiDestination, DescribeApiDestination and the rest.

Source: Amazon EventBridge API reference, the operations of these names.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Final

from keybus.bus.api_destinations.connection import Connection
from keybus.bus.api_destinations.destination import RATE, ApiDestination, Method
from keybus.bus.api_destinations.destinations import Draft
from keybus.server.aws import AwsError, Call, Operation
from keybus.server.aws.paging import page
from keybus.server.aws.shapes import Answer, Request, between, length, pattern
from keybus.server.eventbridge.connection_parameters import Endpoint
from keybus.server.eventbridge.connections import (
    MANAGE,
    READ,
    Description,
    Name,
    in_aws_words,
    seconds,
)
from keybus.server.eventbridge.shapes import Limit, NextToken

ConnectionArn = Annotated[
    str,
    length(1, 1600),
    pattern(
        r"^arn:aws([a-z]|\-)*:events:([a-z]|\d|\-)*:([0-9]{12})?:"
        r"connection\/[\.\-_A-Za-z0-9]+\/[\-A-Za-z0-9]+$"
    ),
]
_Rate = Annotated[int, between(1)]


class CreateApiDestination(Request, frozen=True):
    """CreateApiDestinationRequest."""

    name: Name
    connection_arn: ConnectionArn
    invocation_endpoint: Endpoint
    http_method: Method
    description: Description | None = None
    invocation_rate_limit_per_second: _Rate | None = None


class UpdateApiDestination(Request, frozen=True):
    """UpdateApiDestinationRequest; what is absent stays as it is."""

    name: Name
    description: Description | None = None
    connection_arn: ConnectionArn | None = None
    invocation_endpoint: Endpoint | None = None
    http_method: Method | None = None
    invocation_rate_limit_per_second: _Rate | None = None


class OneApiDestination(Request, frozen=True):
    """DescribeApiDestinationRequest, DeleteApiDestinationRequest."""

    name: Name


class ListApiDestinations(Request, frozen=True):
    """ListApiDestinationsRequest."""

    name_prefix: Name | None = None
    connection_arn: ConnectionArn | None = None
    next_token: NextToken | None = None
    limit: Limit | None = None


class Standing(Answer, frozen=True):
    """CreateApiDestinationResponse, UpdateApiDestinationResponse."""

    api_destination_arn: str
    api_destination_state: str
    creation_time: float
    last_modified_time: float


class Listed(Standing, frozen=True, kw_only=True):
    """ApiDestination."""

    name: str
    connection_arn: str
    invocation_endpoint: str
    http_method: str
    invocation_rate_limit_per_second: int


class Described(Listed, frozen=True, kw_only=True):
    """DescribeApiDestinationResponse."""

    description: str | None = None


class ApiDestinations(Answer, frozen=True):
    """ListApiDestinationsResponse."""

    api_destinations: list[Listed]
    next_token: str | None = None


async def create_api_destination(call: Call, asked: CreateApiDestination) -> Standing:
    """Make an API destination, at an address that the account's platform allows."""
    draft = Draft(
        _connection(call, asked.connection_arn),
        asked.invocation_endpoint,
        asked.http_method,
        asked.invocation_rate_limit_per_second,
        asked.description,
    )
    destinations = call.bus.api_destinations.destinations
    with in_aws_words():
        made = await destinations.create(call.account, asked.name, draft, by=call.principal)
    return Standing(**_members(call, made))


async def update_api_destination(call: Call, asked: UpdateApiDestination) -> Standing:
    """Change an API destination; rules go on sending to it, as it is from then on."""
    arn = asked.connection_arn
    draft = Draft(
        None if arn is None else _connection(call, arn),
        asked.invocation_endpoint,
        asked.http_method,
        asked.invocation_rate_limit_per_second,
        asked.description,
    )
    destinations = call.bus.api_destinations.destinations
    with in_aws_words():
        made = await destinations.update(call.account, asked.name, draft, by=call.principal)
    return Standing(**_members(call, made))


async def describe_api_destination(call: Call, asked: OneApiDestination) -> Described:
    """Say what an API destination is."""
    found = call.bus.api_destinations.destinations.find(call.account, asked.name)
    if found is None:
        raise AwsError("ResourceNotFoundException", f"Api-destination {asked.name} does not exist.")
    return Described(
        **_members(call, found), **_more_members(call, found), description=found.description
    )


async def list_api_destinations(call: Call, asked: ListApiDestinations) -> ApiDestinations:
    """List the account's API destinations."""
    bus = call.bus.api_destinations
    found = [
        each
        for each in bus.destinations.of(call.account)
        if each.name.startswith(asked.name_prefix or "")
        and asked.connection_arn in (None, bus.connection_arn(each))
    ]
    shown, token = page(
        found,
        lambda each: each.name,
        listing="ListApiDestinations",
        token=asked.next_token,
        limit=asked.limit,
    )
    listed = [Listed(**_members(call, each), **_more_members(call, each)) for each in shown]
    return ApiDestinations(listed, token)


async def delete_api_destination(call: Call, asked: OneApiDestination) -> None:
    """Remove an API destination; what rules would send to it waits."""
    with in_aws_words():
        await call.bus.api_destinations.destinations.delete(
            call.account, asked.name, by=call.principal
        )


def _connection(call: Call, arn: str) -> Connection:
    found = call.bus.api_destinations.connection(arn, call.account)
    if found is None:
        raise AwsError("ResourceNotFoundException", f"Connection '{arn}' does not exist.")
    return found


def _members(call: Call, made: ApiDestination) -> dict[str, Any]:
    """The members of `Standing`."""
    bus = call.bus.api_destinations
    return {
        "api_destination_arn": bus.arn(made),
        "api_destination_state": "ACTIVE" if bus.destinations.is_active(made) else "INACTIVE",
        "creation_time": seconds(made.created_us),
        "last_modified_time": seconds(made.modified_us),
    }


def _more_members(call: Call, made: ApiDestination) -> dict[str, Any]:
    """Those that `Listed` has beside them."""
    return {
        "name": made.name,
        "connection_arn": call.bus.api_destinations.connection_arn(made),
        "invocation_endpoint": made.endpoint,
        "http_method": made.method,
        "invocation_rate_limit_per_second": made.rate or RATE,
    }


OPERATIONS: Final[Mapping[str, Operation]] = {
    "CreateApiDestination": Operation(CreateApiDestination, create_api_destination, MANAGE),
    "UpdateApiDestination": Operation(UpdateApiDestination, update_api_destination, MANAGE),
    "DescribeApiDestination": Operation(OneApiDestination, describe_api_destination, READ),
    "ListApiDestinations": Operation(ListApiDestinations, list_api_destinations, READ),
    "DeleteApiDestination": Operation(OneApiDestination, delete_api_destination, MANAGE),
}
