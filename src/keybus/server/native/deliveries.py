"""Deliveries of a subscription over a WebSocket, with a credit window.

The server sends `Hello`, then `Frame`s; the client sends `Settlement`s (an empty one is a
heartbeat). Close codes: 4400 for a message that cannot be read, 4404 for an unknown
subscription, 4401 where the credential no longer holds, 4403 where its account may not consume
the subscription (any longer), 4408 where the client fell silent or takes nothing, 1012 when the
server shuts down.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence

import msgspec
from starlette.websockets import WebSocket, WebSocketDisconnect

from keybus.bus import Delivery, Dispatcher, Session
from keybus.bus.delivery.session import delivered
from keybus.errors import SubscriptionError
from keybus.protocol import (
    DEFAULT_WINDOW,
    HEARTBEAT_SECONDS,
    MAX_WINDOW,
    Frame,
    Hello,
    Notice,
    Settlement,
)
from keybus.server.access import NOT_YOURS, bus_of, principal_of, shortened
from keybus.server.answers import UNREADABLE
from keybus.server.native.settling import Settling

BAD_MESSAGE, NOT_KNOWN, UNKNOWN_SUBSCRIPTION, SILENT = 4400, 4401, 4404, 4408
SERVICE_RESTART = 1012
_SILENCE_SECONDS = 3 * HEARTBEAT_SECONDS
_CLOSE_SECONDS = 1.0
_settlements = msgspec.json.Decoder(Settlement)
_encoder = msgspec.json.Encoder()


async def deliveries(websocket: WebSocket) -> None:
    """``/api/v1/subscriptions/NAME/deliveries?window=N``."""
    bus = bus_of(websocket)
    name = websocket.path_params["name"]
    await websocket.accept()
    try:
        window = _window(websocket.query_params.get("window"))
        dispatcher = bus.dispatcher(name)
    except SubscriptionError as error:
        await _close(websocket, UNKNOWN_SUBSCRIPTION, str(error))
        return
    except ValueError as error:
        await _close(websocket, BAD_MESSAGE, str(error))
        return
    await websocket.send_bytes(
        _encoder.encode(Hello(name, bus.generation.subscriptions[name].events, window))
    )

    async def send(what: Sequence[Delivery] | Notice) -> None:
        message = what if isinstance(what, Notice) else Frame(delivered(what))
        try:
            await websocket.send_bytes(_encoder.encode(message))
        except (WebSocketDisconnect, RuntimeError) as error:
            raise ConnectionError(str(error)) from error

    try:
        session = bus.join(name, send, window, principal_of(websocket))
    except SubscriptionError as error:  # it was removed since
        await _close(websocket, UNKNOWN_SUBSCRIPTION, str(error))
        return
    code, reason = 0, "connection lost"
    try:
        code, reason = await _until_lost(websocket, dispatcher, session)
    finally:
        await dispatcher.leave(session, f"the consumer was lost with it in hand: {reason}")
    if code:
        await _close(websocket, code, reason)


def _window(text: str | None) -> int:
    readable = text is None or (text.isdecimal() and len(text) <= len(str(MAX_WINDOW)))
    window = int(text or DEFAULT_WINDOW) if readable else 0
    if not 1 <= window <= MAX_WINDOW:
        raise ValueError(f"window must be a number from 1 to {MAX_WINDOW}")
    return window


async def _until_lost(
    websocket: WebSocket, dispatcher: Dispatcher, session: Session
) -> tuple[int, str]:
    """Take settlements until the consumer goes; answers the close code to send, if any."""
    listening = asyncio.create_task(_listen(websocket, dispatcher, session))
    losing = asyncio.create_task(session.lost.wait())
    ending = asyncio.create_task(_credential_ended(websocket))
    waiting = (listening, losing, ending)
    try:
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        if ending.done():
            session.end(reason := "the credential has expired or was revoked")
            return NOT_KNOWN, reason
        if listening.done():
            return listening.result()
        if dispatcher.stopped:
            return SERVICE_RESTART, "the bus stops, or the subscription's queue"
        return (NOT_YOURS, session.ended) if session.ended else (SILENT, "frames are not taken")
    finally:
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)


async def _credential_ended(websocket: WebSocket) -> None:
    """Wait until the credential that opened the connection no longer holds."""
    ended: Callable[[str], Awaitable[None]] | None = getattr(websocket.state, "ended", None)
    if ended is None:
        await asyncio.Event().wait()  # a bus that asks nobody for credentials
    else:
        await ended(principal_of(websocket).credential)


async def _listen(
    websocket: WebSocket, dispatcher: Dispatcher, session: Session
) -> tuple[int, str]:
    async with asyncio.TaskGroup() as group:
        settling = Settling(group, dispatcher, session)
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
            except UNREADABLE as error:
                return BAD_MESSAGE, f"no settlement: {error}"
            await settling.take(settlement)


async def _close(websocket: WebSocket, code: int, reason: str) -> None:
    """Say goodbye; to one that takes nothing, only for so long."""
    with contextlib.suppress(TimeoutError, RuntimeError, WebSocketDisconnect):
        async with asyncio.timeout(_CLOSE_SECONDS):
            await websocket.close(code, shortened(reason))
