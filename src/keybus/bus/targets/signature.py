"""The signature that says that a delivery comes from this bus, and when it was sent.

``t=SECONDS,v1=HEX``: HMAC-SHA256, under a secret of the account, of the seconds since the Unix
epoch in decimal, a full stop and the body's bytes. While a secret is rotated there is one ``v1`` of
each. Whoever receives refuses what was signed longer ago than some minutes, so that nothing that was
overheard can be sent again later.
"""

import hashlib
import hmac
from collections.abc import Iterable

HEADER = "Keybus-Signature"


def signature(secrets: Iterable[str], seconds: int, body: bytes) -> str:
    """The header's value.

    Args:
        secrets: One, or two while they are rotated.
        seconds: When it is sent, in seconds since the Unix epoch.
        body: What is sent.
    """
    signed = b"%d.%s" % (seconds, body)
    proofs = [hmac.new(each.encode(), signed, hashlib.sha256).hexdigest() for each in secrets]
    return ",".join([f"t={seconds}", *(f"v1={proof}" for proof in proofs)])
