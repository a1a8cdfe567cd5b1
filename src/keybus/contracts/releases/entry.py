"""One entry of a ledger, chained to the one before: a release, its new status, or a migration."""

import hashlib
from typing import Annotated, Final, Literal

import msgspec
from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from keybus.contracts.releases.lifecycle import Status

GENESIS: Final = "0" * 64
"""What the first entry of a ledger has for a previous hash."""
Hash = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}$")]
Digest = Annotated[str, msgspec.Meta(pattern=r"^sha256:[0-9a-f]{64}$")]
Line = Annotated[str, msgspec.Meta(max_length=2_000)]
FileName = Annotated[str, msgspec.Meta(max_length=100)]
Action = Literal["released", "status", "migration"]

_encode = msgspec.json.Encoder(order="deterministic").encode


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """What an entry says, before it stands in a ledger.

    Attributes:
        action: ``released``: the version is new; ``status``: that of a release changed;
            ``migration``: what leads from its major to another is new, or another.
        version: Of which release; of a migration, the newest of the major that it starts from.
        digest: Of its whole closure.
        status: The release's from here on.
        time: When, RFC 3339 in UTC.
        by: Who did it.
        why: Why, in a sentence.
        approvals: Who approved it.
        breaks: Earlier versions with which a new one is not compatible.
        replaced_by: The release that is to be used in its place, as ``delivery.status.updated@2``.
        sunset: The day on which its time is over, such as 2027-06-30.
        migration: Of a migration: its file's name, such as ``2-to-1.json``.
        text: Of a migration: the digest of its text.
    """

    action: Action
    version: str
    digest: Digest
    status: Status
    time: str
    by: Line
    why: Line = ""
    approvals: tuple[Line, ...] = ()
    breaks: tuple[str, ...] = ()
    replaced_by: str = ""
    sunset: str = ""
    # Unset, not empty: an entry that says nothing of them is written as before there were any.
    migration: FileName | UnsetType = UNSET
    text: Digest | UnsetType = UNSET


class LedgerEntry(Said, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An entry in its place.

    Attributes:
        type: Whose ledger it is.
        sequence: Its number, from 1, without gaps.
        previous: The hash of the entry before it; `GENESIS` for the first.
        hash: SHA-256 over all of the above.
    """

    type: str
    sequence: Annotated[int, msgspec.Meta(ge=1)]
    previous: Hash
    hash: Hash

    @property
    def right_hash(self) -> str:
        """What its hash has to be."""
        return hashlib.sha256(_encode(replace(self, hash=GENESIS))).hexdigest()

    def line(self) -> str:
        """Its line in the ledger: canonical JSON, names in order, no white space."""
        return _encode(self).decode()


def chained(event_type: str, said: Said, last: LedgerEntry | None) -> LedgerEntry:
    """What is said, as the next entry of a type's ledger.

    Args:
        event_type: The type.
        said: What the entry says.
        last: The last entry that there is.
    """
    entry = LedgerEntry(
        **msgspec.structs.asdict(said),
        type=event_type,
        sequence=1 if last is None else last.sequence + 1,
        previous=GENESIS if last is None else last.hash,
        hash=GENESIS,
    )
    return replace(entry, hash=entry.right_hash)


_decoder = msgspec.json.Decoder(LedgerEntry)


def read_entry(line: str) -> LedgerEntry:
    """An entry from its line.

    Raises:
        ValueError: It is none, or is not written as `LedgerEntry.line` writes it.
    """
    try:
        entry = _decoder.decode(line)
    except msgspec.MsgspecError as error:
        raise ValueError(f"cannot be read: {error}") from error
    if entry.line() != line:
        raise ValueError("is not written as ledgers are: canonical JSON, one entry a line")
    return entry
