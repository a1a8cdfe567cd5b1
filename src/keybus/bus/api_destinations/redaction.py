"""Texts of others, without what they may have repeated of a request's secrets."""

from collections.abc import Iterable
from typing import Final
from urllib.parse import quote, quote_plus

import msgspec

INSTEAD: Final = "***"
_SHORTEST: Final = 4  # characters; what is shorter may be part of any text


def redacted(text: str, secrets: Iterable[str]) -> str:
    """A text without these secrets; nothing of it where one is very short.

    They are found as they are, percent-encoded, and as a form or JSON writes them. Whoever spells
    one otherwise, such as in hexadecimal digits, has it in the text: see what the text is used for.
    """
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        if len(secret) < _SHORTEST:
            return ""
        escaped = msgspec.json.encode(secret).decode()[1:-1]
        for spelling in (
            secret,
            quote(secret, safe=""),
            quote(secret),
            quote_plus(secret),
            escaped,
        ):
            text = text.replace(spelling, INSTEAD)
    return text
