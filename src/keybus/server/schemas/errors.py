"""Errors as EventBridge Schemas words them, and Keybus's own as it has them.

Source: EventBridge Schemas API reference, "Schemas": each error has a ``Code`` and a ``Message``.
"""

import math
from collections.abc import Mapping
from typing import Final

import msgspec
from starlette.responses import Response

from keybus.bus.registry.errors import LedgerBroken
from keybus.bus.schema_registries.errors import (
    BrokenSchema,
    NoSuchSchema,
    SchemaExists,
    SchemasRefused,
    TooManySchemas,
)
from keybus.clock import SYSTEM
from keybus.errors import Conflict, EngineError, Forbidden, KeybusError, Throttled
from keybus.server.answers import BadRequest, TooLarge
from keybus.server.auth import AuthenticationFailed
from keybus.server.aws.errors import REQUEST_ID, AwsError

BAD_REQUEST: Final = "BadRequestException"
CONFLICT: Final = "ConflictException"
FORBIDDEN: Final = "ForbiddenException"
NOT_FOUND: Final = "NotFoundException"
_STATUS: Final[Mapping[str, int]] = {
    BAD_REQUEST: 400,
    FORBIDDEN: 403,
    NOT_FOUND: 404,
    CONFLICT: 409,
    "InternalServerErrorException": 500,
    "ServiceUnavailableException": 503,
}
_KNOWN: Final[tuple[tuple[type[KeybusError], str], ...]] = (
    (NoSuchSchema, NOT_FOUND),
    (SchemaExists, CONFLICT),
    (BrokenSchema, BAD_REQUEST),
    (SchemasRefused, BAD_REQUEST),
    (TooManySchemas, FORBIDDEN),
    (Forbidden, FORBIDDEN),
    (BadRequest, BAD_REQUEST),
    (LedgerBroken, "ServiceUnavailableException"),
    (Conflict, "ServiceUnavailableException"),
    (EngineError, "ServiceUnavailableException"),
)
_OF_JSON_SERVICES: Final = ("ValidationException", "SerializationException")


def refused(kind: str, message: str) -> AwsError:
    """An error of this service.

    Args:
        kind: ``BadRequestException``, ``ForbiddenException`` …
        message: What is wrong, and what to do.
    """
    return AwsError(kind, message, status=_STATUS[kind])


def bad_request(message: str) -> AwsError:
    """What is asked for is not what may be asked for."""
    return refused(BAD_REQUEST, message)


def not_found(message: str) -> AwsError:
    """There is no such thing, as far as whoever asks may know."""
    return refused(NOT_FOUND, message)


def internal() -> AwsError:
    """The fault is the server's own; the log has it, and the answer nothing."""
    return refused("InternalServerErrorException", "internal error")


def told(error: KeybusError) -> AwsError | None:
    """An error of Keybus as this service has it; None where it is the server's own fault."""
    message = str(error.args[0])
    if isinstance(error, AuthenticationFailed):
        return AwsError(error.kind, message, status=403)
    if isinstance(error, TooLarge):
        return AwsError("RequestEntityTooLargeException", message, status=413)
    if isinstance(error, Throttled):
        return AwsError("ThrottlingException", message, status=429)
    for kind, name in _KNOWN:
        if isinstance(error, kind):
            return refused(name, f"{message} ({error.hint})" if error.hint else message)
    return None


def as_listed(error: AwsError, kinds: frozenset[str]) -> AwsError:
    """An error as an operation has it.

    Args:
        error: What is wrong.
        kinds: Which of ``NotFoundException`` and ``ConflictException`` its model lists.
    """
    unlisted = error.kind in (NOT_FOUND, CONFLICT) and error.kind not in kinds
    if unlisted or error.kind in _OF_JSON_SERVICES:
        return bad_request(str(error))
    return error


def answer_of(error: AwsError) -> Response:
    """The answer that tells of it."""
    headers = {REQUEST_ID: SYSTEM.uuid(), "x-amzn-ErrorType": error.kind}
    content = msgspec.json.encode({"Code": error.kind, "Message": str(error)})
    return Response(content, error.status, headers, media_type="application/json")


def refusal(error: KeybusError) -> Response:
    """An error of Keybus as an answer."""
    answer = answer_of(told(error) or internal())
    if isinstance(error, Throttled):
        answer.headers["retry-after"] = str(math.ceil(error.retry_after))
    return answer
