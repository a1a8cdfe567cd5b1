"""One connection's deliveries: worked off by some workers, settled in groups."""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from typing import Literal

import msgspec

from keybus.client.batches import Batches, Taken, Unit
from keybus.client.handlers import Batch, Handlers, NoHandler, PartlyFailed, call, call_batch
from keybus.client.outbox import MAX_REASON, Outbox
from keybus.client.transport import DeliveryStream
from keybus.clock import Clock
from keybus.envelope import Envelope, decode
from keybus.errors import EnvelopeError, InvalidEvent
from keybus.protocol import HEARTBEAT_SECONDS, Delivered

Outcome = Literal["handled", "failed", "rejected"]
_UNREAD = Envelope("0", "", "", "", "", "", "", (), msgspec.Raw(b"{}"))
_COMPANY_SECONDS = 0.002
"""While more deliveries wait here, outcomes wait for each other: a message for each costs more."""
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
        buries: Whether the stream puts away what cannot be handled; else it comes again, before
            what follows it in its group.
    """

    def __init__(
        self,
        stream: DeliveryStream,
        handlers: Handlers,
        *,
        concurrency: int,
        observer: Observer | None,
        clock: Clock,
        buries: bool = True,
    ) -> None:
        self._stream, self._handlers, self._buries = stream, handlers, buries
        self._observer, self._clock = observer, clock
        self._concurrency = concurrency
        # Each a delivery that is in no order, or the deliveries of one group in theirs.
        self._waiting: asyncio.Queue[Delivered | list[Delivered]] = asyncio.Queue()
        self._busy: set[int] = set()
        self._outbox = Outbox()
        self._batches = Batches(self._work_on_batch, self._release_unit, clock)
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
            await self._batches.stop()
        for outcome in outcomes:
            if isinstance(outcome, Exception):
                raise outcome

    async def _receive(self) -> None:
        while True:
            groups: dict[str, list[Delivered]] = {}
            for delivery in await self._stream.receive():
                if not delivery.group:
                    self._waiting.put_nowait(delivery)
                elif delivery.group in groups:
                    groups[delivery.group].append(delivery)
                else:
                    self._waiting.put_nowait(groups.setdefault(delivery.group, [delivery]))

    async def _drain(self, settler: "asyncio.Task[None]", seconds: float) -> None:
        self._closing = True
        while not self._waiting.empty():
            self._release(self._waiting.get_nowait())
        for unit in self._batches.take():
            self._release_unit(unit)
        self._outbox.news.set()
        if self._busy:
            _log.info("waiting up to %.0f s for %d handlers", seconds, len(self._busy))
        await asyncio.wait([settler], timeout=seconds)
        if not settler.done():
            settler.cancel()
            await asyncio.wait([settler])
            # What a handler still has in hand is handed back as well: it will come again.
            for position in self._busy:
                self._outbox.release(position)
            await self._send()

    async def _work(self, stop: asyncio.Event) -> None:
        while True:
            item = await self._waiting.get()
            batched = self._batched(item) if self._handlers.has_batches else None
            if batched is not None and not stop.is_set():
                await self._batches.add(*batched)
            elif isinstance(item, list):
                await self._work_in_order(item, stop)
            elif stop.is_set():
                self._release(item)
            else:
                await self._work_on(item)

    async def _work_in_order(self, group: Sequence[Delivered], stop: asyncio.Event) -> None:
        """One after another; what follows one that failed goes back untried, to come after it."""
        for tried, delivery in enumerate(group):
            if stop.is_set():
                self._release(group[tried:])
                return
            if not await self._work_on(delivery):
                self._release(group[tried + 1 :])
                return

    async def _work_on(self, delivery: Delivered) -> bool:
        """Handle it; whether it is settled for good."""
        self._busy.add(delivery.position)
        try:
            # A task of its own gives each handler a context of its own, keeps what it does
            # to its task away from this one, and lets settlements go out in between.
            return await asyncio.create_task(self._handle(delivery))
        finally:
            self._busy.discard(delivery.position)
            self._outbox.news.set()

    def _batched(self, item: Delivered | list[Delivered]) -> tuple[Batch, Unit] | None:
        """Where all of it goes to one batch handler: that, and what was read."""
        try:
            taken = []
            batches = set()
            for delivery in item if isinstance(item, list) else [item]:
                envelope = decode(delivery.envelope)
                event, handler = self._handlers.resolve(envelope)
                taken.append(Taken(delivery, envelope, event))
                batches.add(handler)
        except (EnvelopeError, InvalidEvent, NoHandler):
            return None  # it is told where it is handled, one by one
        [batch] = batches if len(batches) == 1 else [None]
        return (batch, taken) if isinstance(batch, Batch) else None

    async def _work_on_batch(self, batch: Batch, units: Sequence[Unit]) -> bool:
        """Hand units to a batch's handler; whether all of them are settled for good."""
        positions = {each.delivery.position for unit in units for each in unit}
        self._busy |= positions
        try:
            return await asyncio.create_task(self._handle_batch(batch, units))
        finally:
            self._busy -= positions
            self._outbox.news.set()

    async def _handle_batch(self, batch: Batch, units: Sequence[Unit]) -> bool:
        """Call it; what follows one of its group that failed goes back untried."""
        failure: BaseException | None = None
        try:
            await call_batch(batch, [each.event for unit in units for each in unit])
        except asyncio.CancelledError as error:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            failure = error
        except Exception as error:  # noqa: BLE001 - whatever a handler raises, its events come again
            failure = error
        named = isinstance(failure, PartlyFailed)
        failed = {id(each) for each in failure.failed} if isinstance(failure, PartlyFailed) else ()
        for unit in units:
            for tried, each in enumerate(unit):
                if failure is not None and (not named or id(each.event) in failed):
                    self._failed(each.delivery, each.envelope, failure)
                    self._release_unit(unit[tried + 1 :])
                    break
                self._outbox.ack(each.delivery.position)
                self._tell(each.delivery, each.envelope, "handled", "")
        return failure is None

    def _release_unit(self, unit: Unit) -> None:
        self._release([each.delivery for each in unit])

    def _release(self, item: Delivered | Sequence[Delivered]) -> None:
        for delivery in [item] if isinstance(item, Delivered) else item:
            self._outbox.release(delivery.position)

    async def _handle(self, delivery: Delivered) -> bool:
        """Call the handler; whether the delivery will not come again."""
        _delivery.set(delivery)
        envelope = _UNREAD
        try:
            envelope = decode(delivery.envelope)
            event, handler = self._handlers.resolve(envelope)
        except (EnvelopeError, InvalidEvent, NoHandler) as error:
            reason = _reason(error)
            what = "goes to the dead letters" if self._buries else "cannot be handled"
            which = f"event {envelope.id}" if envelope.id else f"position {delivery.position}"
            _log.error("%s %s: %s", which, what, reason)
            self._outbox.bury(delivery.position, reason)
            self._tell(delivery, envelope, "rejected", reason)
            return self._buries
        try:
            if isinstance(handler, Batch):
                await call_batch(handler, [event])
            else:
                await call(handler, event)
        except asyncio.CancelledError as error:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            return self._failed(delivery, envelope, error)
        except Exception as error:  # noqa: BLE001 - whatever a handler raises, its event comes again
            return self._failed(delivery, envelope, error)
        self._outbox.ack(delivery.position)
        self._tell(delivery, envelope, "handled", "")
        return True

    def _failed(self, delivery: Delivered, envelope: Envelope, error: BaseException) -> bool:
        reason = f"{type(error).__name__}: {_reason(error)}"
        _log.error(
            "handler of %s failed, event %s, attempt %d: %s",
            envelope.detail_type,
            envelope.id,
            delivery.attempt,
            reason,
            # An outage need not fill the log with tracebacks.
            exc_info=error if delivery.attempt == 1 else None,
        )
        self._outbox.retry(delivery.position, reason)
        self._tell(delivery, envelope, "failed", reason)
        return False

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
        try:
            self._observer(told)
        except Exception:  # noqa: BLE001 - logged; who watches must not stop the work
            _log.exception("the observer failed")

    async def _settle(self) -> None:
        """Send what there is to say; what comes up meanwhile goes with the next message."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(HEARTBEAT_SECONDS):
                    await self._outbox.news.wait()
            if not self._waiting.empty() and not self._closing:
                await self._clock.sleep(_COMPANY_SECONDS)  # more will be handled at once
            self._outbox.news.clear()
            await self._send()
            if self._closing and not self._busy and not self._outbox.news.is_set():
                return

    async def _send(self) -> None:
        """Send all there is, or a heartbeat where there is nothing."""
        for settlement in self._outbox.collect(leaving=self._closing):
            await self._stream.settle(settlement)


def _reason(error: BaseException) -> str:
    """What an error says, whatever is in it."""
    try:
        text = str(error)
    except Exception:  # noqa: BLE001 - an error that cannot say what it is
        text = "it cannot say why"
    return text.encode("utf-8", "replace").decode()[:MAX_REASON]
