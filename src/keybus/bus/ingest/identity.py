"""What makes two contract events the same: whose they are, their type and their ``detail.id``."""

from collections.abc import Mapping
from hashlib import blake2b
from typing import Any, Final

from keybus.bus.engine import DIGEST_BYTES

_LENGTH_BYTES: Final = 4
_OF_OTHER_BUSES: Final = b"event-bus"


class Identity:
    """Tells the events of one account and type from one another. Immutable.

    Args:
        account: The id of the account that owns the source.
        event_type: The event's type.
        event_bus: The ARN of the bus that it is put on; empty: the platform's own.
    """

    __slots__ = ("_begun",)

    def __init__(self, account: str, event_type: str, event_bus: str = "") -> None:
        space = _OF_OTHER_BUSES if event_bus else b""
        self._begun = hashing = blake2b(digest_size=DIGEST_BYTES, person=space)
        # Its lengths stand in it, so that no account, type and id read as others.
        parts = (account, event_type, event_bus) if event_bus else (account, event_type)
        for part in map(str.encode, parts):
            hashing.update(len(part).to_bytes(_LENGTH_BYTES, "big") + part)

    def digest(self, detail: Mapping[str, Any]) -> bytes:
        """The digest by which an event is known again; empty where it has no id.

        It is long and strong enough that no two events share one, by accident or on purpose.
        Ids are compared letter by letter: a UUID in capitals is another one.
        """
        event_id = detail.get("id")
        if not event_id or not isinstance(event_id, str):
            return b""
        hashing = self._begun.copy()
        hashing.update(event_id.encode())
        return hashing.digest()
