"""OAuth access tokens: asked for by client credentials, kept until they expire, renewed when refused.

Source: RFC 6749, sections 2.3.1, 4.4 and 5; RFC 6750, section 2.1.
"""

import asyncio
import base64
import math
import re
from collections.abc import Callable
from typing import Final
from urllib.parse import quote, quote_plus, urlencode

import msgspec

from keybus.bus.api_destinations.authorization import Additions, OAuth
from keybus.bus.api_destinations.headers import Headers
from keybus.bus.api_destinations.query import with_query
from keybus.bus.targets.destination import Destination
from keybus.bus.targets.poster import Answered, Poster, Unanswered
from keybus.clock import Clock
from keybus.errors import KeybusError

SECONDS: Final = 5.0
"""For an answer, as for all requests to API destinations."""
_MOST_ANSWER: Final = 64 << 10
_MOST_EARLY: Final = 30.0  # seconds before its end at which a token is asked for anew
_DONE = range(200, 300)
_TOKEN = re.compile(r"[\x21-\x7e]{1,16384}")  # what a header may hold
_ERRORS: Final = frozenset(  # RFC 6749, section 5.2; what else is said may be anything
    {
        *("invalid_request", "invalid_client", "invalid_grant", "unauthorized_client"),
        *("unsupported_grant_type", "invalid_scope"),
    }
)
_FORM: Final = "application/x-www-form-urlencoded"


class NoToken(KeybusError):
    """No token was issued; its text holds nothing that is secret."""

    code = "no-token"


class _Issued(msgspec.Struct, frozen=True):
    access_token: str
    expires_in: float | str | None = None


class _Refused(msgspec.Struct, frozen=True):
    error: str = ""


class _Token(msgspec.Struct, frozen=True):
    text: str
    ends: float

    def __repr__(self) -> str:
        return "_Token(…)"


_issued = msgspec.json.Decoder(_Issued)
_refused = msgspec.json.Decoder(_Refused)


class Tokens:
    """The tokens that are in use. Belongs to one event loop; kept in memory only.

    Args:
        poster: Makes the requests.
        clock: Time.
    """

    def __init__(self, poster: Callable[[], Poster], clock: Clock) -> None:
        self._poster, self._clock = poster, clock
        self._tokens: dict[str, _Token] = {}
        self._asking: dict[str, asyncio.Lock] = {}

    def __len__(self) -> int:
        """How many connections' tokens are kept, or asked for."""
        return len(self._asking)

    async def token(
        self, account: str, revision: str, means: OAuth, where: Destination, *, refused: str = ""
    ) -> str:
        """A token that holds, as far as is known.

        Args:
            account: The name of the account whose connection it is.
            revision: Of the connection's parameters: one token for each.
            means: By what it is asked for.
            where: The authorization endpoint, checked.
            refused: A token that an endpoint has just refused, and which is not meant.

        Raises:
            NoToken: None was issued.
        """
        async with self._asking.setdefault(revision, asyncio.Lock()):
            known = self._tokens.get(revision)
            if known is not None and known.text != refused and self._clock.monotonic() < known.ends:
                return known.text
            token = await self._ask(account, means, where)
            self._tokens[revision] = token
            return token.text

    def forget(self, revision: str) -> None:
        """Let go of what belongs to parameters that are no more."""
        self._tokens.pop(revision, None)
        self._asking.pop(revision, None)

    async def _ask(self, account: str, means: OAuth, where: Destination) -> _Token:
        url, body, headers = request_of(means)
        there = msgspec.structs.replace(where, url=url)
        asked_at = self._clock.monotonic()
        try:
            answered = await self._poster().exchange(
                means.method,
                there,
                body,
                headers,
                account=account,
                seconds=SECONDS,
                most=_MOST_ANSWER,
            )
        except Unanswered as error:
            raise NoToken(f"the authorization endpoint does not answer: {error}") from None
        if answered.status not in _DONE:
            raise NoToken(f"the authorization endpoint answered {_told(answered)}")
        return _read(answered, asked_at)


def request_of(means: OAuth) -> tuple[str, bytes | None, dict[str, str]]:
    """What a token is asked for with: the URL, the body (None: there is none) and the headers.

    The client's id and secret are in the body. In a GET, which has none, and never in a URL, they
    are an ``Authorization`` header; whoever gives such a header themselves has it sent alone.
    """
    given = means.additions
    headers = Headers({"Accept": "application/json", "Accept-Encoding": "identity"})
    fields = {"grant_type": "client_credentials"}
    own_header = any(each.key.lower() == "authorization" for each in given.headers)
    if means.method == "GET":
        if not own_header:
            headers.set([("Authorization", _basic(means))])
        fields |= {each.key: each.value for each in (*given.query, *given.body)}
        headers.set((each.key, each.value) for each in given.headers)
        return with_query(means.endpoint, fields), None, headers.all()
    if not own_header:
        fields |= {"client_id": means.client_id, "client_secret": means.client_secret}
    fields |= {each.key: each.value for each in given.body}
    headers.set([("Content-Type", _FORM)])
    headers.set((each.key, each.value) for each in given.headers)
    query = {each.key: each.value for each in given.query}
    return with_query(means.endpoint, query), _body(fields, given), headers.all()


def _body(fields: dict[str, str], given: Additions) -> bytes:
    """A form; JSON, where the connection's own headers say that it is."""
    types = [each.value for each in given.headers if each.key.lower() == "content-type"]
    if types and types[-1].partition(";")[0].strip().lower() == "application/json":
        return msgspec.json.encode(fields)
    return urlencode(fields, quote_via=quote_plus).encode()


def _basic(means: OAuth) -> str:
    pair = f"{quote(means.client_id, safe='')}:{quote(means.client_secret, safe='')}"
    return f"Basic {base64.b64encode(pair.encode()).decode()}"


def _told(answered: Answered) -> str:
    """The status, and the error's code where RFC 6749 has it."""
    try:
        code = _refused.decode(answered.beginning).error
    except (msgspec.MsgspecError, UnicodeDecodeError):
        code = ""
    known = f" ({code})" if code in _ERRORS else ""
    return f"{answered.status}{known}"


def _read(answered: Answered, asked_at: float) -> _Token:
    try:
        issued = _issued.decode(answered.beginning)
        seconds = math.inf if issued.expires_in is None else float(issued.expires_in)
    except (msgspec.MsgspecError, UnicodeDecodeError, ValueError):
        raise NoToken("the authorization endpoint answered without an access token") from None
    if not _TOKEN.fullmatch(issued.access_token):
        raise NoToken("the authorization endpoint issued what cannot be a token")
    early = min(_MOST_EARLY, seconds / 10)
    return _Token(issued.access_token, asked_at + max(0.0, seconds - early))
