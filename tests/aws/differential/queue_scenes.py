"""What programs rely on of queues, beyond single answers."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from tests.aws.chapters import Step

AT: Final = {"QueueUrl": "${url}"}
GONE: Final = Step("sqs", "DeleteQueue", AT)


def made(name: str, **attributes: str) -> Step:
    """A queue."""
    return Step(
        "sqs", "CreateQueue", {"QueueName": name, "Attributes": attributes}, {"url": "QueueUrl"}
    )


def sent(body: str, **more: Any) -> Step:
    """A message."""
    return Step("sqs", "SendMessage", {**AT, "MessageBody": body, **more})


def received(*, visibility: int = 30, wait: int = 0, most: int = 1, keeps: str = "") -> Step:
    """What comes next."""
    asked = {**AT, "MaxNumberOfMessages": most, "VisibilityTimeout": visibility}
    kept = {keeps: "Messages.0.ReceiptHandle"} if keeps else {}
    attributes = {"AttributeNames": ["ApproximateReceiveCount", "MessageGroupId"]}
    return Step("sqs", "ReceiveMessage", {**asked, **attributes, "WaitTimeSeconds": wait}, kept)


QUEUES: Final[Mapping[str, Sequence[Step]]] = {
    "visibility": (
        made("visibility-${run}"),
        sent("a"),
        received(visibility=0, wait=5, keeps="first"),
        received(wait=5, keeps="second"),
        received(),
        Step(
            "sqs",
            "ChangeMessageVisibility",
            {**AT, "ReceiptHandle": "${second}", "VisibilityTimeout": 0},
        ),
        received(wait=5, keeps="third"),
        Step("sqs", "DeleteMessage", {**AT, "ReceiptHandle": "${third}"}),
        Step("sqs", "DeleteMessage", {**AT, "ReceiptHandle": "${third}"}),
        received(),
        GONE,
    ),
    "visibility out of range": (
        made("range-${run}"),
        sent("a"),
        received(wait=5, keeps="first"),
        Step(
            "sqs",
            "ChangeMessageVisibility",
            {**AT, "ReceiptHandle": "${first}", "VisibilityTimeout": 43_201},
        ),
        received(most=11),
        received(most=0),
        received(wait=21),
        sent("b", DelaySeconds=901),
        GONE,
    ),
    "order by group": (
        made("order-${run}.fifo", FifoQueue="true"),
        sent("a1", MessageGroupId="a", MessageDeduplicationId="1"),
        sent("a2", MessageGroupId="a", MessageDeduplicationId="2"),
        sent("a2", MessageGroupId="a", MessageDeduplicationId="2"),
        sent("b1", MessageGroupId="b", MessageDeduplicationId="3"),
        received(wait=5, keeps="a1"),
        received(wait=5, keeps="b1"),
        received(),
        Step("sqs", "DeleteMessage", {**AT, "ReceiptHandle": "${a1}"}),
        received(wait=5),
        received(),
        sent("no id", MessageGroupId="a"),
        GONE,
    ),
    "names of queues": (
        made("not.allowed"),
        made("x" * 81),
        made("order-${run}", FifoQueue="true"),
        made("queue-${run}", Nonsense="1"),
        made("queue-${run}", VisibilityTimeout="43201"),
        made("queue-${run}", DelaySeconds="text"),
    ),
    "batches that are none": (
        made("batches-${run}"),
        Step(
            "sqs",
            "SendMessageBatch",
            {**AT, "Entries": [{"Id": "1", "MessageBody": "a"}, {"Id": "1", "MessageBody": "b"}]},
        ),
        Step(
            "sqs",
            "SendMessageBatch",
            {**AT, "Entries": [{"Id": str(number), "MessageBody": "a"} for number in range(11)]},
        ),
        Step("sqs", "SendMessageBatch", {**AT, "Entries": [{"Id": "a.b", "MessageBody": "a"}]}),
        Step("sqs", "DeleteMessageBatch", {**AT, "Entries": []}),
        GONE,
    ),
    "dead letters after two": (
        made("letters-${run}"),
        Step(
            "sqs",
            "GetQueueAttributes",
            {**AT, "AttributeNames": ["QueueArn"]},
            {"letters": "Attributes.QueueArn", "arn": "Attributes.QueueArn"},
        ),
        Step("sqs", "GetQueueUrl", {"QueueName": "letters-${run}"}, {"dead": "QueueUrl"}),
        made(
            "alive-${run}",
            RedrivePolicy='{"deadLetterTargetArn": "${letters}", "maxReceiveCount": "2"}',
        ),
        sent("a"),
        received(visibility=0, wait=5),
        received(visibility=0, wait=5),
        received(wait=1),
        Step("sqs", "ReceiveMessage", {"QueueUrl": "${dead}", "WaitTimeSeconds": 5}),
        GONE,
        Step("sqs", "DeleteQueue", {"QueueUrl": "${dead}"}),
    ),
    "contents": (
        made("contents-${run}"),
        sent(""),
        sent("\x00"),
        sent("é\U0001f600"),
        sent("a", MessageAttributes={"a": {"DataType": "Nonsense", "StringValue": "a"}}),
        sent("a", MessageAttributes={"a": {"DataType": "Number", "StringValue": "text"}}),
        sent("a", MessageAttributes={"a b": {"DataType": "String", "StringValue": "a"}}),
        sent("x" * (1 << 20)),
        sent("x" * ((1 << 20) + 1)),
        Step("sqs", "PurgeQueue", AT),
        Step("sqs", "PurgeQueue", AT),
        received(),
        GONE,
    ),
}
"""What programs rely on of queues."""
