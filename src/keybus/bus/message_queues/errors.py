"""What can be wrong with message queues.

MessageQueueError
├── NoSuchQueue        there is no queue of that name
├── QueueExists        there is one, with other attributes
├── TooManyQueues      a bus, or an account, has no room for one more
├── InvalidReceipt     a receipt handle that this queue never gave
├── NotInFlight        a receipt handle whose time has ended
├── VisibilityTooLong  a message would be invisible for more than 12 hours
├── TooManyInFlight    so much was received and not deleted that nothing more is handed out
├── GroupNeeded        a FIFO queue needs a group, or a de-duplication id
├── NoSuchMoveTask     a message move task that is unknown, or is no longer running
└── MoveTaskRefused    a message move task that cannot be started
"""

from keybus.errors import KeybusError


class MessageQueueError(KeybusError):
    """Something about message queues."""

    code = "message-queue"


class NoSuchQueue(MessageQueueError):
    """There is no queue of that name, or no longer."""

    code = "no-such-queue"

    @classmethod
    def named(cls, account: str, name: str) -> "NoSuchQueue":
        """It is not there."""
        return cls(
            f"the account {account!r} has no message queue {name[:100]!r}",
            hint="create it, or look for it among ListQueues' answer",
        )


class QueueExists(MessageQueueError):
    """A queue of that name exists already, with other attributes.

    Attributes:
        attribute: The first attribute that differs, as SQS names it.
    """

    code = "queue-exists"

    def __init__(self, message: str, *, attribute: str = "", hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.attribute = attribute


class TooManyQueues(MessageQueueError):
    """A bus, or an account, has no room for one more queue."""

    code = "too-many-queues"


class InvalidReceipt(MessageQueueError):
    """A receipt handle that is none, or another queue's."""

    code = "invalid-receipt"


class NotInFlight(MessageQueueError):
    """A receipt handle whose visibility timeout has ended, or whose message is gone."""

    code = "not-in-flight"


class VisibilityTooLong(MessageQueueError):
    """A message would be invisible for more than 12 hours."""

    code = "visibility-too-long"


class TooManyInFlight(MessageQueueError):
    """So many messages were received and not deleted that nothing more is handed out."""

    code = "too-many-in-flight"


class GroupNeeded(MessageQueueError):
    """A message for a FIFO queue without a group or a de-duplication id."""

    code = "group-needed"


class NoSuchMoveTask(MessageQueueError):
    """A message move task that there is not, or that is not under way."""

    code = "no-such-move-task"


class MoveTaskRefused(MessageQueueError):
    """A message move task that cannot be started."""

    code = "move-task-refused"
