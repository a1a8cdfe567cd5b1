"""What makes two contract events the same: whose they are, their type and their ``detail.id``."""

from collections.abc import Mapping
from functools import lru_cache
from hashlib import blake2b
from typing import Any, Final

from keybus.bus.engine import DIGEST_BYTES

_LENGTH_BYTES: Final = 4


def digest_of(account: str, event_type: str, detail: Mapping[str, Any]) -> bytes:
    """The digest by which an event is known again; empty where it has no id.

    It is long and strong enough that no two events share one, by accident or on purpose.
    Ids are compared letter by letter: a UUID in capitals is another one.

    Args:
        account: The id of the account that owns the source.
        event_type: The event's type.
        detail: The event.
    """
    event_id = detail.get("id")
    if not event_id or not isinstance(event_id, str):
        return b""
    hashing = _begun(account, event_type).copy()
    hashing.update(event_id.encode())
    return hashing.digest()


@lru_cache(maxsize=4096)
def _begun(account: str, event_type: str) -> blake2b:
    """The part that all events of one account and type share.

    Its lengths stand in it, so that no account, type and id read as others.
    """
    hashing = blake2b(digest_size=DIGEST_BYTES)
    for part in (account.encode(), event_type.encode()):
        hashing.update(len(part).to_bytes(_LENGTH_BYTES, "big") + part)
    return hashing
