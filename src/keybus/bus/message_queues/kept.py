"""A message as the messages' store keeps it."""

from collections.abc import Mapping
from hashlib import blake2b
from typing import Final

import msgspec

from keybus.bus.delivery.order_key import OrderKey
from keybus.bus.engine import Delivery
from keybus.bus.message_queues.message import Attribute
from keybus.bus.message_queues.received import Received

_GROUP_BYTES: Final = 12
_FIRST_SEQUENCE: Final = 10**19


Packed = Mapping[str, tuple[str, str | None, bytes]]
"""Attributes by name: their type, and their text, or None and their bytes."""


class Kept(msgspec.Struct, frozen=True, array_like=True, omit_defaults=True):
    """A message in the store; its sizes are bounded by whoever took it.

    Attributes:
        id: Its MessageId.
        body: Its text.
        sent_us: When it was sent, in microseconds since the Unix epoch; it goes with it into a
            dead-letter queue.
        group: Its group.
        deduplication: Its de-duplication id.
        due_us: When it may be received first; 0: at once. In a FIFO queue, whose delay may be
            changed: from when on its delay counts. By a time that the wall clock is not followed
            in, so that setting that changes no delay.
        sender: Who sent it.
        source: The queue that it was a dead letter of, as ``ACCOUNT/NAME``.
        attributes: Its attributes.
        system: Its system attributes.
        digest: What it is known again by in a FIFO queue.
    """

    id: str
    body: str
    sent_us: int
    group: str = ""
    deduplication: str = ""
    due_us: int = 0
    sender: str = ""
    source: str = ""
    attributes: Packed = {}
    system: Packed = {}
    digest: bytes = b""

    def anew(self, now: int, since_us: int) -> "Kept":
        """The same, as if it were sent now into a FIFO queue.

        Args:
            now: The time.
            since_us: From when on its delay counts.
        """
        return msgspec.structs.replace(self, sent_us=now, due_us=since_us)

    def moved(self, source: str) -> "Kept":
        """The same on its way to another queue, where nobody waits for it or knows it again.

        Args:
            source: The queue that it was a dead letter of, as ``ACCOUNT/NAME``; empty: of none.
        """
        return msgspec.structs.replace(self, source=source, due_us=0, digest=b"")

    def received(self, delivery: Delivery, receipt: str, *, fifo: bool, first_us: int) -> Received:
        """It goes out."""
        return Received(
            receipt,
            self.id,
            self.body,
            delivery.attempt,
            self.sent_us,
            first_us,
            unpacked(self.attributes),
            unpacked(self.system),
            self.sender,
            self.group,
            self.deduplication,
            sequence_of(delivery.position) if fifo else "",
            self.source,
        )


encode = msgspec.msgpack.Encoder().encode
decode = msgspec.msgpack.Decoder(Kept).decode


def packed(attributes: Mapping[str, Attribute]) -> Packed:
    """Attributes as they are kept."""
    return {
        name: (each.type, each.value, b"")
        if isinstance(each.value, str)
        else (each.type, None, each.value)
        for name, each in attributes.items()
    }


def unpacked(attributes: Packed) -> Mapping[str, Attribute]:
    """Attributes as they were sent."""
    if not attributes:
        return {}
    return {
        name: Attribute(kind, data if text is None else text)
        for name, (kind, text, data) in attributes.items()
    }


def sequence_of(position: int) -> str:
    """The SequenceNumber of a position: 20 digits that grow."""
    return str(_FIRST_SEQUENCE + position)


class MessageGroup(OrderKey):
    """The key by which a FIFO queue's messages are in order: the MessageGroupId."""

    def __init__(self) -> None:
        super().__init__((), {}, "block")

    def group(self, envelope: bytes) -> str:
        """The name of the group that a message belongs to; empty where it has none."""
        group = _decode_group(envelope).group
        return blake2b(group.encode(), digest_size=_GROUP_BYTES).hexdigest() if group else ""


class _Grouped(msgspec.Struct, array_like=True):
    """As much of a message as its group needs."""

    id: str
    body: msgspec.Raw
    sent_us: int
    group: str = ""


_decode_group = msgspec.msgpack.Decoder(_Grouped).decode
