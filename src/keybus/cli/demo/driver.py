"""Publishes the reference application's events at a steady rate, and keeps what was acknowledged."""

import asyncio
import time
from collections.abc import Callable, Iterator

import msgspec

from keybus import AsyncEventPublisher, Event
from keybus.errors import PublishError

_BEAT = 0.005
"""Seconds between two batches of what is due."""


class Published(msgspec.Struct):
    """What was published.

    Attributes:
        acknowledged: Each event that the bus acknowledged, by envelope id, with its source.
        refused: How many it did not take.
        seconds: How long it took.
    """

    acknowledged: dict[str, tuple[str, Event]] = {}
    refused: int = 0
    seconds: float = 0.0


async def drive(
    url: str,
    stories: Iterator[tuple[str, Event]],
    *,
    rate: float,
    seconds: float,
    beat: Callable[[float, Published], None],
) -> Published:
    """Publish for a stated time at a stated rate.

    Args:
        url: The bus.
        stories: Publishers' names and events, without end.
        rate: Events a second.
        seconds: For how long.
        beat: Called at each beat with the seconds gone and what was published so far.
    """
    published = Published()
    publishers: dict[str, AsyncEventPublisher] = {}
    under_way: set[asyncio.Task[None]] = set()
    began = time.monotonic()
    sent = 0
    try:
        while (gone := time.monotonic() - began) < seconds:
            batches: dict[str, list[Event]] = {}
            for _ in range(int(rate * gone) - sent):
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
            beat(gone, published)
            await asyncio.sleep(max(0.0, _BEAT - (time.monotonic() - began - gone)))
        await asyncio.gather(*under_way)
    finally:
        for publisher in publishers.values():
            await publisher.close()
    published.seconds = time.monotonic() - began
    return published


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
            published.acknowledged[result.event_id] = (name, event)
        else:
            published.refused += 1
