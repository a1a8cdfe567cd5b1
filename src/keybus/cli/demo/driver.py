"""Publishes the reference application's events at a steady rate, and keeps what was acknowledged."""

import asyncio
import time
from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from keybus import AsyncEventPublisher, Event
from keybus.client.http import HttpTransport
from keybus.envelope import Entry
from keybus.errors import PublishError
from keybus.settings import Settings

_BEAT = 0.005
"""Seconds between two batches of what is due."""
_PARTNER_PAUSE = 0.1
_MAX_UNDER_WAY = 200
"""Batches that are not acknowledged yet."""
_MAX_BATCH = 500


class Published(msgspec.Struct):
    """What was published.

    Attributes:
        acknowledged: Each event that the bus acknowledged, by envelope id: its source, type and
            detail.
        refused: How many it did not take.
        seconds: For how long so far.
    """

    acknowledged: dict[str, tuple[str, str, Event | dict[str, Any]]] = {}
    refused: int = 0
    seconds: float = 0.0


async def drive(
    url: str,
    stories: Iterator[tuple[str, Event]],
    published: Published,
    *,
    rate: float,
    seconds: float,
    beat: Callable[[float], None],
) -> None:
    """Publish for a stated time at a stated rate.

    Args:
        url: The bus.
        stories: Publishers' names and events, without end.
        published: Where it is kept what was published.
        rate: Events a second.
        seconds: For how long.
        beat: Called at each beat with the seconds gone.
    """
    publishers: dict[str, AsyncEventPublisher] = {}
    under_way: set[asyncio.Task[None]] = set()
    began = time.monotonic()
    sent = 0
    partner = asyncio.create_task(_partner(url, published))
    try:
        while (gone := time.monotonic() - began) < seconds:
            published.seconds = gone
            if len(under_way) > _MAX_UNDER_WAY:  # the machine does not hold the rate
                await asyncio.wait(under_way, return_when=asyncio.FIRST_COMPLETED)
                continue
            beat(gone)
            batches: dict[str, list[Event]] = {}
            for _ in range(min(_MAX_BATCH, int(rate * gone) - sent)):
                name, event = next(stories)
                batches.setdefault(name, []).append(event)
                sent += 1
            for name, events in batches.items():
                publisher = publishers.get(name)
                if publisher is None:
                    publisher = publishers[name] = AsyncEventPublisher(url, publisher=name)
                task = asyncio.create_task(_publish(publisher, name, events, published))
                under_way.add(task)
                task.add_done_callback(under_way.discard)
            await asyncio.sleep(max(0.0, _BEAT - (time.monotonic() - began - gone)))
        await asyncio.gather(*under_way)
    finally:
        left = [partner, *under_way]  # else a batch that has not begun would open what is closed
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        for publisher in publishers.values():
            await publisher.close()
    published.seconds = time.monotonic() - began


async def _publish(
    publisher: AsyncEventPublisher, name: str, events: list[Event], published: Published
) -> None:
    try:
        results = await publisher.publish_many(events, on_refused="return")
    except PublishError:
        published.refused += len(events)
        return
    for event, result in zip(events, results, strict=True):
        if result.event_id:
            published.acknowledged[result.event_id] = (name, event.TYPE, event)
        else:
            published.refused += 1


async def _partner(url: str, published: Published) -> None:
    """A partner without bindings or contract, who puts a few events of its own."""
    settings = Settings.from_environment()
    transport = HttpTransport(url, request_timeout=settings.request_timeout)
    try:
        while True:
            detail = {"key": f"value-{len(published.acknowledged)}"}
            raw = msgspec.Raw(msgspec.json.encode(detail))
            try:
                [result] = await transport.put([Entry("aws.key", "Key Event", raw)])
            except PublishError:
                published.refused += 1
                continue
            if result.event_id:
                published.acknowledged[result.event_id] = ("aws.key", "Key Event", detail)
            else:
                published.refused += 1
            await asyncio.sleep(_PARTNER_PAUSE)
    finally:
        await transport.close()
