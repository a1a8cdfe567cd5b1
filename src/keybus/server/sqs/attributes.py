"""GetQueueAttributes, SetQueueAttributes and PurgeQueue.

Source: Amazon SQS API reference, each operation.
"""

from collections.abc import Mapping
from typing import Final, get_args

from keybus.bus.message_queues.changing import Change
from keybus.bus.message_queues.errors import MessageQueueError, NoSuchQueue
from keybus.bus.message_queues.settings import QueueSettings
from keybus.server.access import administer
from keybus.server.aws import Call, Operation
from keybus.server.aws.shapes import Answer, Request
from keybus.server.sqs.attribute_values import changed, unknown
from keybus.server.sqs.errors import no_such_queue, unsupported
from keybus.server.sqs.finding import created, find
from keybus.server.sqs.shapes import OfQueue, QueueAttributeName

_ALL: Final = "All"
_KNOWN: Final = frozenset(get_args(QueueAttributeName))
_TO_DECLARE: Final = "what it is, is written in the platform file"


class GetQueueAttributes(Request, frozen=True):
    """GetQueueAttributesRequest."""

    queue_url: str
    attribute_names: tuple[str, ...] = ()


class QueueAttributes(Answer, frozen=True):
    """GetQueueAttributesResult."""

    attributes: dict[str, str] | None = None


class SetQueueAttributes(Request, frozen=True):
    """SetQueueAttributesRequest."""

    queue_url: str
    attributes: dict[str, str]


async def get_queue_attributes(call: Call, asked: GetQueueAttributes) -> QueueAttributes:
    """Answer GetQueueAttributes; what is not set is not there.

    Raises:
        AwsError: There is no such queue, or no such attribute.
    """
    queue = find(call, asked.queue_url)
    names = asked.attribute_names
    for name in names:
        if name not in _KNOWN:
            raise unknown(name)
    if not names:
        return QueueAttributes()
    found = await queue.attributes(call)
    if _ALL in names:
        return QueueAttributes(dict(found))
    return QueueAttributes({name: found[name] for name in names if name in found} or None)


async def set_queue_attributes(call: Call, asked: SetQueueAttributes) -> None:
    """Answer SetQueueAttributes; whether a queue is FIFO cannot be changed.

    Raises:
        AwsError: There is no such queue, it is declared, or an attribute cannot be.
    """
    queue = created(call, asked.queue_url, _TO_DECLARE)
    await keep(call, queue, lambda standing: changed(call, standing, asked.attributes))


async def keep(call: Call, queue: QueueSettings, change: Change) -> None:
    """Let a created queue be another from now on.

    Args:
        call: The call.
        queue: The queue.
        change: Says what it is to be, of what it is when it is this call's turn.

    Raises:
        AwsError: ``QueueDoesNotExist``: it was deleted meanwhile; and what `change` raises.
    """
    try:
        await call.bus.message_queues.change(queue.account, queue.name, change, call.principal)
    except NoSuchQueue as error:
        raise no_such_queue() from error
    except MessageQueueError as error:
        raise unsupported(str(error)) from error


async def purge_queue(call: Call, asked: OfQueue) -> None:
    """Answer PurgeQueue; it is over when it is answered.

    Raises:
        AwsError: There is no such queue, or its messages are not to be deleted so.
    """
    await find(call, asked.queue_url).purge(call)


_MANAGE: Final = administer("queues.manage")
OPERATIONS: Final[Mapping[str, Operation]] = {
    "GetQueueAttributes": Operation(
        GetQueueAttributes, get_queue_attributes, administer("queues.read")
    ),
    "SetQueueAttributes": Operation(SetQueueAttributes, set_queue_attributes, _MANAGE),
    "PurgeQueue": Operation(OfQueue, purge_queue, _MANAGE),
}
