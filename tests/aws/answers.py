"""Whether an answer is one that the operation may give: by botocore's parser and by its shapes.

botocore passes over what it does not know, so that a wrong name would be an absent member; the body
is held against the shape once more, where nothing is passed over.
"""

import io
import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any, Final

from botocore.parsers import create_parser
from botocore.response import StreamingBody
from botocore.validate import ParamValidator

from tests.aws.surface import model
from tests.aws.wire import Answered

REGION: Final = re.compile(
    re.escape(r"[a-z]+-[a-z]+-[\w-]+") + "|" + re.escape(r"[a-z]+-[a-z-]+-\d+")
)
"""What models have for a region; a bus's may have any name, such as ``local``."""
COMMON: Final = frozenset(
    {
        "AccessDeniedException",
        "IncompleteSignatureException",
        "InvalidSignatureException",
        "MissingAuthenticationTokenException",
        "RequestEntityTooLargeException",
        "SerializationException",
        "ServiceUnavailable",
        "ThrottlingException",
        "UnknownOperationException",
        "UnrecognizedClientException",
        "ValidationException",
    }
)
"""Errors of every operation. Source: EventBridge API reference, "Common error types"."""
COMMON_OF: Final[Mapping[str, frozenset[str]]] = {
    # Amazon SQS API reference, "Common errors".
    "sqs": frozenset({"InvalidParameterValueException", "MissingRequiredParameterException"}),
    # EventBridge Schemas API reference, "Schemas".
    "schemas": frozenset({"ServiceUnavailableException", "TooManyRequestsException"}),
}
"""Those of every operation of one service."""
UNLIKE_THEIR_PATTERN: Final[Mapping[str, str]] = {
    "DescribeConnection.SecretArn": (
        "its name begins with events!connection, as EventBridge's user guide shows it, and the"
        " pattern of the model has no exclamation mark"
    ),
}
"""Members of answers whose pattern does not say what AWS's own values are; and how they are."""


def faults(service: str, operation: str, answered: Answered) -> list[str]:
    """What is wrong with an answer, as sentences; nothing, where it is as it should be."""
    told = model(service, operation)
    if answered.status >= 500:
        return [f"status {answered.status}: {answered.body[:200]!r}"]
    try:
        parsed = _parsed(told, answered)
    except Exception as error:  # noqa: BLE001 - whatever botocore stumbles over is the fault
        return [f"botocore cannot read it: {error!r}"]
    if answered.is_error:
        return list(_error(told, answered, parsed))
    if told.output_shape is None:
        return []
    return [*_by_botocore(told, parsed), *_body(told, answered)]


def parsed_answer(service: str, operation: str, answered: Answered) -> Any:
    """An answer as botocore has it."""
    return _parsed(model(service, operation), answered)


def _parsed(told: Any, answered: Answered) -> Any:
    protocol = told.service_model.metadata["protocol"]
    raw = {
        "headers": dict(answered.headers),
        "status_code": answered.status,
        "body": _body_of(told, answered),
        "context": {"operation_name": told.name},
    }
    return create_parser(protocol).parse(raw, told.output_shape)


def _body_of(told: Any, answered: Answered) -> Any:
    """The body as botocore's parser is given it: a file is read by whoever wants it."""
    if told.has_streaming_output and not answered.is_error:
        return StreamingBody(io.BytesIO(answered.body), len(answered.body))
    return answered.body


def _error(told: Any, answered: Answered, parsed: Any) -> Iterator[str]:
    listed = {shape.name for shape in told.error_shapes}
    listed |= COMMON | COMMON_OF.get(told.service_model.service_name, frozenset())
    if answered.code not in listed:
        yield f"the error {answered.code!r} is none of the operation's: {answered.body[:200]!r}"
    if not parsed["Error"]["Code"]:
        yield "botocore finds no error code"
    if not parsed["Error"]["Message"]:
        yield f"{answered.code} has no message"
    if "x-amzn-requestid" not in answered.headers:
        yield "the error has no request id"


def _by_botocore(told: Any, parsed: Any) -> Iterator[str]:
    plain = {name: each for name, each in parsed.items() if name != "ResponseMetadata"}
    if told.output_shape.serialization.get("payload") is None:
        report = ParamValidator().validate(plain, told.output_shape)
        if report.has_errors():
            yield report.generate_report()
    if not parsed["ResponseMetadata"].get("RequestId"):
        yield "the answer has no request id"


