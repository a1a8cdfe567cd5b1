"""Posts over HTTPS: to addresses that were checked, within bounds of time and size."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Mapping
from io import BytesIO

import aiohttp
import msgspec
from yarl import URL

from keybus.bus.targets.answer import Outcome, outcome_of
from keybus.bus.targets.destination import Destination
from keybus.bus.targets.lookup import SystemLookup
from keybus.bus.targets.reach import AddressRefused, CheckedResolver, Reach
from keybus.bus.targets.settings import WebhookSettings
from keybus.clock import Clock
from keybus.errors import KeybusError

MAX_ANSWER_BYTES = 4096
"""Bytes of an answer that are read; what comes after is cut off with its connection."""
MAX_SAID = 200
"""Characters of an answer that are kept as the reason."""
MAX_REQUESTS = 500
"""Requests that are under way at once: each takes a file descriptor."""
MAX_REQUESTS_OF_ACCOUNT = 100
"""The same of one account, so that slow endpoints of some keep no others waiting."""
_KEEP_SECONDS = 5.0  # endpoints close idle connections, some without a word


class Answered(msgspec.Struct, frozen=True):
    """What an endpoint answered.

    Attributes:
        status: The status.
        beginning: The first bytes of its body.
        retry_after: Its header of that name; empty where there is none.
    """

    status: int
    beginning: bytes
    retry_after: str


class Unanswered(KeybusError):
    """A request that was not answered; its text tells nothing of the request but the host.

    Args:
        message: What went wrong.
        is_late: Whether there was no answer in time.
    """

    code = "unanswered"

    def __init__(self, message: str, *, is_late: bool = False) -> None:
        super().__init__(message)
        self.is_late = is_late


class Poster:
    """Makes requests for all targets; made on the event loop that uses it.

    No redirect is followed, no cookie kept, no proxy of the environment asked, and no answer
    unpacked. Requests wait where too many are under way, their account's or all.

    Args:
        settings: How webhooks are delivered.
        clock: Time.
    """

    def __init__(self, settings: WebhookSettings, clock: Clock) -> None:
        self.reach = Reach(settings.networks, plain=settings.plain)
        self._clock = clock
        self._slots = asyncio.Semaphore(MAX_REQUESTS)
        self._shares: dict[str, asyncio.Semaphore] = {}
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
        self._settings = settings
        self._session = aiohttp.ClientSession(
            connector=connector,
            trust_env=False,
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),
        )

    async def post(
        self, where: Destination, body: bytes, headers: Mapping[str, str], *, account: str
    ) -> Outcome:
        """Post for an account, and judge what comes of it."""
        try:
            answered = await self.exchange("POST", where, body, headers, account=account)
        except Unanswered as error:
            return Outcome("again", str(error), is_down=True)
        said = one_line(answered.beginning.decode("utf-8", "replace"))
        return outcome_of(answered.status, said, answered.retry_after, self._clock.time_us())

    async def exchange(
        self,
        method: str,
        where: Destination,
        body: bytes | None,
        headers: Mapping[str, str],
        *,
        account: str,
        seconds: float | None = None,
        most: int = MAX_ANSWER_BYTES,
    ) -> Answered:
        """Make a request.

        Args:
            method: Its method.
            where: Where to; its URL is taken as it is, and was checked.
            body: What is sent; None: nothing.
            headers: Its headers.
            account: The name of the account for which it is made.
            seconds: For all of it, where that is less than webhooks have.
            most: Bytes of the answer that are read.

        Raises:
            Unanswered: There was no answer.
        """
        data = None if body is None else BytesIO(body)
        try:
            async with (
                self._share(account),
                self._slots,
                self._session.request(
                    method,
                    URL(where.url, encoded=True),
                    data=data,
                    headers=headers,
                    allow_redirects=False,
                    timeout=self._timeout(seconds),
                ) as answer,
            ):
                beginning = await _beginning(answer, most)
                after = answer.headers.get("Retry-After", "")
                return Answered(answer.status, beginning, after)
        except TimeoutError as error:
            what = "connection" if isinstance(error, aiohttp.ConnectionTimeoutError) else "answer"
            raise Unanswered(f"{where.host}: no {what} in time", is_late=True) from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise Unanswered(_in_words(where, error)) from error

    async def close(self) -> None:
        """Close all connections."""
        await self._session.close()
        if self._names is not None:
            self._names.close()

    def _share(self, account: str) -> asyncio.Semaphore:
        return self._shares.setdefault(account, asyncio.Semaphore(MAX_REQUESTS_OF_ACCOUNT))

    def _timeout(self, seconds: float | None) -> aiohttp.ClientTimeout:
        settings = self._settings
        return aiohttp.ClientTimeout(
            total=min(settings.total_seconds, seconds or settings.total_seconds),
            connect=settings.connect_seconds,
            sock_connect=settings.connect_seconds,
            sock_read=settings.read_seconds,
        )


async def _beginning(answer: aiohttp.ClientResponse, most: int) -> bytes:
    """The first bytes of an answer.

    An answer that is longer than what is read has its connection cut, or the rest would have to
    be taken in; one that breaks off has said what it has said, and its status counts.
    """
    read = bytearray()
    ended = False
    with contextlib.suppress(aiohttp.ClientError, asyncio.TimeoutError):
        while len(read) < most and not ended:
            part = await answer.content.read(most - len(read))
            read += part
            ended = not part
    if not ended:
        answer.close()
    return bytes(read)


def one_line(text: str) -> str:
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
    if isinstance(error, aiohttp.ClientConnectorDNSError | socket.gaierror):
        return f"{where.host}: its name leads nowhere"
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        certificate = error.certificate_error
        why = getattr(certificate, "verify_message", "") or certificate
        return f"{where.host}: its certificate does not hold: {why}"
    if isinstance(error, aiohttp.ClientConnectorError):
        inner = error.os_error
        why = inner.strerror or type(inner).__name__
        return f"{where.host}: cannot be connected to: {why}"
    # What libraries say of errors quotes addresses and answers, and secrets may stand in them.
    no_http = isinstance(error, aiohttp.ClientResponseError)
    return f"{where.host}: {'it answers no HTTP' if no_http else type(error).__name__}"
