"""Deliveries of a subscription over a WebSocket, with a credit window.

The server sends `Hello`, then `Frame`s; the client sends `Settlement`s (an empty one is a
heartbeat). Close codes: 4400 for a message that cannot be read, 4404 for an unknown
subscription, 4408 where the client fell silent, 1001 when the server shuts down.
"""

import asyncio
import logging
from collections.abc import Sequence

import msgspec
from starlette.websockets import WebSocket, WebSocketDisconnect

from keybus.bus import Bus, Delivery, Session
from keybus.errors import StorageFailed, SubscriptionError
from keybus.protocol import (
    DEFAULT_WINDOW,
    HEARTBEAT_SECONDS,
    MAX_WINDOW,
    Delivered,
    Frame,
    Hello,
    Settlement,
)

BAD_MESSAGE, UNKNOWN_SUBSCRIPTION, SILENT = 4400, 4404, 4408
_SILENCE_SECONDS = 3 * HEARTBEAT_SECONDS
_settlements = msgspec.json.Decoder(Settlement)
_encoder = msgspec.json.Encoder()
_log = logging.getLogger(__name__)


async def deliveries(websocket: WebSocket) -> None:
    """``/api/v1/subscriptions/NAME/deliveries?window=N``."""
    bus: Bus = websocket.app.state.bus
    name = websocket.path_params["name"]
    await websocket.accept()
    try:
        window = _window(websocket.query_params.get("window"))
        bus.dispatcher(name)
    except SubscriptionError as error:
        await websocket.close(UNKNOWN_SUBSCRIPTION, str(error)[:120])
        return
    except ValueError as error:
        await websocket.close(BAD_MESSAGE, str(error))
        return
    await websocket.send_bytes(
        _encoder.encode(Hello(name, bus.platform.subscriptions[name].events, window))
    )

    async def send(batch: Sequence[Delivery]) -> None:
        try:
            await websocket.send_bytes(_frame(batch))
        except (WebSocketDisconnect, RuntimeError) as error:
            raise ConnectionError(str(error)) from error

    session = bus.subscribe(name, send, window)
    code, reason = await _listen(websocket, session)
    await session.close(f"the consumer was lost with it in hand: {reason}")
    if code:
        await websocket.close(code, reason)


def _window(text: str | None) -> int:
    readable = text is None or (text.isdecimal() and len(text) <= len(str(MAX_WINDOW)))
    window = int(text or DEFAULT_WINDOW) if readable else 0
    if not 1 <= window <= MAX_WINDOW:
        raise ValueError(f"window must be a number from 1 to {MAX_WINDOW}")
    return window


async def _listen(websocket: WebSocket, session: Session) -> tuple[int, str]:
    """Take settlements until the consumer goes; answers the close code to send, if any."""
    while True:
        try:
            async with asyncio.timeout(_SILENCE_SECONDS):
                message = await websocket.receive()
        except TimeoutError:
            return SILENT, f"nothing heard for {_SILENCE_SECONDS:.0f} s"
        if message["type"] == "websocket.disconnect":
            return 0, f"connection closed ({message.get('code', 1006)})"
        try:
            settlement = _settlements.decode(message.get("bytes") or message.get("text") or b"")
        except msgspec.DecodeError as error:
            return BAD_MESSAGE, f"no settlement: {error}"[:120]
        try:
            await session.settle(settlement)
        except StorageFailed:
            # Not settled, so it comes again once the consumer does; nothing is lost by it.
            _log.exception("a settlement could not be kept")
            return 1011, "the settlement could not be kept"


def _frame(batch: Sequence[Delivery]) -> bytes:
    return _encoder.encode(
        Frame(
            [
                Delivered(d.position, d.ingested_at, d.attempt, msgspec.Raw(d.envelope))
                for d in batch
            ]
        )
    )
