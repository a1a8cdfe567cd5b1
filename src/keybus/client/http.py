"""The HTTP transport: publishing by POST, deliveries over a WebSocket."""

import asyncio
import io
import logging
import os
from collections.abc import Sequence
from urllib.parse import quote

import aiohttp
import msgspec

from keybus.client.agent import HEADER, agent
from keybus.client.transport import DeliveryStream
from keybus.envelope import Entry, EntryResult
from keybus.errors import (
    BusUnavailable,
    Forbidden,
    KeybusError,
    PublishError,
    SubscriptionError,
    Throttled,
    Unauthenticated,
)
from keybus.protocol import (
    API,
    MAX_FRAME_BYTES,
    Delivered,
    Frame,
    Hello,
    Notice,
    Problem,
    PublisherInfo,
    PutRequest,
    PutResponse,
    Settlement,
)
from keybus.settings import Settings

_OK, _UNAUTHENTICATED, _FORBIDDEN, _TOO_MANY, _SERVER_FAULT = 200, 401, 403, 429, 500
_UNAVAILABLE = 503
_BAD_MESSAGE, _NOT_KNOWN, _NOT_YOURS, _UNKNOWN_SUBSCRIPTION = 4400, 4401, 4403, 4404
_FOR_GOOD = (_BAD_MESSAGE, _NOT_KNOWN, _NOT_YOURS, _UNKNOWN_SUBSCRIPTION)
_NOT_KNOWN_HINT = "is KEYBUS_TOKEN right, and does it still hold?"
_log = logging.getLogger(__name__)
_LARGE_BODY = 1 << 20
_MAX_MESSAGE = 4 * MAX_FRAME_BYTES
_encoder = msgspec.json.Encoder()
_put_response = msgspec.json.Decoder(PutResponse)
_publishers = msgspec.json.Decoder(list[PublisherInfo])
_message = msgspec.json.Decoder(Hello | Frame | Notice)


class HttpTransport:
    """The native API over HTTP.

    Belongs to the event loop on which it is first used.

    Args:
        url: The bus, such as ``http://127.0.0.1:7411``.
        request_timeout: Seconds that one request may take.
        settings: Where the token and the authorities come from; none where they are not given.

    Raises:
        SettingsError: The token would cross a network in the clear, or the authorities cannot be
            read.
    """

    def __init__(
        self, url: str, *, request_timeout: float, settings: Settings | None = None
    ) -> None:
        self._url = url
        self._headers = settings.authorization(url) if settings else {}
        self._tls = settings.tls() if settings else None
        self._timeout = aiohttp.ClientTimeout(total=request_timeout)
        self._opened: aiohttp.ClientSession | None = None

    async def put(self, entries: Sequence[Entry]) -> Sequence[EntryResult]:
        """See `Transport.put`."""
        content = await self._request("POST", "/events", PutRequest(list(entries)))
        results = _put_response.decode(content).results
        if len(results) != len(entries):
            raise PublishError(f"{self._url} answered {len(results)} of {len(entries)} entries")
        return results

    async def publishers(self, event_type: str) -> Sequence[PublisherInfo]:
        """See `Transport.publishers`."""
        query = f"/publishers?event_type={quote(event_type, safe='')}"
        return _publishers.decode(await self._request("GET", query))

    async def subscribe(self, subscription: str, window: int) -> DeliveryStream:
        """See `Transport.subscribe`."""
        address = f"{self._url}{API}/subscriptions/{quote(subscription)}/deliveries?window={window}"
        try:
            # No compression: frames stay on one machine or one rack, and deflate costs more
            # than it saves. Only the opening is bounded in time, not the stream.
            async with asyncio.timeout(self._timeout.total):
                socket = await self._session.ws_connect(
                    address, max_msg_size=_MAX_MESSAGE, compress=0, heartbeat=20.0
                )
        except aiohttp.WSServerHandshakeError as error:
            after = error.headers.get("Retry-After") if error.headers else None
            raise self._refusal(error.status, "the subscription was not opened", after) from None
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise self._unavailable(error) from None
        stream = _WebSocketStream(socket, self._url)
        try:
            async with asyncio.timeout(self._timeout.total):
                await stream.greet()
        except TimeoutError as error:
            await socket.close()
            raise self._unavailable(error) from None
        except BaseException:
            await socket.close()
            raise
        return stream

    async def close(self) -> None:
        """See `Transport.close`."""
        if self._opened is not None:
            await self._opened.close()
            self._opened = None

    @property
    def _session(self) -> aiohttp.ClientSession:
        if self._opened is None:
            self._opened = aiohttp.ClientSession(
                timeout=self._timeout,
                cookie_jar=aiohttp.DummyCookieJar(),
                connector=aiohttp.TCPConnector(ssl=self._tls or True),
                headers={**self._headers, HEADER: agent()},
                trace_configs=[_no_redirects()],
            )
        return self._opened

    async def _request(self, method: str, path: str, value: object = None) -> bytes:
        data = None if value is None else _encoder.encode(value)
        headers = {"Content-Type": "application/json"} if data is not None else {}
        try:
            async with self._session.request(
                method,
                self._url + API + path,
                data=_body(data),
                headers=headers,
                allow_redirects=False,  # a token goes to the bus, and nowhere else
            ) as answer:
                content = await answer.read()
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise self._unavailable(error) from None
        if answer.status != _OK:
            after = answer.headers.get("Retry-After")
            raise self._refusal(answer.status, _problem(content), after)
        return content

    def _refusal(self, status: int, told: str, after: str | None) -> KeybusError:
        """An answer that is none, as the error that says whether to try again."""
        if status == _UNAUTHENTICATED:
            return Unauthenticated(f"{self._url}: {told}", hint=_NOT_KNOWN_HINT)
        if status == _FORBIDDEN:
            return Forbidden(f"{self._url}: {told}", rule="")
        waits = after is not None and after.isdecimal()
        if status == _TOO_MANY or (status == _UNAVAILABLE and waits):
            seconds = float(after) if after is not None and waits else 1.0
            return Throttled(f"{self._url}: {told}", retry_after=seconds)
        if status >= _SERVER_FAULT:
            return BusUnavailable(f"{self._url} answered {status}: {told}")
        return PublishError(f"{self._url} refused ({status}): {told}")

    def _unavailable(self, error: Exception) -> BusUnavailable:
        reason, hint = str(error), "is the bus running, and is KEYBUS_URL right?"
        if isinstance(error, aiohttp.ClientConnectorCertificateError):
            reason = f"its certificate does not hold: {error.certificate_error}"
            hint = "does KEYBUS_CA_FILE name the certificates of whoever signed it?"
        elif isinstance(error, aiohttp.ClientConnectorError) and error.errno:
            reason = os.strerror(error.errno)
        return BusUnavailable(
            f"no answer from {self._url}: {reason or type(error).__name__}", hint=hint
        )


