"""REST JSON: an operation is a method and a path, and each is a route with its own decision.

Source: Smithy specification, "AWS restJson1 protocol".
"""

import logging
import re
from collections.abc import Mapping
from typing import Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope

from keybus.clock import SYSTEM
from keybus.errors import KeybusError
from keybus.server.access import MEMBER, AnyRoute, Endpoint, guarded
from keybus.server.answers import body
from keybus.server.aws import AwsError, Call
from keybus.server.aws.errors import REQUEST_ID
from keybus.server.schemas.errors import (
    answer_of,
    as_listed,
    internal,
    refusal,
    refused,
    told,
)
from keybus.server.schemas.operation import Operation, Refused
from keybus.server.schemas.places import asked

_PREFIXES: Final = ("/v1/", "/tags/")
_PARAMETER: Final = re.compile(r"\{([\w-]+)\}")
_ARN: Final = "resource-arn"
_MOST_BYTES: Final = 1 << 20
_NAMES: Final = "; names of registries and schemas are not empty, and have no slash"
_log = logging.getLogger(__name__)


class Face:
    """Answers the operations of a service.

    Args:
        name: The service, as boto3 calls it.
        operations: What is answered.
        refused: What is refused on purpose.
    """

    def __init__(
        self, name: str, operations: Mapping[str, Operation], refused: Mapping[str, Refused]
    ) -> None:
        self.name, self.operations, self.refused = name, operations, refused

    def routes(self) -> list[AnyRoute]:
        """A route for each operation, with its decision."""
        answered = [
            guarded(
                route_path(each.path),
                _answering(name, each),
                access=each.access,
                methods=[each.method],
            )
            for name, each in self.operations.items()
        ]
        turned_away = [
            guarded(
                route_path(each.path), _refusing(name, each), access=MEMBER, methods=[each.method]
            )
            for name, each in self.refused.items()
        ]
        return [*answered, *turned_away]

    def refusal(self, scope: Scope, error: KeybusError) -> Response | None:
        """An error as the service words it; None where it is not asked."""
        return refusal(error) if _is_asked(scope) else None

    def unknown(self, scope: Scope) -> Response | None:
        """That there is no such operation; None where the service is not asked."""
        if not _is_asked(scope):
            return None
        message = f"{scope['method']} {scope['path'][:200]} is no operation of {self.name}{_NAMES}"
        return answer_of(AwsError("UnknownOperationException", message, status=404))


def route_path(path: str) -> str:
    """A path of the service model as routes have it; an ARN has slashes."""
    return _PARAMETER.sub(
        lambda found: "{arn:path}" if found[1] == _ARN else "{" + found[1] + "}", path
    )


def _is_asked(scope: Scope) -> bool:
    path: str = scope["path"]
    return scope["type"] == "http" and path.startswith(_PREFIXES)


def _answering(name: str, operation: Operation) -> Endpoint:
    async def answer(request: Request) -> Response:
        call = Call.of(request)
        try:
            found = await _answer(call, request, operation)
        except AwsError as error:
            return answer_of(as_listed(error, operation.kinds))
        except KeybusError as error:
            known = told(error)
            if known is None:
                return _failed(name)
            kept = as_listed(known, operation.kinds)
            return refusal(error) if kept is known else answer_of(kept)
        except Exception:  # noqa: BLE001 - logged; AWS clients need an answer in AWS's shape
            return _failed(name)
        headers = {REQUEST_ID: SYSTEM.uuid(), **call.headers}
        if isinstance(found, bytes):
            return Response(found, operation.status, headers, media_type="application/zip")
        content = b"" if found is None else msgspec.json.encode(found)
        return Response(content, operation.status, headers, media_type="application/json")

    return answer


async def _answer(
    call: Call, request: Request, operation: Operation
) -> msgspec.Struct | bytes | None:
    with call.bus.backlog.request(call.principal.account) as offered:
        content = await body(request, _MOST_BYTES, offered.more)
        path = {_ARN if name == "arn" else name: text for name, text in request.path_params.items()}
        parameters = request.query_params.multi_items()
        return await operation.handler(call, asked(operation.asked, path, parameters, content))


def _refusing(name: str, operation: Refused) -> Endpoint:
    async def answer(_: Request) -> Response:
        message = f"{name} is not supported by Keybus: {operation.why}"
        return answer_of(refused(operation.kind, message))

    return answer


def _failed(name: str) -> Response:
    _log.exception("%s failed", name)
    return answer_of(internal())
