"""Handlers that behave badly: none of it may lose an event, hide a failure or stop the others."""

import asyncio
import contextvars
import itertools
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from keybus import Event, EventSubscriber, Handled, SettingsError, SubscriptionError
from keybus.testing import InMemoryBus, ManualClock


@pytest.fixture
def bus(example: Path) -> Iterator[InMemoryBus]:
    with InMemoryBus(example) as running:
        yield running


class Run:
    """A subscriber of notifications with one handler, and what became of its events."""

    def __init__(self, bus: InMemoryBus, events: ModuleType, **options: Any) -> None:
        self.bus, self.events = bus, events
        self.outcomes: list[Handled] = []
        self.subscriber = EventSubscriber(
            "notifications", transport=bus.transport, observer=self.outcomes.append, **options
        )

    def on(self, handler: Callable[[Any], Any]) -> None:
        kind: type[Event] = self.events.DeliveryStatusUpdated
        self.subscriber.on(kind)(handler)

    def with_handler(
        self, handler: Callable[[Any], Any], count: int = 1, seconds: float = 10
    ) -> None:
        self.on(handler)
        with self.bus.running(self.subscriber):
            self.publish(count)
            self.bus.settle(seconds=seconds)

    def publish(self, count: int = 1) -> None:
        self.bus.publisher("key.delivery").publish_many(
            [
                self.events.DeliveryStatusUpdated(
                    delivery_id=f"DEL-{number}",
                    status="IN_GARAGE",
                    timestamp="2026-01-31T08:00:00Z",
                )
                for number in range(count)
            ]
        )

    @property
    def told(self) -> list[str]:
        return [outcome.outcome for outcome in self.outcomes]


@pytest.fixture
def run(bus: InMemoryBus, events: ModuleType) -> Run:
    return Run(bus, events)


class Unprintable(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no words")


ERRORS = {
    "CancelledError": asyncio.CancelledError(),
    "unprintable": Unprintable(),
    "lone surrogate": ValueError("\ud800"),
    "long": ValueError("x" * 10**6),
    "StopIteration": StopIteration(),
}


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        pytest.param(kind, error, id=f"{kind} {name}")
        for name, error in ERRORS.items()
        for kind in ("plain", "async")
        # Python itself makes a RuntimeError of a coroutine's StopIteration.
        if (kind, name) != ("async", "StopIteration")
    ],
)
def test_whatever_a_handler_raises_its_event_comes_again(
    run: Run, kind: str, error: BaseException
) -> None:
    raised: list[Any] = []

    def plain(event: Any) -> None:
        if not raised:
            raised.append(event)
            raise error

    async def asynchronous(event: Any) -> None:
        plain(event)

    run.with_handler(plain if kind == "plain" else asynchronous)
    assert run.told == ["failed", "handled"]


def test_a_mistake_in_a_follow_up_event_is_the_handlers_failure(run: Run) -> None:
    """An InvalidEvent of another event says nothing against the one that was delivered."""
    attempts = itertools.count()

    async def follow_up(_: Any) -> None:
        if next(attempts) == 0:
            run.events.DeliveryStatusUpdated(delivery_id=7)

    run.with_handler(follow_up)
    assert run.told == ["failed", "handled"]
    assert "/delivery_id" in run.outcomes[0].reason


def test_handlers_do_not_share_context(bus: InMemoryBus, events: ModuleType) -> None:
    variable: contextvars.ContextVar[str] = contextvars.ContextVar("tenant", default="none")
    seen = []

    async def handler(event: Any) -> None:
        seen.append(variable.get())
        variable.set(event.delivery_id)

    Run(bus, events, concurrency=1).with_handler(handler, count=3)
    assert seen == ["none"] * 3


def test_handlers_that_never_await_are_acknowledged_as_they_go(
    bus: InMemoryBus, events: ModuleType
) -> None:
    """A blocking async handler is a mistake, but must not end in handling the same for ever."""
    acknowledged = []

    async def blocking(_: Any) -> None:
        acknowledged.append(bus.running_bus.dispatcher("notifications").acknowledged)
        time.sleep(0.02)  # noqa: ASYNC251 - the mistake that is tested

    Run(bus, events, concurrency=1).with_handler(blocking, count=20)
    assert acknowledged[-1] > 10


