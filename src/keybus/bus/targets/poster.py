"""Posts over HTTPS: to addresses that were checked, within bounds of time and size."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Mapping
from io import BytesIO

import aiohttp
from yarl import URL

from keybus.bus.targets.answer import Outcome, outcome_of
from keybus.bus.targets.destination import Destination
from keybus.bus.targets.lookup import SystemLookup
from keybus.bus.targets.reach import AddressRefused, CheckedResolver, Reach
from keybus.bus.targets.settings import WebhookSettings
from keybus.clock import Clock

MAX_ANSWER_BYTES = 4096
"""Bytes of an answer that are read; what comes after is cut off with its connection."""
MAX_SAID = 200
"""Characters of an answer that are kept as the reason."""
MAX_REQUESTS = 500
"""Requests of all webhooks that are under way at once: each takes a file descriptor."""
_KEEP_SECONDS = 5.0  # endpoints close idle connections, some without a word


class Poster:
    """Makes requests for all webhooks; made on the event loop that uses it.

    No redirect is followed, no cookie kept, no proxy of the environment asked, and no answer
    unpacked. How many requests are under way at once is for each webhook to bound.

    Args:
        settings: How webhooks are delivered.
        clock: Time.
    """

    def __init__(self, settings: WebhookSettings, clock: Clock) -> None:
        self.reach = Reach(settings.networks, plain=settings.plain)
        self._clock = clock
        self._slots = asyncio.Semaphore(MAX_REQUESTS)
        self._names = SystemLookup() if settings.lookup is None else None
        lookup = settings.lookup or self._names
        assert lookup is not None
        connector = aiohttp.TCPConnector(
            resolver=CheckedResolver(lookup, self.reach),
            use_dns_cache=False,
            socket_factory=self.reach.socket,
            ssl=settings.tls or ssl.create_default_context(),
            limit=0,
            keepalive_timeout=_KEEP_SECONDS,
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            trust_env=False,
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(
                total=settings.total_seconds,
                connect=settings.connect_seconds,
                sock_connect=settings.connect_seconds,
                sock_read=settings.read_seconds,
            ),
        )

    async def post(self, where: Destination, body: bytes, headers: Mapping[str, str]) -> Outcome:
        """Post, and judge what comes of it."""
        url = URL(where.url, encoded=True)  # as it was declared, and checked
        try:
            async with (
                self._slots,
                self._session.post(
                    url, data=BytesIO(body), headers=headers, allow_redirects=False
                ) as answer,
            ):
                said = await _beginning(answer)
                after = answer.headers.get("Retry-After", "")
                return outcome_of(answer.status, said, after, self._clock.time_us())
        except TimeoutError as error:
            reason = str(error) or "no answer in time"
            return Outcome("again", f"{where.host}: {reason}", is_down=True)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return Outcome("again", _in_words(where, error), is_down=True)

    async def close(self) -> None:
        """Close all connections."""
        await self._session.close()
        if self._names is not None:
            self._names.close()


async def _beginning(answer: aiohttp.ClientResponse) -> str:
    """The first characters of an answer, on one line.

    An answer that is longer than what is read has its connection cut, or the rest would have to
    be taken in; one that breaks off has said what it has said, and its status counts.
    """
    read = bytearray()
    ended = False
    with contextlib.suppress(aiohttp.ClientError, asyncio.TimeoutError):
        while len(read) < MAX_ANSWER_BYTES and not ended:
            part = await answer.content.read(MAX_ANSWER_BYTES - len(read))
            read += part
            ended = not part
    if not ended:
        answer.close()
    return _one_line(read.decode("utf-8", "replace"))


def _one_line(text: str) -> str:
    """As much of a stranger's text as is kept, without what acts on a terminal."""
    printable = "".join(each if each.isprintable() else " " for each in text)
    return " ".join(printable.split())[:MAX_SAID]


def _in_words(where: Destination, error: Exception) -> str:
    """What went wrong, without telling what is inside of the bus's network."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, AddressRefused):
        cause = cause.__cause__ or getattr(cause, "os_error", None)
    if cause is not None:
        return str(cause)
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return f"{where.host}: its name leads nowhere"
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        certificate = error.certificate_error
        why = getattr(certificate, "verify_message", "") or certificate
        return f"{where.host}: its certificate does not hold: {why}"
    if isinstance(error, aiohttp.ClientConnectorError):
        inner = error.os_error
        why = inner.strerror or type(inner).__name__
        return f"{where.host}: cannot be connected to: {why}"
    if isinstance(error, socket.gaierror):
        return f"{where.host}: its name leads nowhere"
    return f"{where.host}: {type(error).__name__}: {_one_line(str(error))}"
