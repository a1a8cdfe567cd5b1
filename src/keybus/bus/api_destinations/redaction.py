"""Texts of others, without what they may have repeated of a request's secrets."""

from collections.abc import Iterable
from typing import Final
from urllib.parse import quote, quote_plus

import msgspec

INSTEAD: Final = "***"
_SHORTEST: Final = 4  # characters; what is shorter may be part of any text


def redacted(text: str, secrets: Iterable[str]) -> str:
    """A text without these secrets, in whatever spelling; nothing of it where one is very short."""
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
