"""One created queue while it is used: its place in the store, its dispatcher and its receiver."""

import asyncio
import logging
from collections.abc import Sequence
from typing import Final, Protocol

from keybus.bus.delivery.dispatcher import Dispatcher
from keybus.bus.delivery.session import Send, Session
from keybus.bus.delivery.settings import DeliverySettings
from keybus.bus.engine import CursorState, Delivery, Engine
from keybus.bus.message_queues.ages import AgeClock
from keybus.bus.message_queues.delays import Delays, is_early
from keybus.bus.message_queues.errors import NoSuchQueue
from keybus.bus.message_queues.kept import Kept, MessageGroup, decode
from keybus.bus.message_queues.order_delay import delayed
from keybus.bus.message_queues.received import Received
from keybus.bus.message_queues.receiver import Receiver
from keybus.bus.message_queues.settings import QueueSettings
from keybus.bus.message_queues.source import Ready, Sifted
from keybus.clock import Clock
from keybus.errors import EngineError, KeybusError
from keybus.governance import Principal
from keybus.protocol import Failed, Settlement
from keybus.steady import SteadyTime
from keybus.topology import Retry

_US: Final = 1_000_000
_ENDLESS: Final = 1 << 62
_PAUSE: Final = 0.5
"""Seconds for which messages wait that the store did not put aside."""
_log = logging.getLogger(__name__)


class DeadLetterQueues(Protocol):
    """Where messages go that were received too often."""

    def dead_letter_queue(self, source: QueueSettings) -> QueueSettings | None:
        """A queue's dead-letter queue; None: there is none."""
        ...

    async def move(self, settings: QueueSettings, kept: Sequence[Kept]) -> None:
        """Put messages into a queue, durably."""
        ...


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
        dead_letters: Takes what was received too often.
        clock: Time.
        time: What messages are due by.

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
        *,
        dead_letters: DeadLetterQueues,
        clock: Clock,
        time: SteadyTime,
    ) -> None:
        self.settings = settings
        self.fifo, self.sheds = settings.fifo, not settings.fifo
        self.key = f"{settings.key}\0{settings.created_us}"
        self._engine, self._dead_letters = engine, dead_letters
        self._clock, self._time = clock, time
        self._dispatcher: Dispatcher | None = None
        self._opening = asyncio.Lock()
        self._gone = False
        self.delays = Delays(clock, time)
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
                if self.fifo:
                    cursor = delayed(cursor, self._delay, self._clock, self._time)
                ages = AgeClock(self._clock, self._time)
                self._dispatcher = Dispatcher(cursor, _delivery(self.settings), ages)
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

    def sift(self, session: Session, deliveries: Sequence[Delivery]) -> Sifted:
        """Say which messages may go out; the others are moved, or put aside until they are due."""
        now, most = self._time.now(), _ENDLESS
        target = self._dead_letters.dead_letter_queue(self.settings)
        if target is not None and self.settings.redrive is not None:
            most = self.settings.redrive.most
        ready: list[Ready] = []
        tired, early = list[tuple[Delivery, Kept]](), list[tuple[Delivery, Kept]]()
        for each in deliveries:
            kept = decode(each.envelope)
            if each.attempt > most:
                tired.append((each, kept))
            elif not self.fifo and is_early(kept.due_us, now):
                early.append((each, kept))
            else:
                ready.append(self._ready(each, kept))
        steps = []
        if early:
            session.take([each.position for each, _ in early])
            steps.append(self._put_off(early))
        if tired and target is not None:
            steps.append(self._retire(session, tired, target))
        return Sifted(ready, steps)

    def delayed(self, state: CursorState) -> tuple[int, int]:
        """How many wait for their first time, and how many of them are put aside."""
        return min(self.delays.count(), state.held + state.waiting), state.held

    def _ready(self, delivery: Delivery, kept: Kept) -> Ready:
        fifo = self.fifo

        def received(receipt: str, first_us: int) -> Received:
            return kept.received(delivery, receipt, fifo=fifo, first_us=first_us)

        return Ready(delivery, received)

    async def _put_off(self, early: Sequence[tuple[Delivery, Kept]]) -> None:
        """Put messages aside, durably, until they may be received first."""
        if self._dispatcher is None:
            return  # it was purged just now, and they with it
        cursor = self._dispatcher.cursor
        try:
            await self.delays.hold([(each.position, kept.due_us) for each, kept in early])
        except EngineError:
            _log.exception("%s: delayed messages could not be put aside", cursor.name)
            await self._clock.sleep(_PAUSE)
            await cursor.release([each.position for each, _ in early])

    async def _retire(
        self, session: Session, tired: Sequence[tuple[Delivery, Kept]], target: QueueSettings
    ) -> None:
        """Move messages that were received too often."""
        dispatcher = self._dispatcher
        if dispatcher is None:
            return  # the same
        try:
            source = self.settings.key
            await self._dead_letters.move(target, [kept.moved(source) for _, kept in tired])
        except KeybusError as error:  # the store fails, or that queue was deleted just now
            again = [
                Failed(each.position, f"it could not be moved to the dead-letter queue: {error}")
                for each, _ in tired
            ]
            await dispatcher.settle(session, Settlement(retry=again))
            return
        await dispatcher.acknowledge(session, [each.position for each, _ in tired])

    def _delay(self) -> int:
        return self.settings.delay * _US

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
