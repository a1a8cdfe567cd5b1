"""The MD5 digests by which clients check that a message arrived as it was sent.

Source: Amazon SQS developer guide, "Calculating the MD5 message digest for message attributes".
"""

import hashlib
from collections.abc import Mapping
from struct import pack

from keybus.bus.message_queues.message import Attribute

_TEXT, _BYTES = b"\x01", b"\x02"


def body_digest(body: bytes) -> str:
    """The digest of a message's body, in UTF-8."""
    return hashlib.md5(body, usedforsecurity=False).hexdigest()


def attributes_digest(attributes: Mapping[str, Attribute]) -> str | None:
    """The digest of a message's attributes, or of its system attributes; None where it has none."""
    if not attributes:
        return None
    digest = hashlib.md5(usedforsecurity=False)
    for name in sorted(attributes):
        digest.update(_encoded(name, attributes[name]))
    return digest.hexdigest()


def _encoded(name: str, attribute: Attribute) -> bytes:
    value = attribute.value
    kind = _BYTES if isinstance(value, bytes) else _TEXT
    data = value if isinstance(value, bytes) else value.encode()
    return (
        _with_length(name.encode())
        + _with_length(attribute.type.encode())
        + kind
        + _with_length(data)
    )


def _with_length(data: bytes) -> bytes:
    return pack(">I", len(data)) + data
