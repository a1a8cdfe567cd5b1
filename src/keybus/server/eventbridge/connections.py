"""Connections: CreateConnection, UpdateConnection, DescribeConnection, ListConnections and the rest.

No answer has anything that is secret of them. Source: Amazon EventBridge API reference, the
operations of these names.
"""

import contextlib
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final, Literal

import msgspec

from keybus.bus.api_destinations.connection import Connection
from keybus.bus.api_destinations.errors import (
    Exists,
    NotAuthorizing,
    NotFound,
    NotSealed,
    TooMany,
)
from keybus.bus.targets.destination import DestinationRefused
from keybus.server.access import administer
from keybus.server.aws import AwsError, Call, Operation
from keybus.server.aws.errors import invalid
from keybus.server.aws.paging import page
from keybus.server.aws.shapes import Answer, Request, length, pattern
from keybus.server.eventbridge.connection_parameters import (
    AuthorizationType,
    Connectivity,
    CreateParameters,
    UpdateParameters,
    check_connectivity,
    merged,
)
from keybus.server.eventbridge.shapes import Limit, NextToken
from keybus.server.eventbridge.shown_parameters import ShownAuthorization, shown

READ, MANAGE = administer("connections.read"), administer("connections.manage")
Name = Annotated[str, length(1, 64), pattern(r"[\.\-_A-Za-z0-9]+")]
Description = Annotated[str, length(None, 512), pattern(r".*")]
State = Literal[
    "CREATING",
    "UPDATING",
    "DELETING",
    "AUTHORIZED",
    "DEAUTHORIZED",
    "AUTHORIZING",
    "DEAUTHORIZING",
    "ACTIVE",
    "FAILED_CONNECTIVITY",
]
_KmsKey = Annotated[str, length(None, 2048), pattern(r"^[a-zA-Z0-9_\-/:]*$")]
_US: Final = 1_000_000


class CreateConnection(Request, frozen=True):
    """CreateConnectionRequest."""

    name: Name
    authorization_type: AuthorizationType
    auth_parameters: CreateParameters
    description: Description | None = None
    invocation_connectivity_parameters: Connectivity | None = None
    kms_key_identifier: _KmsKey | None = None


class UpdateConnection(Request, frozen=True):
    """UpdateConnectionRequest; what is absent stays as it is."""

    name: Name
    description: Description | None = None
    authorization_type: AuthorizationType | None = None
    auth_parameters: UpdateParameters | None = None
    invocation_connectivity_parameters: Connectivity | None = None
    kms_key_identifier: _KmsKey | None = None


class OneConnection(Request, frozen=True):
    """DescribeConnectionRequest, DeauthorizeConnectionRequest, DeleteConnectionRequest."""

    name: Name


class ListConnections(Request, frozen=True):
    """ListConnectionsRequest."""

    name_prefix: Name | None = None
    connection_state: State | None = None
    next_token: NextToken | None = None
    limit: Limit | None = None


class Standing(Answer, frozen=True):
    """What each operation that changes a connection answers."""

    connection_arn: str
    connection_state: str
    creation_time: float
    last_modified_time: float
    last_authorized_time: float | None = None


class Listed(Standing, frozen=True, kw_only=True):
    """Connection."""

    name: str
    authorization_type: str
    state_reason: str | None = None


class Described(Listed, frozen=True, kw_only=True):
    """DescribeConnectionResponse."""

    description: str | None = None
    secret_arn: str | None = None
    auth_parameters: ShownAuthorization | None = None


class Connections(Answer, frozen=True):
    """ListConnectionsResponse."""

    connections: list[Listed]
    next_token: str | None = None


async def create_connection(call: Call, asked: CreateConnection) -> Standing:
    """Make a connection; one that asks for tokens is authorized behind the answer."""
    with in_aws_words():
        _check(asked.invocation_connectivity_parameters, asked.kms_key_identifier)
        parameters = merged(None, asked.authorization_type, asked.auth_parameters)
        made = await call.bus.api_destinations.connections.create(
            call.account, asked.name, parameters, by=call.principal, description=asked.description
        )
    # The model's CreateConnectionResponse has no LastAuthorizedTime, as the others' answers have.
    return msgspec.structs.replace(_standing(call, made), last_authorized_time=None)


async def update_connection(call: Call, asked: UpdateConnection) -> Standing:
    """Change a connection."""
    connections = call.bus.api_destinations.connections
    before = _found(call, asked.name)
    kind = asked.authorization_type or before.type
    given = asked.auth_parameters
    if given is None and kind != before.type:
        given = UpdateParameters()
    with in_aws_words():
        _check(asked.invocation_connectivity_parameters, asked.kms_key_identifier)
        made = await connections.update(
            call.account,
            asked.name,
            None if given is None else lambda has: merged(has, kind, given),
            by=call.principal,
            description=asked.description,
        )
    return _standing(call, made)


