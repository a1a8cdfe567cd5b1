"""Whether the names in JSON objects are unique.

JSON lets an object have two members of one name, and event patterns look at both. Fast decoders
keep the last one only, so what they give stands for the text only where names are unique.
"""

import json
from collections.abc import Sequence
from typing import Final

import msgspec
from msgspec import UNSET

_decode: Final = msgspec.json.Decoder().decode
_encode: Final = msgspec.json.Encoder().encode

# How a colon is spelt with an escape starts like this.
_ESCAPED_COLON: Final = b"\\u003"


def has_unique_names(text: bytes, tree: object = UNSET) -> bool:
    """Whether no object in a JSON text has two members of one name.

    Args:
        text: The text.
        tree: What msgspec decodes it to, where that is known.

    Returns:
        False also for what is no JSON, or nests too deeply to tell.
    """
    try:
        if tree is UNSET:
            tree = _decode(text)
        # Every member has its colon, and decoding loses members only where names are not unique.
        if text.count(b":") == _encode(tree).count(b":") and _ESCAPED_COLON not in text:
            return True
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        pass  # Such as a number that no double holds, which says nothing of names.
    try:
        json.loads(text.decode(), object_pairs_hook=_unique)
    except (ValueError, RecursionError):
        return False
    return True


def _unique(members: Sequence[tuple[str, object]]) -> None:
    if len({name for name, _ in members}) < len(members):
        raise ValueError("a name stands twice")
