"""Lambda functions, and what feeds them. No code runs by itself: the test has the handler.

Source: AWS Lambda developer guide, "Using Lambda with Amazon SQS" and "Reporting batch item failures".
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from keybus.arns import Arn
from keybus.testing.aws.error import NotDeployable
from keybus.testing.aws.intrinsics import Made
from keybus.testing.aws.maker import Maker, maker

Client = Callable[[str], Any]
Handler = Callable[[Any, Any], Any]
_REPORTS: Final = "ReportBatchItemFailures"
_MOST: Final = 10  # messages that SQS hands out at once
_FUNCTION: Final = (
    *("FunctionName", "Architectures", "Code", "Description", "Environment", "EphemeralStorage"),
    *("Handler", "KmsKeyArn", "Layers", "LoggingConfig", "MemorySize", "PackageType"),
    *("ReservedConcurrentExecutions", "Role", "Runtime", "Tags", "Timeout", "TracingConfig"),
    "VpcConfig",
)


class Fed(Made, frozen=True, kw_only=True):
    """A function that a queue feeds.

    Attributes:
        queue: The queue's ARN.
        batch_size: How many messages it is given at most.
        reports: Whether it may name those that it did not handle.
        is_enabled: Whether it is given any.
    """

    queue: str
    batch_size: int
    reports: bool
    is_enabled: bool


@maker(" ".join(_FUNCTION), named="FunctionName")
def function(client: Client, properties: dict[str, Any]) -> Made:
    """AWS::Lambda::Function; it stands for itself, as moto would want a container for it."""
    name = properties["FunctionName"]
    asked = client("sts")
    account, region = asked.get_caller_identity()["Account"], asked.meta.region_name
    return Made(name, {"Arn": str(Arn("lambda", region, account, f"function:{name}"))})


@maker(
    "BatchSize Enabled EventSourceArn FunctionName FunctionResponseTypes"
    " MaximumBatchingWindowInSeconds ScalingConfig Tags"
)
def event_source_mapping(client: Client, properties: dict[str, Any]) -> Made:
    """AWS::Lambda::EventSourceMapping of a queue; `hand_over` does what Lambda does with it."""
    source = properties["EventSourceArn"]
    arn = Arn.parse(source)
    if arn is None or arn.service != "sqs":
        raise NotDeployable(f"{source} is no queue", hint="only queues feed functions here")
    client("sqs").get_queue_url(QueueName=arn.resource)  # Lambda asks whether it is there as well
    return Fed(
        f"{properties['FunctionName']}/{arn.resource}",
        queue=source,
        batch_size=int(properties.get("BatchSize", _MOST)),
        reports=_REPORTS in properties.get("FunctionResponseTypes", ()),
        is_enabled=properties.get("Enabled", True) in (True, "true"),
    )


def hand_over(sqs: Any, fed: Fed, handler: Handler) -> int:
    """Give a handler one batch, and do with the messages what Lambda does.

    What it handled is deleted; what it did not comes again at once, where Lambda lets the queue's
    visibility timeout pass.

    Args:
        sqs: boto3's client of the queue's account.
        fed: What the handler stands for.
        handler: Given the invocation and None for its context.

    Returns:
        How many messages it was given.
    """
    arn = Arn.parse(fed.queue)
    assert arn is not None
    url = sqs.get_queue_url(QueueName=arn.resource)["QueueUrl"]
    every = ["All"]
    batch = sqs.receive_message(
        QueueUrl=url,
        MaxNumberOfMessages=min(fed.batch_size, _MOST),
        WaitTimeSeconds=0,
        AttributeNames=every,
        MessageAttributeNames=every,
    ).get("Messages", [])
    if not batch:
        return 0
    failed = frozenset(each["MessageId"] for each in batch)
    try:
        answer = handler({"Records": [_record(each, arn) for each in batch]}, None)
        failed = _failed(answer, failed) if fed.reports else frozenset()
    finally:
        for each in batch:
            message = {"QueueUrl": url, "ReceiptHandle": each["ReceiptHandle"]}
            if each["MessageId"] in failed:
                sqs.change_message_visibility(**message, VisibilityTimeout=0)
            else:
                sqs.delete_message(**message)
    return len(batch)


def _failed(answer: Any, given: frozenset[str]) -> frozenset[str]:
    """The messages that an answer names; all, where it is none that Lambda reads."""
    if not answer:
        return frozenset()
    told = answer.get("batchItemFailures", ()) if isinstance(answer, Mapping) else [answer]
    named = {
        each.get("itemIdentifier") if isinstance(each, Mapping) else None for each in told or ()
    }
    return given & named if named <= given else given


def _record(message: Mapping[str, Any], queue: Arn) -> dict[str, Any]:
    return {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": message.get("Attributes", {}),
        "messageAttributes": {
            name: {"stringValue": each.get("StringValue"), "dataType": each["DataType"]}
            for name, each in message.get("MessageAttributes", {}).items()
        },
        "md5OfBody": message["MD5OfBody"],
        "eventSource": "aws:sqs",
        "eventSourceARN": str(queue),
        "awsRegion": queue.region,
    }


FUNCTIONS: Final[Mapping[str, Maker]] = {
    "AWS::Lambda::Function": function,
    "AWS::Lambda::EventSourceMapping": event_source_mapping,
}
