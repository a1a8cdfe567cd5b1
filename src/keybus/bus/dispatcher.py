"""The dispatcher of one subscription: deliveries to whoever consumes it, as far as their credit goes.

Several consumers of a subscription share its deliveries. A consumer is a `Session`: it has a
window, and is sent frames while fewer deliveries than that are unsettled. Everything here runs on
one event loop.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence

from keybus.bus.backoff import delay
from keybus.bus.engine import Cursor, Delivery
from keybus.clock import Clock
from keybus.errors import StorageFailed
from keybus.protocol import MAX_FRAME_BYTES, MAX_FRAME_DELIVERIES, Failed, Settlement
from keybus.topology import Retry

_log = logging.getLogger(__name__)

Send = Callable[[Sequence[Delivery]], Awaitable[None]]
"""Takes a frame's deliveries to the consumer; a ConnectionError says that it is gone."""
_STORAGE_PAUSE = 0.5


class Session:
    """One consumer of a subscription, and what it has been sent and has not settled."""

    def __init__(self, dispatcher: "Dispatcher", send: Send, window: int) -> None:
        self._dispatcher, self.send, self.window = dispatcher, send, window
        self.leased: dict[int, Delivery] = {}
        self.leaving = False

    @property
    def credit(self) -> int:
        """How many more deliveries it may be sent now."""
        return 0 if self.leaving else self.window - len(self.leased)

    async def settle(self, settlement: Settlement) -> None:
        """Do what the consumer says of its deliveries; what it does not hold is passed over."""
        await self._dispatcher.settle(self, settlement)

    async def close(self, reason: str) -> None:
        """The consumer is gone: each delivery it held counts a failed attempt.

        Without the count, a message that kills its consumer would come back for ever. One that
        had said that it was leaving hands back untried what it held.
        """
        await self._dispatcher.leave(self, reason)


class Dispatcher:
    """Fetches from a subscription's cursor and shares the deliveries out.

    Args:
        cursor: The subscription's place in the log.
        retry: When a delivery gives up.
        clock: Time and jitter.

    Attributes:
        acknowledged: Deliveries handled since the dispatcher was made.
    """

    def __init__(self, cursor: Cursor, retry: Retry, clock: Clock) -> None:
        self.cursor = cursor
        self._retry, self._clock = retry, clock
        self._sessions: list[Session] = []
        self._credit = asyncio.Event()
        self._pump: asyncio.Task[None] | None = None
        self.acknowledged = 0

    @property
    def consumers(self) -> int:
        """How many consumers are connected."""
        return len(self._sessions)

    def join(self, send: Send, window: int) -> Session:
        """Let a consumer in."""
        session = Session(self, send, window)
        self._sessions.append(session)
        self._credit.set()
        if self._pump is None or self._pump.done():
            self._pump = asyncio.create_task(self._run(), name=f"dispatch {self.cursor.name}")
        return session

    async def leave(self, session: Session, reason: str) -> None:
        """Let a consumer go; what it held is tried again."""
        if session in self._sessions:
            self._sessions.remove(session)
        if not self._sessions:
            await self._stop_pump()
        held = list(session.leased.values())
        session.leased.clear()
        if session.leaving:
            await self.cursor.release([delivery.position for delivery in held])
        else:
            await self._fail(held, reason)

    async def stop(self) -> None:
        """Stop dispatching and hand back, untried, what is out with consumers."""
        await self._stop_pump()
        sessions, self._sessions = self._sessions, []
        held = [position for session in sessions for position in session.leased]
        for session in sessions:
            session.leased.clear()
        await self.cursor.release(held)

    async def settle(self, session: Session, settlement: Settlement) -> None:
        """See `Session.settle`."""
        session.leaving = session.leaving or settlement.leaving
        acked = [p for p in settlement.ack if session.leased.pop(p, None) is not None]
        released = [p for p in settlement.release if session.leased.pop(p, None) is not None]
        retried = _held(session, settlement.retry)
        buried = _held(session, settlement.bury)
        if session.credit > 0:
            self._credit.set()
        self.acknowledged += len(acked)
        await asyncio.gather(
            *([self.cursor.ack(acked)] if acked else []),
            *([self.cursor.release(released)] if released else []),
            *(self._fail([delivery], reason) for delivery, reason in retried),
            *(self.cursor.bury(d.position, reason=reason) for d, reason in buried),
        )

    async def _fail(self, deliveries: Iterable[Delivery], reason: str) -> None:
        """Try again later, or give up where the attempts are used up."""
        steps = [
            self.cursor.bury(d.position, reason=reason)
            if d.attempt > self._retry.attempts
            else self.cursor.retry(d.position, delay=delay(d.attempt, self._clock), reason=reason)
            for d in deliveries
        ]
        await asyncio.gather(*steps)

    async def _stop_pump(self) -> None:
        if self._pump is not None:
            self._pump.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._pump
            self._pump = None

    async def _run(self) -> None:
        while True:
            session = await self._next_session()
            try:
                batch = await self.cursor.fetch(min(session.credit, MAX_FRAME_DELIVERIES))
            except StorageFailed:
                _log.exception("%s: cannot fetch, trying again", self.cursor.name)
                await self._clock.sleep(_STORAGE_PAUSE)
                continue
            await self._hand_over(session, batch)

    async def _next_session(self) -> Session:
        """The consumer with the most credit, once there is one with any."""
        while True:
            best = max(self._sessions, key=lambda session: session.credit, default=None)
            if best is not None and best.credit > 0:
                return best
            self._credit.clear()
            await self._credit.wait()

    async def _hand_over(self, session: Session, batch: Sequence[Delivery]) -> None:
        handed = 0
        try:
            for frame in _frames(batch):
                if session not in self._sessions or session.leaving:  # it left meanwhile
                    return
                # Leased before it is sent: the answer may be here before send returns.
                session.leased.update((delivery.position, delivery) for delivery in frame)
                handed += len(frame)
                await session.send(frame)
        except ConnectionError as error:
            _log.info("%s: consumer lost: %s", self.cursor.name, error)
            session.window = 0  # its owner closes it; until then it gets nothing more
        finally:
            await self.cursor.release([delivery.position for delivery in batch[handed:]])


def _held(session: Session, failed: Iterable[Failed]) -> list[tuple[Delivery, str]]:
    found = [(session.leased.pop(item.position, None), item.reason) for item in failed]
    return [(delivery, reason) for delivery, reason in found if delivery is not None]


def _frames(batch: Sequence[Delivery]) -> Iterable[list[Delivery]]:
    """The batch cut where a frame would grow past its limit of bytes."""
    frame: list[Delivery] = []
    held = 0
    for delivery in batch:
        if frame and held + len(delivery.envelope) > MAX_FRAME_BYTES:
            yield frame
            frame, held = [], 0
        frame.append(delivery)
        held += len(delivery.envelope)
    if frame:
        yield frame
