"""Receives that are repeated: whoever lost an answer gets the same messages once more.

Source: Amazon SQS API reference, "ReceiveMessage", ReceiveRequestAttemptId.
"""

from collections import OrderedDict
from collections.abc import Sequence
from typing import Final
from weakref import WeakKeyDictionary

from keybus.bus.message_queues.errors import MessageQueueError
from keybus.bus.message_queues.received import Received
from keybus.bus.message_queues.receiver import Receiver
from keybus.clock import Clock
from keybus.governance import Principal

SECONDS: Final = 300.0
"""So long an attempt is known."""
_MOST: Final = 1_000
_Known = OrderedDict[tuple[Principal, str], tuple[float, Sequence[Received]]]


class Attempts:
    """What receivers answered to attempts that were named; lost when the process ends."""

    def __init__(self) -> None:
        self._known: WeakKeyDictionary[Receiver, _Known] = WeakKeyDictionary()

    async def again(
        self,
        receiver: Receiver,
        principal: Principal,
        attempt: str,
        visibility: float,
        clock: Clock,
    ) -> Sequence[Received]:
        """What is still out of what an attempt was answered, its visibility timeout begun anew.

        Args:
            receiver: The queue's.
            principal: Who asks.
            attempt: What the attempt is called.
            visibility: Seconds.
            clock: Time.
        """
        known = self._known.get(receiver, _Known())
        until, messages = known.get((principal, attempt), (0.0, ()))
        if clock.monotonic() > until:
            return ()
        found: list[Received] = []
        for each in messages:
            try:
                await receiver.change_visibility(each.receipt, visibility)
            except MessageQueueError:
                continue  # it was deleted, or its time has ended
            found.append(each)
        return found

    def keep(
        self,
        receiver: Receiver,
        principal: Principal,
        attempt: str,
        messages: Sequence[Received],
        clock: Clock,
    ) -> None:
        """Remember what an attempt was answered."""
        known = self._known.setdefault(receiver, _Known())
        known[principal, attempt] = clock.monotonic() + SECONDS, messages
        known.move_to_end((principal, attempt))
        while len(known) > _MOST:
            known.popitem(last=False)


ATTEMPTS: Final = Attempts()
"""Of all receivers of this process, each as long as it lives."""
