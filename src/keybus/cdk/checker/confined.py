"""What programs may be allowed beside the platform: nothing of it carries events to another account.

As `harmless`, this is a list of what is known to be harmless; what is not on it fails.
"""

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Final

from keybus.arns import Arn
from keybus.cdk.checker.normal_statement import NormalStatement

MANAGED_POLICIES: Final = frozenset(
    f":iam::aws:policy/{name}"
    for name in (
        "AWSXRayDaemonWriteAccess",
        "CloudWatchLambdaInsightsExecutionRolePolicy",
        "service-role/AWSLambdaBasicExecutionRole",
        "service-role/AWSLambdaVPCAccessExecutionRole",
        "service-role/AmazonECSTaskExecutionRolePolicy",
    )
)
"""Policies of AWS's own that a role may have: their ARNs, after the partition."""
SERVICES: Final = frozenset(
    f"{service}.amazonaws.com" for service in ("ec2", "ecs", "ecs-tasks", "lambda")
)
"""Services that may act in an app's roles: those that run its programs."""
_OWN: Final[Mapping[str, tuple[str, ...]]] = {
    "cloudwatch": ("describe*", "get*", "list*", "putmetricdata"),
    "dynamodb": (
        "batchgetitem",
        "batchwriteitem",
        "conditioncheckitem",
        "deleteitem",
        "describe*",
        "get*",
        "list*",
        "partiql*",
        "putitem",
        "query",
        "scan",
        "updateitem",
    ),
    "ecr": ("batchchecklayeravailability", "batchgetimage", "getdownloadurlforlayer"),
    "lambda": ("get*", "invokeasync", "invokefunction", "list*"),
    "logs": (
        "createloggroup",
        "createlogstream",
        "describe*",
        "filterlogevents",
        "get*",
        "putlogevents",
    ),
    "ssm": (
        "describeparameters",
        "getparameter",
        "getparameterhistory",
        "getparameters",
        "getparametersbypath",
    ),
}
"""Actions on resources of the own account, by service."""
_ANYWHERE: Final = frozenset(
    {
        "cloudwatch:putmetricdata",
        "dynamodb:liststreams",
        "ec2:createnetworkinterface",
        "ec2:deletenetworkinterface",
        "ec2:describenetworkinterfaces",
        "ecr:getauthorizationtoken",
        "xray:putsegments",
        "xray:puttelemetryrecords",
        "xray:puttracesegments",
    }
)
"""Actions for which AWS knows no resources, so that ``*`` is all that can be said."""
_CONSUMING: Final = frozenset(
    {
        "sqs:changemessagevisibility",
        "sqs:deletemessage",
        "sqs:getqueueattributes",
        "sqs:getqueueurl",
        "sqs:receivemessage",
    }
)


def is_confined(statement: NormalStatement, account: str, partition: str) -> bool:
    """Whether a statement of an identity stays with harmless things of its own account."""
    if not _is_plain(statement):
        return False
    if statement.actions <= _ANYWHERE:
        return True
    return all(_is_own(action) for action in statement.actions) and all(
        _is_of(arn, account, partition, statement.actions) for arn in statement.resources
    )


def is_own_use(statement: NormalStatement, queues: frozenset[str], keys: frozenset[str]) -> bool:
    """Whether a statement consumes queues of the account's subscriptions and does nothing else.

    Args:
        statement: A statement of an identity.
        queues: The ARNs of these queues.
        keys: The ARNs of their keys.
    """
    if not _is_plain(statement):
        return False
    if statement.actions <= _CONSUMING:
        return statement.resources <= queues
    return statement.actions == {"kms:decrypt"} and statement.resources <= keys


def is_trusted(statement: NormalStatement) -> bool:
    """Whether a role is taken by nobody but services that run programs."""
    if statement.negated or statement.others or not statement.principals:
        return False
    services = all(
        kind == "Service" and one.removesuffix(".cn") in SERVICES
        for kind, one in statement.principals
    )
    return services and statement.actions <= {"sts:assumerole", "sts:tagsession"}


def _is_plain(statement: NormalStatement) -> bool:
    """Whether a statement of an identity allows what it names, and says nothing else."""
    if statement.effect != "Allow" or statement.negated or statement.others:
        return False
    return bool(statement.actions and statement.resources and not statement.principals)


def _is_own(action: str) -> bool:
    service, _, name = action.partition(":")
    if "*" in name.rstrip("*") or "?" in name:
        return False
    # A pattern is only as harmless as all that it may stand for: it has to begin as a known one.
    return any(
        name == known or (known.endswith("*") and fnmatchcase(name, known))
        for known in _OWN.get(service, ())
    )


def _is_of(arn: str, account: str, partition: str, actions: frozenset[str]) -> bool:
    found = Arn.parse(arn)
    if found is None or (found.account, found.partition) != (account, partition):
        return False
    services = {action.partition(":")[0] for action in actions}
    return services == {found.service}
