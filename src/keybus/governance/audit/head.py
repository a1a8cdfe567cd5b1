"""Where the log ends: kept beside it, so that entries cannot be cut off its end unseen."""

import re
from typing import Annotated

import msgspec
from msgspec.structs import replace

from keybus.errors import SettingsError
from keybus.governance.audit.entry import GENESIS, Digest, Seal
from keybus.governance.audit.key import AuditKey

_encode = msgspec.json.Encoder(order="deterministic").encode
_ANCHOR = re.compile(r"([1-9][0-9]{0,17}):([0-9a-f]{64})")


class Head(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many entries there are, and the last one's hash.

    Attributes:
        count: The last entry's number; 0 for an empty log.
        hash: Its hash; `GENESIS` for an empty log.
        seal: HMAC-SHA-256 under the log's key over both; empty where the log has no key.
    """

    count: Annotated[int, msgspec.Meta(ge=0)] = 0
    hash: Digest = GENESIS
    seal: Seal = ""

    @classmethod
    def of(cls, count: int, digest: str, key: AuditKey | None) -> "Head":
        """The head of a log with so many entries."""
        head = cls(count, digest)
        return head if key is None else replace(head, seal=key.seal(_bare(head)))

    def sealed_by(self, key: AuditKey) -> bool:
        """Whether the seal was made with this key."""
        return key.sealed(_bare(self), self.seal)

    def encode(self) -> bytes:
        """Its canonical JSON."""
        return _encode(self)

    def __str__(self) -> str:
        """As an anchor: ``17:9f86d0…``."""
        return f"{self.count}:{self.hash}"


EMPTY = Head()
"""The head of a log without entries."""


class Anchor(msgspec.Struct, frozen=True):
    """An entry's number and hash, noted at some time where nobody who can write the log can.

    Attributes:
        sequence: The entry's number.
        hash: Its hash.
    """

    sequence: int
    hash: str

    @classmethod
    def parse(cls, text: str) -> "Anchor":
        """Read ``SEQ:HASH``.

        Raises:
            SettingsError: It is not that.
        """
        found = _ANCHOR.fullmatch(text.strip())
        if found is None:
            raise SettingsError(
                f"{text[:100]!r} is no anchor",
                hint="an anchor is an entry's number, a colon and its hash of 64 digits, "
                "as `keybus audit verify` prints it",
            )
        return cls(int(found[1]), found[2])


def read_head(text: bytes) -> Head:
    """A head from its bytes.

    Raises:
        ValueError: They are none, or not as they were written.
    """
    try:
        head = _decoder.decode(text)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise ValueError(f"cannot be read: {error}") from error
    if head.encode() != text:
        raise ValueError("its bytes are not those that were written")
    return head


_decoder = msgspec.json.Decoder(Head)


def _bare(head: Head) -> bytes:
    # No entry begins like this, so that no entry's seal is a head's.
    return b"head " + _encode(replace(head, seal=""))
