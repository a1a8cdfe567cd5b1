"""What a dead letter says of its event without showing it."""

from typing import Any

import msgspec


class Identity(msgspec.Struct, frozen=True):
    """An event's id, type and source; empty where its envelope does not say.

    Attributes:
        event_id: The envelope's ``id``.
        event_type: Its ``detail-type``.
        source: Its ``source``.
    """

    event_id: str = ""
    event_type: str = ""
    source: str = ""

    @classmethod
    def of(cls, envelope: bytes) -> "Identity":
        """The identity of an event, whatever its bytes are: what cannot be read is buried too."""
        try:
            head = _decoder.decode(envelope)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return cls()
        return cls(_text(head.id), _text(head.detail_type), _text(head.source))


class _Head(msgspec.Struct):
    id: Any = ""
    detail_type: Any = msgspec.field(name="detail-type", default="")
    source: Any = ""


_decoder = msgspec.json.Decoder(_Head)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
