"""Lists page by page: a token names what the page ended with, so that it stays while things change."""

import base64
import binascii
from collections.abc import Callable, Iterable
from typing import Final, TypeVar

import msgspec

from keybus.server.aws.errors import invalid

MOST: Final = 100
"""Items of a page, where the caller says nothing, and at most."""
_decoder = msgspec.json.Decoder(tuple[str, str])
T = TypeVar("T")


def page(
    found: Iterable[T],
    name: Callable[[T], str],
    *,
    listing: str,
    token: str | None,
    limit: int | None,
) -> tuple[list[T], str | None]:
    """One page of a list.

    Args:
        found: All that is listed.
        name: What each is called; no two alike.
        listing: What is listed, such as ``ListRules``: a token of another list is none.
        token: The token of the page before; None: from the beginning.
        limit: Items of the page.

    Returns:
        The page, in the order of the names, and the token of the next one; None where it is the last.

    Raises:
        AwsError: The token is nobody's.
    """
    after = "" if token is None else _name_in(token, listing)
    most = limit or MOST
    left = sorted((each for each in found if name(each) > after), key=name)
    shown = left[:most]
    more = len(left) > most
    return shown, _token(listing, name(shown[-1])) if more else None


def _token(listing: str, name: str) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode((listing, name))).decode()


def _name_in(token: str, listing: str) -> str:
    try:
        whose, name = _decoder.decode(base64.urlsafe_b64decode(token))
    except (binascii.Error, ValueError, msgspec.MsgspecError):
        whose, name = "", ""
    if whose != listing:
        raise invalid("Value of NextToken is not valid: it was not answered to this list.")
    return name
