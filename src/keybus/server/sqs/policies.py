"""A queue's policy: kept as it was given, as long as it lets in nobody but the account itself.

A queue is its account's. Who else may receive what is decided by the topology's grants, and not by a
queue's policy; so one that would let another account in is refused, and none is ever evaluated. The
policy that scripts put on a queue which is a rule's target, that the service ``events.amazonaws.com``
may send to it, is what holds here anyway.

Source: Amazon SQS developer guide, "Basic examples of Amazon SQS policies"; AWS IAM user guide,
"Policy grammar".
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec

from keybus.arns import Arn
from keybus.server.aws import AwsError
from keybus.server.sqs.errors import failure

EVENTS: Final = "events.amazonaws.com"
ACTIONS: Final = frozenset(
    {
        "*",
        "AddPermission",
        "CancelMessageMoveTask",
        "ChangeMessageVisibility",
        "CreateQueue",
        "DeleteMessage",
        "DeleteQueue",
        "GetQueueAttributes",
        "GetQueueUrl",
        "ListDeadLetterSourceQueues",
        "ListMessageMoveTasks",
        "ListQueueTags",
        "ListQueues",
        "PurgeQueue",
        "ReceiveMessage",
        "RemovePermission",
        "SendMessage",
        "SetQueueAttributes",
        "StartMessageMoveTask",
        "TagQueue",
        "UntagQueue",
    }
)
_ACCOUNT: Final = re.compile(r"[0-9]{12}")
_MOST_BYTES: Final = 20_480
_REASON: Final = (
    "a queue of this bus is its own account's, and who else receives what is declared in the "
    "platform's grants"
)


def checked(text: str, account_id: str) -> str:
    """A policy that a queue of an account may have.

    Args:
        text: The policy; an empty one takes the standing one away.
        account_id: The queue's account.

    Raises:
        AwsError: ``InvalidAttributeValue``: it is no policy, or lets somebody else in.
    """
    if not text:
        return text
    for statement in _statements(text):
        if statement.get("Effect") not in ("Allow", "Deny"):
            raise _refused("a statement's Effect is Allow or Deny")
        if statement["Effect"] == "Deny":
            raise _refused("a statement with Effect Deny is never evaluated, so it is not taken")
        if "NotPrincipal" in statement or "Principal" not in statement:
            raise _refused("a statement needs a Principal")
        for principal in _principals(statement["Principal"]):
            if not _is_own(principal, account_id) and not _is_from_own(statement, account_id):
                raise _refused(f"it allows {principal!r}, but {_REASON}")
    return text


def statement_of(
    label: str, account_id: str, queue_arn: str, actions: Sequence[str]
) -> Mapping[str, Any]:
    """The statement that AddPermission adds."""
    return {
        "Sid": label,
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{account_id}:root"},
        "Action": [f"SQS:{each}" for each in actions],
        "Resource": queue_arn,
    }


def with_statement(text: str, queue_arn: str, statement: Mapping[str, Any]) -> str:
    """A policy with one more statement.

    Raises:
        AwsError: ``OverLimit``: it would be longer than a policy may be.
    """
    policy = msgspec.json.decode(text) if text else _empty(queue_arn)
    policy["Statement"] = [*_each(policy["Statement"]), statement]
    longer = msgspec.json.encode(policy)
    if len(longer) > _MOST_BYTES:
        raise failure("OverLimit", f"A policy has at most {_MOST_BYTES} bytes.")
    return longer.decode()


def without_statement(text: str, label: str) -> str | None:
    """A policy without one of its statements; None where it has none of that label."""
    policy = msgspec.json.decode(text) if text else {"Statement": []}
    statements = _each(policy["Statement"])
    left = [each for each in statements if each.get("Sid") != label]
    if len(left) == len(statements):
        return None
    return msgspec.json.encode(policy | {"Statement": left}).decode() if left else ""


def labels(text: str) -> list[str]:
    """The label of each of a policy's statements; empty where it has none."""
    return [str(each.get("Sid", "")) for each in _statements(text)] if text else []


def _empty(queue_arn: str) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Id": f"{queue_arn}/SQSDefaultPolicy", "Statement": []}


def _statements(text: str) -> list[dict[str, Any]]:
    if len(text.encode("utf-8", "surrogatepass")) > _MOST_BYTES:
        raise _refused(f"a policy has at most {_MOST_BYTES} bytes")
    try:
        policy = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError, UnicodeError):
        policy = None
    statements = _each(policy.get("Statement")) if isinstance(policy, dict) else []
    if not statements or not all(isinstance(each, dict) for each in statements):
        raise _refused("it is no policy: a JSON object with at least one Statement")
    return statements


def _principals(principal: Any) -> Iterator[str]:
    """Whom a statement names: accounts, and services by their host names."""
    named = principal.values() if isinstance(principal, dict) else [principal]
    for each in named:
        for one in _each(each):
            yield str(one)


def _is_own(principal: str, account_id: str) -> bool:
    if principal in (EVENTS, account_id):
        return True
    arn = Arn.parse(principal)
    return arn is not None and arn.service == "iam" and arn.account == account_id


def _is_from_own(statement: Mapping[str, Any], account_id: str) -> bool:
    """Whether a condition cuts it down to the account: by the source's ARN or account."""
    conditions = statement.get("Condition")
    if not isinstance(conditions, dict):
        return False
    for operator in ("ArnEquals", "ArnLike", "StringEquals"):
        asked = conditions.get(operator)
        found = asked if isinstance(asked, dict) else {}
        for key, values in found.items():
            known = key.lower() in ("aws:sourcearn", "aws:sourceaccount", "aws:principalaccount")
            accounts = {_account_of(each) for each in _each(values)}
            if known and accounts == {account_id}:  # no value at all cuts down nothing
                return True
    return False


def _account_of(value: Any) -> str:
    text = str(value)
    arn = Arn.parse(text)
    return arn.account if arn is not None else text if _ACCOUNT.fullmatch(text) else ""


def _each(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _refused(why: str) -> AwsError:
    return failure(
        "InvalidAttributeValue", f"Invalid value for the parameter Policy. Reason: {why}."
    )
