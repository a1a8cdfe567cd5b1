"""Receipt handles: which delivery of a message is meant, and that this queue gave it out."""

from hashlib import blake2b
from hmac import compare_digest
from secrets import token_bytes
from struct import Struct
from typing import Final, NamedTuple

from keybus.bus.engine import Documents
from keybus.bus.message_queues.errors import InvalidReceipt
from keybus.errors import Conflict

KEY_BYTES: Final = 32
_COLLECTION, _KEY = "message-queue-keys", "receipts"
_NUMBERS: Final = Struct(">QQ")
_SEAL_BYTES: Final = 14
_LENGTH: Final = 60
"""Characters of a handle."""


class Receipt(NamedTuple):
    """What a receipt handle says.

    Attributes:
        position: The message's place in its store.
        serial: Which receive of it: a number that this queue used once.
    """

    position: int
    serial: int


class Receipts:
    """Makes receipt handles of one queue and reads them: sealed, so that nobody makes one up.

    Args:
        key: The bus's secret for receipt handles.
        queue: What the handles are bound to: unlike any other queue's.
    """

    def __init__(self, key: bytes, queue: str) -> None:
        self._seal = blake2b(key=key, digest_size=_SEAL_BYTES)
        self._seal.update(queue.encode() + b"\0")

    def write(self, position: int, serial: int) -> str:
        """A handle."""
        numbers = _NUMBERS.pack(position, serial)
        return (numbers + self._sealed(numbers)).hex()

    def read(self, handle: str) -> Receipt:
        """What a handle says.

        Raises:
            InvalidReceipt: It is none of this queue's.
        """
        try:
            known = bytes.fromhex(handle)
        except ValueError:
            known = b""
        numbers, seal = known[: _NUMBERS.size], known[_NUMBERS.size :]
        if len(handle) != _LENGTH or not compare_digest(seal, self._sealed(numbers)):
            raise InvalidReceipt(
                "the receipt handle is none of this queue's",
                hint="use the ReceiptHandle of the latest ReceiveMessage of this queue",
            )
        return Receipt(*_NUMBERS.unpack(numbers))

    def _sealed(self, numbers: bytes) -> bytes:
        seal = self._seal.copy()
        seal.update(numbers)
        return seal.digest()


async def receipt_key(documents: Documents) -> bytes:
    """The bus's secret for receipt handles, made where there is none: they hold over a restart.

    Raises:
        StorageFailed: It could not be read or kept.
    """
    while (kept := await documents.get(_COLLECTION, _KEY)) is None:
        key = token_bytes(KEY_BYTES)
        try:
            await documents.put(_COLLECTION, _KEY, key, expected=0)
        except Conflict:
            continue
        return key
    return kept.value
