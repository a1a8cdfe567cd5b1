"""Looking through the log for a replay: what it would send, counted without sending it."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing

from keybus.bus.archive.replay import Preview, Wanted
from keybus.bus.archive.sieve import Sieve, Unfit
from keybus.bus.engine import Engine, Stored
from keybus.envelope import is_replayed

MOST_LOOKED_AT = 20_000
"""Events that a preview looks at; a second's work."""
PAGE = 500
"""Events of a page, at most."""
PAGE_BYTES = 4 << 20
"""Of the events of a page, at about which it ends."""
TURN = 32
"""Events that are looked at before everybody else has a turn."""


async def previewed(engine: Engine, wanted: Wanted, sieve: Sieve, now: int) -> Preview:
    """What a replay would send if it began now; nothing is changed.

    Args:
        engine: Where the log is.
        wanted: What is to be sent; its end is in the past.
        sieve: What of it, and to whom.
        now: Microseconds since the Unix epoch.

    Raises:
        StorageFailed: The log could not be read.
    """
    types, subscriptions, withheld = Counter[str](), Counter[str](), Counter[str]()
    looked = count = size = first = last = 0
    complete = True
    events = _in_turns(engine.read(wanted.since, wanted.until))
    async with aclosing(events):
        async for stored in events:
            if looked == MOST_LOOKED_AT:
                complete = False
                break
            looked += 1
            try:
                sifted = sieve.sift(stored, now)
            except Unfit:
                continue
            withheld.update(sifted.withheld)
            if sifted.record is not None:
                count, size = count + 1, size + len(stored.envelope)
                types[sifted.record.event_type] += 1
                subscriptions.update(sifted.record.matched)
                first, last = first or stored.ingested_at, stored.ingested_at
    return Preview(
        count=count,
        types=types,
        subscriptions=subscriptions,
        size=size,
        first=first,
        last=last,
        withheld=withheld,
        looked=looked,
        complete=complete,
        since=wanted.since,
        until=wanted.until,
    )


async def page_of(engine: Engine, wanted: Wanted, after: int) -> tuple[list[Stored], bool]:
    """The next events of the time range after a position of the log, as many as fit a page.

    Returns:
        The events, and whether there may be more.

    Raises:
        StorageFailed: The log could not be read.
    """
    found: list[Stored] = []
    size = 0
    events = _in_turns(engine.read(wanted.since, wanted.until, after=after))
    async with aclosing(events):
        async for stored in events:
            found.append(stored)
            size += len(stored.envelope)
            if len(found) == PAGE or size >= PAGE_BYTES:
                return found, True
    return found, False


async def _in_turns(events: AsyncIterator[Stored]) -> AsyncGenerator[Stored]:
    """Those that were published, so that the loop is not held up by however many there are."""
    count = 0
    async for event in events:
        if not is_replayed(event.envelope):
            yield event
        count += 1
        if count % TURN == 0:
            await asyncio.sleep(0)
