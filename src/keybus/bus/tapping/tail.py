"""Follows the log for one who watches: what stands already, and what comes."""

from collections.abc import AsyncGenerator, AsyncIterator, Collection, Sequence
from typing import Final

import msgspec

from keybus.bus.engine import Engine
from keybus.bus.forms.forms import Untranslatable
from keybus.bus.tapping.lines import Alive, End, Event, LeftOut, Line
from keybus.bus.tapping.tap import Tap
from keybus.bus.tapping.taps import Taps
from keybus.bus.tapping.view import View
from keybus.clock import Clock
from keybus.errors import EnvelopeError, Forbidden
from keybus.patterns import Pattern, PatternIndex

ALIVE_SECONDS: Final = 5.0
"""After so long without an event, the tail is told that the bus is there."""
_AT_ONCE: Final = 100
"""Events that are sent together."""
_WORK_SECONDS, _MOST_SECONDS = 0.001, 0.05
_SHARE: Final = 19
"""All tails together look at events for one part of the time, and pause for so many: by the clock, so
that on a machine that is overloaded it is more of the time that the bus gets."""


class Wanted(msgspec.Struct, frozen=True):
    """What is to be followed.

    Attributes:
        pattern: What an event has to match, in the form in which it is shown; None: any.
        since: From when on, in microseconds since the Unix epoch; None: what comes.
        limit: How many events; None: without end.
    """

    pattern: Pattern | None = None
    since: int | None = None
    limit: int | None = None


class Tail:
    """Lines for one who watches.

    Args:
        engine: What has the log.
        taps: Everybody who watches.
        view: What may be shown.
        wanted: What is asked for.
        clock: Time.
        alive: Seconds after which there is a sign of life.
    """

    def __init__(
        self,
        engine: Engine,
        taps: Taps,
        view: View,
        wanted: Wanted,
        clock: Clock,
        *,
        alive: float = ALIVE_SECONDS,
    ) -> None:
        self._alive = alive
        self._engine, self._taps, self._view = engine, taps, view
        self._wanted, self._clock = wanted, clock
        pattern = wanted.pattern
        self._index = None if pattern is None else PatternIndex({"tail": pattern})
        self._left = wanted.limit
        self._worked = 0.0

    async def lines(self, tap: Tap) -> AsyncGenerator[Sequence[Line]]:
        """What is to be sent, some lines at a time, to the last one.

        Args:
            tap: An open one, with the same view: what comes meanwhile waits in it.

        Raises:
            StorageFailed: The log could not be read.
        """
        try:
            last = 0
            if self._wanted.since is not None:
                async for standing in self._standing(self._wanted.since):
                    last = standing[-1].position
                    yield standing
            while not (self._is_done or tap.closed):
                yield await self._coming(tap, last)
        except Forbidden as error:
            tap.close(str(error))
        yield [End(tap.closed)]

    @property
    def _is_done(self) -> bool:
        return self._left == 0

    async def _standing(self, since: int) -> AsyncIterator[list[Event]]:
        """What is in the log."""
        shown: list[Event] = []
        async for stored in self._engine.read(since):
            began = self._clock.monotonic()
            line = self._line(stored.position, stored.ingested_at, stored.envelope, None)
            self._worked += self._clock.monotonic() - began
            shown += [] if line is None else [line]
            if self._is_done or len(shown) >= _AT_ONCE:
                yield shown
                shown = []
            if self._is_done:
                return
            await self._pause()
        if shown:
            yield shown

    async def _coming(self, tap: Tap, after: int) -> list[Line]:
        """What waits in the tap, or a sign of life; nothing up to a position."""
        if not await tap.news(self._alive):
            return [Alive()]
        began = self._clock.monotonic()
        count = tap.told()
        lines: list[Line] = [LeftOut(count)] if count else []
        for position, record in tap.take(_AT_ONCE):
            if position > after and not self._is_done:
                line = self._line(position, record.ingested_at, record.envelope, record.matched)
                lines += [] if line is None else [line]
        self._worked += self._clock.monotonic() - began
        await self._pause()
        return lines

    def _line(
        self, position: int, ingested_at: int, envelope: bytes, matched: Collection[str] | None
    ) -> Event | None:
        """An event, where it is asked for and may be had."""
        try:
            shown = self._view.show(envelope, matched)
            if shown is None or not (self._index is None or self._index.match(shown)):
                return None
        except (EnvelopeError, RecursionError, msgspec.MsgspecError, Untranslatable):
            return None  # it was made so that it cannot be looked at
        if self._left is not None:
            self._left -= 1
        return Event(position, ingested_at, msgspec.Raw(shown))

    async def _pause(self) -> None:
        """Leave the loop to the bus, for longer than was looked."""
        if self._worked >= _WORK_SECONDS:
            rest = min(self._worked, _MOST_SECONDS) * _SHARE * max(1, len(self._taps))
            self._worked = 0.0
            await self._clock.sleep(rest)
