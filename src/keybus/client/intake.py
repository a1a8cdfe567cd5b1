"""One connection's deliveries: worked off by some workers, settled in groups."""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from contextvars import ContextVar
from typing import Literal

import msgspec

from keybus.client.handlers import Handlers, NoHandler, call
from keybus.client.transport import DeliveryStream
from keybus.clock import Clock
from keybus.envelope import Envelope, decode
from keybus.errors import EnvelopeError, InvalidEvent
from keybus.protocol import HEARTBEAT_SECONDS, Delivered, Failed, Settlement

Outcome = Literal["handled", "failed", "rejected"]
_MAX_REASON = 2000
_UNREAD = Envelope("0", "", "", "", "", "", "", (), msgspec.Raw(b"{}"))
_log = logging.getLogger(__name__)
_delivery: ContextVar[Delivered | None] = ContextVar("keybus_delivery", default=None)


class Handled(msgspec.Struct, frozen=True):
    """What became of one delivery, for those who watch.

    Attributes:
        event_id: The envelope's id; empty where the envelope could not be read.
        event_type: The event's type; empty where the envelope could not be read.
        ingested_at: When the bus took it, in microseconds since the Unix epoch.
        finished_at: When the handler was done, on this machine's clock.
        attempt: 1 the first time.
        outcome: ``handled``, ``failed`` (it comes again) or ``rejected`` (to the dead letters).
        reason: Why it was not handled.
    """

    event_id: str
    event_type: str
    ingested_at: int
    finished_at: int
    attempt: int
    outcome: Outcome
    reason: str = ""


Observer = Callable[[Handled], None]


def current_delivery() -> Delivered:
    """The delivery that is being handled: its attempt, its envelope, when the bus took it.

    Raises:
        LookupError: Called outside of a handler.
    """
    delivery = _delivery.get()
    if delivery is None:
        raise LookupError("no delivery is being handled here")
    return delivery


class Intake:
    """Works off one connection.

    Args:
        stream: The open subscription.
        handlers: Who handles what.
        concurrency: Deliveries handled at once.
        observer: Told of every outcome.
        clock: Time.
    """

    def __init__(
        self,
        stream: DeliveryStream,
        handlers: Handlers,
        *,
        concurrency: int,
        observer: Observer | None,
        clock: Clock,
    ) -> None:
        self._stream, self._handlers = stream, handlers
        self._observer, self._clock = observer, clock
        self._waiting: asyncio.Queue[Delivered] = asyncio.Queue()
        self._concurrency = concurrency
        self._ack: list[int] = []
        self._retry: list[Failed] = []
        self._bury: list[Failed] = []
        self._release: list[int] = []
        self._news = asyncio.Event()
        self._busy: set[int] = set()
        self._closing = False

    async def run(self, stop: asyncio.Event, drain_seconds: float) -> None:
        """Work until told to stop; then finish what is in hand and hand the rest back.

        Raises:
            BusUnavailable: The connection was lost.
        """
        workers = [asyncio.create_task(self._work(stop)) for _ in range(self._concurrency)]
        settler = asyncio.create_task(self._settle())
        receiver = asyncio.create_task(self._receive())
        stopped = asyncio.create_task(stop.wait())
        tasks = [receiver, settler, stopped, *workers]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            if stop.is_set():
                receiver.cancel()
                await self._drain(settler, drain_seconds)
        finally:
            for task in tasks:
                task.cancel()
            outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        for outcome in outcomes:
            if isinstance(outcome, Exception):
                raise outcome

    async def _receive(self) -> None:
        while True:
            for delivery in await self._stream.receive():
                self._waiting.put_nowait(delivery)

    async def _drain(self, settler: "asyncio.Task[None]", seconds: float) -> None:
        self._closing = True
        while not self._waiting.empty():
            self._release.append(self._waiting.get_nowait().position)
        self._news.set()
        await asyncio.wait([settler], timeout=seconds)
        if not settler.done():
            settler.cancel()
            await asyncio.wait([settler])
            # What a handler still has in hand is handed back as well: it will come again.
            self._release += self._busy
            await self._stream.settle(self._collected())

    async def _work(self, stop: asyncio.Event) -> None:
        while True:
            delivery = await self._waiting.get()
            if stop.is_set():
                self._release.append(delivery.position)
                self._news.set()
                continue
            self._busy.add(delivery.position)
            try:
                await self._handle(delivery)
            finally:
                self._busy.discard(delivery.position)

    async def _handle(self, delivery: Delivered) -> None:
        envelope = _UNREAD
        token = _delivery.set(delivery)
        try:
            envelope = decode(delivery.envelope)
            event, handler = self._handlers.resolve(envelope)
            await call(handler, event)
        except (EnvelopeError, InvalidEvent, NoHandler) as error:
            _log.error("position %d goes to the dead letters: %s", delivery.position, error)
            reason = str(error)[:_MAX_REASON]
            self._bury.append(Failed(delivery.position, reason))
            self._tell(delivery, envelope, "rejected", reason)
        except Exception as error:  # noqa: BLE001 - whatever a handler raises, its event comes again
            reason = f"{type(error).__name__}: {error}"[:_MAX_REASON]
            _log.error(
                "handler of %s failed, attempt %d: %s",
                envelope.detail_type,
                delivery.attempt,
                reason,
                exc_info=delivery.attempt == 1,  # an outage need not fill the log with tracebacks
            )
            self._retry.append(Failed(delivery.position, reason))
            self._tell(delivery, envelope, "failed", reason)
        else:
            self._ack.append(delivery.position)
            self._tell(delivery, envelope, "handled", "")
        finally:
            _delivery.reset(token)
            self._news.set()

    def _tell(self, delivery: Delivered, envelope: Envelope, outcome: Outcome, reason: str) -> None:
        if self._observer is None:
            return
        told = Handled(
            event_id=envelope.id,
            event_type=envelope.detail_type,
            ingested_at=delivery.ingested_at,
            finished_at=self._clock.time_us(),
            attempt=delivery.attempt,
            outcome=outcome,
            reason=reason,
        )
        self._observer(told)

    async def _settle(self) -> None:
        """Send what there is to say; what comes up meanwhile goes with the next message."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(HEARTBEAT_SECONDS):
                    await self._news.wait()
            self._news.clear()
            await self._stream.settle(self._collected())
            if self._closing and not self._busy and not self._news.is_set():
                return

    def _collected(self) -> Settlement:
        settlement = Settlement(
            self._ack, self._retry, self._bury, self._release, leaving=self._closing
        )
        self._ack, self._retry, self._bury, self._release = [], [], [], []
        return settlement
