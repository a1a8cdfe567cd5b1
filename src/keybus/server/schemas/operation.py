"""What of a REST service is answered, and what is refused on purpose: as data."""

from collections.abc import Awaitable, Callable
from typing import Any, Literal

import msgspec

from keybus.server.access import Access, administer
from keybus.server.aws import Call
from keybus.server.schemas.errors import FORBIDDEN, NOT_FOUND

Handler = Callable[[Call, Any], Awaitable[msgspec.Struct | bytes | None]]
"""Answers a call: with JSON, with a file, or with nothing. What it refuses it raises."""
Method = Literal["GET", "POST", "PUT", "DELETE"]
READ = administer("contracts.read")
"""For whoever may read contracts, which are cut to what they may read."""
WRITE = administer("contracts.publish")
"""For whoever publishes contracts: in registries of their own account."""


class Operation(msgspec.Struct, frozen=True):
    """An operation that is answered.

    Attributes:
        method: Its HTTP method.
        path: Its path, as the service model has it.
        asked: What is asked for, and where each member stands.
        handler: Answers it.
        access: Who may call it.
        answered: What is answered; None: nothing, or a file.
        status: The status of its answer.
        kinds: Which of ``NotFoundException`` and ``ConflictException`` its model lists; what would
            be another of them is a ``BadRequestException``.
    """

    method: Method
    path: str
    asked: type[msgspec.Struct]
    handler: Handler
    access: Access
    answered: type[msgspec.Struct] | None = None
    status: int = 200
    kinds: frozenset[str] = frozenset({NOT_FOUND})


class Refused(msgspec.Struct, frozen=True):
    """An operation that is refused on purpose.

    Attributes:
        method: Its HTTP method.
        path: Its path, as the service model has it.
        why: The reason, as part of a sentence.
        kind: The error that says so.
    """

    method: Method
    path: str
    why: str
    kind: str = FORBIDDEN
