"""Shapes that several operations of SQS share; they are the service model's."""

from typing import Literal

from keybus.server.aws.shapes import Answer, Request

QueueAttributeName = Literal[
    "All",
    "Policy",
    "VisibilityTimeout",
    "MaximumMessageSize",
    "MessageRetentionPeriod",
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "CreatedTimestamp",
    "LastModifiedTimestamp",
    "QueueArn",
    "ApproximateNumberOfMessagesDelayed",
    "DelaySeconds",
    "ReceiveMessageWaitTimeSeconds",
    "RedrivePolicy",
    "FifoQueue",
    "ContentBasedDeduplication",
    "KmsMasterKeyId",
    "KmsDataKeyReusePeriodSeconds",
    "DeduplicationScope",
    "FifoThroughputLimit",
    "RedriveAllowPolicy",
    "SqsManagedSseEnabled",
]
"""What the model lists; requests have texts, so that SQS's own error tells of others."""


class OfQueue(Request, frozen=True):
    """A request of which a queue is all that is said."""

    queue_url: str


class AttributeValue(Request, frozen=True):
    """A MessageAttributeValue, or a MessageSystemAttributeValue; binary values are in base64."""

    data_type: str
    string_value: str | None = None
    binary_value: bytes | None = None
    string_list_values: tuple[str, ...] = ()
    binary_list_values: tuple[bytes, ...] = ()


class FailedEntry(Answer, frozen=True):
    """A BatchResultErrorEntry: what became of one entry of a batch that was refused."""

    id: str
    sender_fault: bool
    code: str
    message: str | None = None


class DoneEntry(Answer, frozen=True):
    """An entry of a batch that was done."""

    id: str


class BatchAnswer(Answer, frozen=True):
    """What became of a batch's entries; both lists are always there."""

    successful: list[DoneEntry]
    failed: list[FailedEntry]
