"""What is asked of an SQS queue: messages, and what becomes of them, ten in a request.

Source: SQS API reference, "DeleteMessageBatch", "ChangeMessageVisibilityBatch".
"""

import asyncio
import logging
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Any, Final

import msgspec

from keybus.client.aws.calls import POLL_SECONDS, Calls
from keybus.client.aws.errors import THROTTLED
from keybus.errors import BusUnavailable, KeybusError, PublishError, SubscriptionError, Throttled

MAX_MESSAGES: Final = 10
"""Messages of one SQS request."""
MAX_VISIBILITY: Final = 43_200
"""Seconds for which SQS hides a message at most, counted from when it was received."""
_MARGIN: Final = 5  # seconds that an answer of SQS may have been on its way
_AT_ONCE: Final = 8  # requests: a large window has many messages to extend in time
_ATTRIBUTES: Final = ("ApproximateReceiveCount", "SentTimestamp", "MessageGroupId")
_log = logging.getLogger(__name__)


class Received(msgspec.Struct, eq=False):
    """A message that is out.

    Attributes:
        message: As SQS gave it.
        received_at: When; seconds, monotonic.
        hidden_until: When others can receive it again; seconds, monotonic.
        given_up: Whether SQS hides it no longer, whatever it is asked.
    """

    message: dict[str, Any]
    received_at: float
    hidden_until: float
    given_up: bool = False

    @property
    def receipt(self) -> str:
        """What SQS knows this receive by."""
        return str(self.message["ReceiptHandle"])

    @property
    def attempt(self) -> int:
        """How often it was received."""
        return int(self.message.get("Attributes", {}).get("ApproximateReceiveCount", 1))

    @property
    def size(self) -> int:
        """Characters of its body."""
        return len(self.message["Body"])

    def longest(self, now: float) -> int:
        """Seconds for which SQS can hide it from now on."""
        return max(int(MAX_VISIBILITY - _MARGIN - (now - self.received_at)), 0)


class Saying(msgspec.Struct, eq=False):
    """What is to be said of a message.

    Attributes:
        received: The message.
        seconds: After how many others can receive it; None: it is done, and may go.
    """

    received: Received
    seconds: int | None

    def is_late(self, now: float) -> bool:
        """Whether others can receive it already."""
        return self.received.hidden_until <= now

    @property
    def entry(self) -> dict[str, Any]:
        """The request's entry, without its id."""
        hidden = {} if self.seconds is None else {"VisibilityTimeout": self.seconds}
        return {"ReceiptHandle": self.received.receipt, **hidden}


class Queue:
    """One queue.

    Args:
        calls: How SQS is asked.
        name: What it is called in messages to people.
        url: Its URL.
    """

    def __init__(self, calls: Calls, name: str, url: str) -> None:
        self._calls, self.name, self.url = calls, name, url

    @property
    def is_fifo(self) -> bool:
        """Whether its groups are in order; a standard queue's groups share it fairly, no more."""
        return self.url.endswith(".fifo")

    async def receive(self, most: int, visibility: int) -> Sequence[dict[str, Any]]:
        """Wait for messages; what comes when nobody waits any more is handed back.

        Raises:
            BusUnavailable, Throttled: To be tried again.
            SubscriptionError: It is refused, such as where there is no such queue.
        """
        try:
            answer = await self._calls.ask(
                "sqs",
                "receive_message",
                self._hand_back,
                QueueUrl=self.url,
                MaxNumberOfMessages=min(MAX_MESSAGES, most),
                WaitTimeSeconds=POLL_SECONDS,
                VisibilityTimeout=visibility,
                MessageSystemAttributeNames=list(_ATTRIBUTES),
            )
        except PublishError as error:
            raise self._refused(error) from None
        messages: Sequence[dict[str, Any]] = answer.get("Messages", ())
        return messages

    async def say(self, sayings: Sequence[Saying]) -> tuple[list[Saying], list[Saying]]:
        """Tell SQS.

        Returns:
            What is to be said again, and what SQS does not take, as the message is out no more.

        Raises:
            SubscriptionError: It is refused as a whole.
            Forbidden: The role may not.
        """
        room = asyncio.Semaphore(_AT_ONCE)
        gone = [each for each in sayings if each.seconds is None]
        hidden = [each for each in sayings if each.seconds is not None]
        asked = [self._say("delete_message_batch", part, room) for part in _tens(gone)]
        asked += [
            self._say("change_message_visibility_batch", part, room) for part in _tens(hidden)
        ]
        answers = await asyncio.gather(*asked)
        return [each for again, _ in answers for each in again], [
            each for _, refused in answers for each in refused
        ]

    async def _say(
        self, operation: str, part: Sequence[Saying], room: asyncio.Semaphore
    ) -> tuple[list[Saying], list[Saying]]:
        entries = [{"Id": str(number), **each.entry} for number, each in enumerate(part)]
        try:
            async with room:
                answer = await self._calls.ask("sqs", operation, QueueUrl=self.url, Entries=entries)
        except (BusUnavailable, Throttled) as error:
            _log.warning("%s: %s; it is tried again", self.name, error)
            return list(part), []
        except PublishError as error:
            raise self._refused(error) from None
        failed = {each["Id"]: each for each in answer.get("Failed", ())}
        if failed:
            told = [f"{each.get('Code')}: {each.get('Message')}" for each in failed.values()]
            _log.warning("%s: %s: %d failed: %s", self.name, operation, len(told), told[0])
        refused = {number for number, each in failed.items() if _for_good(each)}
        done = {each["Id"] for each in answer.get("Successful", ())} | refused
        return (
            [each for number, each in enumerate(part) if str(number) not in done],
            [each for number, each in enumerate(part) if str(number) in refused],
        )

    def _refused(self, error: PublishError) -> KeybusError:
        """What a subscriber hears of an error that is no publisher's."""
        return error if isinstance(error, BusUnavailable) else SubscriptionError(str(error))

    def _hand_back(self, answer: dict[str, Any]) -> None:
        """What came when nobody waited for it any more; in a thread of its own."""
        back = [
            {"Id": str(number), "ReceiptHandle": each["ReceiptHandle"], "VisibilityTimeout": 0}
            for number, each in enumerate(answer.get("Messages", ()))
        ]
        if back:
            with suppress(KeybusError):  # then they come again when they are visible by themselves
                asked = {"QueueUrl": self.url, "Entries": back}
                self._calls.run("sqs", "change_message_visibility_batch", asked)


def _for_good(failed: dict[str, Any]) -> bool:
    """Whether saying it again does not help."""
    return bool(failed.get("SenderFault")) and failed.get("Code") not in THROTTLED


def _tens(sayings: Sequence[Saying]) -> Iterator[Sequence[Saying]]:
    starts: Iterable[int] = range(0, len(sayings), MAX_MESSAGES)
    return (sayings[start : start + MAX_MESSAGES] for start in starts)
