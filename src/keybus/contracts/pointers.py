"""JSON pointers (RFC 6901): building them, and following them."""

import re
from typing import Any

_INDEX = re.compile(r"0|[1-9][0-9]{0,8}")  # RFC 6901, section 4; no array is longer than that


class PointerError(LookupError):
    """A pointer that leads nowhere in its document."""


def pointer_of(*tokens: str | int) -> str:
    """The pointer made of these tokens: ``("a/b", 0)`` gives ``/a~1b/0``."""
    return "".join(f"/{str(token).replace('~', '~0').replace('/', '~1')}" for token in tokens)


def tokens_of(pointer: str) -> list[str]:
    """A pointer's tokens, unescaped.

    Raises:
        PointerError: It neither is empty nor begins with a slash.
    """
    if not pointer:
        return []
    if not pointer.startswith("/"):
        raise PointerError(f"{pointer!r} is not a JSON pointer: it does not begin with a slash")
    return [token.replace("~1", "/").replace("~0", "~") for token in pointer[1:].split("/")]


def follow(document: Any, pointer: str) -> Any:
    """What the pointer points at.

    Raises:
        PointerError: There is nothing there.
    """
    value = document
    for token in tokens_of(pointer):
        if isinstance(value, dict) and token in value:
            value = value[token]
        elif isinstance(value, list) and _INDEX.fullmatch(token) and int(token) < len(value):
            value = value[int(token)]
        else:
            raise PointerError(f"nothing is at {pointer!r}")
    return value
