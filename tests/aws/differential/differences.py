"""What Keybus answers otherwise than moto, and what of AWS's documentation explains it.

Model documentation is that of botocore's service models, which is AWS's API reference.
"""

from typing import Final

from tests.aws.differential.difference import Difference
from tests.aws.differential.event_differences import BUSES, EVENTS, ROUTES, RULES
from tests.aws.differential.playing import ABSENT, ANSWERED

CONNECTIONS: Final = (
    Difference(
        "connections: 2 CreateConnection.error",
        "ResourceAlreadyExistsException",
        ANSWERED,
        "there is one connection of a name",
        "The model of CreateConnection lists ResourceAlreadyExistsException",
    ),
    Difference(
        "connections: 3 DescribeConnection.SecretArn",
        "*",
        "*",
        "a secret's ARN ends as Secrets Manager's do",
        "EventBridge user guide, 'Connections for API targets'",
    ),
    Difference(
        "*: * *Connection*.Last*Time",
        "TIME",
        ABSENT,
        "when it was changed and authorized is told",
        "Model documentation of Connection.LastModifiedTime and LastAuthorizedTime",
    ),
    Difference(
        "destinations: * ListApiDestinations.ApiDestinations.0.InvocationRateLimitPerSecond",
        10,
        ABSENT,
        "a list tells of the rate as well",
        "Model documentation of ApiDestination.InvocationRateLimitPerSecond",
    ),
)

QUEUES: Final = (
    Difference(
        "queues: 6 ListQueues.QueueUrls.*",
        "*",
        "*",
        "subscriptions that the platform declares, and their dead letters, are queues as well",
        "Model documentation of ListQueues: your queues in the current region",
    ),
    Difference(
        "*: * GetQueueAttributes.Attributes.SqsManagedSseEnabled",
        "false",
        "true",
        "Keybus seals no messages: what is not encrypted is not said to be",
        "Model documentation of SetQueueAttributes: SqsManagedSseEnabled",
    ),
    Difference(
        "shared queues: 6 AddPermission.error",
        "AWS.SimpleQueueService.UnsupportedOperation",
        ANSWERED,
        "another account's part is declared in the platform; a policy without effect is refused",
        "The model of AddPermission lists UnsupportedOperation",
    ),
    Difference(
        "messages: 2 SendMessage.MD5OfMessageSystemAttributes",
        "62a56dd927315f2b2e12832b84617ea5",
        ABSENT,
        "of system attributes there is a digest too",
        "Model documentation of SendMessageResult.MD5OfMessageSystemAttributes",
    ),
    Difference(
        "messages in order: 4 SendMessageBatch.Successful.0.SequenceNumber",
        "SEQUENCE",
        ABSENT,
        "of a FIFO queue each entry has a sequence number",
        "Model documentation of SendMessageBatchResultEntry.SequenceNumber",
    ),
    Difference(
        "names of queues: 4 CreateQueue.error",
        "InvalidAttributeName",
        ANSWERED,
        "an attribute that there is not is refused",
        "The model of CreateQueue lists InvalidAttributeName",
    ),
    Difference(
        "names of queues: 5 CreateQueue.error",
        "InvalidAttributeValue",
        "QueueAlreadyExists",
        "a timeout of more than 12 hours is refused; moto has made the queue one step before",
        "Model documentation of CreateQueue: VisibilityTimeout, 0 to 43,200",
    ),
    Difference(
        "names of queues: 6 CreateQueue.error",
        "InvalidAttributeValue",
        "500",
        "a delay is a number",
        "Model documentation of CreateQueue: DelaySeconds, 0 to 900",
    ),
    Difference(
        "contents: 2 SendMessage.error",
        "MissingParameter",
        ANSWERED,
        "a message has at least one character",
        "Model documentation of SendMessageRequest.MessageBody: the minimum size is one character",
    ),
    Difference(
        "contents: 3 SendMessage.error",
        "InvalidMessageContents",
        ANSWERED,
        "a character that XML does not have is refused",
        "Model documentation of SendMessage: #x9 | #xA | #xD | #x20 to #xD7FF …",
    ),
    Difference(
        "contents: 6 SendMessage.error",
        "InvalidParameterValue",
        ANSWERED,
        "the value of a Number is a number",
        "SQS developer guide, 'Amazon SQS message attributes': data types",
    ),
    Difference(
        "contents: 11 PurgeQueue.error",
        ANSWERED,
        "AWS.SimpleQueueService.PurgeQueueInProgress",
        "a purge is done when it is answered, so none is in progress",
        "Model documentation of PurgeQueue: the deletion takes up to 60 seconds",
    ),
)

DIFFERENCES: Final[tuple[Difference, ...]] = (
    *EVENTS,
    *BUSES,
    *RULES,
    *ROUTES,
    *CONNECTIONS,
    *QUEUES,
)