async def describe_connection(call: Call, asked: OneConnection) -> Described:
    """Say how a connection stands, without what is secret of it."""
    found = _found(call, asked.name)
    has_secret = found.sealed is not None
    return Described(
        **_members(call, found),
        **_more_members(found),
        description=found.description,
        secret_arn=call.bus.api_destinations.secret_arn(found) if has_secret else None,
        auth_parameters=None if found.shown is None else shown(found.shown),
    )


async def list_connections(call: Call, asked: ListConnections) -> Connections:
    """List the account's connections."""
    found = [
        each
        for each in call.bus.api_destinations.connections.of(call.account)
        if each.name.startswith(asked.name_prefix or "")
        and asked.connection_state in (None, each.state)
    ]
    shown_now, token = page(
        found,
        lambda each: each.name,
        listing="ListConnections",
        token=asked.next_token,
        limit=asked.limit,
    )
    return Connections([_listed(call, each) for each in shown_now], token)


async def deauthorize_connection(call: Call, asked: OneConnection) -> Standing:
    """Take all parameters out of a connection."""
    connections = call.bus.api_destinations.connections
    with in_aws_words():
        made = await connections.deauthorize(call.account, asked.name, by=call.principal)
    return _standing(call, made)


async def delete_connection(call: Call, asked: OneConnection) -> Standing:
    """Remove a connection; API destinations that use it are inactive from then on."""
    connections = call.bus.api_destinations.connections
    with in_aws_words():
        gone = await connections.delete(call.account, asked.name, by=call.principal)
    return _standing(call, gone)


@contextlib.contextmanager
def in_aws_words() -> Iterator[None]:
    """What the bus refuses of connections and API destinations, as AWS has it.

    Raises:
        AwsError: It refuses.
    """
    try:
        yield
    except NotFound as error:
        raise AwsError("ResourceNotFoundException", str(error)) from error
    except Exists as error:
        raise AwsError("ResourceAlreadyExistsException", str(error)) from error
    except TooMany as error:
        raise AwsError("LimitExceededException", str(error)) from error
    except (NotAuthorizing, NotSealed, DestinationRefused) as error:
        raise invalid(str(error)) from error


def seconds(time_us: int) -> float:
    """A moment as AWS's JSON has it: seconds since the Unix epoch."""
    return time_us / _US


def _check(connectivity: Connectivity | None, key: str | None) -> None:
    check_connectivity(connectivity)
    if key:
        raise NotAuthorizing(
            "KmsKeyIdentifier is not supported by Keybus, as it has no KMS: connections are sealed"
            " under the bus's own key (KEYBUS_SEALING_KEY_FILE)."
        )


def _found(call: Call, name: str) -> Connection:
    found = call.bus.api_destinations.connections.find(call.account, name)
    if found is None:
        raise AwsError("ResourceNotFoundException", f"Connection {name} does not exist.")
    return found


def _standing(call: Call, connection: Connection) -> Standing:
    return Standing(**_members(call, connection))


def _listed(call: Call, connection: Connection) -> Listed:
    return Listed(**_members(call, connection), **_more_members(connection))


def _members(call: Call, connection: Connection) -> dict[str, Any]:
    """The members of `Standing`."""
    at = connection.authorized_us
    return {
        "connection_arn": call.bus.api_destinations.arn(connection),
        "connection_state": connection.state,
        "creation_time": seconds(connection.created_us),
        "last_modified_time": seconds(connection.modified_us),
        "last_authorized_time": None if at is None else seconds(at),
    }


def _more_members(connection: Connection) -> dict[str, Any]:
    """Those that `Listed` has beside them."""
    return {
        "name": connection.name,
        "authorization_type": connection.type,
        "state_reason": connection.reason or None,
    }


OPERATIONS: Final[Mapping[str, Operation]] = {
    "CreateConnection": Operation(CreateConnection, create_connection, MANAGE),
    "UpdateConnection": Operation(UpdateConnection, update_connection, MANAGE),
    "DescribeConnection": Operation(OneConnection, describe_connection, READ),
    "ListConnections": Operation(ListConnections, list_connections, READ),
    "DeauthorizeConnection": Operation(OneConnection, deauthorize_connection, MANAGE),
    "DeleteConnection": Operation(OneConnection, delete_connection, MANAGE),
}
