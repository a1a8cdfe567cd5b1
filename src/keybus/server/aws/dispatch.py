"""AWS JSON: a POST to ``/`` whose ``X-Amz-Target`` names the service and the operation.

Source: Smithy specification, "AWS JSON 1.0 protocol" and "AWS JSON 1.1 protocol".
"""

import logging
import re
from collections.abc import Sequence

import msgspec
from starlette.convertors import Convertor, register_url_convertor
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope

from keybus.clock import SYSTEM
from keybus.errors import KeybusError
from keybus.server.access import MEMBER, AnyRoute, decide, first_header, guarded
from keybus.server.answers import body
from keybus.server.aws.call import Call
from keybus.server.aws.errors import REQUEST_ID, AwsError, internal, refusal, told
from keybus.server.aws.operation import Operation, Service
from keybus.server.aws.reading import read

PATH = "/"
QUEUE_PATH = "/{account:account_id}/{queue:path}"
"""A queue's URL: some of SQS's clients send there what others send to `PATH`."""
_QUEUE = re.compile(r"/[0-9]{12}/.+")
_TARGET = b"x-amz-target"
_ENCODING = b"content-encoding"
_MOST_NAME = 128
_DEFAULT_MEDIA_TYPE = "application/x-amz-json-1.1"
_EMPTY = b"{}"
_encode = msgspec.json.Encoder().encode
_log = logging.getLogger(__name__)


class _AccountId(Convertor[str]):
    regex = "[0-9]{12}"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


register_url_convertor("account_id", _AccountId())


class Dispatch:
    """Answers the operations of some services.

    Args:
        services: The services.
    """

    def __init__(self, services: Sequence[Service]) -> None:
        self.services = tuple(services)
        self._by_prefix = {each.prefix: each for each in services}

    def routes(self) -> list[AnyRoute]:
        """The routes of the protocol; each operation has a decision of its own."""
        return [
            guarded(PATH, self._call, access=MEMBER, methods=["POST"], straight=True),
            guarded(QUEUE_PATH, self._call, access=MEMBER, methods=["POST"]),
        ]

    def refusal(self, scope: Scope, error: KeybusError) -> Response | None:
        """An error as the asked service words it; None where none of them is asked."""
        path = scope["path"]
        if scope["type"] != "http" or not (path == PATH or _QUEUE.fullmatch(path)):
            return None
        service, _ = self._asked(scope)
        return refusal(error, _media_type(service))

    def _asked(self, scope: Scope) -> tuple[Service | None, str]:
        """The service and the operation; of two targets neither is the one that is asked."""
        targets = [value for name, value in scope["headers"] if name == _TARGET]
        target = targets[0].decode("latin-1") if len(targets) == 1 else ""
        prefix, _, name = target.partition(".")
        return self._by_prefix.get(prefix), name

    async def _call(self, request: Request) -> Response:
        service, name = self._asked(request.scope)
        call = Call.of(request)
        try:
            answer = await _answer(call, request, service, name)
        except AwsError as error:
            return error.answer(_media_type(service))
        except KeybusError as error:
            if told(error) is None:
                return _failed(service, name)
            return refusal(error, _media_type(service))
        except Exception:  # noqa: BLE001 - logged; AWS clients need an answer in AWS's shape
            return _failed(service, name)
        content = _EMPTY if answer is None else _encode(answer)
        headers = {REQUEST_ID: SYSTEM.uuid(), **call.headers}
        return Response(content, 200, headers, media_type=_media_type(service))


async def _answer(
    call: Call, request: Request, service: Service | None, name: str
) -> msgspec.Struct | None:
    operation = _operation(service, name)
    decide(request, operation.access)
    _not_encoded(request.scope)
    with call.bus.backlog.request(call.principal.account) as offered:
        content = await body(request, operation.most, offered.more)
        return await operation.handler(call, read(content, operation.asked))


def _operation(service: Service | None, name: str) -> Operation:
    if service is not None:
        if (found := service.operations.get(name)) is not None:
            return found
        if (why := service.refused.get(name)) is not None:
            raise AwsError(service.refusal, f"{name} is not supported by Keybus: {why}")
        known = f"{service.prefix} has no operation {name[:_MOST_NAME]!r} here"
        raise AwsError("UnknownOperationException", known)
    raise AwsError(
        "UnknownOperationException",
        "one X-Amz-Target has to name the service and the operation, such as AWSEvents.PutEvents;"
        " AWS's older query protocol is not spoken here",
    )


def _not_encoded(scope: Scope) -> None:
    """Raises AwsError for a body that was compressed: clients do so where a service's model says it."""
    encoding = first_header(scope, _ENCODING)
    if encoding not in ("", "identity"):
        raise AwsError(
            "SerializationException",
            f"the body's Content-Encoding is {encoding[:_MOST_NAME]!r}; send it as it is",
        )


def _failed(service: Service | None, name: str) -> Response:
    _log.exception("%s failed", name[:64])
    return internal().answer(_media_type(service))


def _media_type(service: Service | None) -> str:
    return _DEFAULT_MEDIA_TYPE if service is None else service.media_type
