"""JSON in and out: the one place where errors become HTTP."""

import logging
import math
from collections.abc import Callable

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from keybus.bus import NoSuchVersion
from keybus.bus.archive.replay import AlreadyReplaying, NoSuchReplay
from keybus.bus.dead_letters.clearing import AlreadyClearing, NoSuchClearing
from keybus.bus.dead_letters.search import NoSuchLetter
from keybus.bus.registry.errors import (
    NoSuchMigration,
    NoSuchProposal,
    NoSuchRelease,
    NotReleased,
    ReleasedMeanwhile,
    TooManyProposals,
)
from keybus.errors import (
    BrokenContracts,
    Conflict,
    ContractError,
    CredentialError,
    EngineError,
    EnvelopeError,
    Forbidden,
    InvalidEvent,
    KeybusError,
    Overloaded,
    PatternError,
    PlanOutdated,
    PlanRefused,
    StorageFailed,
    SubscriptionError,
    Throttled,
    TopologyError,
    Unauthenticated,
    UnknownEventType,
)
from keybus.governance.credentials import NoSuchCredential
from keybus.protocol import Problem

_log = logging.getLogger(__name__)

UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What a decoder raises for bytes that are not what was asked for, or are nested too deeply."""


class BadRequest(KeybusError):
    """A request whose body or parameters cannot be read."""

    code = "bad-request"


class TooLarge(KeybusError):
    """A request whose body is larger than is allowed."""

    code = "too-large"


_STATUS: tuple[tuple[type[KeybusError], int], ...] = (
    (Unauthenticated, 401),
    (Forbidden, 403),
    (Overloaded, 503),
    (Throttled, 429),
    (SubscriptionError, 404),
    (NoSuchCredential, 404),
    (NoSuchVersion, 404),
    (NoSuchClearing, 404),
    (NoSuchLetter, 404),
    (NoSuchReplay, 404),
    (UnknownEventType, 404),
    (NoSuchRelease, 404),
    (NoSuchMigration, 404),
    (NoSuchProposal, 404),
    (ReleasedMeanwhile, 409),
    (TooManyProposals, 409),
    (NotReleased, 422),
    (Conflict, 409),
    (PlanOutdated, 409),
    (AlreadyClearing, 409),
    (AlreadyReplaying, 409),
    (InvalidEvent, 422),
    (EnvelopeError, 400),
    (BadRequest, 400),
    (TooLarge, 413),
    (PatternError, 400),
    (CredentialError, 400),
    (PlanRefused, 422),
    (TopologyError, 400),
    (BrokenContracts, 400),
    (ContractError, 422),
    (StorageFailed, 503),
    (EngineError, 503),  # the bus is stopping
)


def json(value: object, status: int = 200) -> Response:
    """A value as a JSON answer."""
    return Response(msgspec.json.encode(value), status, media_type="application/json")


def status_of(kind: type[KeybusError]) -> int:
    """The status of an answer that tells of such an error."""
    return next((status for known, status in _STATUS if issubclass(kind, known)), 500)


def problem(error: KeybusError) -> Response:
    """An error as an answer: code, message and hint."""
    answer = json(Problem(error.code, str(error.args[0]), error.hint), status_of(type(error)))
    if isinstance(error, Unauthenticated):
        answer.headers["www-authenticate"] = 'Bearer realm="keybus"'
    if isinstance(error, Throttled):
        answer.headers["retry-after"] = str(math.ceil(error.retry_after))
    return answer


def refused(error: KeybusError) -> Response:
    """The same, and where it is the server's own fault it is logged."""
    answer = problem(error)
    # That it has too much to do is told to whoever asks, and is no fault to look into.
    if answer.status_code >= 500 and not isinstance(error, Throttled):  # noqa: PLR2004
        _log.error("%s", error, exc_info=error)
    return answer


async def body(request: Request, limit: int, came: Callable[[int], None] = lambda _: None) -> bytes:
    """The request's body.

    Args:
        request: The request.
        limit: Bytes that it may have.
        came: Told of the bytes of each part that comes.

    Raises:
        TooLarge: It has more than ``limit`` bytes; the rest is not read.
        BadRequest: The client went away in the middle of it.
    """
    receive, whole, more = request.receive, bytearray(), True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise BadRequest("the connection was closed before the body's end")
        part, more = message.get("body", b""), message.get("more_body", False)
        came(len(part))
        if len(whole) + len(part) > limit:
            raise TooLarge(f"the body has more than {limit} bytes", hint="send less at once")
        if not whole and not more:
            return bytes(part)  # as nearly always
        whole += part
    return bytes(whole)
