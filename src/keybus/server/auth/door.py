"""The door: nothing is answered, not even whether there is such a path, before it knows who asks."""

from collections.abc import Callable
from typing import Protocol

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from keybus.clock import SYSTEM, Clock
from keybus.errors import KeybusError, Throttled
from keybus.governance import ANYBODY, Principal
from keybus.governance.credentials import Registry
from keybus.governance.credentials.tokens import read_token
from keybus.server.answers import body
from keybus.server.auth.allowance import Allowance, Waiting
from keybus.server.auth.canonical import HttpRequest
from keybus.server.auth.failures import AuthenticationFailed, incomplete, missing, unknown
from keybus.server.auth.sigv4 import Verifier, is_signed
from keybus.server.auth.throttle import Throttle, network_of

MAX_SIGNED_BODY = 8 << 20
"""Bytes of a signed request's body, which has to be here whole before it is known who sent it."""
NOBODY = Principal("", frozenset())
_MAX_AUTHORIZATION = 4096
_MAX_ADDRESS = 64  # a proxy that is believed may pass anything on


class Refused(Protocol):
    """Keeps book of those who were not let in."""

    def __call__(self, principal: Principal, what: str, error: KeybusError) -> None:
        """Told who it claims to be (its credential's id only), what it asked for, and why not."""


Render = Callable[[Scope, KeybusError], Response]
"""An error as the face answers it that was asked."""


class Door:
    """An ASGI middleware that finds out who asks: ``state["principal"]``.

    Args:
        app: What stands behind it.
        registry: The credentials.
        public: Paths that are open to everybody, exactly as they have to be asked for.
        render: How refusals are answered.
        refused: Told of them.
        clock: Time.
    """

    def __init__(
        self,
        app: ASGIApp,
        registry: Registry,
        *,
        public: frozenset[str],
        render: Render,
        refused: Refused,
        clock: Clock = SYSTEM,
    ) -> None:
        self._app, self._registry = app, registry
        self._public, self._render, self._refused = public, render, refused
        self._verifier = Verifier(registry.secret_key, clock)
        self._throttle = Throttle(clock)
        self._allowance = Allowance()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on with its principal, or answer it."""
        if scope["type"] not in ("http", "websocket"):
            return
        if scope["type"] == "http" and _raw_path(scope) in self._public:
            scope.setdefault("state", {})["principal"] = NOBODY
            await self._app(scope, receive, send)
            return
        try:
            principal, again = await self._let_in(scope, receive)
        except KeybusError as error:
            await self._render(scope, error)(scope, receive, send)
            return
        scope.setdefault("state", {})["principal"] = principal
        scope["state"]["ended"] = self._registry.ended
        await self._app(scope, again, send)

    async def _let_in(self, scope: Scope, receive: Receive) -> tuple[Principal, Receive]:
        """Who it is, and the request's body once more.

        Raises:
            AuthenticationFailed: It has no credential that holds.
            Throttled: Too many had none, or too many are on their way.
            TooLarge: The body cannot be taken.
        """
        given = [v.decode("latin-1") for n, v in scope["headers"] if n == b"authorization"]
        if not given:
            raise missing()
        address = scope["client"][0][:_MAX_ADDRESS] if scope.get("client") else ""
        claimed = _claimed(given[0])
        trusted = self._throttle.trusts(address, claimed)
        try:
            if not trusted:
                self._slow_down(address, claimed)
            if (principal := self._by_token(given)) is None:
                with self._allowance.body(network_of(address), trusted=trusted) as waiting:
                    principal, receive = await self._signed(scope, receive, given[0], waiting)
        except (AuthenticationFailed, Throttled) as error:
            if isinstance(error, AuthenticationFailed) and error.guess:
                self._throttle.failed(address, claimed)
            claimant = Principal("", frozenset(), claimed)
            self._refused(claimant, f"authenticate from {address}", error)
            raise
        self._throttle.succeeded(address, claimed)
        return principal, receive

    def _slow_down(self, address: str, claimed: str) -> None:
        """Raises Throttled while an address or a credential pauses."""
        pause = self._throttle.pause(address, claimed)
        if pause > 0:
            raise Throttled(
                "too many requests with credentials that do not hold came from there",
                retry_after=pause,
                hint="ask again later, with one that does",
            )

    def _by_token(self, given: list[str]) -> Principal | None:
        """Whoever sent a bearer token; None where the header is of another kind."""
        if len(given) > 1 or len(given[0]) > _MAX_AUTHORIZATION:
            raise incomplete("There is more than one Authorization header, or it is too long.")
        scheme, _, credential = given[0].partition(" ")
        if scheme.lower() != "bearer":
            return None
        principal = self._registry.by_token(credential.strip(" "))
        if principal is None:
            raise unknown()
        return principal

    async def _signed(
        self, scope: Scope, receive: Receive, given: str, waiting: Waiting
    ) -> tuple[Principal, Receive]:
        """Whoever signed the request, and its body once more."""
        if not is_signed(given):
            raise incomplete(
                "Authorization must be 'Bearer TOKEN' or an AWS4-HMAC-SHA256 signature."
            )
        request = _as_signed(scope)
        claim = self._verifier.claim(request)
        content = b""
        if scope["type"] == "http":
            content = await body(Request(scope, _counted(receive, waiting)), MAX_SIGNED_BODY)
            receive = _once_more(content, receive)
        principal = self._registry.by_key(self._verifier.verify(request, claim, content))
        if principal is None:
            raise unknown()
        return principal, receive


def open_door(app: ASGIApp) -> ASGIApp:
    """The middleware of a bus that asks nobody: whoever asks is anybody."""

    async def pass_on(scope: Scope, receive: Receive, send: Send) -> None:
        scope.setdefault("state", {})["principal"] = ANYBODY
        await app(scope, receive, send)

    return pass_on


def _claimed(authorization: str) -> str:
    """The credential's id that a header names, of whichever kind; empty where it names none."""
    _, _, rest = authorization[:_MAX_AUTHORIZATION].partition(" ")
    if read := read_token(rest.strip(" ")):
        return read[0]
    _, found, credential = rest.partition("Credential=")
    key_id = credential.partition("/")[0] if found else ""
    return key_id if len(key_id) <= 128 and key_id.isalnum() and key_id.isascii() else ""  # noqa: PLR2004 - as sigv4 takes them


def _raw_path(scope: Scope) -> str:
    """The path as it was sent: what is open has to be asked for by its very name."""
    raw: bytes = scope.get("raw_path") or scope["path"].encode()
    return raw.decode("latin-1")


def _as_signed(scope: Scope) -> HttpRequest:
    return HttpRequest(
        method=scope.get("method", "GET"),
        path=_raw_path(scope),
        query=scope["query_string"].decode("latin-1"),
        headers=[(n.decode("latin-1").lower(), v.decode("latin-1")) for n, v in scope["headers"]],
    )


def _counted(receive: Receive, waiting: Waiting) -> Receive:
    """The body, each part of it counted as it comes."""

    async def counted() -> Message:
        message = await receive()
        waiting.more(len(message.get("body", b"")))
        return message

    return counted


def _once_more(content: bytes, receive: Receive) -> Receive:
    """The body that was read already, then whatever follows it."""
    left: list[Message] = [{"type": "http.request", "body": content, "more_body": False}]

    async def again() -> Message:
        return left.pop() if left else await receive()

    return again
