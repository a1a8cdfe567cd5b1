"""A credential: which account it speaks for, in which roles, and for how long."""

import base64
import secrets
from typing import Literal

import msgspec

from keybus.governance.principal import Principal, Role

Kind = Literal["key", "token"]
"""``key`` signs requests (AWS Signature Version 4); ``token`` is sent as it is (RFC 6750)."""
State = Literal["active", "expired", "revoked"]
ID_PATTERN = r"KB[AT]K[A-Z2-7]{16}"
_PREFIX: dict[Kind, str] = {"key": "KBAK", "token": "KBTK"}
_ID_BYTES = 10  # 16 characters of base32


class Credential(msgspec.Struct, frozen=True, omit_defaults=True):
    """A credential, without its secret.

    Attributes:
        id: 20 characters, as AWS's access key ids have.
        account: The account's name.
        roles: What it is for, sorted.
        kind: How it is used.
        created_us: When it was issued, in microseconds since the Unix epoch.
        expires_us: The first moment at which it no longer holds; None: it does not end.
        revoked_us: When it was revoked; None: it was not.
        rotated_from: The id of the one that it replaces; empty where it replaces none.
        label: What the one who issued it calls it.
    """

    id: str
    account: str
    roles: tuple[Role, ...]
    kind: Kind
    created_us: int
    expires_us: int | None = None
    revoked_us: int | None = None
    rotated_from: str = ""
    label: str = ""

    def state(self, now_us: int) -> State:
        """Whether it holds, and why not."""
        if self.revoked_us is not None:
            return "revoked"
        if self.expires_us is not None and now_us >= self.expires_us:
            return "expired"
        return "active"

    @property
    def principal(self) -> Principal:
        """Whoever uses it."""
        return Principal(self.account, frozenset(self.roles), self.id)


class Issued(msgspec.Struct, frozen=True):
    """A credential as it is handed over, once.

    Attributes:
        credential: What was issued.
        secret: The secret access key, or the whole bearer token.
    """

    credential: Credential
    secret: str

    def __repr__(self) -> str:
        """Without the secret: what is printed by accident is not given away."""
        return f"Issued({self.credential!r}, secret=…)"

    __str__ = __repr__


def new_id(kind: Kind) -> str:
    """A new id; from the system's generator, so that ids tell nothing of each other."""
    return _PREFIX[kind] + base64.b32encode(secrets.token_bytes(_ID_BYTES)).decode()
