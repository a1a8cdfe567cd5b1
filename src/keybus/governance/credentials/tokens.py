"""Secrets, and bearer tokens: ``kb_ID_SECRET``, of which only the secret's digest is kept.

A secret has 256 random bits, so that one round of SHA-256 is enough: there is nothing to guess from
a digest that was stolen.
"""

import hashlib
import hmac
import re
import secrets

from keybus.governance.credentials.model import ID_PATTERN

_TOKEN = re.compile(rf"kb_({ID_PATTERN})_([A-Za-z0-9_-]{{43}})", re.ASCII)
_SECRET_BYTES = 32  # 43 characters of base64
_KEY_BYTES = 30  # 40 characters of base64, as AWS's secret access keys have
MAX_TOKEN_CHARACTERS = 128


def new_secret() -> str:
    """The secret part of a token: 43 characters."""
    return secrets.token_urlsafe(_SECRET_BYTES)


def new_secret_key() -> str:
    """A secret access key: 40 characters."""
    return secrets.token_urlsafe(_KEY_BYTES)


def write_token(credential_id: str, secret: str) -> str:
    """The token as it is sent."""
    return f"kb_{credential_id}_{secret}"


def read_token(text: str) -> tuple[str, str] | None:
    """The credential's id and the secret; None where the text is no token."""
    found = _TOKEN.fullmatch(text) if len(text) <= MAX_TOKEN_CHARACTERS else None
    return (found[1], found[2]) if found else None


def digest(secret: str) -> bytes:
    """What is kept of a secret."""
    return hashlib.sha256(secret.encode()).digest()


def fits(secret: str, kept: bytes) -> bool:
    """Whether the secret is the one whose digest was kept; takes as long either way."""
    return hmac.compare_digest(digest(secret), kept)
