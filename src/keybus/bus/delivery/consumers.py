"""Who consumes one subscription, and who of them is sent the next deliveries."""

import asyncio
from collections.abc import Callable, Sequence

from keybus.bus.delivery.queue_breaker import QueueBreaker
from keybus.bus.delivery.session import Session
from keybus.bus.engine import Delivery
from keybus.clock import Clock
from keybus.protocol import Notice

ALONE_SECONDS = 30.0
"""So long a delivery that is to go by itself waits for a consumer that has nothing else."""


class Consumers:
    """The sessions of one subscription. Belongs to the dispatcher's event loop.

    Attributes:
        sessions: All of them.
        paused: Nothing is handed out.
        news: Set when somebody may have become ready for more.
        breaker: Leaves them alone while all that they are handed fails.
    """

    def __init__(self, clock: Clock) -> None:
        self.sessions: list[Session] = []
        self.paused = False
        self.news = asyncio.Event()
        self.breaker = QueueBreaker(clock, self.news, self.tell)
        self._clock = clock
        self._alone: Callable[[], bool] = lambda: False

    def tell(self, notice: Notice) -> None:
        """Tell everybody."""
        for session in self.sessions:
            session.tell(notice)

    def best(self) -> Session | None:
        """The one of whose window most is free; None where nobody can take any, or may.

        Not the one that can take most: beside a large window, a small one would starve.
        """
        if self.paused or not self.breaker.room:
            return None
        best = max(self.sessions, key=lambda session: session.share, default=None)
        return best if best is not None and best.credit else None

    def credit_of(self, session: Session) -> int:
        """How many deliveries one may be handed now."""
        return min(session.credit, self.breaker.room)

    async def credit(self) -> int:
        """The most that one of them can take, once there is one that can take any."""
        while (best := self.best()) is None:
            await self._news()
        return self.credit_of(best)

    def hand(self, session: Session, ready: Sequence[Delivery]) -> None:
        """Send one of them as much as it can take."""
        session.hand(ready)
        self.breaker.handed(session, ready)

    async def idle(self) -> Session:
        """One that has nothing, once nothing is out that has to be by itself.

        After `ALONE_SECONDS` it is whoever can take any: a handler that hangs must not keep
        everything else from being delivered.
        """
        ends = self._clock.monotonic() + ALONE_SECONDS
        timer = asyncio.ensure_future(self._clock.sleep(ALONE_SECONDS))
        timer.add_done_callback(lambda _: self.news.set())
        try:
            while True:
                if (found := self._idle(patient=self._clock.monotonic() < ends)) is not None:
                    return found
                await self._news()
        finally:
            timer.cancel()

    def hand_alone(self, session: Session, ready: Sequence[Delivery]) -> bool:
        """Send one delivery by itself; whether the consumer is still there for it."""
        if session not in self.sessions or not session.is_open:
            return False
        self.hand(session, ready)
        position = ready[0].position
        self._alone = lambda: position in session.leased
        return True

    def _idle(self, *, patient: bool) -> Session | None:
        if self.paused or not self.breaker.room or (patient and self._alone()):
            return None
        for session in self.sessions:
            if session.credit and not session.leased:
                return session
        return None if patient else self.best()

    async def _news(self) -> None:
        self.news.clear()
        await self.news.wait()
