"""Puts events at a steady rate, and knows which were acknowledged."""

import asyncio
import time
from typing import Final

import msgspec

from keybus.envelope import Entry
from keybus.protocol import PutRequest, PutResponse
from tests.reliability.kills.event import EVENT_TYPE, SOURCE, detail_of
from tests.reliability.soak.link import Link, Unanswered

_PER_PUT: Final = 20
_AGAIN_EVERY: Final = 25
"""Every so many puts one is put twice, as by somebody who had no answer."""
_encoder = msgspec.json.Encoder()
_answers = msgspec.json.Decoder(PutResponse)


class Publisher:
    """The one publisher.

    Args:
        link: The way to the bus.
        rate: Events a second.

    Attributes:
        put: The number of the last event that was acknowledged: all before it were as well.
        last_id: The id that the bus gave to the first of the last put.
        problems: What was not taken, or taken twice.
    """

    def __init__(self, link: Link, rate: int) -> None:
        self._link, self._rate = link, rate
        self.put = 0
        self.last_id = ""
        self.problems: list[str] = []

    async def run(self) -> None:
        """Until it is cancelled; what is late is made up for."""
        began, puts = time.monotonic(), 0
        while True:
            await self._put(again=puts % _AGAIN_EVERY == 0)
            puts += 1
            due = began + puts * _PER_PUT / self._rate
            await asyncio.sleep(max(0.0, due - time.monotonic()))

    async def _put(self, *, again: bool) -> None:
        numbers = range(self.put + 1, self.put + 1 + _PER_PUT)
        details = [msgspec.Raw(detail_of(number)) for number in numbers]
        body = _encoder.encode(PutRequest([Entry(SOURCE, EVENT_TYPE, each) for each in details]))
        ids = await self._ids(body)
        if again and await self._ids(body) != ids:
            self.problems.append(f"{numbers} were put twice, and have other ids")
        self.put, self.last_id = numbers[-1], ids[0]

    async def _ids(self, body: bytes) -> list[str]:
        while True:
            try:
                found = _answers.decode(await self._link.ask("POST", "/events", body)).results
            except Unanswered as error:
                self.problems.append(str(error))
                await asyncio.sleep(1)
                continue
            if refused := [each for each in found if not each.event_id]:
                self.problems.append(f"refused: {refused[0]}")
            return [each.event_id or "" for each in found]
