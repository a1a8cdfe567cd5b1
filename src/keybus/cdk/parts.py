"""The resources that both sides have: keys, queues, topics, each with its policy."""

from typing import Any, Final

from keybus.cdk.resource import Reference, Resource, Statement, policy
from keybus.cdk.sites import CentralSite, SubscriptionSite
from keybus.cdk.statements import notify_by_alarms, secure_only

LONGEST_RETENTION: Final = 1_209_600
"""Seconds that SQS keeps a message at most: 14 days."""
MOST_RETRIES: Final = 185
LONGEST_RETRY: Final = 86_400
"""EventBridge's own limits: attempts, and seconds."""


def key_with_alias(
    prefix: str, alias: str, description: str, statements: list[Statement]
) -> list[Resource]:
    """A key that turns over every year, and the name by which people find it."""
    id_ = f"{prefix}Key"
    properties: dict[str, Any] = {
        "Description": description,
        "EnableKeyRotation": True,
        "KeyPolicy": policy(*statements),
    }
    target = {"Fn::GetAtt": [id_, "Arn"]}
    named = {"AliasName": alias, "TargetKeyId": target}
    return [
        Resource(id_, "AWS::KMS::Key", properties, kept=True),
        Resource(f"{prefix}KeyAlias", "AWS::KMS::Alias", named),
    ]


def queue_with_policy(
    id_: str, name: str, arn: str, key: Reference, *statements: Statement, **properties: Any
) -> list[Resource]:
    """An encrypted queue, and who may send to it: nobody, where no statement says so.

    Args:
        id_: Its logical id.
        name: Its name.
        arn: Its ARN.
        key: The key's ARN.
        statements: Who may send to it.
        properties: More of its properties.
    """
    said = {"QueueName": name, "KmsMasterKeyId": key, **properties}
    document = policy(*statements, secure_only(arn, "sqs:*"))
    by = {"Queues": [{"Ref": id_}], "PolicyDocument": document}
    return [
        Resource(id_, "AWS::SQS::Queue", said),
        Resource(f"{id_}Policy", "AWS::SQS::QueuePolicy", by),
    ]


def topic_with_policy(
    prefix: str, site: CentralSite | SubscriptionSite, key: Reference
) -> list[Resource]:
    """The topic of a site's alarms; who listens to it is the team's own business."""
    id_ = f"{prefix}Topic"
    arn = site.arn("sns", site.topic)
    statements = [
        notify_by_alarms(site.account, site.alarms_arn, arn),
        secure_only(arn, "sns:Publish"),
    ]
    by = {"Topics": [{"Ref": id_}], "PolicyDocument": policy(*statements)}
    properties = {"TopicName": site.topic, "KmsMasterKeyId": key}
    return [
        Resource(id_, "AWS::SNS::Topic", properties),
        Resource(f"{id_}Policy", "AWS::SNS::TopicPolicy", by),
    ]


def retry_policy(max_age: int | None) -> dict[str, int]:
    """How long EventBridge tries to hand an event on.

    How often a consumer is given an event is its queue's to count; a hop on the way is not its
    fault, so it is tried as often as EventBridge does.
    """
    age = min(max_age or LONGEST_RETRY, LONGEST_RETRY)
    return {"MaximumRetryAttempts": MOST_RETRIES, "MaximumEventAgeInSeconds": age}
