"""SendMessage and SendMessageBatch.

Source: Amazon SQS API reference, "SendMessage" and "SendMessageBatch".
"""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from keybus.bus.message_queues.errors import NoSuchQueue
from keybus.bus.message_queues.message import Attribute, Message, Sent
from keybus.bus.message_queues.settings import QueueSettings
from keybus.server.access import administer
from keybus.server.aws import AwsError, Call, Operation
from keybus.server.aws.shapes import Answer, Request
from keybus.server.sqs import batches
from keybus.server.sqs.contents import (
    MOST_BYTES,
    attributes_of,
    checked_body,
    checked_token,
    size_of,
    system_of,
)
from keybus.server.sqs.digests import attributes_digest, body_digest
from keybus.server.sqs.errors import failure, invalid_value, missing, no_such_queue
from keybus.server.sqs.finding import created
from keybus.server.sqs.shapes import AttributeValue, FailedEntry

_MOST_BODY: Final = 8 << 20
_LONGEST_DELAY: Final = 900
_TO_PUBLISH: Final = (
    "publish events to the bus, as PutEvents does, and it gets those that it asks for"
)
_Attributes = Mapping[str, AttributeValue]


class SendMessage(Request, frozen=True):
    """SendMessageRequest."""

    queue_url: str
    message_body: str
    delay_seconds: int | None = None
    message_attributes: _Attributes = msgspec.field(default_factory=dict)
    message_system_attributes: _Attributes = msgspec.field(default_factory=dict)
    message_deduplication_id: str | None = None
    message_group_id: str | None = None


class SentMessage(Answer, frozen=True):
    """SendMessageResult."""

    message_id: str
    md5_of_message_body: str = msgspec.field(name="MD5OfMessageBody")
    md5_of_message_attributes: str | None = msgspec.field(
        name="MD5OfMessageAttributes", default=None
    )
    md5_of_message_system_attributes: str | None = msgspec.field(
        name="MD5OfMessageSystemAttributes", default=None
    )
    sequence_number: str | None = None


class SendEntry(Request, frozen=True):
    """SendMessageBatchRequestEntry."""

    id: str
    message_body: str
    delay_seconds: int | None = None
    message_attributes: _Attributes = msgspec.field(default_factory=dict)
    message_system_attributes: _Attributes = msgspec.field(default_factory=dict)
    message_deduplication_id: str | None = None
    message_group_id: str | None = None


class SendMessageBatch(Request, frozen=True):
    """SendMessageBatchRequest."""

    queue_url: str
    entries: tuple[SendEntry, ...]


class SentEntry(SentMessage, frozen=True, kw_only=True):
    """SendMessageBatchResultEntry."""

    id: str


class SentBatch(Answer, frozen=True):
    """SendMessageBatchResult."""

    successful: list[SentEntry]
    failed: list[FailedEntry]


async def send_message(call: Call, asked: SendMessage) -> SentMessage:
    """Answer SendMessage.

    Raises:
        AwsError: The message is not taken.
    """
    queue = created(call, asked.queue_url, _TO_PUBLISH)
    message = _message(queue, asked)
    [sent] = await _send(call, queue, [message])
    return _told(message, sent)


async def send_message_batch(call: Call, asked: SendMessageBatch) -> SentBatch:
    """Answer SendMessageBatch.

    Raises:
        AwsError: The batch as a whole is not taken.
    """
    queue = created(call, asked.queue_url, _TO_PUBLISH)
    batches.check(asked.entries, "SendMessageBatchRequestEntry")
    _check_size(asked.entries)
    answer = SentBatch([], [])
    taken: list[tuple[SendEntry, Message]] = []
    for entry in asked.entries:
        try:
            taken.append((entry, _message(queue, entry)))
        except AwsError as error:
            answer.failed.append(batches.failed(entry, error))
    sent = await _send(call, queue, [message for _, message in taken])
    for (entry, message), one in zip(taken, sent, strict=True):
        answer.successful.append(_told_entry(entry.id, message, one))
    return answer


