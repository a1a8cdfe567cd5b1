"""AWS JSON 1.1: a POST to ``/`` whose ``X-Amz-Target`` names the operation.

Source: Smithy specification, "AWS JSON 1.1 protocol".
"""

import logging
from collections.abc import Awaitable, Callable

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from keybus.bus import Bus
from keybus.clock import SYSTEM
from keybus.server.answers import BadRequest, TooLarge, body
from keybus.server.eventbridge.errors import AwsError
from keybus.server.eventbridge.put_events import put_events

_MEDIA_TYPE = "application/x-amz-json-1.1"
_SERVICE = "AWSEvents"
_MAX_BODY = 8 << 20
_log = logging.getLogger(__name__)

Operation = Callable[[Bus, bytes], Awaitable[msgspec.Struct]]
OPERATIONS: dict[str, Operation] = {"PutEvents": put_events}
"""Every operation that is answered."""


def routes() -> list[BaseRoute]:
    """The one route of the AWS JSON protocol."""
    return [Route("/", _call, methods=["POST"])]


async def _call(request: Request) -> Response:
    request_id = SYSTEM.uuid()
    try:
        content, status = msgspec.json.encode(await _answer(request)), 200
    except AwsError as error:
        content, status = error.body(), error.status
    except Exception:  # noqa: BLE001 - logged; AWS clients need an answer in AWS's shape
        _log.exception("%s failed", request.headers.get("x-amz-target"))
        content, status = AwsError("InternalException", "internal error").body(), 500
    return Response(content, status, {"x-amzn-RequestId": request_id}, media_type=_MEDIA_TYPE)


async def _answer(request: Request) -> msgspec.Struct:
    service, _, name = request.headers.get("x-amz-target", "").partition(".")
    operation = OPERATIONS.get(name) if service == _SERVICE else None
    if operation is None:
        raise AwsError("UnknownOperationException", "")
    try:
        content = await body(request, _MAX_BODY)
    except TooLarge as error:
        raise AwsError("RequestEntityTooLargeException", str(error), status=413) from error
    except BadRequest as error:
        raise AwsError("SerializationException", str(error)) from error
    return await operation(request.app.state.bus, content)
