"""Looking for events by their id, in steps that hold up nobody."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import msgspec

from keybus.bus.engine import Engine, Stored
from keybus.clock import Clock
from keybus.envelope import Envelope, decode
from keybus.errors import EnvelopeError, Throttled

LONGEST_ID: Final = 256
"""Characters of an id that can be looked for."""
MOST_FOUND: Final = 20
"""Events of one step."""
STEP_BYTES: Final = 64 << 20
PART_BYTES: Final = 4 << 20
_MOST_WAITING: Final = 8


class Sighting(msgspec.Struct, frozen=True):
    """An event that has the id.

    Attributes:
        stored: The event as the log has it.
        envelope: The same, read.
        detail_id: The detail's own ``id``; empty where it has none.
    """

    stored: Stored
    envelope: Envelope
    detail_id: str


class Sightings(msgspec.Struct, frozen=True):
    """What one step found.

    Attributes:
        events: The newest first.
        before: Where the next step begins; 0 where there is none.
        back_to: Up to when the log was looked at, in microseconds since the Unix epoch.
    """

    events: list[Sighting]
    before: int
    back_to: int


class Search:
    """Finds events by the id that the put answered, or by their own ``detail.id``.

    Ids say nothing of their time, and the log has no index of them, so that it is looked through
    from its end. One search at a time looks, for at most half of the time of the store's reader.

    Args:
        engine: What has the log.
        clock: Time.
        step: Bytes of the log that are looked through for one answer.
        part: Bytes that are looked through at once: between two parts, consumers that are behind
            are served.
    """

    def __init__(
        self, engine: Engine, clock: Clock, *, step: int = STEP_BYTES, part: int = PART_BYTES
    ) -> None:
        self._engine, self._clock = engine, clock
        self._step, self._part = step, part
        self._one = asyncio.Lock()
        self._waiting = 0

    async def step(self, event_id: str, before: int | None, since: int) -> Sightings:
        """One step of a search.

        Args:
            event_id: The id.
            before: Only what lies before this position; None: everything.
            since: Only what was ingested at this time or later, in microseconds since the Unix
                epoch.

        Raises:
            EnvelopeError: That can be nobody's id.
            Throttled: Too many are searching.
            StorageFailed: The log could not be read.
        """
        text = _written(event_id)
        async with self._turn():
            return await self._look(event_id, text, before, since)

    async def _look(self, event_id: str, text: bytes, before: int | None, since: int) -> Sightings:
        found: list[Sighting] = []
        looked = back_to = 0
        while looked < self._step and len(found) < MOST_FOUND:
            began = self._clock.monotonic()
            part = await self._engine.find(text, before, self._part)
            looked += self._part
            before = part.before
            back_to = part.back_to or back_to
            seen = [each for each in part.events if each.ingested_at >= since]
            found += [each for each in map(_sighting, seen) if _is(each, event_id)]
            if back_to < since or any(each.envelope.id == event_id for each in found):
                before = 0
            if not before:
                break
            if took := self._clock.monotonic() - began:
                await self._clock.sleep(took)
        return Sightings(found, before or 0, max(back_to, since) if back_to else 0)

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        if self._waiting >= _MOST_WAITING:
            raise Throttled("too many are searching the log", retry_after=1.0)
        self._waiting += 1
        try:
            async with self._one:
                yield
        finally:
            self._waiting -= 1


def _written(event_id: str) -> bytes:
    """The id as it stands in an envelope's JSON."""
    if not 1 <= len(event_id) <= LONGEST_ID:
        raise EnvelopeError(f"an event's id has 1 to {LONGEST_ID} characters")
    try:
        return msgspec.json.encode(event_id)
    except (UnicodeEncodeError, msgspec.EncodeError) as error:
        raise EnvelopeError(f"no event's id: {error}") from error


def _sighting(stored: Stored) -> Sighting:
    envelope = decode(stored.envelope)
    try:
        detail_id = envelope.decoded_detail().get("id", "")
    except RecursionError:  # nested too deep to be read from here
        detail_id = ""
    return Sighting(stored, envelope, detail_id if isinstance(detail_id, str) else "")


def _is(sighting: Sighting, event_id: str) -> bool:
    return event_id in (sighting.envelope.id, sighting.detail_id)
