"""How messages get into a queue."""

from collections.abc import Sequence

from keybus.bus.engine import MAX_RECORDS, Engine, Record
from keybus.bus.message_queues.duplicates import Duplicates, content_id, digest_of
from keybus.bus.message_queues.errors import GroupNeeded
from keybus.bus.message_queues.kept import Kept, encode, packed, sequence_of
from keybus.bus.message_queues.message import Message, Sent
from keybus.bus.message_queues.settings import QueueSettings
from keybus.clock import Clock
from keybus.steady import SteadyTime

_US = 1_000_000


class Sending:
    """Appends messages to the messages' store. Belongs to one event loop.

    Args:
        engine: The store.
        duplicates: What keeps FIFO queues from having a message twice.
        clock: Time and ids.
        time: What messages are due by.
    """

    def __init__(
        self, engine: Engine, duplicates: Duplicates, clock: Clock, time: SteadyTime
    ) -> None:
        self._engine, self._duplicates = engine, duplicates
        self._clock, self._time = clock, time

    async def send(
        self, settings: QueueSettings, messages: Sequence[Message], sender: str
    ) -> list[Sent]:
        """Keep messages, in their order; durable on return.

        Args:
            settings: The queue.
            messages: Any number.
            sender: Who sends them.

        Raises:
            GroupNeeded: The queue is a FIFO queue, and one has no group or de-duplication id.
            EngineError: It is unknown which are kept.
        """
        records = [self._record(settings, each, sender) for each in messages]
        sent: list[Sent] = []
        for start in range(0, len(records), MAX_RECORDS):
            some = records[start : start + MAX_RECORDS]
            if settings.fifo:
                sent += await self._duplicates.append(some)
            else:
                await self._engine.append(some)
                sent += [Sent(each.event_id) for each in some]
        return sent

    async def close(self) -> None:
        """Keep nothing more."""
        await self._duplicates.close()

    async def move(self, settings: QueueSettings, kept: Sequence[Kept]) -> list[Sent]:
        """Keep messages that come from another queue; none of them is looked upon as sent again.

        Where the queue is a FIFO queue their time begins anew, and else it goes on, as on SQS.

        Raises:
            EngineError: It is unknown which are kept.
        """
        if settings.fifo:
            now, since_us = self._clock.time_us(), self._time.now()
            kept = [each.anew(now, since_us) for each in kept]
        records = [_as_record(settings, each) for each in kept]
        positions = await self._engine.append(records)
        return [Sent(each.id, sequence_of(at)) for each, at in zip(kept, positions, strict=True)]

    def _record(self, settings: QueueSettings, message: Message, sender: str) -> Record:
        now = self._clock.time_us()
        deduplication, digest = message.deduplication, b""
        if settings.fifo:
            if not message.group:
                raise GroupNeeded("a FIFO queue's messages need a MessageGroupId")
            if not deduplication and settings.content_deduplication:
                deduplication = content_id(message.body)
            if not deduplication:
                raise GroupNeeded(
                    "the queue should either have ContentBasedDeduplication enabled or"
                    " MessageDeduplicationId provided explicitly"
                )
            digest = digest_of(settings, message, deduplication)
        delay = settings.delay if message.delay is None else message.delay
        kept = Kept(
            self._clock.uuid(),
            message.body,
            now,
            message.group,
            deduplication,
            self._due(settings, delay),
            sender,
            "",
            packed(message.attributes),
            packed(message.system),
            digest,
        )
        return _as_record(settings, kept)

    def _due(self, settings: QueueSettings, delay: int) -> int:
        if settings.fifo:
            return self._time.now()
        return self._time.now() + delay * _US if delay else 0


def _as_record(settings: QueueSettings, kept: Kept) -> Record:
    return Record(encode(kept), kept.id, "", "", kept.sent_us, (settings.line,), kept.digest)
