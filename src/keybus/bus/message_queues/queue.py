"""One created queue while it is used: its place in the store, its dispatcher and its receiver."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from keybus.bus.delivery.dispatcher import Dispatcher
from keybus.bus.delivery.session import Send, Session
from keybus.bus.delivery.settings import DeliverySettings
from keybus.bus.engine import CursorState, Delivery, Engine
from keybus.bus.message_queues.delays import Delays
from keybus.bus.message_queues.errors import NoSuchQueue
from keybus.bus.message_queues.kept import Kept, MessageGroup, decode
from keybus.bus.message_queues.received import Received
from keybus.bus.message_queues.receiver import Receiver
from keybus.bus.message_queues.settings import QueueSettings
from keybus.bus.message_queues.source import Ready, Sifted
from keybus.clock import Clock
from keybus.errors import EngineError
from keybus.governance import Principal
from keybus.protocol import Failed, Settlement
from keybus.topology import Retry

_US: Final = 1_000_000
_ENDLESS: Final = 1 << 62
_PAUSE: Final = 500_000
"""Microseconds for which nothing is asked for where the store fails."""
_log = logging.getLogger(__name__)
Forward = Callable[[QueueSettings, Sequence[Kept]], Awaitable[bool]]
"""Moves messages of a queue to its dead-letter queue, durably; False: that is not there."""


class _Everything:
    """What a queue asks for: whatever was sent to it."""

    event_types: frozenset[str] = frozenset()

    def accepts(self, envelope: bytes) -> bool:  # noqa: ARG002 - what matched was said when it was sent
        return True


EVERYTHING: Final = _Everything()


class CreatedQueue:
    """A queue of messages of its own. Belongs to one event loop.

    Args:
        settings: What it is.
        engine: The messages' store.
        key: The bus's secret for receipt handles.
        forward: Moves what was received too often.
        clock: Time.

    Attributes:
        settings: What it is now.
        receiver: Hands its messages out.
        delays: What is not to be received yet.
    """

    fifo: bool
    sheds: bool

    def __init__(
        self,
        settings: QueueSettings,
        engine: Engine,
        key: bytes,
        forward: Forward,
        clock: Clock,
    ) -> None:
        self.settings = settings
        self.fifo, self.sheds = settings.fifo, not settings.fifo
        self.key = f"{settings.key}\0{settings.created_us}"
        self._engine, self._forward, self._clock = engine, forward, clock
        self._dispatcher: Dispatcher | None = None
        self._opening = asyncio.Lock()
        self._gone = False
        self.delays = Delays(clock)
        self.receiver = Receiver(self, key, clock)

    async def dispatcher(self) -> Dispatcher:
        """Its dispatcher, opened where nobody has used it yet.

        Raises:
            NoSuchQueue: It was deleted.
            StorageFailed: It could not be opened.
        """
        if self._dispatcher is not None:
            return self._dispatcher
        async with self._opening:
            if self._gone:
                raise NoSuchQueue.named(self.settings.account, self.settings.name)
            if self._dispatcher is None:
                cursor = await self._engine.open(self.settings.line, EVERYTHING)
                await self.delays.follow(cursor)
                self._dispatcher = Dispatcher(cursor, _delivery(self.settings), self._clock)
            return self._dispatcher

    def join(self, dispatcher: Dispatcher, send: Send, principal: Principal) -> Session:
        """Let the receiver in; who may was decided at the door."""
        return dispatcher.join(send, 1, principal, own_breaker=True)

    def change(self, settings: QueueSettings) -> None:
        """Go by other attributes from now on."""
        self.settings = settings
        if self._dispatcher is not None:
            self._dispatcher.change(_delivery(settings))

    async def purge(self, settings: QueueSettings) -> None:
        """Go on with another place in the store, where nothing is.

        Args:
            settings: The queue's, with that place.
        """
        async with self._opening:
            self.settings = settings
            self.delays.forget()
            await self._let_go()

    async def close(self, *, gone: bool) -> None:
        """Use it no more; what is out goes back untried.

        Args:
            gone: It was deleted, and whoever waits for its messages is told so.
        """
        if not gone:
            self.receiver.stop()
        async with self._opening:
            self._gone = self._gone or gone
            await self._let_go()
        await self.receiver.close()

    async def sift(self, session: Session, deliveries: Sequence[Delivery]) -> Sifted:
        """Say which messages may go out; the others are moved, or put aside until they are due."""
        now, redrive = self._clock.time_us(), self.settings.redrive
        most = redrive.most if redrive is not None else _ENDLESS
        delay = self.settings.delay * _US if self.fifo else 0
        ready: list[Ready] = []
        back: list[int] = []
        until, tired, early = 0, list[tuple[Delivery, Kept]](), list[tuple[Delivery, Kept]]()
        for each in deliveries:
            kept = decode(each.envelope)
            if each.attempt > most:
                tired.append((each, kept))
            elif kept.due_us > now:
                early.append((each, kept))
            elif delay and kept.sent_us + delay > now:
                back.append(each.position)
                until = min(until or _ENDLESS, kept.sent_us + delay)
            else:
                ready.append(self._ready(each, kept))
        if early and not await self._put_off(session, early):
            until = now + _PAUSE
        if tired:
            ready += await self._retire(session, tired)
        return Sifted(ready, back, 0 if ready else until)

    def delayed(self, state: CursorState) -> tuple[int, int]:
        """How many wait for their first time, and how many of them are put aside."""
        return min(self.delays.count(), state.held + state.waiting), state.held

    def _ready(self, delivery: Delivery, kept: Kept) -> Ready:
        fifo = self.fifo

        def received(receipt: str, first_us: int) -> Received:
            return kept.received(delivery, receipt, fifo=fifo, first_us=first_us)

        return Ready(delivery, received)

    async def _put_off(self, session: Session, early: Sequence[tuple[Delivery, Kept]]) -> bool:
        """Put messages aside, durably, until they may be received first; whether that was done."""
        assert self._dispatcher is not None
        cursor = self._dispatcher.cursor
        positions = [each.position for each, _ in early]
        session.take(positions)
        try:
            await self.delays.hold([(each.position, kept.due_us) for each, kept in early])
        except EngineError:
            _log.exception("%s: delayed messages could not be put aside", cursor.name)
            await cursor.release(positions)
            return False
        return True

    async def _retire(
        self, session: Session, tired: Sequence[tuple[Delivery, Kept]]
    ) -> list[Ready]:
        """Move messages that were received too often; those that nobody takes may go out."""
        assert self._dispatcher is not None
        dispatcher = self._dispatcher
        try:
            moved = await self._forward(self.settings, [kept for _, kept in tired])
        except EngineError as error:
            again = [
                Failed(each.position, f"it could not be moved to the dead-letter queue: {error}")
                for each, _ in tired
            ]
            await dispatcher.settle(session, Settlement(retry=again))
            return []
        if not moved:
            return [self._ready(each, kept) for each, kept in tired]
        await dispatcher.acknowledge(session, [each.position for each, _ in tired])
        return []

    async def _let_go(self) -> None:
        dispatcher, self._dispatcher = self._dispatcher, None
        await self.delays.close()
        if dispatcher is not None:
            await dispatcher.stop()


def _delivery(settings: QueueSettings) -> DeliverySettings:
    return DeliverySettings(
        retry=Retry(attempts=_ENDLESS, max_age=settings.retention),
        order=MessageGroup() if settings.fifo else None,
        company=True,
    )
