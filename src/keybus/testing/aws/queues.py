"""Queues and topics."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from keybus.testing.aws.intrinsics import Made
from keybus.testing.aws.maker import Maker, maker, renamed, tags, text

Client = Callable[[str], Any]
_ATTRIBUTES: Final = (
    *("DelaySeconds", "FifoQueue", "ContentBasedDeduplication", "KmsMasterKeyId"),
    *("KmsDataKeyReusePeriodSeconds", "MaximumMessageSize", "MessageRetentionPeriod"),
    *("ReceiveMessageWaitTimeSeconds", "SqsManagedSseEnabled", "VisibilityTimeout"),
)


@maker(
    f"QueueName RedrivePolicy RedriveAllowPolicy Tags {' '.join(_ATTRIBUTES)}", named="QueueName"
)
def queue(client: Client, properties: dict[str, Any]) -> Made:
    """AWS::SQS::Queue."""
    sqs = client("sqs")
    given = {name: properties[name] for name in _ATTRIBUTES if name in properties}
    attributes: dict[str, str] = {name: _attribute(value) for name, value in given.items()}
    policies = ("RedrivePolicy", "RedriveAllowPolicy")
    attributes |= {each: text(properties[each]) for each in policies if each in properties}
    name = properties["QueueName"]
    url = sqs.create_queue(QueueName=name, Attributes=attributes, tags=tags(properties))["QueueUrl"]
    asked = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    arn = asked["Attributes"]["QueueArn"]
    return Made(url, {"Arn": arn, "QueueName": name, "QueueUrl": url})


@maker("Queues PolicyDocument")
def queue_policy(client: Client, properties: dict[str, Any]) -> Made:
    """AWS::SQS::QueuePolicy."""
    for url in properties["Queues"]:
        attributes = {"Policy": text(properties["PolicyDocument"])}
        client("sqs").set_queue_attributes(QueueUrl=url, Attributes=attributes)
    return Made("queue-policy")


@maker("TopicName DisplayName KmsMasterKeyId Subscription Tags", named="TopicName")
def topic(client: Client, properties: dict[str, Any]) -> Made:
    """AWS::SNS::Topic, with its subscriptions."""
    sns = client("sns")
    attributes = {
        name: properties[name] for name in ("DisplayName", "KmsMasterKeyId") if name in properties
    }
    name = properties["TopicName"]
    asked = renamed(properties, "Tags", Name="TopicName")
    arn = sns.create_topic(Attributes=attributes, **asked)["TopicArn"]
    for each in properties.get("Subscription", ()):
        sns.subscribe(TopicArn=arn, Protocol=each["Protocol"], Endpoint=each["Endpoint"])
    return Made(arn, {"TopicArn": arn, "TopicName": name})


@maker("Topics PolicyDocument")
def topic_policy(client: Client, properties: dict[str, Any]) -> Made:
    """AWS::SNS::TopicPolicy."""
    for arn in properties["Topics"]:
        document = text(properties["PolicyDocument"])
        client("sns").set_topic_attributes(
            TopicArn=arn, AttributeName="Policy", AttributeValue=document
        )
    return Made("topic-policy")


@maker("TopicArn Protocol Endpoint FilterPolicy RawMessageDelivery")
def topic_subscription(client: Client, properties: dict[str, Any]) -> Made:
    """AWS::SNS::Subscription."""
    asked = renamed(properties, "TopicArn", "Protocol", "Endpoint")
    if "FilterPolicy" in properties:
        asked["Attributes"] = {"FilterPolicy": text(properties["FilterPolicy"])}
    if "RawMessageDelivery" in properties:
        raw = _attribute(properties["RawMessageDelivery"])
        asked["Attributes"] = asked.get("Attributes", {}) | {"RawMessageDelivery": raw}
    return Made(client("sns").subscribe(**asked)["SubscriptionArn"])


def _attribute(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


QUEUES: Final[Mapping[str, Maker]] = {
    "AWS::SQS::Queue": queue,
    "AWS::SQS::QueuePolicy": queue_policy,
    "AWS::SNS::Topic": topic,
    "AWS::SNS::TopicPolicy": topic_policy,
    "AWS::SNS::Subscription": topic_subscription,
}
