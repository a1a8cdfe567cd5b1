"""Messages of SQS: sent, received, put off, deleted; alone, in batches and in order."""

from typing import Final

from tests.aws.chapters.step import Step

AT: Final = {"QueueUrl": "${url}"}
MADE: Final = Step("sqs", "CreateQueue", {"QueueName": "messages-${run}"}, {"url": "QueueUrl"})
ATTRIBUTES: Final = {
    "kind": {"DataType": "String", "StringValue": "door"},
    "count": {"DataType": "Number", "StringValue": "1"},
    "bytes": {"DataType": "Binary", "BinaryValue": b"\x00\xff"},
}
TRACE: Final = {
    "AWSTraceHeader": {
        "DataType": "String",
        "StringValue": "Root=1-5759e988-bd862e3fe1be46a994272793",
    }
}
RECEIVED: Final = Step(
    "sqs",
    "ReceiveMessage",
    {
        **AT,
        "AttributeNames": ["All"],
        "MessageSystemAttributeNames": ["All"],
        "MessageAttributeNames": ["All"],
        "MaxNumberOfMessages": 1,
        "VisibilityTimeout": 30,
        "WaitTimeSeconds": 20,
    },
    {"receipt": "Messages.0.ReceiptHandle"},
)

MESSAGES: Final = (
    MADE,
    Step(
        "sqs",
        "SendMessage",
        {
            **AT,
            "MessageBody": "the first",
            "DelaySeconds": 0,
            "MessageAttributes": ATTRIBUTES,
            "MessageSystemAttributes": TRACE,
        },
    ),
    RECEIVED,
    Step(
        "sqs",
        "ChangeMessageVisibility",
        {**AT, "ReceiptHandle": "${receipt}", "VisibilityTimeout": 60},
    ),
    Step("sqs", "DeleteMessage", {**AT, "ReceiptHandle": "${receipt}"}),
    Step("sqs", "ReceiveMessage", {**AT, "WaitTimeSeconds": 0}),
    Step(
        "sqs",
        "DeleteMessage",
        {**AT, "ReceiptHandle": "none"},
        refused="ReceiptHandleIsInvalid",
    ),
    Step("sqs", "DeleteQueue", AT),
)

BATCHES: Final = (
    MADE,
    Step(
        "sqs",
        "SendMessageBatch",
        {
            **AT,
            "Entries": [
                {"Id": "1", "MessageBody": "one", "MessageAttributes": ATTRIBUTES},
                {"Id": "2", "MessageBody": "two", "DelaySeconds": 900},
            ],
        },
    ),
    RECEIVED,
    Step(
        "sqs",
        "ChangeMessageVisibilityBatch",
        {
            **AT,
            "Entries": [
                {"Id": "1", "ReceiptHandle": "${receipt}", "VisibilityTimeout": 60},
                {"Id": "2", "ReceiptHandle": "none", "VisibilityTimeout": 60},
            ],
        },
    ),
    Step(
        "sqs",
        "DeleteMessageBatch",
        {
            **AT,
            "Entries": [
                {"Id": "1", "ReceiptHandle": "${receipt}"},
                {"Id": "2", "ReceiptHandle": "none"},
            ],
        },
    ),
    Step("sqs", "SendMessageBatch", {**AT, "Entries": []}, refused="EmptyBatchRequest"),
    Step("sqs", "DeleteQueue", AT),
)

IN_ORDER: Final = (
    Step(
        "sqs",
        "CreateQueue",
        {
            "QueueName": "messages-${run}.fifo",
            "Attributes": {"FifoQueue": "true", "ContentBasedDeduplication": "true"},
        },
        {"url": "QueueUrl"},
    ),
    Step(
        "sqs",
        "SendMessage",
        {
            **AT,
            "MessageBody": "the first",
            "MessageGroupId": "doors",
            "MessageDeduplicationId": "1",
        },
    ),
    Step(
        "sqs",
        "SendMessage",
        {**AT, "MessageBody": "no group"},
        refused="MissingRequiredParameterException",
    ),
    Step(
        "sqs",
        "SendMessageBatch",
        {**AT, "Entries": [{"Id": "1", "MessageBody": "two", "MessageGroupId": "doors"}]},
    ),
    RECEIVED,
    Step("sqs", "DeleteMessage", {**AT, "ReceiptHandle": "${receipt}"}),
    Step("sqs", "DeleteQueue", AT),
)
