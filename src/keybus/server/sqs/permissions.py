"""AddPermission and RemovePermission: statements of a queue's policy.

Source: Amazon SQS API reference, each operation.
"""

import re
from collections.abc import Mapping
from typing import Final

import msgspec

from keybus.bus.message_queues.settings import QueueSettings
from keybus.server.access import administer
from keybus.server.aws import Call, Operation
from keybus.server.aws.shapes import Request
from keybus.server.sqs import policies
from keybus.server.sqs.attributes import keep
from keybus.server.sqs.errors import failure, invalid_value, missing, unsupported
from keybus.server.sqs.finding import created
from keybus.server.sqs.names import Place, arn_of

_LABEL: Final = re.compile(r"[A-Za-z0-9_-]{1,80}")
_MOST_ACTIONS: Final = 7
_MOST_STATEMENTS: Final = 20
_TO_GRANT: Final = "who receives what is declared in the platform's grants"


class AddPermission(Request, frozen=True):
    """AddPermissionRequest."""

    queue_url: str
    label: str
    aws_account_ids: tuple[str, ...] = msgspec.field(name="AWSAccountIds")
    actions: tuple[str, ...]


class RemovePermission(Request, frozen=True):
    """RemovePermissionRequest."""

    queue_url: str
    label: str


async def add_permission(call: Call, asked: AddPermission) -> None:
    """Answer AddPermission: for the queue's own account, which may do it anyway.

    Raises:
        AwsError: There is no such queue, or another account is to be let in.
    """
    queue = created(call, asked.queue_url, _TO_GRANT)
    _check(asked)
    own = call.id_of(queue.account)
    for account in asked.aws_account_ids:
        if account != own:
            raise unsupported(
                f"The account {account[:32]!r} cannot be let in: a queue of this bus is its own "
                f"account's, and {_TO_GRANT}."
            )
    arn = arn_of(call, Place(queue.account, queue.name))
    statement = policies.statement_of(asked.label, own, arn, asked.actions)

    def permitting(standing: QueueSettings) -> QueueSettings:
        known = policies.labels(standing.policy)
        if asked.label in known:
            raise invalid_value(
                f"Value {asked.label} for parameter Label is invalid. Reason: Already exists."
            )
        if len(known) >= _MOST_STATEMENTS:
            raise failure(
                "OverLimit", f"At most {_MOST_STATEMENTS} statements are allowed in a policy."
            )
        policy = policies.with_statement(standing.policy, arn, statement)
        return msgspec.structs.replace(standing, policy=policy)

    await keep(call, queue, permitting)


async def remove_permission(call: Call, asked: RemovePermission) -> None:
    """Answer RemovePermission.

    Raises:
        AwsError: There is no such queue, or no such label.
    """
    queue = created(call, asked.queue_url, _TO_GRANT)

    def refusing(standing: QueueSettings) -> QueueSettings:
        policy = policies.without_statement(standing.policy, asked.label)
        if policy is None:
            raise invalid_value(
                f"Value {asked.label[:80]} for parameter Label is invalid. Reason: can't find label."
            )
        return msgspec.structs.replace(standing, policy=policy)

    await keep(call, queue, refusing)


def _check(asked: AddPermission) -> None:
    if _LABEL.fullmatch(asked.label) is None:
        raise invalid_value(f"Value {asked.label[:80]} for parameter Label is invalid.")
    for name, given in (("AWSAccountIds", asked.aws_account_ids), ("Actions", asked.actions)):
        if not given:
            raise missing(name)
    if len(asked.actions) > _MOST_ACTIONS:
        raise failure(
            "OverLimit", f"{len(asked.actions)} actions were found, maximum allowed is 7."
        )
    for action in asked.actions:
        if action not in policies.ACTIONS:
            raise invalid_value(
                f"Value SQS:{action[:64]} for parameter ActionName is invalid. Reason: Please refer "
                "to the appropriate WSDL for a list of valid actions."
            )


_MANAGE: Final = administer("queues.manage")
OPERATIONS: Final[Mapping[str, Operation]] = {
    "AddPermission": Operation(AddPermission, add_permission, _MANAGE),
    "RemovePermission": Operation(RemovePermission, remove_permission, _MANAGE),
}
