"""A message as whoever sends it gives it, and what is answered.

Source: the Amazon SQS API reference, SendMessage and MessageAttributeValue.
"""

from collections.abc import Mapping

import msgspec


class Attribute(msgspec.Struct, frozen=True):
    """An attribute of a message: SQS's MessageAttributeValue.

    Attributes:
        type: ``String``, ``Number`` or ``Binary``, each with a label behind a point where the
            sender likes: ``Number.int``.
        value: Its text; bytes where it is binary.
    """

    type: str
    value: str | bytes


class Message(msgspec.Struct, frozen=True):
    """A message on its way into a queue. Its sizes and forms were checked by whoever took it.

    Attributes:
        body: Its text.
        attributes: By name.
        system: System attributes by name, such as ``AWSTraceHeader``.
        group: The MessageGroupId: within it a FIFO queue keeps order.
        deduplication: The MessageDeduplicationId; empty: a FIFO queue with content-based
            de-duplication takes the body's SHA-256, any other none.
        delay: Seconds before it can be received; None: what the queue says.
    """

    body: str
    attributes: Mapping[str, Attribute] = {}
    system: Mapping[str, Attribute] = {}
    group: str = ""
    deduplication: str = ""
    delay: int | None = None


class Sent(msgspec.Struct, frozen=True):
    """A message that is durable.

    Attributes:
        id: Its MessageId, a UUID. Of one that had been sent before: the first one's.
        sequence: Its SequenceNumber in a FIFO queue, 20 digits; empty in others.
    """

    id: str
    sequence: str = ""
