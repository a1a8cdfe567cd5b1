"""The records of one Lambda invocation as an open subscription.

Source: AWS Lambda developer guide, "Using Lambda with Amazon SQS" and "Implementing partial batch
responses".
"""

import asyncio
import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from keybus.client.message_body import envelope_in
from keybus.errors import KeybusError
from keybus.protocol import Delivered, Hello, Settlement

_MANY: Final = 10_000  # records that a batch of SQS may have


class UnreadableInvocation(KeybusError):
    """What a function was invoked with is neither a batch of SQS nor an event of EventBridge."""

    code = "unreadable-invocation"


class NotHandled(KeybusError):
    """The event that a function was invoked with was not handled."""

    code = "not-handled"


class Records:
    """A batch's records as deliveries; see `DeliveryStream`.

    Args:
        subscription: Its name, for messages to people.
        records: SQS's records, or an envelope alone.

    Attributes:
        settled: Set once something became of each of them.
        reasons: Why those were not handled that were not, by position.
    """

    def __init__(self, subscription: str, records: Sequence[Mapping[str, Any]]) -> None:
        self._hello = Hello(subscription, [], _MANY)
        self._records = records
        self._left = set(range(len(records)))
        self._handed_out = False
        self.settled = asyncio.Event()
        self.reasons: dict[int, str] = {}

    @property
    def hello(self) -> Hello:
        """See `DeliveryStream.hello`."""
        return self._hello

    async def receive(self) -> Sequence[Delivered]:
        """See `DeliveryStream.receive`: all records, and then nothing more."""
        if self._handed_out:
            await asyncio.Event().wait()
        self._handed_out = True
        if not self._records:
            self.settled.set()
        return [_delivered(position, each) for position, each in enumerate(self._records)]

    async def settle(self, settlement: Settlement) -> None:
        """See `DeliveryStream.settle`."""
        failed = {each.position: each.reason for each in (*settlement.retry, *settlement.bury)}
        released = dict.fromkeys(settlement.release, "it was not tried")
        self.reasons |= failed | released
        self._left -= {*settlement.ack, *failed, *released}
        if not self._left:
            self.settled.set()

    async def close(self) -> None:
        """See `DeliveryStream.close`; of what is not settled by now nobody knows anything."""
        self.reasons |= dict.fromkeys(self._left, "it was not handled in time")


def records_of(invocation: Any) -> tuple[Sequence[Mapping[str, Any]], bool]:
    """The records that a function was invoked with, and whether they are a batch of SQS.

    Raises:
        UnreadableInvocation: It was invoked with something else.
    """
    if isinstance(invocation, Mapping):
        records = invocation.get("Records")
        if isinstance(records, list) and all(map(_is_of_sqs, records)):
            return records, True
        if isinstance(invocation.get("detail-type"), str):
            return [{"body": json.dumps(invocation)}], False
    raise UnreadableInvocation(
        "the function was invoked with neither a batch of SQS nor an event of EventBridge",
        hint="is its event source the subscription's queue?",
    )


def _is_of_sqs(record: Any) -> bool:
    return (
        isinstance(record, Mapping)
        and isinstance(record.get("body"), str)
        and isinstance(record.get("messageId"), str)
        and isinstance(record.get("attributes", {}), Mapping)
    )


def _delivered(position: int, record: Mapping[str, Any]) -> Delivered:
    attributes = record.get("attributes", {})
    return Delivered(
        position=position,
        ingested_at=int(attributes.get("SentTimestamp", 0)) * 1000,
        attempt=int(attributes.get("ApproximateReceiveCount", 1)),
        envelope=envelope_in(record["body"]),
        group=attributes.get("MessageGroupId", "") if _is_in_order(record) else "",
    )


def _is_in_order(record: Mapping[str, Any]) -> bool:
    """Whether its queue is a FIFO queue; a standard one's groups share it fairly, no more."""
    return str(record.get("eventSourceARN", ".fifo")).endswith(".fifo")
