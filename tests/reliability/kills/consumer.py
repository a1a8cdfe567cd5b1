"""Consumes one subscription over its WebSocket, through kills, and notes what came."""

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
    Settlement,
)
from tests.reliability.kills.event import detail_of, number_of
from tests.reliability.kills.journal import Connected, Receipt, Received, Settled
from tests.reliability.kills.link import Link

_PAUSE: Final = 0.02
_FAILING: Final = 0.01
"""Of first attempts, the share that fails."""
_encoder = msgspec.json.Encoder()
_messages = msgspec.json.Decoder(Hello | Frame | Notice)


class Consumer:
    """The only consumer of its subscription.

    Args:
        link: The way to the bus.
        subscription: The subscription's name.
        draw: What chance is made from.
        window: How many deliveries it takes before it settles them.

    Attributes:
        came: How many deliveries came.
    """

    def __init__(self, link: Link, subscription: str, draw: random.Random, *, window: int) -> None:
        self._link, self._subscription = link, subscription
        self._draw, self._window = draw, window
        self.came = 0

    async def run(self) -> None:
        """For ever."""
        while True:
            path = f"/subscriptions/{self._subscription}/deliveries?window={self._window}"
            try:
                async with self._link.session.ws_connect(
                    self._link.address(path), max_msg_size=0, compress=0
                ) as socket:
                    await self._consume(socket)
            except (aiohttp.ClientError, OSError, TimeoutError):
                pass
            await asyncio.sleep(_PAUSE)

    async def _consume(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        life = 0
        while True:
            try:
                async with asyncio.timeout(HEARTBEAT_SECONDS):
                    message = await socket.receive()
            except TimeoutError:
                await socket.send_bytes(_encoder.encode(Settlement()))
                continue
            if message.type is not aiohttp.WSMsgType.BINARY:
                return
            told = _messages.decode(message.data)
            if isinstance(told, Hello):
                life = self._link.victim.life
                self._link.journal.note(Connected(self._subscription, life))
            elif isinstance(told, Frame):
                await self._take(socket, life, told.deliveries)

    async def _take(
        self, socket: aiohttp.ClientWebSocketResponse, life: int, deliveries: list[Delivered]
    ) -> None:
        self.came += len(deliveries)
        receipts = [_receipt(each) for each in deliveries]
        self._link.journal.note(Received(self._subscription, life, receipts))
        # So that there is always something in hand when the bus is killed.
        await asyncio.sleep(self._draw.choice((0, 0, 0.005, 0.03)))
        failed = [
            receipt.position
            for receipt in receipts
            if receipt.attempt == 1 and self._draw.random() < _FAILING
        ]
        acked = [each.position for each in receipts if each.position not in failed]
        self._link.journal.note(Settled(self._subscription, life, acked, failed))
        settlement = Settlement(ack=acked, retry=[Failed(each, "by chance") for each in failed])
        await socket.send_bytes(_encoder.encode(settlement))


def _receipt(delivered: Delivered) -> Receipt:
    envelope = decode(delivered.envelope)
    detail = bytes(envelope.detail)
    number = number_of(detail)
    sound = detail == detail_of(number)
    return Receipt(delivered.position, number, delivered.attempt, sound, envelope.replay_name)
