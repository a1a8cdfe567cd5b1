"""The desks of all subscriptions, each made when somebody first asks for it."""

from collections.abc import Callable
from secrets import token_bytes

from keybus.bus.dead_letters.desk import LetterDesk
from keybus.bus.delivery.dispatcher import Dispatcher
from keybus.bus.message_queues.receipts import KEY_BYTES
from keybus.clock import Clock


class LetterDesks:
    """Hands out dead letters. Belongs to one event loop.

    Receipt handles hold until the end of the process, as who has which letter does.

    Args:
        find: The dispatcher of a subscription; raises `SubscriptionError` where there is none.
        clock: Time.
    """

    def __init__(self, find: Callable[[str], Dispatcher], clock: Clock) -> None:
        self._find, self._clock = find, clock
        self._key = token_bytes(KEY_BYTES)
        self._desks: dict[str, LetterDesk] = {}
        self._stopped = False

    def of(self, subscription: str) -> LetterDesk:
        """A subscription's.

        Raises:
            SubscriptionError: There is no such subscription.
        """
        self._find(subscription)
        found = self._desks.get(subscription)
        if found is None:
            found = LetterDesk(subscription, self._find, self._key, self._clock)
            self._desks[subscription] = found
            if self._stopped:
                found.stop()
        return found

    def stop(self) -> None:
        """Nobody waits any more."""
        self._stopped = True
        for desk in self._desks.values():
            desk.stop()