async def _send(call: Call, queue: QueueSettings, messages: Sequence[Message]) -> Sequence[Sent]:
    if not messages:
        return ()
    try:
        return await call.bus.message_queues.send(
            queue.account, queue.name, messages, call.account_id
        )
    except NoSuchQueue as error:  # it was deleted meanwhile
        raise no_such_queue() from error


def _message(queue: QueueSettings, asked: SendMessage | SendEntry) -> Message:
    """The message, checked.

    Raises:
        AwsError: It cannot be sent to this queue.
    """
    message = Message(
        body=checked_body(asked.message_body),
        attributes=attributes_of(asked.message_attributes),
        system=system_of(asked.message_system_attributes),
        group=checked_token("MessageGroupId", asked.message_group_id),
        deduplication=checked_token("MessageDeduplicationId", asked.message_deduplication_id),
        delay=_delay(queue, asked.delay_seconds),
    )
    _check_order(queue, message)
    most = queue.maximum_size
    if size_of(message.body, message.attributes) > most:
        raise invalid_value(
            f"One or more parameters are invalid. Reason: Message must be shorter than {most} bytes."
        )
    return message


def _delay(queue: QueueSettings, given: int | None) -> int | None:
    if given is None:
        return None
    if not 0 <= given <= _LONGEST_DELAY:
        reason = f"DelaySeconds must be >= 0 and <= {_LONGEST_DELAY}."
        raise invalid_value(
            f"Value {given} for parameter DelaySeconds is invalid. Reason: {reason}"
        )
    if queue.fifo and given:
        reason = "The request include parameter that is not valid for this queue type."
        raise invalid_value(
            f"Value {given} for parameter DelaySeconds is invalid. Reason: {reason}"
        )
    return None if queue.fifo else given


def _check_order(queue: QueueSettings, message: Message) -> None:
    """A FIFO queue needs a group and a de-duplication id; another has no de-duplication."""
    if not queue.fifo:
        if message.deduplication:
            raise invalid_value(
                f"Value {message.deduplication} for parameter MessageDeduplicationId is invalid. "
                "Reason: The request includes a parameter that is not valid for this queue type."
            )
        return
    if not message.group:
        raise missing("MessageGroupId")
    if not message.deduplication and not queue.content_deduplication:
        raise invalid_value(
            "The queue should either have ContentBasedDeduplication enabled or "
            "MessageDeduplicationId provided explicitly"
        )


def _check_size(entries: Sequence[SendEntry]) -> None:
    size = sum(_size(each) for each in entries)
    if size > MOST_BYTES:
        told = f"Batch requests cannot be longer than {MOST_BYTES} bytes."
        raise failure("BatchRequestTooLong", f"{told} You have sent {size} bytes.")


def _size(entry: SendEntry) -> int:
    """What an entry counts, whether it can be taken or not."""
    values = {
        name: Attribute(each.data_type, each.binary_value or each.string_value or "")
        for name, each in entry.message_attributes.items()
    }
    return size_of(entry.message_body, values)


def _told(message: Message, sent: Sent) -> SentMessage:
    return SentMessage(
        sent.id,
        body_digest(message.body.encode()),
        attributes_digest(message.attributes),
        attributes_digest(message.system),
        sent.sequence or None,
    )


def _told_entry(name: str, message: Message, sent: Sent) -> SentEntry:
    told = _told(message, sent)
    return SentEntry(id=name, **msgspec.structs.asdict(told))


_SEND: Final = administer("queues.send")
OPERATIONS: Final[Mapping[str, Operation]] = {
    "SendMessage": Operation(SendMessage, send_message, _SEND, most=_MOST_BODY),
    "SendMessageBatch": Operation(SendMessageBatch, send_message_batch, _SEND, most=_MOST_BODY),
}
