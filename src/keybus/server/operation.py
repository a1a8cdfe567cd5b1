"""An operation: what a route of the native API is asked and answers, as data beside the route."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

import msgspec

from keybus.errors import Forbidden, KeybusError, StorageFailed, Throttled, Unauthenticated
from keybus.server.answers import BadRequest, TooLarge
from keybus.server.request import Body, Query

JSON: Final = "application/json"
ANYWHERE: Final = (Unauthenticated, Forbidden, Throttled, StorageFailed)
"""What every request may end with, unless everybody may ask it."""


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """What a route is asked and answers.

    A handler reads the body and the query by the very objects that stand here.

    Attributes:
        id: Its name, which no other operation has.
        summary: What it does, in one line.
        description: What else to know of it.
        path: What each parameter of the path is.
        query: The parameters of the query; None: it looks at none.
        body: What is sent; None: it looks at nothing.
        answers: The type of the answer for each status with which it is one.
        media_type: That of these answers.
        fails: The errors that it may end with, beside those of `ANYWHERE`, and those of a body and
            a query that cannot be read.
    """

    id: str
    summary: str
    answers: Mapping[int, Any]
    description: str = ""
    path: Mapping[str, str] = MappingProxyType({})
    query: Query[Any] | None = None
    body: Body[Any] | None = None
    media_type: str = JSON
    fails: tuple[type[KeybusError], ...] = ()

    @property
    def unread(self) -> tuple[type[KeybusError], ...]:
        """The errors of a body and a query that cannot be read."""
        if self.body is not None:
            return (BadRequest, TooLarge)
        return () if self.query is None else (BadRequest,)
