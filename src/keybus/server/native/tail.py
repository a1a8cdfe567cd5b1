"""Events as they become durable, over the native API: JSON lines without an end."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import ExitStack
from typing import Annotated, Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from keybus.bus import Bus
from keybus.bus.tapping.lines import End, Line
from keybus.bus.tapping.tail import Tail, Wanted
from keybus.bus.tapping.tap import Tap
from keybus.bus.tapping.view import AccountView, SubscriptionView, View
from keybus.errors import EngineError, PatternError, SubscriptionError
from keybus.governance import Principal
from keybus.governance.authorizer import Refusal
from keybus.patterns import Pattern
from keybus.protocol import API
from keybus.server.access import (
    CONSUME,
    MEMBER,
    AnyRoute,
    bus_of,
    decide,
    guarded,
    is_open,
    principal_of,
)
from keybus.server.moments import moment_of
from keybus.server.native.any_event import NO_PATTERN, PatternOrNull
from keybus.server.operation import Operation
from keybus.server.request import Body

MEDIA_TYPE: Final = "application/x-ndjson"
_NO_STANDING: Final = ("role", "unknown-account")
_NOTHING: Final = b"null"
_encode = msgspec.json.Encoder().encode


class TailRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``POST /api/v1/tail``.

    Attributes:
        pattern: The event pattern that an event has to match, in the form in which it is shown;
            null: any event.
        subscription: Only what this subscription is delivered, and as it is delivered.
        since: From when on: RFC 3339, a date, or microseconds since the Unix epoch; empty: what
            comes.
        limit: After so many events it ends; None: it does not.
    """

    pattern: PatternOrNull = NO_PATTERN
    subscription: Annotated[str, msgspec.Meta(max_length=256)] = ""
    since: Annotated[str, msgspec.Meta(max_length=64)] = ""
    limit: Annotated[int, msgspec.Meta(ge=1, le=10**12)] | None = None

    def wanted(self) -> Wanted:
        """The same, read.

        Raises:
            PatternError: The pattern is not valid.
            BadRequest: The time is none.
        """
        text = bytes(self.pattern)
        pattern = None if text == _NOTHING else Pattern.parse(text)
        since = moment_of("since", self.since) if self.since else None
        return Wanted(pattern, since, self.limit)


_REQUEST = Body(
    TailRequest,
    limit=64 << 10,
    wrong="the body does not say what to follow",
    hint='send {"pattern": {…}}, or {}',
    optional=True,
)


def routes() -> list[AnyRoute]:
    """The one route, with its decision."""
    return [
        guarded(
            f"{API}/tail",
            _tail,
            access=MEMBER,
            operation=Operation(
                id="tailEvents",
                summary="Events as they become durable, until whoever asks hangs up",
                description="Each line of the answer is a JSON object.",
                body=_REQUEST,
                answers={200: Line},
                media_type=MEDIA_TYPE,
                fails=(SubscriptionError, PatternError),
            ),
            methods=["POST"],
        )
    ]


async def _tail(request: Request) -> Response:
    bus, principal = bus_of(request), principal_of(request)
    asked = await _REQUEST.of(request)
    wanted = asked.wanted()
    asking = None if is_open(bus, principal) else principal
    view = _view(request, bus, asking, asked.subscription)
    with ExitStack() as opening:
        tap = opening.enter_context(bus.taps.tap(principal.account, view.may))
        tail = Tail(bus.engine, bus.taps, view, wanted, bus.clock)
        return _Tailing(_lines(request, tail, tap), opening.pop_all())


def _view(request: Request, bus: Bus, asking: Principal | None, subscription: str) -> View:
    """What may be watched.

    Raises:
        Forbidden: Nothing may, or not this subscription.
        SubscriptionError: There is no such subscription.
    """
    if subscription:
        decide(request, CONSUME, subscription)
        bus.dispatcher(subscription)
        return SubscriptionView(bus.control, subscription, asking, bus.clock)
    if asking is not None:
        bus.permission.require(asking, "tail", _barred(bus, asking))
    return AccountView(bus.control, asking, bus.clock)


def _barred(bus: Bus, asking: Principal) -> Refusal | None:
    """Why there is no event that somebody could read: neither publisher nor subscriber."""
    reading = bus.authorizer.read(asking, "", "", bus.clock.time_us())
    putting = bus.authorizer.put(asking, "", "")
    if reading is None or putting is None or putting.code not in _NO_STANDING:
        return None
    return reading if reading.code in _NO_STANDING else None


async def _lines(request: Request, tail: Tail, tap: Tap) -> AsyncIterator[bytes]:
    ending = asyncio.create_task(_credential_ended(request, tap))
    try:
        async for lines in tail.lines(tap):
            yield b"".join([_written(line) for line in lines])
    except EngineError as error:
        yield _written(End(str(error)))
    finally:
        ending.cancel()


def _written(line: Line) -> bytes:
    """One line of JSON, whatever blanks the event was sent with: within texts they are escaped."""
    return _encode(line).replace(b"\n", b" ").replace(b"\r", b" ") + b"\n"


async def _credential_ended(request: Request, tap: Tap) -> None:
    """End the tail when the credential that opened it no longer holds."""
    ended = getattr(request.state, "ended", None)
    if ended is not None:
        await ended(principal_of(request).credential)
        tap.close("the credential has expired or was revoked")


class _Tailing(StreamingResponse):
    """The answer, with what is to be let go of when it ends in whatever way."""

    def __init__(self, lines: AsyncIterator[bytes], opened: ExitStack) -> None:
        super().__init__(lines, media_type=MEDIA_TYPE)
        self._opened = opened

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._opened:
            await super().__call__(scope, receive, send)
