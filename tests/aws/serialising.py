"""What a service is sent for an operation, whether or not it is what the service takes.

botocore's own serialisers fail on what has another type; these put it on the wire.
"""

import base64
import datetime as dt
import json
from typing import Any, Final
from urllib.parse import quote, urlencode

import msgspec

from tests.aws.surface import model

ODD: Final = "surrogatepass"
"""Half characters are sent as they are."""
METHODS_WITHOUT_BODY: Final = ("GET", "DELETE", "HEAD")


class Sent(msgspec.Struct, frozen=True):
    """A request: its method, its path with the query, its headers and its body."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


def serialised(service: str, operation: str, asked: Any) -> Sent:
    """A request of an operation.

    Args:
        service: As boto3 calls it.
        operation: Its name.
        asked: Its parameters, or whatever is sent in their place.
    """
    told = model(service, operation)
    metadata = told.service_model.metadata
    if metadata["protocol"] == "json":
        target = f"{metadata['targetPrefix']}.{operation}"
        kind = f"application/x-amz-json-{metadata['jsonVersion']}"
        return Sent("POST", "/", {"X-Amz-Target": target, "Content-Type": kind}, _json(asked))
    return _rest(told, asked if isinstance(asked, dict) else {})


def _rest(told: Any, asked: dict[str, Any]) -> Sent:
    """Smithy specification, "AWS restJson1 protocol": HTTP bindings."""
    path: str = told.http["requestUri"]
    query: list[tuple[str, str]] = []
    headers, body = {"Content-Type": "application/json"}, dict[str, Any]()
    members = told.input_shape.members if told.input_shape else {}
    for name, value in asked.items():
        at = members[name].serialization if name in members else {}
        on_the_wire = at.get("name", name)
        if at.get("location") == "uri":
            path = path.replace(f"{{{on_the_wire}}}", quote(_text(value), safe="", errors=ODD))
        elif at.get("location") == "querystring":
            several = value if isinstance(value, list) else [value]
            query += [(on_the_wire, _text(each)) for each in several]
        elif at.get("location") == "header":
            headers[on_the_wire] = _text(value)
        else:
            body[on_the_wire] = value
    if query:
        path = f"{path}?{urlencode(query, errors=ODD)}"
    method: str = told.http["method"]
    content = b"" if method in METHODS_WITHOUT_BODY else _json(body)
    return Sent(method, path, headers, content)


def _json(value: Any) -> bytes:
    return json.dumps(value, default=_plain).encode()


def _plain(value: Any) -> Any:
    if isinstance(value, dt.datetime):
        return value.timestamp()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    raise TypeError(f"{type(value)} is nothing that a request has")


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return value if isinstance(value, str) else _json(value).decode()
