"""The circuit breaker of a queue: consumers that fail everything are left alone for a while.

Without it, a broken release of a subscriber would use up the attempts of all that waits for it.
"""

import asyncio
from collections.abc import Callable, Hashable, Sequence
from typing import Final

from keybus.bus.delivery.breaker import Breaker
from keybus.bus.delivery.session import Session
from keybus.bus.engine import Delivery
from keybus.clock import Clock
from keybus.protocol import MAX_WINDOW, BreakerInfo, Notice

FAILURES: Final = 50
"""So many different deliveries fail, and none is acknowledged meanwhile, before it opens."""
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0
"""Bounds, in seconds, of the first time for which nothing is handed out, and of every later one."""
PATIENCE = 30.0
"""Seconds after which another delivery is tried, where the last one is neither handled nor failed."""
_MARGIN = 0.001
_REASON = 500
_US = 1_000_000


class QueueBreaker:
    """How much a subscription's consumers are handed: as much as they take, nothing, or one.

    It counts different deliveries, and where they are in order different keys, so that an event
    or a key which always fails does not open it by itself, and an acknowledgement of any begins the count anew. A consumer that was lost counts
    as one failure, whatever it held. Belongs to the dispatcher's event loop.

    Args:
        clock: Time and jitter.
        news: Set when there may be room again.
        tell: Tells consumers.
    """

    def __init__(self, clock: Clock, news: asyncio.Event, tell: Callable[[Notice], None]) -> None:
        self._clock, self._news, self._tell = clock, news, tell
        self._breaker = Breaker(clock, first=FIRST_PAUSE, longest=LONGEST_PAUSE, threshold=FAILURES)
        self._failing = set[Hashable]()
        self._reason = ""
        self._probe_is_out: Callable[[], bool] = lambda: False
        self._patient_until = 0.0
        self._timer: asyncio.Task[None] | None = None

    @property
    def room(self) -> int:
        """How many deliveries may be handed out now."""
        state = self._breaker.state
        if state == "closed":
            return MAX_WINDOW
        waits = self._probe_is_out() and self._clock.monotonic() < self._patient_until
        return int(state == "half-open" and not waits)

    @property
    def info(self) -> BreakerInfo | None:
        """How it stands; None where it is closed."""
        state = self._breaker.state
        if state == "closed":
            return None
        probe = self._clock.time_us() + int(self._breaker.remaining * _US)
        return BreakerInfo("waiting" if state == "open" else "probing", self._reason, probe)

    def handed(self, session: Session, deliveries: Sequence[Delivery]) -> None:
        """These were handed out."""
        if deliveries and self._breaker.state != "closed":
            position = deliveries[0].position
            self._probe_is_out = lambda: position in session.leased
            self._patient_until = self._clock.monotonic() + PATIENCE
            self._wake_at(self._patient_until)

    def succeeded(self) -> None:
        """Something was acknowledged."""
        if self._breaker.state != "closed":
            self._tell(Notice("breaker-closed", "a delivery was handled: all are handed out again"))
            self._news.set()
        self._failing.clear()
        self._breaker.succeeded()

    def failed(self, what: Hashable, reason: str) -> None:
        """A delivery was not handled.

        Args:
            what: Its position; where it has a group, that: one key that fails is one failure,
                however many of it do.
            reason: Why.
        """
        before = self._breaker.state
        if before == "open" or (before == "closed" and what in self._failing):
            return
        self._failing.add(what)
        self._reason = reason[:_REASON]
        self._breaker.failed()
        if self._breaker.state != "open":
            return
        self._failing.clear()
        self._wake_at(self._clock.monotonic() + self._breaker.remaining)
        if before == "closed":
            self._tell(Notice("breaker-open", f"{_WHAT}; the last: {self._reason}"))

    def stop(self) -> None:
        """Wake nobody any more."""
        if self._timer is not None:
            self._timer.cancel()

    def _wake_at(self, when: float) -> None:
        self.stop()
        self._timer = asyncio.create_task(self._wake(when))

    async def _wake(self, when: float) -> None:
        while (left := when - self._clock.monotonic()) > 0:
            await self._clock.sleep(left + _MARGIN)
        self._news.set()


_WHAT = (
    f"{FAILURES} deliveries in a row failed, so nothing is handed out for a moment, and then one at"
    " a time until one is acknowledged"
)
