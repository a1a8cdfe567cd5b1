"""The log's key: one of its own, worked out from the key that seals credentials."""

import hashlib
import hmac

_LABEL = b"keybus audit log 1"


class AuditKey:
    """What entries are sealed with, and checked.

    Args:
        current: The key that seals, 32 bytes.
        older: Keys that sealed before; they still check.
    """

    def __init__(self, current: bytes, *older: bytes) -> None:
        self._keys = (current, *older)

    def __repr__(self) -> str:
        """How many keys, and none of them."""
        return f"AuditKey({len(self._keys)})"

    def seal(self, text: bytes) -> str:
        """HMAC-SHA-256 of a text under the current key, in hexadecimal digits."""
        return hmac.new(self._keys[0], text, hashlib.sha256).hexdigest()

    def sealed(self, text: bytes, seal: str) -> bool:
        """Whether one of the keys made the seal; compared in constant time."""
        return any(
            hmac.compare_digest(seal, hmac.new(key, text, hashlib.sha256).hexdigest())
            for key in self._keys
        )


def audit_key(*sealing_keys: bytes) -> AuditKey:
    """The key of the audit log from the installation's sealing keys.

    One key is kept for both purposes; neither use says anything about the other's key.

    Args:
        sealing_keys: The keys under which secrets are sealed, the current one first, as they are
            used, not as they are written.
    """
    current, *older = (hmac.new(key, _LABEL, hashlib.sha256).digest() for key in sealing_keys)
    return AuditKey(current, *older)
