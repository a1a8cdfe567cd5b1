"""What of a service of AWS is answered: as data, from which the docs' table is made as well."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec

from keybus.server.access import MEMBER, Access
from keybus.server.aws.call import Call

Handler = Callable[[Call, Any], Awaitable[msgspec.Struct | None]]
"""Answers a call; None: with an empty object. What it refuses it raises as `AwsError`."""


class Operation(msgspec.Struct, frozen=True):
    """An operation that is answered.

    Attributes:
        asked: What is asked for.
        handler: Answers it.
        access: Who may call it.
        most: Bytes of a request's body.
    """

    asked: type[msgspec.Struct]
    handler: Handler
    access: Access = MEMBER
    most: int = 1 << 20


class Service(msgspec.Struct, frozen=True):
    """A service of AWS's that speaks its JSON protocol.

    Attributes:
        name: As boto3 calls it.
        prefix: What ``X-Amz-Target`` begins with.
        media_type: The protocol's.
        operations: What is answered.
        refused: What is refused on purpose, and why.
        refusal: The error that says so.
    """

    name: str
    prefix: str
    media_type: str
    operations: Mapping[str, Operation]
    refused: Mapping[str, str]
    refusal: str
