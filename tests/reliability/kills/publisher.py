"""Puts events without pause, through kills, and notes what was answered."""

import asyncio
import random
from collections.abc import Callable
from typing import Final

import aiohttp
import msgspec

from keybus.envelope import Entry
from keybus.protocol import PutRequest, PutResponse
from tests.reliability.kills.event import EVENT_TYPE, SOURCE, detail_of
from tests.reliability.kills.journal import Answered, Offered, Refused
from tests.reliability.kills.link import Link

_PAUSE: Final = 0.02
_OK: Final = 200
_encoder = msgspec.json.Encoder()
_answers = msgspec.json.Decoder(PutResponse)


class Publisher:
    """One of several; its events' numbers are its own.

    Args:
        link: The way to the bus.
        number: Which one it is.
        numbers: Gives so many numbers in a row, and answers the first.
        draw: What chance is made from.
        pause: Seconds between two puts.
    """

    def __init__(
        self,
        link: Link,
        number: int,
        numbers: Callable[[int], int],
        draw: random.Random,
        *,
        pause: float,
    ) -> None:
        self._link, self._number, self._numbers = link, number, numbers
        self._draw, self._pause = draw, pause

    async def run(self, stop: asyncio.Event) -> None:
        """Until it is told to stop; what is then under way is carried through."""
        while not stop.is_set():
            count = self._draw.randint(1, 20)
            await self._put(self._numbers(count), count, patient=self._draw.random() < 0.7)
            await asyncio.sleep(self._pause)

    async def _put(self, first: int, count: int, *, patient: bool) -> None:
        """Put events, again where nobody answers; an impatient one gives up at the first silence."""
        link, journal = self._link, self._link.journal
        details = [detail_of(number) for number in range(first, first + count)]
        body = _encoder.encode(
            PutRequest([Entry(SOURCE, EVENT_TYPE, msgspec.Raw(each)) for each in details])
        )
        journal.note(Offered(self._number, first, count, again=False))
        while True:
            try:
                async with link.session.post(link.address("/events"), data=body) as answer:
                    content = await answer.read()
            except aiohttp.ClientConnectorError:
                await asyncio.sleep(_PAUSE)  # nobody was there: nothing was sent
            except (aiohttp.ClientError, OSError, TimeoutError):
                if not patient:
                    return
                journal.note(Offered(self._number, first, count, again=True))
            else:
                self._note(first, count, answer.status, content)
                return

    def _note(self, first: int, count: int, status: int, content: bytes) -> None:
        if status != _OK:
            self._link.journal.note(Refused(first, count, f"{status}: {content[:200]!r}"))
            return
        results = _answers.decode(content).results
        faults = [result for result in results if not result.event_id]
        if faults or len(results) != count:
            self._link.journal.note(Refused(first, count, str(faults[:1])))
        else:
            self._link.journal.note(Answered(first, count))
