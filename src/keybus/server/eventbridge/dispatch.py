"""AWS JSON 1.1: a POST to ``/`` whose ``X-Amz-Target`` names the operation.

Source: Smithy specification, "AWS JSON 1.1 protocol".
"""

import logging
import math
from collections.abc import Awaitable, Callable

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from keybus.bus import Bus
from keybus.clock import SYSTEM
from keybus.errors import Forbidden, KeybusError, Throttled
from keybus.governance import Principal
from keybus.server.access import (
    MEMBER,
    PUT,
    Access,
    AnyRoute,
    bus_of,
    decide,
    guarded,
    principal_of,
)
from keybus.server.answers import BadRequest, TooLarge, body
from keybus.server.auth import AuthenticationFailed
from keybus.server.eventbridge.errors import AwsError
from keybus.server.eventbridge.put_events import put_events

PATH = "/"
_MEDIA_TYPE = "application/x-amz-json-1.1"
_SERVICE = "AWSEvents"
_MAX_BODY = 8 << 20
_log = logging.getLogger(__name__)

Handler = Callable[[Bus, Principal, bytes], Awaitable[msgspec.Struct]]


class Operation(msgspec.Struct, frozen=True):
    """An operation that is answered.

    Attributes:
        handler: Answers it.
        access: Who may call it.
    """

    handler: Handler
    access: Access


OPERATIONS: dict[str, Operation] = {"PutEvents": Operation(put_events, PUT)}
"""Every operation that is answered, and who may call it."""


def routes() -> list[AnyRoute]:
    """The one route of the AWS JSON protocol; each operation has a decision of its own."""
    return [guarded(PATH, _call, access=MEMBER, methods=["POST"])]


def refusal(error: KeybusError) -> Response:
    """An error as AWS words it."""
    aws = _as_aws(error)
    answer = _respond(aws.body(), aws.status)
    if isinstance(error, Throttled):
        answer.headers["retry-after"] = str(math.ceil(error.retry_after))
    return answer


async def _call(request: Request) -> Response:
    try:
        return _respond(msgspec.json.encode(await _answer(request)), 200)
    except AwsError as error:
        return _respond(error.body(), error.status)
    except KeybusError as error:
        if isinstance(error, Forbidden | TooLarge | BadRequest | Throttled):
            return refusal(error)
        return _failed(request)
    except Exception:  # noqa: BLE001 - logged; AWS clients need an answer in AWS's shape
        return _failed(request)


def _failed(request: Request) -> Response:
    _log.exception("%s failed", request.headers.get("x-amz-target"))
    return _respond(AwsError("InternalException", "internal error").body(), 500)


def _respond(content: bytes, status: int) -> Response:
    headers = {"x-amzn-RequestId": SYSTEM.uuid()}
    return Response(content, status, headers, media_type=_MEDIA_TYPE)


async def _answer(request: Request) -> msgspec.Struct:
    service, _, name = request.headers.get("x-amz-target", "").partition(".")
    operation = OPERATIONS.get(name) if service == _SERVICE else None
    if operation is None:
        raise AwsError("UnknownOperationException", "")
    decide(request, operation.access)
    bus, principal = bus_of(request), principal_of(request)
    with bus.backlog.request(principal.account) as offered:
        content = await body(request, _MAX_BODY, offered.more)
        return await operation.handler(bus, principal, content)


def _as_aws(error: KeybusError) -> AwsError:
    """AWS's name and status for an error; JSON services answer 400 also for who may not.

    Source: EventBridge API reference, "Common error types".
    """
    message = str(error.args[0])
    if isinstance(error, AuthenticationFailed):
        return AwsError(error.kind, message)
    if isinstance(error, Forbidden):
        return AwsError("AccessDeniedException", message)
    if isinstance(error, Throttled):
        return AwsError("ThrottlingException", message, status=429)
    if isinstance(error, TooLarge):
        return AwsError("RequestEntityTooLargeException", message, status=413)
    return AwsError("SerializationException", message)
