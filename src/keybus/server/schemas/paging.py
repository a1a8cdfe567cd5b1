"""Lists page by page: a token names the last thing that was told, whatever comes or goes meanwhile."""

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

import msgspec

from keybus.server.schemas.errors import bad_request

T = TypeVar("T")
MOST: Final = 100
"""Things of a page."""
_NOBODYS: Final = "NextToken is none that was given out"
_Token = tuple[str, str]
_decoder: msgspec.json.Decoder[_Token] = msgspec.json.Decoder(_Token)


def page(
    things: Sequence[T],
    name: Callable[[T], str],
    of: str,
    *,
    limit: int | None,
    token: str | None,
    order: Callable[[str], Any] = str,
) -> tuple[list[T], str | None]:
    """A part of a list, and the token of the next one.

    Args:
        things: All of them, in the order of their names.
        name: A thing's.
        of: What list it is; the token is good for no other.
        limit: At most so many.
        token: Where to go on; None, or empty: from the beginning.
        order: What names are ordered by; raises ValueError for what is no name.

    Raises:
        AwsError: The token was not given out for this list.
    """
    after = after_token(of, token)
    try:
        left = [each for each in things if after is None or order(name(each)) > order(after)]
    except ValueError as error:
        raise bad_request(_NOBODYS) from error
    told = left[: limit or MOST]
    return told, token_of(of, name(told[-1])) if len(left) > len(told) else None


def token_of(of: str, after: str) -> str:
    """The token that goes on behind a name."""
    return base64.urlsafe_b64encode(msgspec.json.encode((of, after))).decode()


def after_token(of: str, token: str | None) -> str | None:
    """The name behind which a token goes on; None: from the beginning.

    Raises:
        AwsError: It was not given out for this list.
    """
    if not token:
        return None
    try:
        list_of, after = _decoder.decode(base64.b64decode(token, b"-_", validate=True))
    except (binascii.Error, ValueError, msgspec.MsgspecError) as error:
        raise bad_request(_NOBODYS) from error
    if list_of != of:
        raise bad_request("NextToken is another list's")
    return after
