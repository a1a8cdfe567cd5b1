"""What a request says: its body and its query, each read by the type that describes it."""

from collections.abc import Callable
from typing import Generic, TypeVar

import msgspec
from starlette.requests import Request

from keybus.server.answers import UNREADABLE, BadRequest, body

T = TypeVar("T")
_NOTHING = b"{}"


class Body(Generic[T]):
    """The JSON that a request has to send.

    Args:
        kind: Its type.
        limit: Bytes that it may have.
        wrong: How the message begins where it is something else.
        hint: What to send instead.
        optional: Whether sending nothing means ``{}``.
    """

    def __init__(
        self,
        kind: type[T],
        *,
        limit: int,
        wrong: str = "the body cannot be used",
        hint: str = "",
        optional: bool = False,
    ) -> None:
        self.kind, self.limit, self.optional = kind, limit, optional
        self._wrong, self._hint = wrong, hint
        self._otherwise = _NOTHING if optional else b""
        self._decoder = msgspec.json.Decoder(kind)

    async def of(self, request: Request, came: Callable[[int], None] = lambda _: None) -> T:
        """What a request sends.

        Args:
            request: The request.
            came: Told of the bytes of each part that comes.

        Raises:
            TooLarge: It has more bytes than it may have.
            BadRequest: It is not of its type, or did not come whole.
        """
        sent = await body(request, self.limit, came)
        try:
            return self._decoder.decode(sent or self._otherwise)
        except UNREADABLE as error:
            raise BadRequest(f"{self._wrong}: {error}", hint=self._hint) from error


class Query(Generic[T]):
    """The parameters behind a request's path.

    Args:
        kind: Its type, a Struct with a field a parameter; one that it does not know is refused if it
            forbids unknown fields.
    """

    def __init__(self, kind: type[T]) -> None:
        self.kind = kind

    def of(self, request: Request) -> T:
        """What a request asks for.

        Raises:
            BadRequest: It is not of its type, or has a parameter twice.
        """
        found = request.query_params.multi_items()
        asked = dict(found)
        if len(asked) < len(found):
            raise BadRequest("a parameter of the query is given twice", hint="give it once")
        try:
            return msgspec.convert(asked, self.kind, strict=False)
        except (msgspec.ValidationError, UnicodeError) as error:
            raise BadRequest(f"the query cannot be used: {error}") from error
