"""Text of others as a page may show it: without what hides, turns or breaks the text around it."""

import re
from typing import Final

_HIDDEN: Final = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff"
    "\ud800-\udfff\ufffe\uffff]"
)


def visible(text: str) -> str:
    """The text, with a mark for each control character, half character or change of direction."""
    return _HIDDEN.sub("\ufffd", text)