def test_as_many_plain_handlers_run_at_once_as_asked(bus: InMemoryBus, events: ModuleType) -> None:
    together = threading.Barrier(12, timeout=10)
    Run(bus, events, concurrency=12).with_handler(lambda _: together.wait() and None, count=12)


def test_an_observer_that_fails_stops_nothing(
    bus: InMemoryBus, events: ModuleType, caplog: pytest.LogCaptureFixture
) -> None:
    def observer(_: Handled) -> None:
        raise ZeroDivisionError

    run = Run(bus, events)
    run.subscriber.observer = observer
    run.with_handler(lambda _: None, count=3)
    assert "the observer failed" in caplog.text


def test_many_failures_with_long_reasons_all_arrive(bus: InMemoryBus, events: ModuleType) -> None:
    failed: set[str] = set()

    async def once(event: Any) -> None:
        if event.id not in failed:
            failed.add(event.id)
            raise ValueError("\u96ea" * 5000)

    run = Run(bus, events, window=1000)
    run.with_handler(once, count=500, seconds=20)
    assert run.told.count("handled") == 500


def test_a_subscriber_can_be_run_again(run: Run) -> None:
    handled: list[str] = []

    @run.subscriber.on(run.events.DeliveryStatusUpdated)
    async def take(event: Any) -> None:
        handled.append(event.id)

    for count in (1, 2):
        with run.bus.running(run.subscriber):
            run.publish()
            run.bus.settle()
        assert len(handled) == count


def test_stop_before_run_is_heeded(run: Run) -> None:
    run.subscriber.on("x")(print)
    run.subscriber.stop()
    asyncio.run(asyncio.wait_for(run.subscriber.serve(), 5))


def test_stop_from_a_handler(run: Run) -> None:
    @run.subscriber.on(run.events.DeliveryStatusUpdated)
    async def take(_: Any) -> None:
        run.subscriber.stop()
        run.subscriber.stop()

    run.publish()
    asyncio.run(asyncio.wait_for(run.subscriber.serve(), 5))
    assert run.told == ["handled"]


def test_a_handler_that_does_not_end_is_handed_back_when_the_time_is_up(
    bus: InMemoryBus, events: ModuleType
) -> None:
    begun = threading.Event()

    async def endless(_: Any) -> None:
        begun.set()
        await asyncio.Event().wait()

    run = Run(bus, events, drain_seconds=0.1)
    run.on(endless)
    run.publish()
    with bus.running(run.subscriber):
        assert begun.wait(5)
    state = bus.call(bus.running_bus.states())["notifications"]
    assert (state.waiting, state.in_flight, state.delayed) == (1, 0, 0)


def test_a_subscriber_without_handlers_does_not_start(run: Run) -> None:
    with pytest.raises(SettingsError, match="no handlers"):
        asyncio.run(run.subscriber.serve())


def test_what_can_never_handle_is_refused(run: Run) -> None:
    def generator(_: Any) -> Iterator[None]:
        yield

    with pytest.raises(SettingsError, match="generator"):
        run.subscriber.on("x")(generator)  # type: ignore[type-var]  # the mistake that is tested
    run.on(print)
    with pytest.raises(SettingsError, match="already"):
        run.subscriber.on("delivery.status.updated")(print)


def test_what_ended_a_subscriber_is_raised_in_place_of_the_timeout(run: Run) -> None:
    subscriber = run.bus.subscriber("no-such")
    subscriber.on("x")(print)
    run.publish()
    with pytest.raises(SubscriptionError, match="no-such"), run.bus.running(subscriber):
        run.bus.settle("audit", seconds=0.5)


def test_the_clock_can_be_advanced_from_the_test(example: Path, events: ModuleType) -> None:
    clock = ManualClock()
    with InMemoryBus(example, clock=clock) as bus:
        run, again = Run(bus, events), threading.Event()
        attempts = itertools.count()

        @run.subscriber.on(events.DeliveryStatusUpdated)
        async def fails_once(_: Any) -> None:
            if next(attempts) == 0:
                raise ConnectionError
            again.set()

        with bus.running(run.subscriber):
            run.publish()
            while not again.wait(0.05):
                clock.advance(60)
        assert run.told == ["failed", "handled"]
