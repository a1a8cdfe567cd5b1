"""Kill -9 of the server under load, more than once: every acknowledged event arrives."""

import asyncio
from types import ModuleType
from typing import Any

from keybus import AsyncEventPublisher, BusUnavailable, EventSubscriber
from keybus.settings import Settings
from tests.running import Server, ServerFactory

KILLS = 3
EVENTS_BETWEEN_KILLS = 1500
BATCH = 20


class Load:
    """Publishes without pause, through kills, and keeps what was acknowledged."""

    def __init__(self, server: Server, events: ModuleType) -> None:
        self.acknowledged: set[str] = set()
        self._server, self._events = server, events
        self._number = 0

    async def run(self, stop: asyncio.Event) -> None:
        # Shorter than a restart takes, so that batches fail for good as well as by retry.
        settings = Settings(retry_timeout=0.2)
        publisher = AsyncEventPublisher(
            self._server.url, publisher="key.delivery", settings=settings
        )
        while not stop.is_set():
            batch = [self._event() for _ in range(BATCH)]
            try:
                results = await publisher.publish_many(batch)
            except BusUnavailable:
                continue
            assert all(result.event_id for result in results)
            self.acknowledged.update(event.id for event in batch)
        await publisher.close()

    def _event(self) -> Any:
        self._number += 1
        return self._events.DeliveryStatusUpdated(
            delivery_id=f"DEL-{self._number}",
            status="IN_GARAGE",
            timestamp="2023-10-27T10:00:00Z",
        )


async def test_every_acknowledged_event_arrives(
    new_server: ServerFactory, events: ModuleType
) -> None:
    server = new_server()
    load, stop = Load(server, events), asyncio.Event()
    handled: set[str] = set()
    subscriber = EventSubscriber("notifications", server.url)

    @subscriber.on(events.DeliveryStatusUpdated)
    async def take(event: Any) -> None:
        handled.add(event.id)

    receiving = asyncio.create_task(subscriber.serve())
    publishing = asyncio.create_task(load.run(stop))
    async with asyncio.timeout(100):
        for _ in range(KILLS):
            goal = len(load.acknowledged) + EVENTS_BETWEEN_KILLS
            while len(load.acknowledged) < goal:
                await asyncio.sleep(0.01)
                assert not publishing.done()
            server.kill()
            await asyncio.to_thread(server.start)
        stop.set()
        await publishing
        assert len(load.acknowledged) >= KILLS * EVENTS_BETWEEN_KILLS
        while not load.acknowledged <= handled:
            await asyncio.sleep(0.02)
            assert not receiving.done()
        subscriber.stop()
        await receiving
