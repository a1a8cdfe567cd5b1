"""Sealing: secrets are kept encrypted, under a key that is not in the store.

AES-256-GCM with a random nonce; the credential's id and account are authenticated with the secret,
so that a sealed secret does not open in another credential's place. Needs the ``server`` extra.
"""

import base64
import binascii
import hashlib
import hmac
import os
import secrets
import stat
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from keybus.errors import CredentialError, SettingsError
from keybus.governance.audit.key import AuditKey, audit_key
from keybus.governance.credentials.vault import Sealed

KEY, KEY_FILE, OLD_KEYS = "KEYBUS_SEALING_KEY", "KEYBUS_SEALING_KEY_FILE", "KEYBUS_SEALING_KEYS_OLD"
_KEY_BYTES, _NONCE_BYTES = 32, 12
_HINT = "make one with `keybus credentials new-key --out FILE`"


class SealingKeys:
    """The keys that secrets are sealed under: the first one seals, all of them open.

    Args:
        keys: 32 bytes each.

    Raises:
        SettingsError: There is none, or one is not 32 bytes long.
    """

    def __init__(self, keys: Sequence[bytes]) -> None:
        if not keys or any(len(key) != _KEY_BYTES for key in keys):
            raise SettingsError(f"a sealing key is {_KEY_BYTES} bytes", hint=_HINT)
        self._keys = tuple(keys)
        self._ciphers = {_key_id(key): AESGCM(key) for key in keys}
        self.current = _key_id(keys[0])

    def __repr__(self) -> str:
        """Which keys, and none of them."""
        return f"SealingKeys({', '.join(self._ciphers)})"

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] | None = None) -> "SealingKeys | None":
        """The keys of ``KEYBUS_SEALING_KEY`` or ``KEYBUS_SEALING_KEY_FILE``; None: neither is set.

        Further lines of the file, or ``KEYBUS_SEALING_KEYS_OLD``, hold older keys that still open.

        Raises:
            SettingsError: Both are set, a key cannot be read, or others may read the file.
        """
        environ = os.environ if environ is None else environ
        given, file = environ.get(KEY), environ.get(KEY_FILE)
        old = environ.get(OLD_KEYS, "").replace(",", " ").split()
        if given and file:
            raise SettingsError(f"{KEY} and {KEY_FILE} are both set", hint="set one of them")
        if given:
            return cls([*_decoded([given], KEY), *_decoded(old, OLD_KEYS)])
        if file:
            lines = _read(Path(file)).split()
            return cls([*_decoded(lines, file), *_decoded(old, OLD_KEYS)])
        return None

    @property
    def audit_key(self) -> AuditKey:
        """The audit log's key, which is worked out from these."""
        return audit_key(*self._keys)

    def seal(self, secret: str, bound_to: str) -> Sealed:
        """Encrypt a secret.

        Args:
            secret: The secret.
            bound_to: What it belongs to; it opens with the same text only.
        """
        nonce = secrets.token_bytes(_NONCE_BYTES)
        text = self._ciphers[self.current].encrypt(nonce, secret.encode(), bound_to.encode())
        return Sealed(self.current, nonce + text)

    def open(self, sealed: Sealed, bound_to: str) -> str:
        """Decrypt a secret.

        Raises:
            CredentialError: It was sealed under another key, was changed, or belongs to something
                else.
        """
        cipher = self._ciphers.get(sealed.key_id)
        if cipher is None:
            raise CredentialError(
                f"a secret is sealed under the key {sealed.key_id}, which is not here "
                f"({', '.join(self._ciphers)} is)",
                hint=f"give the old key as a further line of {KEY_FILE}, or in {OLD_KEYS}",
            )
        nonce, text = sealed.data[:_NONCE_BYTES], sealed.data[_NONCE_BYTES:]
        try:
            return cipher.decrypt(nonce, text, bound_to.encode()).decode()
        except (InvalidTag, ValueError) as error:
            raise CredentialError(
                "a sealed secret was changed, or belongs to another credential",
                hint="revoke the credential and issue a new one",
            ) from error


def new_key() -> str:
    """A new sealing key, in base64."""
    return base64.b64encode(secrets.token_bytes(_KEY_BYTES)).decode()


def write_key(path: Path) -> None:
    """A new sealing key in a file that only its owner may read.

    Raises:
        SettingsError: The file exists, or cannot be written.
    """
    try:
        number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise SettingsError(
            f"{path}: {error.strerror}", hint="a key that is in use must not be lost"
        ) from error
    with os.fdopen(number, "w") as file:
        file.write(new_key() + "\n")


def _key_id(key: bytes) -> str:
    """A name for a key that tells nothing of it."""
    return hmac.new(key, b"keybus sealing key", hashlib.sha256).hexdigest()[:16]


def _decoded(texts: Iterable[str], where: str) -> list[bytes]:
    keys = []
    for text in texts:
        try:
            key = base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError):
            key = b""
        if len(key) != _KEY_BYTES:  # the text itself is not told: it may be most of a key
            raise SettingsError(f"{where}: no sealing key (base64 of 32 bytes)", hint=_HINT)
        keys.append(key)
    return keys


def _read(path: Path) -> str:
    try:
        with path.open(encoding="ascii") as file:
            mode = os.fstat(file.fileno()).st_mode
            text = file.read()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{KEY_FILE}: {path}: {error}", hint=_HINT) from error
    if stat.S_IMODE(mode) & 0o077:
        raise SettingsError(
            f"{path} may be read by others (mode {stat.S_IMODE(mode):03o})",
            hint=f"chmod 600 {path}",
        )
    if not text.split():
        raise SettingsError(f"{path} holds no sealing key", hint=_HINT)
    return text
