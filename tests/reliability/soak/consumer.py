"""Consumes subscriptions over WebSockets, and fails some of what comes."""

import asyncio
import random
from typing import Final

import aiohttp
import msgspec

from keybus.envelope import decode
from keybus.protocol import (
    HEARTBEAT_SECONDS,
    Delivered,
    Failed,
    Frame,
    Hello,
    Notice,
    ReceiveRequest,
    ReceiveResponse,
    Settlement,
)
from tests.reliability.kills.event import number_of
from tests.reliability.soak.link import Link

_WINDOW: Final = 500
_ABANDONED: Final = 20
_FAILING, _POISONOUS = 0.01, 0.002
_POLL: Final = 300
_POLLS: Final = 40
"""Polls of one consumer before it leaves and another one comes."""
_encoder = msgspec.json.Encoder()
_messages = msgspec.json.Decoder(Hello | Frame | Notice)


class Seen:
    """Which events came to a subscription, by their numbers: a bit each."""

    def __init__(self) -> None:
        self._bits = bytearray()
        self.deliveries = 0

    def add(self, delivered: Delivered) -> None:
        """One came."""
        number = number_of(bytes(decode(delivered.envelope).detail))
        place, bit = divmod(number, 8)
        if place >= len(self._bits):
            self._bits.extend(bytes(place - len(self._bits) + 4_096))
        self._bits[place] |= 1 << bit
        self.deliveries += 1

    def __contains__(self, number: int) -> bool:
        place, bit = divmod(number, 8)
        return place < len(self._bits) and bool(self._bits[place] >> bit & 1)


class Consumer:
    """Consumers of one subscription, one after another.

    Args:
        link: The way to the bus.
        subscription: The subscription's name.
        draw: What chance is made from.

    Attributes:
        seen: What came to any of them.
    """

    def __init__(self, link: Link, subscription: str, draw: random.Random) -> None:
        self._link, self._subscription, self._draw = link, subscription, draw
        self.seen = Seen()

    async def run(self) -> None:
        """Consume until it is cancelled, and leave in order."""
        socket = await self._connected(_WINDOW)
        try:
            await self._consume(socket)
        finally:
            await socket.send_bytes(_encoder.encode(Settlement(leaving=True)))
            await socket.close()

    async def abandon(self) -> None:
        """Take a few, and go without a word: they come back one by one."""
        socket = await self._connected(_ABANDONED)
        while not await self._frame(socket):
            pass
        await socket.close()

    async def poll(self) -> None:
        """The same by polling, until it is cancelled."""
        while True:
            asked = ReceiveRequest(max=_POLL, wait=1.0)
            for turn in range(_POLLS):
                answer = await self._polled(asked)
                asked = self._settlement(answer, leaving=turn + 2 == _POLLS)
                if answer.consumer is None:
                    break

    async def _polled(self, asked: ReceiveRequest) -> ReceiveResponse:
        path = f"/subscriptions/{self._subscription}/receive"
        return await self._link.told(ReceiveResponse, "POST", path, _encoder.encode(asked))

    def _settlement(self, answer: ReceiveResponse, *, leaving: bool) -> ReceiveRequest:
        settled = self._settled(answer.deliveries)
        most = 0 if leaving else _POLL
        return ReceiveRequest(
            ack=settled.ack,
            retry=settled.retry,
            bury=settled.bury,
            max=most,
            wait=1.0,
            consumer=answer.consumer,
            leaving=leaving,
        )

    async def _connected(self, window: int) -> aiohttp.ClientWebSocketResponse:
        path = f"/subscriptions/{self._subscription}/deliveries?window={window}"
        return await self._link.session.ws_connect(
            self._link.address(path), headers=self._link.headers, max_msg_size=0, compress=0
        )

    async def _consume(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        while True:
            try:
                async with asyncio.timeout(HEARTBEAT_SECONDS):
                    deliveries = await self._frame(socket)
            except TimeoutError:
                await socket.send_bytes(_encoder.encode(Settlement()))
                continue
            if deliveries:
                await socket.send_bytes(_encoder.encode(self._settled(deliveries)))

    async def _frame(self, socket: aiohttp.ClientWebSocketResponse) -> list[Delivered]:
        message = await socket.receive()
        if message.type is not aiohttp.WSMsgType.BINARY:
            raise ConnectionError(f"{self._subscription}: its connection ended: {message}")
        told = _messages.decode(message.data)
        return told.deliveries if isinstance(told, Frame) else []

    def _settled(self, deliveries: list[Delivered]) -> Settlement:
        ack: list[int] = []
        retry: list[Failed] = []
        bury: list[Failed] = []
        for each in deliveries:
            self.seen.add(each)
            chance = self._draw.random()
            if chance < _POISONOUS:
                bury.append(Failed(each.position, "poison"))
            elif chance < _FAILING:
                retry.append(Failed(each.position, "by chance"))
            else:
                ack.append(each.position)
        return Settlement(ack=ack, retry=retry, bury=bury)
