"""A message as it is received."""

from collections.abc import Mapping

import msgspec

from keybus.bus.message_queues.message import Attribute


class Received(msgspec.Struct, frozen=True):
    """A message in somebody's hands until its visibility timeout ends.

    Attributes:
        receipt: Its receipt handle, new with each receive.
        id: Its MessageId.
        body: Its text.
        count: How often it was received, this time included: ApproximateReceiveCount.
        sent_us: SentTimestamp, in microseconds since the Unix epoch.
        first_us: ApproximateFirstReceiveTimestamp, the same; as far as memory goes back.
        attributes: Its attributes by name.
        system: What was sent with it as system attributes, such as ``AWSTraceHeader``.
        sender: SenderId: who sent it; empty where that is unknown.
        group: MessageGroupId; empty where it has none.
        deduplication: MessageDeduplicationId; the same.
        sequence: SequenceNumber in a FIFO queue, 20 digits; empty in others.
        source: The queue that it was a dead letter of, as ``ACCOUNT/NAME``; empty where of none.
    """

    receipt: str
    id: str
    body: str
    count: int = 1
    sent_us: int = 0
    first_us: int = 0
    attributes: Mapping[str, Attribute] = {}
    system: Mapping[str, Attribute] = {}
    sender: str = ""
    group: str = ""
    deduplication: str = ""
    sequence: str = ""
    source: str = ""


class Counts(msgspec.Struct, frozen=True):
    """How many messages a queue has, about.

    Attributes:
        visible: ApproximateNumberOfMessages.
        in_flight: ApproximateNumberOfMessagesNotVisible.
        delayed: ApproximateNumberOfMessagesDelayed, of those sent since the start of the process.
    """

    visible: int
    in_flight: int
    delayed: int
