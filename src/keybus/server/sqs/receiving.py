"""ReceiveMessage: short and long polls, and which attributes come along.

Source: Amazon SQS API reference, "ReceiveMessage".
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final
from urllib.parse import unquote

import msgspec

from keybus.bus.message_queues.message import Attribute
from keybus.bus.message_queues.received import Received
from keybus.server.access import administer
from keybus.server.aws import Call, Operation
from keybus.server.aws.shapes import Answer, Request
from keybus.server.sqs.attribute_values import unknown
from keybus.server.sqs.contents import TRACE, checked_token
from keybus.server.sqs.digests import attributes_digest, body_digest
from keybus.server.sqs.errors import invalid_value
from keybus.server.sqs.finding import find
from keybus.server.sqs.names import Place, arn_of
from keybus.server.sqs.queue import Queue, Wanted

MOST_MESSAGES: Final = 10
LONGEST_WAIT: Final = 20
LONGEST_VISIBILITY: Final = 43_200
_MOST_NAMES: Final = 100
"""Names of attributes that are asked for; a message has ten at most."""
_ALL: Final = "All"
_ANY: Final = ".*"


class ReceiveMessage(Request, frozen=True):
    """ReceiveMessageRequest."""

    queue_url: str
    attribute_names: tuple[str, ...] = ()
    message_system_attribute_names: tuple[str, ...] = ()
    message_attribute_names: tuple[str, ...] = ()
    max_number_of_messages: int | None = None
    visibility_timeout: int | None = None
    wait_time_seconds: int | None = None
    receive_request_attempt_id: str | None = None


class AttributeTold(Answer, frozen=True):
    """A MessageAttributeValue; binary values are in base64."""

    data_type: str
    string_value: str | None = None
    binary_value: bytes | None = None


class MessageTold(Answer, frozen=True):
    """A Message."""

    message_id: str
    receipt_handle: str
    md5_of_body: str = msgspec.field(name="MD5OfBody")
    body: str
    attributes: dict[str, str] | None = None
    md5_of_message_attributes: str | None = msgspec.field(
        name="MD5OfMessageAttributes", default=None
    )
    message_attributes: dict[str, AttributeTold] | None = None


class ReceivedMessages(Answer, frozen=True):
    """ReceiveMessageResult; without messages it has no member."""

    messages: list[MessageTold] | None = None


async def receive_message(call: Call, asked: ReceiveMessage) -> ReceivedMessages:
    """Answer ReceiveMessage.

    Raises:
        AwsError: There is no such queue, or something that cannot be is asked for.
    """
    queue, names = find(call, asked.queue_url), asked.message_attribute_names
    if len(names) > _MOST_NAMES:
        raise invalid_value(f"MessageAttributeNames has more than {_MOST_NAMES} names.")
    wanted = _wanted(queue, asked)
    system = (*asked.attribute_names, *asked.message_system_attribute_names)
    told = _told_system(call, system)
    received = await queue.receive(call, wanted)
    if not received:
        return _NOTHING
    return ReceivedMessages([_message(each, told, names) for each in received])


def _wanted(queue: Queue, asked: ReceiveMessage) -> Wanted:
    attempt = checked_token("ReceiveRequestAttemptId", asked.receive_request_attempt_id)
    if attempt and not queue.fifo:
        raise invalid_value(
            f"Value {attempt} for parameter ReceiveRequestAttemptId is invalid. Reason: The "
            "request includes a parameter that is not valid for this queue type."
        )
    most = asked.max_number_of_messages
    _check("MaxNumberOfMessages", most, 1, MOST_MESSAGES)
    _check("WaitTimeSeconds", asked.wait_time_seconds, 0, LONGEST_WAIT)
    _check("VisibilityTimeout", asked.visibility_timeout, 0, LONGEST_VISIBILITY)
    return Wanted(
        1 if most is None else most, asked.wait_time_seconds, asked.visibility_timeout, attempt
    )


def _check(name: str, given: int | None, least: int, most: int) -> None:
    if given is not None and not least <= given <= most:
        reason = f"Must be between {least} and {most}, if provided."
        raise invalid_value(f"Value {given} for parameter {name} is invalid. Reason: {reason}")


def _told_system(call: Call, names: Sequence[str]) -> Sequence[tuple[str, "_Told"]]:
    """What of a message is told beside it, each with how it is found; empty: it is not there."""
    if not names:
        return ()
    readers = {**_SYSTEM, "DeadLetterQueueSourceArn": lambda each: _source_arn(call, each)}
    for name in names:
        if name not in readers and name not in _NOT_OF_MESSAGES:
            raise unknown(name)
    if _ALL in names:
        return tuple(readers.items())
    return tuple((name, readers[name]) for name in dict.fromkeys(names) if name in readers)


def _message(
    received: Received, system: Sequence[tuple[str, "_Told"]], names: Sequence[str]
) -> MessageTold:
    body = received.body
    told = {name: text for name, read in system if (text := read(received))}
    chosen = received.attributes
    if chosen:
        chosen = {name: each for name, each in chosen.items() if _is_asked_for(name, names)}
    return MessageTold(
        received.id,
        received.receipt,
        body_digest(body.encode()),
        body,
        told or None,
        attributes_digest(chosen),
        {name: _attribute(each) for name, each in chosen.items()} if chosen else None,
    )


def _is_asked_for(name: str, names: Sequence[str]) -> bool:
    """Whether an attribute is among those named: by its name, ``All``, ``.*`` or ``prefix.*``."""
    return any(
        asked in (name, _ALL, _ANY) or (asked.endswith(_ANY) and name.startswith(asked[:-2]))
        for asked in names
    )


def _attribute(attribute: Attribute) -> AttributeTold:
    value = attribute.value
    if isinstance(value, bytes):
        return AttributeTold(attribute.type, binary_value=value)
    return AttributeTold(attribute.type, string_value=value)


def _trace(received: Received) -> str:
    found = received.system.get(TRACE)
    return str(found.value) if found is not None else ""


def _source_arn(call: Call, received: Received) -> str:
    account, slash, name = received.source.rpartition("/")  # accounts may have slashes
    return arn_of(call, Place(account, unquote(name))) if slash else ""


_Told = Callable[[Received], str]
_SYSTEM: Final[Mapping[str, _Told]] = {
    "ApproximateFirstReceiveTimestamp": lambda each: str(each.first_us // 1_000),
    "ApproximateReceiveCount": lambda each: str(each.count),
    "AWSTraceHeader": _trace,
    "MessageDeduplicationId": lambda each: each.deduplication,
    "MessageGroupId": lambda each: each.group,
    "SenderId": lambda each: each.sender,
    "SentTimestamp": lambda each: str(each.sent_us // 1_000),
    "SequenceNumber": lambda each: each.sequence,
}
_NOT_OF_MESSAGES: Final = frozenset({_ALL})
_NOTHING: Final = ReceivedMessages()
OPERATIONS: Final[Mapping[str, Operation]] = {
    "ReceiveMessage": Operation(ReceiveMessage, receive_message, administer("queues.receive"))
}
