"""Errors as AWS words them, and Keybus's own as AWS has them."""

import math
from typing import Final

import msgspec
from starlette.responses import Response

from keybus.bus.event_bus.custom_bus import NoSuchBus
from keybus.clock import SYSTEM
from keybus.errors import Conflict, EngineError, Forbidden, KeybusError, PatternError, Throttled
from keybus.server.answers import BadRequest, TooLarge
from keybus.server.auth import AuthenticationFailed

REQUEST_ID = "x-amzn-RequestId"
_SERVER_FAULT = 500
_KNOWN: Final[tuple[tuple[type[KeybusError], str, int], ...]] = (
    (Forbidden, "AccessDeniedException", 400),
    (NoSuchBus, "ResourceNotFoundException", 400),  # it went while it was asked for
    (Throttled, "ThrottlingException", 429),
    (TooLarge, "RequestEntityTooLargeException", 413),
    (BadRequest, "SerializationException", 400),
    (Conflict, "ConcurrentModificationException", 400),
    (PatternError, "InvalidEventPatternException", 400),
    (EngineError, "ServiceUnavailable", 503),
)


class AwsError(Exception):
    """An answer that is an error, in the shape of AWS's JSON protocols.

    Args:
        kind: The exception's name, such as ``ValidationException``.
        message: Its message.
        status: The HTTP status.
        query_code: What services that once spoke AWS's query protocol, as SQS did, call it there,
            such as ``AWS.SimpleQueueService.NonExistentQueue``; empty: as here.
    """

    def __init__(self, kind: str, message: str, *, status: int = 400, query_code: str = "") -> None:
        super().__init__(message)
        self.kind, self.status, self.query_code = kind, status, query_code

    def answer(self, media_type: str) -> Response:
        """The answer that tells of it."""
        headers = {REQUEST_ID: SYSTEM.uuid(), "x-amzn-ErrorType": self.kind}
        if self.query_code:
            fault = "Receiver" if self.status >= _SERVER_FAULT else "Sender"
            headers["x-amzn-query-error"] = f"{self.query_code};{fault}"
        content = msgspec.json.encode({"__type": self.kind, "message": str(self)})
        return Response(content, self.status, headers, media_type=media_type)


def invalid(message: str) -> AwsError:
    """What is asked for is not what may be asked for."""
    return AwsError("ValidationException", message)


def internal() -> AwsError:
    """The fault is the server's own; the log has it, and the answer nothing."""
    return AwsError("InternalException", "internal error", status=500)


def told(error: KeybusError) -> AwsError | None:
    """An error of Keybus as AWS has it; None where it is the server's own fault.

    JSON services answer 400 also to who may not. Source: EventBridge API reference, "Common error
    types".
    """
    # Hints are for whoever runs the bus, but for where rights come from.
    message = str(error) if isinstance(error, Forbidden) else str(error.args[0])
    if isinstance(error, AuthenticationFailed):
        return AwsError(error.kind, message)
    for kind, name, status in _KNOWN:
        if isinstance(error, kind):
            return AwsError(name, message, status=status)
    return None


def refusal(error: KeybusError, media_type: str) -> Response:
    """An error of Keybus as an answer."""
    answer = (told(error) or internal()).answer(media_type)
    if isinstance(error, Throttled):
        answer.headers["retry-after"] = str(math.ceil(error.retry_after))
    return answer