def _body(told: Any, answered: Answered) -> Iterator[str]:
    shape = told.output_shape
    if shape.serialization.get("payload") is not None:
        return
    expected = told.http.get("responseCode", 200)
    if answered.status != expected:
        yield f"status {answered.status}, not {expected}"
    yield from differences(shape, answered.json(), told.name)


def differences(shape: Any, value: Any, path: str) -> Iterator[str]:
    """What of a value is not as its shape says."""
    if value is None:
        yield f"{path}: null"
        return
    yield from _BY_TYPE[shape.type_name](shape, value, path)


def _structure(shape: Any, value: Any, path: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{path}: {value!r} is no structure"
        return
    names = {each.serialization.get("name", name): each for name, each in shape.members.items()}
    for name in value.keys() - names.keys():
        yield f"{path}: there is no member {name!r}"
    required = {
        shape.members[each].serialization.get("name", each) for each in shape.required_members
    }
    for name in required - value.keys():
        yield f"{path}: the member {name!r} is required"
    for name, each in value.items():
        if name in names:
            yield from differences(names[name], each, f"{path}.{name}")


def _list(shape: Any, value: Any, path: str) -> Iterator[str]:
    if not isinstance(value, list):
        yield f"{path}: {value!r} is no list"
        return
    yield from _range(shape, len(value), path)
    for number, each in enumerate(value):
        yield from differences(shape.member, each, f"{path}[{number}]")


def _map(shape: Any, value: Any, path: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{path}: {value!r} is no map"
        return
    for name, each in value.items():
        yield from differences(shape.key, name, f"{path} (key)")
        yield from differences(shape.value, each, f"{path}[{name!r}]")


def _text(shape: Any, value: Any, path: str) -> Iterator[str]:
    if not isinstance(value, str):
        yield f"{path}: {value!r} is no text"
        return
    if getattr(shape, "enum", None) and value not in shape.enum:
        yield f"{path}: {value!r} is none of {shape.enum}"
    yield from _range(shape, len(value), path)
    if not matches(shape, value) and path not in UNLIKE_THEIR_PATTERN:
        yield f"{path}: {value!r} is not {shape.metadata['pattern']}"


def matches(shape: Any, text: str) -> bool:
    """Whether a text is as a shape's pattern says, the whole of it."""
    pattern = _pattern(shape.metadata.get("pattern") or "")
    return pattern is None or pattern.fullmatch(text) is not None


@cache
def _pattern(text: str) -> re.Pattern[str] | None:
    """A pattern of the models; None where there is none, or it has classes that Python has not."""
    if not text or r"\p{" in text:
        return None
    return re.compile(REGION.sub(r"[\\w-]+", text), re.DOTALL)


def _whole(shape: Any, value: Any, path: str) -> Iterator[str]:
    if not isinstance(value, int) or isinstance(value, bool):
        yield f"{path}: {value!r} is no integer"
        return
    yield from _range(shape, value, path)


def _truth(_shape: Any, value: Any, path: str) -> Iterator[str]:
    if not isinstance(value, bool):
        yield f"{path}: {value!r} is neither true nor false"


def _time(shape: Any, value: Any, path: str) -> Iterator[str]:
    kind = str if shape.serialization.get("timestampFormat") == "iso8601" else int | float
    if not isinstance(value, kind) or isinstance(value, bool):
        yield f"{path}: {value!r} is no time"


def _number(_shape: Any, value: Any, path: str) -> Iterator[str]:
    if not isinstance(value, int | float) or isinstance(value, bool):
        yield f"{path}: {value!r} is no number"


def _range(shape: Any, value: int, path: str) -> Iterator[str]:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if (least is not None and value < least) or (most is not None and value > most):
        yield f"{path}: {value} is not between {least} and {most}"


_BY_TYPE: Final[Mapping[str, Callable[[Any, Any, str], Iterator[str]]]] = {
    "structure": _structure,
    "list": _list,
    "map": _map,
    "string": _text,
    "blob": _text,
    "integer": _whole,
    "long": _whole,
    "boolean": _truth,
    "timestamp": _time,
    "double": _number,
    "float": _number,
}