def _body(data: bytes | None) -> bytes | io.BytesIO | None:
    """A large body goes in pieces, so that sending it does not hold the event loop up."""
    return io.BytesIO(data) if data is not None and len(data) > _LARGE_BODY else data


def _problem(content: bytes) -> str:
    try:
        told = msgspec.json.decode(content, type=Problem)
    except msgspec.DecodeError:
        return content[:200].decode("utf-8", "replace")
    return f"{told.message} ({told.hint})" if told.hint else told.message


def _no_redirects() -> aiohttp.TraceConfig:
    """Ends a request that is sent elsewhere: what is not the bus could feed a subscriber anything.

    It is for WebSockets, which follow redirects whatever they are told.
    """

    async def end(
        _session: object, _context: object, sent: aiohttp.TraceRequestRedirectParams
    ) -> None:
        place = sent.response.headers.get("Location", "")
        raise aiohttp.ClientError(f"it sends elsewhere, to {place[:200]!r}, where nobody is asked")

    config = aiohttp.TraceConfig()
    config.on_request_redirect.append(end)
    return config


class _WebSocketStream:
    """An open subscription over a WebSocket."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, url: str) -> None:
        self._socket, self._url = socket, url
        self.hello = Hello("", [], 0)

    async def greet(self) -> None:
        """Take the server's first message."""
        first = await self._next()
        if not isinstance(first, Hello):
            raise SubscriptionError(f"{self._url} did not say hello", hint="is it a Keybus server?")
        self.hello = first

    async def receive(self) -> Sequence[Delivered]:
        """See `DeliveryStream.receive`."""
        message = await self._next()
        if isinstance(message, Notice):
            _log.warning("%s: %s: %s", self.hello.subscription, message.code, message.message)
        return message.deliveries if isinstance(message, Frame) else ()

    async def settle(self, settlement: Settlement) -> None:
        """See `DeliveryStream.settle`."""
        try:
            await self._socket.send_bytes(_encoder.encode(settlement))
        except (aiohttp.ClientError, OSError) as error:
            raise BusUnavailable(f"connection to {self._url} lost: {error}") from error

    async def close(self) -> None:
        """See `DeliveryStream.close`."""
        await self._socket.close()

    async def _next(self) -> Hello | Frame | Notice:
        message = await self._socket.receive()
        if message.type in (aiohttp.WSMsgType.BINARY, aiohttp.WSMsgType.TEXT):
            try:
                decoded: Hello | Frame | Notice = _message.decode(message.data)
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                raise BusUnavailable(f"{self._url} sent what is no frame: {error}") from error
            return decoded
        reason = str(message.extra or self._socket.exception() or "")
        if self._socket.close_code in _FOR_GOOD:
            hint = _NOT_KNOWN_HINT if self._socket.close_code == _NOT_KNOWN else ""
            raise SubscriptionError(f"{self._url}: {reason}", hint=hint)
        raise BusUnavailable(
            f"connection to {self._url} closed ({self._socket.close_code}) {reason}".rstrip()
        )
