"""One entry of the audit log, and the bytes that stand for it and no other."""

import hashlib
from typing import Annotated, Any

import msgspec
from msgspec.structs import replace

from keybus.governance.audit.key import AuditKey
from keybus.governance.principal import Principal

GENESIS = "0" * 64
"""What the first entry has for a previous hash."""
MAX_DATA_BYTES = 64 << 10
"""An entry's data as JSON is no larger; in the place of larger data stands its digest."""
MAX_TEXT = 512
"""Characters of a name or subject in an entry: some of them are chosen by whoever was refused."""

_encode = msgspec.json.Encoder(order="deterministic").encode
Digest = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}$")]
Seal = Annotated[str, msgspec.Meta(pattern=r"^(?:[0-9a-f]{64})?$")]


class Actor(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who did it.

    Attributes:
        account: The account's name; empty where nobody was asked for a credential, or none held.
        credential: The credential's id; empty where there was none.
    """

    account: str = ""
    credential: str = ""

    @classmethod
    def of(cls, principal: Principal) -> "Actor":
        """Whoever made a request."""
        return cls(principal.account, principal.credential)


BUS = Actor()
"""The bus itself."""


class Act(msgspec.Struct, frozen=True):
    """Something that is to be written down.

    Attributes:
        actor: Who did it.
        action: What was done, dotted: ``credential.revoked``.
        subject: To what: a JSON pointer into the platform, or a name.
        data: More about it, as plain JSON.
    """

    actor: Actor
    action: str
    subject: str = ""
    data: dict[str, Any] = {}


class AuditEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One act, chained to the one before it.

    Attributes:
        sequence: Its number, from 1, without gaps.
        time_us: When, in microseconds since the Unix epoch.
        actor: Who.
        action: What was done.
        subject: To what.
        data: More about it.
        previous: The hash of the entry before it; `GENESIS` for the first.
        seal: HMAC-SHA-256 under the log's key over all of the above; empty where the log had no
            key. Without the key nobody can make it.
        hash: SHA-256 over all of the above, the seal included. Anybody can check it.
    """

    sequence: Annotated[int, msgspec.Meta(ge=1)]
    time_us: int
    actor: Actor
    action: str
    subject: str
    data: dict[str, Any]
    previous: Digest
    seal: Seal
    hash: Digest

    @property
    def digest(self) -> str:
        """What its hash has to be."""
        return hashlib.sha256(_bare(self, seal=self.seal)).hexdigest()

    def sealed_by(self, key: AuditKey) -> bool:
        """Whether the seal was made with this key."""
        return key.sealed(_bare(self, seal=""), self.seal)

    def encode(self) -> bytes:
        """Its canonical JSON: names in order, no white space. It is kept, and sent, as this."""
        return _encode(self)


def chained(
    act: Act, *, sequence: int, time_us: int, previous: str, key: AuditKey | None
) -> AuditEntry:
    """The entry for an act, as the next of a chain.

    Args:
        act: What is to be written down.
        sequence: Its number.
        time_us: When, in microseconds since the Unix epoch.
        previous: The hash of the entry before it.
        key: The log's key; None leaves it without a seal.
    """
    entry = AuditEntry(
        sequence,
        time_us,
        Actor(clean(act.actor.account), clean(act.actor.credential)),
        clean(act.action),
        clean(act.subject),
        _plain(act.data),
        previous,
        "",
        GENESIS,
    )
    if key is not None:
        entry = replace(entry, seal=key.seal(_bare(entry, seal="")))
    return replace(entry, hash=entry.digest)


def read_entry(text: bytes) -> AuditEntry:
    """An entry from the bytes that it was written as.

    Raises:
        ValueError: They are no entry, or not written as `AuditEntry.encode` writes it; the
            message says which.
    """
    try:
        entry = _decoder.decode(text)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise ValueError(f"cannot be read: {error}") from error
    if entry.encode() != text:
        raise ValueError("its bytes are not those that were written")
    return entry


def clean(text: str) -> str:
    """A text as an entry has it: of bounded length, and nothing that UTF-8 cannot carry."""
    short = text if len(text) <= MAX_TEXT else f"{text[:MAX_TEXT]}…"
    return short.encode("utf-8", "backslashreplace").decode()


_decoder = msgspec.json.Decoder(AuditEntry)


def _bare(entry: AuditEntry, *, seal: str) -> bytes:
    """The bytes that are hashed or sealed: all but what is worked out from them."""
    return _encode(replace(entry, seal=seal, hash=""))


def _plain(data: dict[str, Any]) -> dict[str, Any]:
    """Data as it is read again: what JSON has no way to say is gone, what is large is a digest."""
    try:
        text = _encode(_without_surrogates(data))
        if len(text) <= MAX_DATA_BYTES:
            plain: dict[str, Any] = msgspec.json.decode(text)
            return plain
        return {"omitted_bytes": len(text), "digest": f"sha256:{hashlib.sha256(text).hexdigest()}"}
    except RecursionError:
        return {"omitted": "nested too deeply"}


def _without_surrogates(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, dict):
        return {
            _without_surrogates(name): _without_surrogates(item) for name, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [_without_surrogates(item) for item in value]
    return value
