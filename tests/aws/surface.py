"""What is supported of the three services, as the server's own tables have it."""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Final

import botocore.session
import msgspec

from keybus.server import app

SERVICES: Final = ("events", "sqs", "schemas")
"""The services, as boto3 calls them."""
SESSION: Final = botocore.session.get_session()


class Face(msgspec.Struct, frozen=True):
    """What is answered of one service.

    Attributes:
        name: As boto3 calls it.
        supported: Operations that are answered.
        refused: Operations that are refused on purpose, and why.
        prefix: What ``X-Amz-Target`` begins with; empty: it has paths instead.
    """

    name: str
    supported: frozenset[str]
    refused: Mapping[str, str]
    prefix: str = ""


def faces() -> tuple[Face, ...]:
    """All three services; one that the server does not have supports nothing."""
    found = {
        each.name: Face(each.name, frozenset(each.operations), each.refused, each.prefix)
        for each in app.AWS.services
    }
    if (rest := getattr(app, "SCHEMAS", None)) is not None:
        refused = {name: each.why for name, each in rest.refused.items()}
        found[rest.name] = Face(rest.name, frozenset(rest.operations), refused)
    return tuple(found.get(name, Face(name, frozenset(), {})) for name in SERVICES)


def supported() -> Iterator[tuple[str, str]]:
    """Each supported operation: its service and its name."""
    for face in faces():
        for name in sorted(face.supported):
            yield face.name, name


def refused() -> Iterator[tuple[str, str, str]]:
    """Each operation that is refused on purpose: its service, its name, and why."""
    for face in faces():
        for name in sorted(face.refused):
            yield face.name, name, face.refused[name]


@cache
def service_model(service: str) -> Any:
    """botocore's model of a service."""
    return SESSION.get_service_model(service)


def model(service: str, operation: str) -> Any:
    """botocore's model of an operation."""
    return service_model(service).operation_model(operation)
