"""An SQS queue as an open subscription.

Source: SQS developer guide, "Amazon SQS visibility timeout"; API reference, "ReceiveMessage".
"""

import asyncio
import itertools
import logging
import math
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Any, Final

import msgspec

from keybus.backoff import backoff
from keybus.client.aws.calls import Calls
from keybus.client.aws.dead_letter_queue import DeadLetterQueue
from keybus.client.message_body import envelope_in
from keybus.clock import Clock
from keybus.errors import KeybusError
from keybus.protocol import Delivered, Failed, Hello, Settlement

MAX_MESSAGES: Final = 10
"""Messages of one SQS request."""
WAIT_SECONDS: Final = 20
MAX_VISIBILITY: Final = 43_200
"""Seconds for which SQS hides a message at most."""
_FIRST_BACKOFF, _LONGEST_BACKOFF = 1.0, 60.0
_ATTRIBUTES: Final = ("ApproximateReceiveCount", "SentTimestamp", "MessageGroupId")
_log = logging.getLogger(__name__)


class Received(msgspec.Struct, eq=False):
    """A message that is out.

    Attributes:
        message: As SQS gave it.
        attempt: How often it was received.
        extended_at: When it was last said for how long it is hidden; seconds, monotonic.
    """

    message: dict[str, Any]
    attempt: int
    extended_at: float

    @property
    def receipt(self) -> str:
        """What SQS knows this receive by."""
        return str(self.message["ReceiptHandle"])


class QueueStream:
    """A queue's messages as deliveries; see `DeliveryStream`.

    Args:
        calls: How SQS is asked.
        subscription: Its name, for messages to people.
        url: The queue's URL.
        window: Messages that may be out at once.
        visibility: Seconds for which a message is hidden; extended while it is out.
        clock: Time and jitter.
    """

    def __init__(
        self,
        calls: Calls,
        subscription: str,
        url: str,
        window: int,
        *,
        visibility: int,
        clock: Clock,
    ) -> None:
        self._calls, self._url, self._window = calls, url, window
        self._visibility, self._clock = visibility, clock
        self._hello = Hello(subscription, [], window)
        self._positions = itertools.count(1)
        self._out: dict[int, Received] = {}
        self._room = asyncio.Event()
        self._dead_letters = DeadLetterQueue(calls, url)

    @property
    def hello(self) -> Hello:
        """See `DeliveryStream.hello`; which events it has, SQS does not say."""
        return self._hello

    async def receive(self) -> Sequence[Delivered]:
        """See `DeliveryStream.receive`."""
        while len(self._out) >= self._window:
            self._room.clear()
            await self._room.wait()
        answer = await self._calls.ask(
            "sqs",
            "receive_message",
            self._hand_back,
            QueueUrl=self._url,
            MaxNumberOfMessages=min(MAX_MESSAGES, self._window - len(self._out)),
            WaitTimeSeconds=WAIT_SECONDS,
            VisibilityTimeout=self._visibility,
            MessageSystemAttributeNames=list(_ATTRIBUTES),
        )
        return [self._delivered(message) for message in answer.get("Messages", ())]

    async def settle(self, settlement: Settlement) -> None:
        """See `DeliveryStream.settle`; each time, what is about to be visible again is extended."""
        done = self._taken(settlement.ack)
        waits: list[tuple[Received, int]] = []
        for failed in settlement.bury:
            for received in self._taken([failed.position]):
                if await self._dead_letters.take(received.message, failed.reason):
                    done.append(received)
                else:
                    waits.append((received, self._pause(received, failed)))
        for failed in settlement.retry:
            waits += [(each, self._pause(each, failed)) for each in self._taken([failed.position])]
        waits += [(each, 0) for each in self._taken(settlement.release)]
        await self._delete(done)
        await self._hide([*waits, *self._extended()])
        self._room.set()

    async def close(self) -> None:
        """See `DeliveryStream.close`; what is still out can be received by others at once."""
        left, self._out = list(self._out.values()), {}
        try:
            await self._hide([(each, 0) for each in left])
        except KeybusError as error:
            _log.warning("%s: what was out comes again later: %s", self._hello.subscription, error)

    def _delivered(self, message: dict[str, Any]) -> Delivered:
        attributes = message.get("Attributes", {})
        attempt = int(attributes.get("ApproximateReceiveCount", 1))
        position = next(self._positions)
        self._out[position] = Received(message, attempt, self._clock.monotonic())
        return Delivered(
            position=position,
            ingested_at=int(attributes.get("SentTimestamp", 0)) * 1000,
            attempt=attempt,
            envelope=envelope_in(message["Body"]),
            group=attributes.get("MessageGroupId", ""),
        )

    def _taken(self, positions: Iterable[int]) -> list[Received]:
        """What is out under these positions, which is out no more."""
        return [found for each in positions if (found := self._out.pop(each, None)) is not None]

    def _pause(self, received: Received, failed: Failed) -> int:
        """Seconds until a message that was not handled comes again."""
        wait = backoff(
            received.attempt, self._clock, first=_FIRST_BACKOFF, longest=_LONGEST_BACKOFF
        )
        return min(math.ceil(max(wait, failed.after)), MAX_VISIBILITY)

    def _extended(self) -> Iterator[tuple[Received, int]]:
        """What has been out for half of its time."""
        now = self._clock.monotonic()
        for received in self._out.values():
            if now - received.extended_at >= self._visibility / 2:
                received.extended_at = now
                yield received, self._visibility

    async def _delete(self, done: Sequence[Received]) -> None:
        entries = [{"ReceiptHandle": each.receipt} for each in done]
        await self._in_batches("delete_message_batch", entries)

    async def _hide(self, waits: Sequence[tuple[Received, int]]) -> None:
        """Say when messages are visible again, in seconds from now."""
        entries = [
            {"ReceiptHandle": each.receipt, "VisibilityTimeout": seconds} for each, seconds in waits
        ]
        await self._in_batches("change_message_visibility_batch", entries)

    async def _in_batches(self, operation: str, entries: Sequence[dict[str, Any]]) -> None:
        for batch in _tens(entries):
            answer = await self._calls.ask("sqs", operation, QueueUrl=self._url, Entries=batch)
            for failed in answer.get("Failed", ()):
                # The message comes again, which an at-least-once queue may do at any time.
                _log.warning("%s: %s: %s", self._hello.subscription, operation, failed)

    def _hand_back(self, answer: dict[str, Any]) -> None:
        """What came when nobody waited for it any more; in a thread of its own."""
        receipts = [{"ReceiptHandle": each["ReceiptHandle"]} for each in answer.get("Messages", ())]
        for batch in _tens([{**each, "VisibilityTimeout": 0} for each in receipts]):
            with suppress(KeybusError):  # then they come again when they are visible by themselves
                asked = {"QueueUrl": self._url, "Entries": batch}
                self._calls.run("sqs", "change_message_visibility_batch", asked)


def _tens(entries: Sequence[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """Entries of batch requests, each with the id that it needs."""
    for start in range(0, len(entries), MAX_MESSAGES):
        part = entries[start : start + MAX_MESSAGES]
        yield [{"Id": str(number), **each} for number, each in enumerate(part)]
