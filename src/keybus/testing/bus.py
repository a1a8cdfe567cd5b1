"""The in-memory bus: the real router, admission and dispatcher over a memory engine.

It runs on an event loop in a thread of its own, so that sync and async code, on any loop, can use
it; nothing touches the network or the disk.
"""

import asyncio
from collections.abc import Coroutine, Generator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Thread
from types import TracebackType
from typing import Any, Self, TypeVar

from keybus.bus import Bus, DeadLetter, Delivery, Dispatcher, Engine, Mode, Session
from keybus.bus.control.versions import Declared
from keybus.bus.delivery.session import delivered
from keybus.bus.targets import WebhookSettings
from keybus.client import AsyncEventPublisher, DeliveryStream, EventPublisher, EventSubscriber
from keybus.client.portal import Portal
from keybus.clock import SYSTEM, Clock
from keybus.contracts import ContractRepository
from keybus.engines.memory import MemoryEngine
from keybus.envelope import Entry, EntryResult, Envelope, decode
from keybus.protocol import Delivered, Hello, Notice, PublisherInfo, Settlement
from keybus.topology import Platform, load_platform

T = TypeVar("T")


class InMemoryBus:
    """A bus for tests, from a folder with a `platform.yaml`.

        with InMemoryBus("examples/amazon_key") as bus:
            billing = service(transport=bus.transport)
            with bus.running(billing):
                bus.publisher("key.delivery").publish(event)
                bus.settle()
            assert bus.published[0].detail_type == "delivery.completed"

    Args:
        folder: The folder with the `platform.yaml`.
        admission: What happens to an event that does not fit its contract.
        clock: Time, ids and jitter of the bus.

    Raises:
        TopologyError: The platform file has faults.
        BrokenContracts: The contracts have.
    """

    def __init__(
        self, folder: Path | str, *, admission: Mode = "enforce", clock: Clock = SYSTEM
    ) -> None:
        self.platform, self._contracts = load_platform(Path(folder))
        self._admission: Mode = admission
        self._clock = clock
        self._portal: Portal | None = None
        self._bus: Bus | None = None
        self._publishers: list[EventPublisher] = []
        self._running: set[str] = set()
        self.transport = MemoryTransport(self)

    def __enter__(self) -> Self:
        self._portal = Portal()
        self._bus = self.call(_start(self.platform, self._contracts, self._admission, self._clock))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._portal is not None
        with ExitStack() as closing:  # whatever fails, the rest is closed all the same
            closing.callback(self._portal.stop)
            closing.callback(lambda: self.call(self.running_bus.close()))
            for publisher in self._publishers:
                closing.callback(publisher.close)

    @property
    def running_bus(self) -> Bus:
        """The bus itself; it belongs to the loop of this object's own thread."""
        assert self._bus is not None, "use the bus in a with statement"
        return self._bus

    @property
    def published(self) -> list[Envelope]:
        """Every event that the bus took, in order."""
        return self.call(self._read())

    def publisher(self, name: str) -> EventPublisher:
        """A sync publisher on this bus; closed with it."""
        publisher = EventPublisher(publisher=name, transport=self.transport)
        self._publishers.append(publisher)
        return publisher

    def async_publisher(self, name: str) -> AsyncEventPublisher:
        """An async publisher on this bus."""
        return AsyncEventPublisher(publisher=name, transport=self.transport)

    def subscriber(self, subscription: str) -> EventSubscriber:
        """A subscriber on this bus, to register handlers on."""
        return EventSubscriber(subscription, transport=self.transport)

    @contextmanager
    def running(self, *subscribers: EventSubscriber) -> Generator[None]:
        """Run subscribers, each in a thread of its own, and stop them in order afterwards.

        Raises:
            KeybusError: A subscriber ended by itself; what it raised is raised here.
        """
        failures: list[BaseException] = []

        def run(subscriber: EventSubscriber) -> None:
            try:
                asyncio.run(subscriber.serve())
            except BaseException as error:  # noqa: BLE001 - raised below, in the caller's thread
                failures.append(error)

        threads = [Thread(target=run, args=(subscriber,)) for subscriber in subscribers]
        names = {subscriber.subscription for subscriber in subscribers}
        self._running |= names
        for thread in threads:
            thread.start()
        try:
            yield
        except Exception as error:
            _join(subscribers, threads)
            if failures:  # it explains why what was waited for did not happen
                raise failures[0] from error
            raise
        else:
            _join(subscribers, threads)
            if failures:
                raise failures[0]
        finally:
            self._running -= names

    def settle(self, *subscriptions: str, seconds: float = 5.0) -> None:
        """Wait until every delivery is handled or a dead letter.

        Args:
            subscriptions: Which; where none is named, those that are being run, or else all.
            seconds: How long to wait.

        Raises:
            TimeoutError: Deliveries are still waiting or in flight; the message says where.
        """
        self.call(self._settle(subscriptions or sorted(self._running), seconds))

    def dead_letters(self, subscription: str) -> list[DeadLetter]:
        """The subscription's dead letters, oldest first."""

        async def collect() -> list[DeadLetter]:
            cursor = self.running_bus.dispatcher(subscription).cursor
            return [letter async for letter in cursor.dead_letters()]

        return self.call(collect())

    def call(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the bus's loop."""
        assert self._portal is not None, "use the bus in a with statement"
        return self._portal.call(coroutine)

    async def call_async(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """The same, without blocking the caller's own loop."""
        assert self._portal is not None, "use the bus in a with statement"
        return await asyncio.wrap_future(self._portal.start(coroutine))

    async def _read(self) -> list[Envelope]:
        return [decode(stored.envelope) async for stored in self.running_bus.engine.read()]

    async def _settle(self, subscriptions: Sequence[str], seconds: float) -> None:
        left: dict[str, int] = {}
        try:
            async with asyncio.timeout(seconds):
                while True:
                    states = await self.running_bus.states()
                    left = {
                        name: state.waiting + state.in_flight
                        for name, state in states.items()
                        if state.waiting + state.in_flight and name in (subscriptions or states)
                    }
                    if not left:
                        return
                    await asyncio.sleep(0.002)
        except TimeoutError:
            raise TimeoutError(f"not settled within {seconds} s: {left}") from None


def _join(subscribers: Sequence[EventSubscriber], threads: Sequence[Thread]) -> None:
    for subscriber in subscribers:
        subscriber.stop()
    for thread in threads:
        thread.join()


async def _start(
    platform: Platform, contracts: ContractRepository, admission: Mode, clock: Clock
) -> Bus:
    async def messages() -> Engine:
        return MemoryEngine(clock=clock)

    return await Bus.start(
        Declared(platform, contracts),
        MemoryEngine(clock=clock),
        admission=admission,
        clock=clock,
        webhooks=WebhookSettings(posts=False),
        messages=messages,
    )


class MemoryTransport:
    """A client's way to an `InMemoryBus`, from any event loop.

    Args:
        owner: The bus.
    """

    def __init__(self, owner: InMemoryBus) -> None:
        self._owner = owner

    async def put(self, entries: Sequence[Entry]) -> Sequence[EntryResult]:
        """See `Transport.put`."""
        return await self._owner.call_async(self._owner.running_bus.put(entries))

    async def publishers(self, event_type: str) -> Sequence[PublisherInfo]:
        """See `Transport.publishers`."""
        return self._owner.running_bus.publishers(event_type)

    async def subscribe(self, subscription: str, window: int) -> DeliveryStream:
        """See `Transport.subscribe`."""
        return await self._owner.call_async(_MemoryStream.open(self._owner, subscription, window))

    async def close(self) -> None:
        """Nothing to let go of: the bus is closed by whoever opened it."""


class _MemoryStream:
    """An open subscription; its queue lives on the bus's loop."""

    def __init__(self, owner: InMemoryBus, dispatcher: Dispatcher, hello: Hello) -> None:
        self._owner, self._dispatcher, self.hello = owner, dispatcher, hello
        self._queue: asyncio.Queue[list[Delivered]] = asyncio.Queue()
        self._session: Session

    @classmethod
    async def open(cls, owner: InMemoryBus, subscription: str, window: int) -> "_MemoryStream":
        bus = owner.running_bus
        dispatcher = bus.dispatcher(subscription)
        events = owner.platform.subscriptions[subscription].events
        stream = cls(owner, dispatcher, Hello(subscription, events, window))
        stream._session = bus.join(subscription, stream._send, window)
        return stream

    async def _send(self, batch: Sequence[Delivery] | Notice) -> None:
        if not isinstance(batch, Notice):
            self._queue.put_nowait(delivered(batch))

    async def receive(self) -> Sequence[Delivered]:
        """See `DeliveryStream.receive`."""
        return await self._owner.call_async(self._queue.get())

    async def settle(self, settlement: Settlement) -> None:
        """See `DeliveryStream.settle`."""
        await self._owner.call_async(self._dispatcher.settle(self._session, settlement))

    async def close(self) -> None:
        """See `DeliveryStream.close`."""
        await self._owner.call_async(
            self._dispatcher.leave(self._session, "the consumer went away")
        )
