"""What a message queue is: its attributes as SQS names and bounds them, typed.

Source: the Amazon SQS API reference, CreateQueue and SetQueueAttributes.
"""

from collections.abc import Collection, Mapping
from typing import Final, Literal

import msgspec

from keybus.bus.message_queues.errors import QueueExists

DeduplicationScope = Literal["queue", "messageGroup"]
FifoThroughputLimit = Literal["perQueue", "perMessageGroupId"]


class Redrive(msgspec.Struct, frozen=True):
    """Where messages go that were received too often: RedrivePolicy.

    Attributes:
        account: The account of the dead-letter queue, by its name.
        queue: Its name.
        most: How often a message is received before it moves there (maxReceiveCount).
    """

    account: str
    queue: str
    most: int


class RedriveAllow(msgspec.Struct, frozen=True):
    """Which queues may name this one as their dead-letter queue: RedriveAllowPolicy.

    Attributes:
        permission: All of the account's, none, or those that are named.
        sources: These, by account and name.
    """

    permission: Literal["allowAll", "denyAll", "byQueue"] = "allowAll"
    sources: tuple[tuple[str, str], ...] = ()

    def takes(self, account: str, name: str) -> bool:
        """Whether a queue may name it."""
        if self.permission == "byQueue":
            return (account, name) in self.sources
        return self.permission == "allowAll"


class QueueSettings(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A message queue. Its name ends in ``.fifo`` where, and only where, `fifo` is set.

    Attributes:
        account: The name of the account whose it is.
        name: Its name.
        created_us: When it was created, in microseconds since the Unix epoch; set by `create`.
        modified_us: When it was last changed; the same.
        delay: DelaySeconds, 0 to 900.
        maximum_size: MaximumMessageSize, bytes.
        retention: MessageRetentionPeriod, seconds.
        wait: ReceiveMessageWaitTimeSeconds, 0 to 20.
        visibility: VisibilityTimeout, seconds, 0 to 43,200.
        redrive: RedrivePolicy.
        redrive_allow: RedriveAllowPolicy; None: all.
        policy: The queue's Policy as it was given; empty: none.
        fifo: FifoQueue.
        content_deduplication: ContentBasedDeduplication.
        deduplication_scope: DeduplicationScope.
        throughput_limit: FifoThroughputLimit. It is kept; throughput is never limited by it.
        tags: Its tags.
        line: The name of the queue's own place in the messages' store; set by `create` and `purge`.
    """

    account: str
    name: str
    created_us: int = 0
    modified_us: int = 0
    delay: int = 0
    maximum_size: int = 1 << 20
    retention: int = 345_600
    wait: int = 0
    visibility: int = 30
    redrive: Redrive | None = None
    redrive_allow: RedriveAllow | None = None
    policy: str = ""
    fifo: bool = False
    content_deduplication: bool = False
    deduplication_scope: DeduplicationScope = "queue"
    throughput_limit: FifoThroughputLimit = "perQueue"
    tags: Mapping[str, str] = {}
    line: str = ""

    @property
    def key(self) -> str:
        """Its document's key: ``ACCOUNT/NAME``."""
        return f"{self.account}/{self.name}"

    @property
    def told(self) -> dict[str, object]:
        """What the audit log is told of it."""
        told: dict[str, object] = msgspec.to_builtins(self)
        return {name: value for name, value in told.items() if name not in _UNTOLD}

    def told_since(self, before: "QueueSettings") -> dict[str, object]:
        """What the audit log is told of a change: the fields that are others now."""
        was, told = msgspec.to_builtins(before), msgspec.to_builtins(self)
        names = [each for each in self.__struct_fields__ if each not in _UNTOLD]
        return {each: told.get(each) for each in names if told.get(each) != was.get(each)}

    def unless_other(
        self, asked: "QueueSettings", given: Collection[str] | None
    ) -> "QueueSettings":
        """This queue, which stands, where the one that is to be created is the same.

        Args:
            asked: What is to be created.
            given: The fields that have to be the same; None: all attributes.

        Raises:
            QueueExists: One of them has another value.
        """
        names = set(self.__struct_fields__) - _UNTOLD - {"tags"} if given is None else given
        for name in sorted(names):
            if getattr(self, name) != getattr(asked, name):
                raise QueueExists(
                    f"the queue {self.name!r} exists already, with another value of {name}",
                    attribute=name,
                    hint="SetQueueAttributes changes it; DeleteQueue deletes it",
                )
        return self


_UNTOLD: Final = frozenset({"account", "name", "created_us", "modified_us", "line"})
"""Fields that are no attributes."""
