"""De-duplication in FIFO queues: what is sent again within five minutes is not kept again.

Source: the Amazon SQS developer guide, "Exactly-once processing in Amazon SQS".
"""

from collections.abc import Sequence
from hashlib import blake2b, sha256
from typing import Final

from keybus.bus.engine import DIGEST_BYTES, Record
from keybus.bus.ingest.once import Once
from keybus.bus.message_queues.kept import decode, sequence_of
from keybus.bus.message_queues.message import Message, Sent
from keybus.bus.message_queues.settings import QueueSettings

MOST: Final = 2_000_000
"""Messages that are known again at most, of all FIFO queues; beyond them the window is shorter."""


def content_id(body: str) -> str:
    """The de-duplication id of a body: its SHA-256, as SQS makes it."""
    return sha256(body.encode()).hexdigest()


def digest_of(settings: QueueSettings, message: Message, deduplication: str) -> bytes:
    """What a message of a FIFO queue is known again by."""
    group = message.group if settings.deduplication_scope == "messageGroup" else ""
    text = f"{settings.line}\0{group}\0{deduplication}"
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=DIGEST_BYTES).digest()


class Duplicates(Once):
    """Appends messages, each once. Belongs to one event loop; made by `open`."""

    most, rows = MOST, 1 << 12

    def digest_in(self, envelope: bytes) -> bytes:
        """What a message is known again by."""
        return decode(envelope).digest

    async def append(self, records: Sequence[Record]) -> list[Sent]:
        """Append what is new, in its order; what is not is answered as the first was.

        Args:
            records: Each with a digest.

        Raises:
            EngineError: What is new is not known to be kept.
        """
        added = await self._add(records)
        sent = {
            each.digest: Sent(each.event_id, sequence_of(at))
            for each, at in zip(added.records, added.positions, strict=True)
        }
        for each, first in added.again:
            sent[each.digest] = Sent(decode(first.envelope).id, sequence_of(first.position))
        return [sent[each.digest] for each in records]
