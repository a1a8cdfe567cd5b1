"""Tags of queues: kept and answered, and without any meaning to the bus.

Source: Amazon SQS API reference, "TagQueue"; Amazon SQS developer guide, "Cost allocation tags".
"""

import re
from collections.abc import Mapping
from typing import Final

import msgspec

from keybus.bus.message_queues.settings import QueueSettings
from keybus.server.access import administer
from keybus.server.aws import Call, Operation
from keybus.server.aws.shapes import Answer, Request
from keybus.server.sqs.attributes import keep
from keybus.server.sqs.errors import invalid_value
from keybus.server.sqs.finding import created, created_at, find
from keybus.server.sqs.shapes import OfQueue

_MOST: Final = 50
_KEY: Final = re.compile(r"(?!(?i:aws:))[\w .:/=+\-@]{1,128}")
_VALUE: Final = re.compile(r"[\w .:/=+\-@]{0,256}")
_TO_DECLARE: Final = "what it is, is written in the platform file"


class TagQueue(Request, frozen=True):
    """TagQueueRequest."""

    queue_url: str
    tags: dict[str, str]


class UntagQueue(Request, frozen=True):
    """UntagQueueRequest."""

    queue_url: str
    tag_keys: tuple[str, ...]


class Tags(Answer, frozen=True):
    """ListQueueTagsResult."""

    tags: dict[str, str] | None


async def tag_queue(call: Call, asked: TagQueue) -> None:
    """Answer TagQueue.

    Raises:
        AwsError: There is no such queue, or a tag cannot be.
    """
    queue, tags = created(call, asked.queue_url, _TO_DECLARE), checked(asked.tags)

    def tagged(standing: QueueSettings) -> QueueSettings:
        return msgspec.structs.replace(standing, tags=checked({**standing.tags, **tags}))

    await keep(call, queue, tagged)


async def untag_queue(call: Call, asked: UntagQueue) -> None:
    """Answer UntagQueue.

    Raises:
        AwsError: There is no such queue.
    """
    queue, gone = created(call, asked.queue_url, _TO_DECLARE), set(asked.tag_keys)

    def untagged(standing: QueueSettings) -> QueueSettings:
        left = {key: value for key, value in standing.tags.items() if key not in gone}
        return msgspec.structs.replace(standing, tags=left)

    await keep(call, queue, untagged)


async def list_queue_tags(call: Call, asked: OfQueue) -> Tags:
    """Answer ListQueueTags; a declared queue has none.

    Raises:
        AwsError: There is no such queue.
    """
    place = find(call, asked.queue_url).place
    settings = created_at(call.bus, place)
    return Tags(dict(settings.tags) if settings is not None and settings.tags else None)


def checked(tags: Mapping[str, str]) -> dict[str, str]:
    """Tags that a queue can have.

    Raises:
        AwsError: ``InvalidParameterValue``.
    """
    if len(tags) > _MOST:
        raise invalid_value(f"Too many tags added for queue: at most {_MOST} are allowed.")
    for key, value in tags.items():
        if _KEY.fullmatch(key) is None:
            raise invalid_value(f"The tag key {key[:256]!r} is invalid.")
        if _VALUE.fullmatch(value) is None:
            raise invalid_value(f"The value of the tag {key} is invalid.")
    return dict(tags)


_MANAGE: Final = administer("queues.manage")
OPERATIONS: Final[Mapping[str, Operation]] = {
    "TagQueue": Operation(TagQueue, tag_queue, _MANAGE),
    "UntagQueue": Operation(UntagQueue, untag_queue, _MANAGE),
    "ListQueueTags": Operation(OfQueue, list_queue_tags, administer("queues.read")),
}
