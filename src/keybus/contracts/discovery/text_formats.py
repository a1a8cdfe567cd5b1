"""What a text may be: the formats that contracts assert, each told by the contracts' own validator.

``hostname`` is never told, as nearly every word is one; a ``uri`` only with ``://``, as whatever
has a colon is one.
"""

import re
from functools import cache
from typing import Final

from jsonschema_rs import Draft4Validator

from keybus.contracts.formats import FORMATS

_LIKE: Final = {
    "date-time": re.compile(r"\d{4}-\d\d-\d\d[Tt]"),
    "uuid": re.compile(r"[0-9a-fA-F]{8}-"),
    "email": re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]"),
    "uri": re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://"),
    "ipv4": re.compile(r"\d{1,3}\.\d"),
    "ipv6": re.compile(r"[0-9A-Fa-f]*:[0-9A-Fa-f:.]*:"),
    "duration": re.compile(r"P[0-9T]"),
}
"""How a text begins that may be of a format; the validator has the last word."""
_LONGEST: Final = 2_000


def formats_of(text: str) -> set[str]:
    """The formats that a text has; mostly none."""
    if len(text) > _LONGEST:
        return set()
    return {name for name, like in _LIKE.items() if like.match(text) and _of(name).is_valid(text)}


@cache
def _of(name: str) -> Draft4Validator:
    formats = dict(FORMATS)
    return Draft4Validator({"format": name}, formats=formats, validate_formats=True, offline=True)
