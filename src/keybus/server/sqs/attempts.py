"""Receives that are repeated: whoever lost an answer gets the same messages once more.

Source: Amazon SQS API reference, "ReceiveMessage", ReceiveRequestAttemptId.
"""

from collections import OrderedDict
from collections.abc import Sequence
from typing import Final
from weakref import ref

from keybus.bus.dead_letters.desk import LetterDesk
from keybus.bus.message_queues.receiver import Receiver
from keybus.clock import Clock
from keybus.governance import Principal

SECONDS: Final = 300.0
"""So long an attempt is known."""
MOST: Final = 20_000
"""So many attempts are known, the latest of all queues: about a kilobyte each."""
Hands = Receiver | LetterDesk
"""What hands out a queue's messages."""


class Attempts:
    """What queues answered to attempts that were named: receipt handles alone, without messages.

    Lost when the process ends.
    """

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[ref[Hands], Principal, str], tuple[float, Sequence[str]]] = (
            OrderedDict()
        )

    def __len__(self) -> int:
        """How many attempts are known."""
        return len(self._known)

    def answered(
        self, hands: Hands, principal: Principal, attempt: str, clock: Clock
    ) -> Sequence[str]:
        """The receipt handles that an attempt was answered; none where it is not known.

        Args:
            hands: The queue's.
            principal: Who asks.
            attempt: What the attempt is called.
            clock: Time.
        """
        self._forget(clock)
        _, receipts = self._known.get((ref(hands), principal, attempt), (0.0, ()))
        return receipts

    def keep(
        self,
        hands: Hands,
        principal: Principal,
        attempt: str,
        receipts: Sequence[str],
        clock: Clock,
    ) -> None:
        """Remember what an attempt was answered."""
        self._forget(clock)
        key = ref(hands), principal, attempt
        self._known[key] = clock.monotonic() + SECONDS, receipts
        self._known.move_to_end(key)
        if len(self._known) > MOST:
            self._known.popitem(last=False)

    def _forget(self, clock: Clock) -> None:
        """Know nothing past its time."""
        now = clock.monotonic()
        while self._known and next(iter(self._known.values()))[0] < now:
            self._known.popitem(last=False)


ATTEMPTS: Final = Attempts()
"""Of all queues of this process."""
