"""Subscribing: typed handlers on a subscription."""

import asyncio
import contextlib
import logging
import signal
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from typing import Any, TypeVar, overload

from keybus.backoff import backoff
from keybus.client.handlers import MAX_BATCH_SECONDS, Batch, Handler, Handlers
from keybus.client.intake import Intake, Observer
from keybus.client.portal import HandlersPortal
from keybus.client.records import NotHandled, Records, records_of
from keybus.client.transport import DeliveryStream, Transport, TransportName, way_to
from keybus.clock import SYSTEM, Clock
from keybus.contracts import Event
from keybus.envelope import Envelope
from keybus.errors import BusUnavailable, SettingsError, Throttled
from keybus.protocol import DEFAULT_WINDOW, MAX_WINDOW, Hello
from keybus.settings import FIRST_PAUSE, LONGEST_PAUSE, Settings

E = TypeVar("E", bound=Event)
T = TypeVar("T")
R = TypeVar("R", bound=Awaitable[None] | None)
_log = logging.getLogger(__name__)
_MARGIN_SECONDS = 1.0
"""Time that a function needs for its answer; half of what there is, where that is less."""
_HELD_SECONDS = 5.0
"""A connection that held as long was good: after it, retries begin anew."""


class EventSubscriber:
    """Receives a subscription's events and gives each to its handler.

    An event is acknowledged when its handler returns. A handler that raises has its event again
    later; an event that does not fit its contract, or that has no handler, goes to the dead
    letters with the reason. Deliveries are at least once: a handler may see an event twice.

    Args:
        subscription: The subscription's name.
        url: The bus; ``KEYBUS_URL`` or the local default where it is not given.
        concurrency: Events handled at once. With 1 they are handled in the order of delivery.
        window: Events that may be here and not yet acknowledged.
        drain_seconds: How long handlers may take to finish when the subscriber stops.
        transport: The way to the bus: ``http``, ``aws``, or one of your own, such as a test's
            in-memory bus; ``KEYBUS_TRANSPORT`` where it is not given.
        observer: Called with the outcome of every delivery.
        settings: Settings; read from the environment where they are not given.
        clock: Time and jitter.
    """

    def __init__(
        self,
        subscription: str,
        url: str | None = None,
        *,
        concurrency: int = 10,
        window: int = DEFAULT_WINDOW,
        drain_seconds: float = 30.0,
        transport: Transport | TransportName | None = None,
        observer: Observer | None = None,
        settings: Settings | None = None,
        clock: Clock = SYSTEM,
    ) -> None:
        if concurrency < 1:
            raise SettingsError(f"concurrency is {concurrency}; it must be at least 1")
        if not 1 <= window <= MAX_WINDOW:
            raise SettingsError(f"window is {window}; it must be from 1 to {MAX_WINDOW}")
        settings = settings or Settings.from_environment()
        self.subscription = subscription
        self.observer = observer
        self._concurrency, self._window, self._drain = concurrency, window, drain_seconds
        self._clock = clock
        self._transport, made = way_to(transport, url, settings, clock)
        self._owned = self._transport if made else None
        self._handlers = Handlers()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop = asyncio.Event()
        self._stop_asked = False

    @overload
    def on(self, what: type[E], /) -> Callable[[Callable[[E], R]], Callable[[E], R]]: ...
    @overload
    def on(self, what: str, /) -> Callable[[Callable[[Envelope], R]], Callable[[Envelope], R]]: ...
    def on(self, what: type[Event] | str, /) -> Callable[[Handler], Handler]:
        """Register a handler: ``@subscriber.on(DeliveryCompleted)``.

        The handler may be async, or a plain function, which then runs in a thread.

        Args:
            what: An event class, whose handler gets events of it; or a detail-type without a
                contract, whose handler gets the `Envelope`.

        Raises:
            SettingsError: The type has a handler already.
        """

        def register(handler: Handler) -> Handler:
            self._handlers.add(what, handler)
            return handler

        return register

    @overload
    def on_batch(
        self, what: type[E], /, *, size: int = 100, window: float = 0.0
    ) -> Callable[[Callable[[list[E]], R]], Callable[[list[E]], R]]: ...
    @overload
    def on_batch(
        self, what: str, /, *, size: int = 100, window: float = 0.0
    ) -> Callable[[Callable[[list[Envelope]], R]], Callable[[list[Envelope]], R]]: ...
    def on_batch(
        self, what: type[Event] | str, /, *, size: int = 100, window: float = 0.0
    ) -> Callable[[Handler], Handler]:
        """Register a handler that takes a list: ``@subscriber.on_batch(DeliveryCompleted)``.

        All of the list is acknowledged when it returns, and comes again when it raises;
        `PartlyFailed` names those that failed.

        Args:
            what: As for `on`.
            size: Events of a list, at most; the subscriber's window at most.
            window: Seconds for which the first of them waits for others; 0: for those only that
                are here already.

        Raises:
            SettingsError: The type has a handler already, or there can be no such batch.
        """
        if not 1 <= size <= self._window:
            raise SettingsError(
                f"a batch's size is {size}; it must be from 1 to the window, {self._window}"
            )
        if not 0 <= window <= MAX_BATCH_SECONDS:
            raise SettingsError(
                f"a batch's window is {window} s; it must be from 0 to {MAX_BATCH_SECONDS:.0f}"
            )

        def register(handler: Handler) -> Handler:
            self._handlers.add(what, Batch(handler, size, window))
            return handler

        return register

    def run(self) -> None:
        """Receive until SIGINT or SIGTERM, or until `stop` is called from another thread.

        The first signal lets handlers finish, for `drain_seconds`; a second one does not wait.
        """

        async def until_signalled() -> None:
            loop = asyncio.get_running_loop()

            def stop(number: signal.Signals) -> None:
                self.stop()
                loop.remove_signal_handler(number)  # a second one does not wait for handlers

            for number in (signal.SIGINT, signal.SIGTERM):
                # Only the main thread of a Unix process has signals.
                with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):
                    loop.add_signal_handler(number, stop, number)
            await self.serve()

        asyncio.run(until_signalled())

    async def serve(self) -> None:
        """Receive until `stop` is called; a lost connection is made anew.

        Raises:
            SubscriptionError: There is no such subscription, it is another account's, or the
                credential no longer holds.
            Unauthenticated: The bus does not know the token.
            SettingsError: No handler is registered.
        """
        self._check_handlers()
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        if self._stop_asked:
            self._stop.set()
        failures = 0
        try:
            while not self._stop.is_set():
                began = self._clock.monotonic()
                try:
                    await self._connect_and_work()
                except (BusUnavailable, Throttled) as error:
                    held = self._clock.monotonic() - began > _HELD_SECONDS
                    failures = 1 if held else failures + 1
                    wait = backoff(failures, self._clock, first=FIRST_PAUSE, longest=LONGEST_PAUSE)
                    if isinstance(error, Throttled):
                        wait += error.retry_after
                    _log.warning("%s: %s; again in %.1f s", self.subscription, error, wait)
                    await self._unless_stopped(self._clock.sleep(wait))
        finally:
            self._loop, self._stop_asked = None, False  # it may be run again
            if self._owned is not None:
                await self._owned.close()

    def stop(self) -> None:
        """Finish what is in hand, hand the rest back, and return from `run` or `serve`.

        Safe to call from any thread, from a signal handler and from a handler.
        """
        self._stop_asked = True
        loop = self._loop
        if loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop has ended by itself meanwhile
                loop.call_soon_threadsafe(self._stop.set)

    def lambda_handler(self, event: Mapping[str, Any], context: Any = None) -> dict[str, Any]:
        """Handle what an AWS Lambda function was invoked with.

        Of a batch of SQS, what was not handled is named in the answer, and comes again; the event
        source mapping needs ``ReportBatchItemFailures``. What the function's time does not suffice
        for is named as well.

        Args:
            event: A batch of the subscription's queue, or one event of an EventBridge rule.
            context: Lambda's context, which says how much time is left.

        Raises:
            NotHandled: The one event was not handled, and why; EventBridge tries it again.
            UnreadableInvocation: It is neither.
            SettingsError: No handler is registered.
        """
        self._check_handlers()
        records, is_batch = records_of(event)
        left = getattr(context, "get_remaining_time_in_millis", None)
        seconds = None if left is None else _without_margin(left() / 1000)
        stream = HandlersPortal.shared().call(self._work_off(records, seconds))
        if not is_batch and stream.reasons:
            raise NotHandled(stream.reasons[0])
        failed = [{"itemIdentifier": records[each]["messageId"]} for each in sorted(stream.reasons)]
        return {"batchItemFailures": failed} if is_batch else {}

    async def _work_off(
        self, records: Sequence[Mapping[str, Any]], seconds: float | None
    ) -> Records:
        """Handle these records, for so many seconds at most."""
        stream, stop = Records(self.subscription, records), asyncio.Event()
        timer = asyncio.create_task(_stop_when_over(stream, stop, seconds))
        try:
            await self._intake(stream, buries=False).run(stop, 0.0)
        finally:
            timer.cancel()
            await asyncio.gather(timer, return_exceptions=True)
        await stream.close()
        return stream

    def _intake(self, stream: DeliveryStream, *, buries: bool = True) -> Intake:
        return Intake(
            stream,
            self._handlers,
            concurrency=self._concurrency,
            observer=self.observer,
            clock=self._clock,
            buries=buries,
        )

    async def _connect_and_work(self) -> None:
        opening = self._transport.subscribe(self.subscription, self._window)
        stream = await self._unless_stopped(opening)
        if stream is None:
            return
        _log.info("%s: connected", self.subscription)
        self._warn_of_gaps(stream.hello)
        try:
            await self._intake(stream).run(self._stop, self._drain)
        finally:
            await stream.close()

    def _check_handlers(self) -> None:
        if not self._handlers.types:
            raise SettingsError(
                f"the subscriber of {self.subscription!r} has no handlers",
                hint="every event would end as a dead letter; register one with on(…)",
            )

    def _warn_of_gaps(self, hello: Hello) -> None:
        """An event without a handler would end as a dead letter: say so before it does."""
        missing = {ref.rpartition("@")[0] for ref in hello.events} - self._handlers.types
        if missing:
            _log.warning(
                "%s asks for %s, which has no handler here and would go to the dead letters",
                self.subscription,
                ", ".join(sorted(missing)),
            )

    async def _unless_stopped(self, coroutine: Coroutine[Any, Any, T]) -> T | None:
        """What the coroutine returns; None where the subscriber was stopped meanwhile."""
        task, stopped = asyncio.create_task(coroutine), asyncio.create_task(self._stop.wait())
        try:
            await asyncio.wait([task, stopped], return_when=asyncio.FIRST_COMPLETED)
            return await task if task.done() else None
        finally:
            task.cancel()
            stopped.cancel()
            await asyncio.gather(task, stopped, return_exceptions=True)


def _without_margin(left: float) -> float:
    """The seconds that a function may take of those that are left."""
    return max(left - min(_MARGIN_SECONDS, left / 2), 0.0)


async def _stop_when_over(stream: Records, stop: asyncio.Event, seconds: float | None) -> None:
    """Stop once all records are settled, or after so many seconds."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stream.settled.wait()
    stop.set()
