"""PutPermission and RemovePermission: statements of the bus's policy.

Source: Amazon EventBridge API reference, the operations of these names.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Annotated, Any, Final

from keybus.bus.policy.bus_policy import NoSuchStatement, PolicyTooLong
from keybus.governance.bus_policy import MalformedPolicy, NotCovered
from keybus.server.access import administer
from keybus.server.aws import AwsError, Call, Operation
from keybus.server.aws.errors import invalid
from keybus.server.aws.shapes import Request, length, pattern
from keybus.server.eventbridge.buses import arn_of
from keybus.server.eventbridge.naming import platforms_bus

MANAGE = administer("buses.manage")
Name = Annotated[str, length(1, 256), pattern(r"[\.\-_A-Za-z0-9]+")]
StatementId = Annotated[str, length(1, 64), pattern(r"[a-zA-Z0-9-_]+")]


class Condition(Request, frozen=True):
    """Which accounts are meant by ``*``: those of an organization."""

    type: str
    key: str
    value: str


class PutPermission(Request, frozen=True):
    """PutPermissionRequest: a whole policy, or what a statement that allows is made of."""

    event_bus_name: Name | None = None
    action: Annotated[str, length(1, 64), pattern(r"events:[a-zA-Z]+")] | None = None
    principal: Annotated[str, length(1, 12), pattern(r"(\d{12}|\*)")] | None = None
    statement_id: StatementId | None = None
    condition: Condition | None = None
    policy: str | None = None


class RemovePermission(Request, frozen=True):
    """RemovePermissionRequest."""

    statement_id: StatementId | None = None
    remove_all_permissions: bool = False
    event_bus_name: Name | None = None


async def put_permission(call: Call, asked: PutPermission) -> None:
    """Put a statement into the policy, or a policy in its place."""
    name = platforms_bus(call, asked.event_bus_name, "Policies")
    parts = (asked.action, asked.principal, asked.statement_id, asked.condition)
    if asked.policy is not None and any(each is not None for each in parts):
        raise invalid("Policy cannot be given beside StatementId, Action, Principal or Condition.")
    with _told():
        if asked.policy is not None:
            await call.bus.policy.replace(asked.policy, call.principal)
        else:
            written = _statement(asked, arn_of(call, name))
            await call.bus.policy.put(written, call.principal)
    if call.bus.modes.authorization != "enforce" and _denies(call):
        call.warn(
            "this bus does not enforce authorization: statements that deny are kept, and refuse"
            " nothing (keybus serve enforces them)"
        )


async def remove_permission(call: Call, asked: RemovePermission) -> None:
    """Take a statement out of the policy, or all that were put."""
    platforms_bus(call, asked.event_bus_name, "Policies")
    with _told():
        if asked.remove_all_permissions:
            await call.bus.policy.clear(call.principal)
        elif asked.statement_id is not None:
            await call.bus.policy.remove(asked.statement_id, call.principal)
        else:
            raise invalid("StatementId is required, or RemoveAllPermissions.")


def _denies(call: Call) -> bool:
    return any(each.effect == "Deny" for each in call.bus.policy.statements)


def _statement(asked: PutPermission, resource: str) -> dict[str, Any]:
    """What the parts make, as IAM writes it."""
    if asked.action is None or asked.principal is None or asked.statement_id is None:
        raise invalid("Action, Principal and StatementId are required where there is no Policy.")
    anybody = asked.principal == "*"
    account: Mapping[str, str] = {"AWS": f"arn:aws:iam::{asked.principal}:root"}
    written = {
        "Sid": asked.statement_id,
        "Effect": "Allow",
        "Principal": "*" if anybody else account,
        "Action": asked.action,
        "Resource": resource,
    }
    condition = asked.condition
    if condition is None:
        return written
    if (condition.type, condition.key) != ("StringEquals", "aws:PrincipalOrgID"):
        raise invalid("Condition is of Type StringEquals and Key aws:PrincipalOrgID.")
    return written | {"Condition": {condition.type: {condition.key: condition.value}}}


@contextmanager
def _told() -> Iterator[None]:
    """What is wrong with a policy, as AWS tells it."""
    try:
        yield
    except (MalformedPolicy, NotCovered) as error:
        raise invalid(str(error)) from error
    except PolicyTooLong as error:
        raise AwsError("PolicyLengthExceededException", str(error)) from error
    except NoSuchStatement as error:
        raise AwsError("ResourceNotFoundException", str(error)) from error


OPERATIONS: Final[Mapping[str, Operation]] = {
    "PutPermission": Operation(PutPermission, put_permission, MANAGE),
    "RemovePermission": Operation(RemovePermission, remove_permission, MANAGE),
}
