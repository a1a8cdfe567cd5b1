"""What an app may have beside the platform: nothing of it carries events to another account.

This is a list of what is known to be harmless. What is not on it fails, since whoever looks for
what is harmful forgets some of it.
"""

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Final

from keybus.arns import Arn
from keybus.cdk.checker.normal_statement import NormalStatement

BENIGN: Final = frozenset(
    {
        "AWS::CDK::Metadata",
        "AWS::CloudWatch::Alarm",
        "AWS::CloudWatch::CompositeAlarm",
        "AWS::CloudWatch::Dashboard",
        "AWS::DynamoDB::Table",
        "AWS::EC2::SecurityGroup",
        "AWS::ECS::Cluster",
        "AWS::ECS::Service",
        "AWS::ECS::TaskDefinition",
        "AWS::Lambda::Alias",
        "AWS::Lambda::EventSourceMapping",
        "AWS::Lambda::Function",
        "AWS::Lambda::LayerVersion",
        "AWS::Lambda::Permission",
        "AWS::Lambda::Version",
        "AWS::Logs::LogGroup",
        "AWS::Logs::LogStream",
        "AWS::Logs::MetricFilter",
        "AWS::SSM::Parameter",
    }
)
"""Types that an app may have as it likes, with the checks that `beside` makes."""
IRRELEVANT: Final = frozenset(
    {"Code", "ContainerDefinitions", "Description", "Environment", "Layers", "Runtime", "Tags"}
)
"""Properties of these that grant nothing and carry nothing, whatever they say."""
MANAGED_POLICIES: Final = frozenset(
    {
        "AWSXRayDaemonWriteAccess",
        "CloudWatchLambdaInsightsExecutionRolePolicy",
        "service-role/AWSLambdaBasicExecutionRole",
        "service-role/AWSLambdaVPCAccessExecutionRole",
        "service-role/AmazonECSTaskExecutionRolePolicy",
    }
)
"""Policies of AWS's own that a role may have."""
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
    "lambda": ("get*", "invokeasync", "invokefunction", "list*"),
    "logs": (
        "createloggroup",
        "createlogstream",
        "describe*",
        "filterlogevents",
        "get*",
        "putlogevents",
    ),
    "ssm": ("getparameter", "getparameters", "getparametersbypath"),
}
"""Actions on resources of the own account, by service."""
_ANYWHERE: Final = frozenset(
    {
        "cloudwatch:putmetricdata",
        "dynamodb:liststreams",
        "ec2:createnetworkinterface",
        "ec2:deletenetworkinterface",
        "ec2:describenetworkinterfaces",
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


def is_confined(statement: NormalStatement, account: str) -> bool:
    """Whether a statement of an identity stays with harmless things of its own account."""
    if statement.effect != "Allow" or statement.negated or statement.others:
        return False
    if not statement.actions or not statement.resources:
        return False
    if statement.actions <= _ANYWHERE:
        return True
    return all(_is_own(action) for action in statement.actions) and all(
        _is_of(arn, account, statement.actions) for arn in statement.resources
    )


def is_own_use(statement: NormalStatement, queues: frozenset[str], keys: frozenset[str]) -> bool:
    """Whether a statement consumes queues of the account's subscriptions and does nothing else.

    Args:
        statement: A statement of an identity.
        queues: The ARNs of these queues.
        keys: The ARNs of their keys.
    """
    if statement.effect != "Allow" or statement.negated or statement.others:
        return False
    if not statement.actions or not statement.resources:
        return False
    if statement.actions <= _CONSUMING:
        return statement.resources <= queues
    return statement.actions == {"kms:decrypt"} and statement.resources <= keys


def is_trusted(statement: NormalStatement) -> bool:
    """Whether a role is taken by nobody but services that run programs."""
    if statement.negated or statement.others or not statement.principals:
        return False
    services = all(kind == "Service" and one in SERVICES for kind, one in statement.principals)
    return services and statement.actions <= {"sts:assumerole", "sts:tagsession"}


def _is_own(action: str) -> bool:
    service, _, name = action.partition(":")
    if "*" in name.rstrip("*") or "?" in name:
        return False
    # A pattern is only as harmless as all that it may stand for: it has to begin as a known one.
    return any(
        name == known or (known.endswith("*") and fnmatchcase(name, known))
        for known in _OWN.get(service, ())
    )


def _is_of(arn: str, account: str, actions: frozenset[str]) -> bool:
    found = Arn.parse(arn)
    if found is None or found.account != account:
        return False
    services = {action.partition(":")[0] for action in actions}
    return services == {found.service} and not set("*?") & set(found.partition + found.region)
