"""Which major an envelope's event says that it is of: looked up in its bytes, since it is counted."""

import re
from typing import Final

from keybus.contracts.versions import major_of

UNSAID: Final = -1
"""The major of what says none."""
_KEY: Final = b'"schema_version"'
_VERSION: Final = re.compile(rb'[ \t\r\n]*:[ \t\r\n]*"([0-9.]{1,40})')
_ROOM: Final = 12  # bytes behind the key, which mostly tell the major already
_MOST: Final = 1_024
_known: dict[bytes, int] = {}


def major_in(envelope: bytes) -> int:
    """The major that an event says by its first ``schema_version``; -1 where it says none.

    Where another ``schema_version`` comes before its own, that is taken: this is for counting, and
    decides nothing.

    Args:
        envelope: The envelope's JSON.
    """
    at = envelope.find(_KEY)
    if at < 0:
        return UNSAID
    at += len(_KEY)
    beginning = envelope[at : at + _ROOM]
    major = _known.get(beginning)
    return _read(envelope, at, beginning) if major is None else major


def _read(envelope: bytes, at: int, beginning: bytes) -> int:
    """The major behind the key, which is known by its beginning the next time."""
    found = _VERSION.match(envelope, at)
    major = UNSAID if found is None else major_of(found[1].decode())
    if b"." in beginning:  # the whole of the major is in it
        if len(_known) >= _MOST:  # somebody makes up versions; those in use come back at once
            _known.clear()
        _known[beginning] = major
    return major
