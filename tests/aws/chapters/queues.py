"""Queues of SQS: made, changed, tagged, shared, purged, deleted."""

from typing import Final

from tests.aws.chapters.step import Step

QUEUE: Final = Step(
    "sqs",
    "CreateQueue",
    {
        "QueueName": "queue-${run}",
        "Attributes": {"VisibilityTimeout": "30", "DelaySeconds": "0"},
        "tags": {"team": "doors"},
    },
    {"url": "QueueUrl"},
)
AT: Final = {"QueueUrl": "${url}"}
GONE: Final = "QueueDoesNotExist"

QUEUES: Final = (
    QUEUE,
    Step("sqs", "CreateQueue", QUEUE.asked),
    Step(
        "sqs",
        "CreateQueue",
        {"QueueName": "queue-${run}", "Attributes": {"VisibilityTimeout": "31"}},
        refused="QueueNameExists",
    ),
    Step("sqs", "GetQueueUrl", {"QueueName": "queue-${run}"}),
    Step("sqs", "ListQueues", {"QueueNamePrefix": "queue-${run}", "MaxResults": 1}),
    Step("sqs", "ListQueues", {}),
    Step("sqs", "GetQueueAttributes", {**AT, "AttributeNames": ["All"]}),
    Step("sqs", "SetQueueAttributes", {**AT, "Attributes": {"VisibilityTimeout": "1"}}),
    Step("sqs", "TagQueue", {**AT, "Tags": {"stage": "test"}}),
    Step("sqs", "ListQueueTags", AT),
    Step("sqs", "UntagQueue", {**AT, "TagKeys": ["stage", "none"]}),
    Step("sqs", "PurgeQueue", AT),
    Step("sqs", "DeleteQueue", AT),
    Step("sqs", "GetQueueUrl", {"QueueName": "queue-${run}"}, refused=GONE),
    Step("sqs", "GetQueueAttributes", {**AT, "AttributeNames": ["All"]}, refused=GONE),
    Step("sqs", "SendMessage", {**AT, "MessageBody": "late"}, refused=GONE),
    Step("sqs", "ReceiveMessage", AT, refused=GONE),
)

SHARED: Final = (
    QUEUE,
    Step("events", "PutRule", {"Name": "whose-${run}", "EventPattern": '{"source": ["a"]}'}),
    Step("events", "DescribeRule", {"Name": "whose-${run}"}, {"account": "CreatedBy"}),
    Step("events", "DeleteRule", {"Name": "whose-${run}"}),
    Step(
        "sqs",
        "AddPermission",
        {**AT, "Label": "own", "AWSAccountIds": ["${account}"], "Actions": ["SendMessage"]},
    ),
    Step(
        "sqs",
        "AddPermission",
        {**AT, "Label": "desk", "AWSAccountIds": ["222222222222"], "Actions": ["SendMessage"]},
        refused="UnsupportedOperation",
    ),
    Step("sqs", "RemovePermission", {**AT, "Label": "own"}),
    Step("sqs", "DeleteQueue", AT),
)

ARN: Final = Step(
    "sqs",
    "GetQueueAttributes",
    {**AT, "AttributeNames": ["QueueArn"]},
    {"arn": "Attributes.QueueArn"},
)
REDRIVE: Final = '{"deadLetterTargetArn": "${arn}", "maxReceiveCount": 2}'

REDRIVEN: Final = (
    QUEUE,
    ARN,
    Step(
        "sqs",
        "CreateQueue",
        {"QueueName": "source-${run}", "Attributes": {"RedrivePolicy": REDRIVE}},
        {"source": "QueueUrl"},
    ),
    Step(
        "sqs",
        "GetQueueAttributes",
        {"QueueUrl": "${source}", "AttributeNames": ["All"]},
        {"to": "Attributes.QueueArn"},
    ),
    Step("sqs", "ListDeadLetterSourceQueues", {**AT, "MaxResults": 1}),
    Step(
        "sqs",
        "SendMessageBatch",
        {**AT, "Entries": [{"Id": str(each), "MessageBody": "once more"} for each in range(10)]},
    ),
    Step(
        "sqs",
        "StartMessageMoveTask",
        {"SourceArn": "${arn}", "DestinationArn": "${to}", "MaxNumberOfMessagesPerSecond": 1},
        {"task": "TaskHandle"},
    ),
    Step("sqs", "ListMessageMoveTasks", {"SourceArn": "${arn}", "MaxResults": 1}),
    Step("sqs", "CancelMessageMoveTask", {"TaskHandle": "${task}"}),
    Step("sqs", "DeleteQueue", {"QueueUrl": "${source}"}),
    Step("sqs", "DeleteQueue", AT),
)
