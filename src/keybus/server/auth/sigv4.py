"""AWS Signature Version 4: whether a request was signed with an access key that holds.

Header authentication only; a signature in the query, an unsigned body and session tokens are
refused. No signature is remembered: two equal requests within a second carry equal signatures.
"""

import hashlib
import hmac
import re
import secrets
from collections import OrderedDict
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import msgspec

from keybus.clock import Clock
from keybus.server.auth.canonical import (
    ALGORITHM,
    TERMINATOR,
    HttpRequest,
    Scope,
    canonical_request,
    signature,
    signing_key,
    string_to_sign,
)
from keybus.server.auth.failures import incomplete, mismatched, missing, unknown

SKEW_SECONDS = 300
"""How far the signer's clock may be off, either way: a signed request is good for as long.

Source: AWS Signature Version 4, "a request must reach AWS within five minutes of its time stamp".
"""
SERVICES = frozenset({"events", "execute-api", "keybus", "schemas", "sqs"})
_MAX_HEADER = 4096
MAX_REMEMBERED = 4096
_US = 1_000_000
_STAMP = "%Y%m%dT%H%M%SZ"
_DATED = re.compile(r"[0-9]{8}T[0-9]{6}Z")
_SCOPED = re.compile(
    r"([A-Za-z0-9]{1,128})/([0-9]{8})/([A-Za-z0-9-]{1,64})/([a-z0-9-]{1,64})/([a-z0-9_]+)"
)
_HEADER_NAME = re.compile(r"[a-z0-9!#$%&'*+.^_`|~-]+")
_HEX = re.compile(r"[0-9a-f]{64}")


class Claim(msgspec.Struct, frozen=True):
    """What a signed request says of itself.

    Attributes:
        key_id: The access key's id.
        timestamp: When it was signed, as ``YYYYMMDDTHHMMSSZ``.
        scope: What the signing key is for.
        signed: The signed headers' names.
        signature: In hexadecimal.
        payload: The body's digest, where the request names it.
    """

    key_id: str
    timestamp: str
    scope: Scope
    signed: tuple[str, ...]
    signature: str
    payload: str | None


class Verifier:
    """Verifies signed requests.

    Args:
        secret_key: The secret of an access key that holds; None for any other id.
        clock: Time.
    """

    def __init__(self, secret_key: Callable[[str], str | None], clock: Clock) -> None:
        self._secret_key, self._clock = secret_key, clock
        self._decoy = secrets.token_urlsafe(30)
        self._keys: OrderedDict[tuple[str, Scope], bytes] = OrderedDict()

    @property
    def remembered(self) -> int:
        """How many derived keys it remembers."""
        return len(self._keys)

    def claim(self, request: HttpRequest) -> Claim:
        """What the request says of itself, as far as that can be checked without its body.

        Raises:
            AuthenticationFailed: It is not signed as it has to be, or not now.
        """
        key_id, scope, signed, given = _parsed(_only(request, "authorization"))
        names = {name for name, _ in request.headers}
        if "x-amz-security-token" in names:
            raise unknown()
        if "X-Amz-" in request.query and "X-Amz-Signature" in request.query:
            raise incomplete("A request is signed in its headers or in its query, not in both.")
        for name in sorted({"host", *(each for each in names if each.startswith("x-amz-"))}):
            if name not in signed:
                raise incomplete(f"'{name}' must be a 'SignedHeader' in the AWS Authorization.")
        if absent := [name for name in signed if name not in names]:
            raise incomplete(f"'{absent[0]}' is signed, and was not sent.")
        _only(request, "host")
        timestamp = _timestamp(request, signed)
        self._check_time(timestamp, scope)
        return Claim(key_id, timestamp, scope, signed, given, _payload(request))

    def verify(self, request: HttpRequest, claim: Claim, body: bytes) -> str:
        """The id of the access key that signed the request.

        Raises:
            AuthenticationFailed: The body or anything that is signed was changed, the secret is
                wrong, or there is no such key. Which of them is not told, and takes as long.
        """
        digest = hashlib.sha256(body).hexdigest()
        canonical = canonical_request(request, claim.signed, digest)
        key, known = self._key(claim)
        right = signature(key, string_to_sign(canonical, claim.timestamp, claim.scope))
        if not hmac.compare_digest(right, claim.signature) or not known:
            raise unknown()
        if claim.payload not in (None, digest):
            raise mismatched("The value of 'x-amz-content-sha256' is not the body's digest.")
        return claim.key_id

    def _key(self, claim: Claim) -> tuple[bytes, bool]:
        """The signing key; a decoy's, and False, where there is no such access key.

        Derived keys are remembered, the decoy's too, so that neither takes longer the second time.
        """
        secret = self._secret_key(claim.key_id)
        place = (claim.key_id if secret is not None else "", claim.scope)
        key = self._keys.get(place)
        if key is None:
            key = self._keys[place] = signing_key(secret or self._decoy, claim.scope)
            while len(self._keys) > MAX_REMEMBERED:
                self._keys.popitem(last=False)
        self._keys.move_to_end(place)
        return key, secret is not None

    def _check_time(self, timestamp: str, scope: Scope) -> None:
        if not timestamp.startswith(scope.date):
            raise mismatched(
                f"Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date "
                f"from HTTP: '{scope.date}' != '{timestamp[:8]}', from '{timestamp}'."
            )
        now = self._clock.time_us() / _US
        signed_at = datetime.strptime(timestamp, _STAMP).replace(tzinfo=UTC).timestamp()
        stamps = [_stamp(each) for each in (now, now - SKEW_SECONDS, now + SKEW_SECONDS)]
        minutes = SKEW_SECONDS // 60
        if signed_at < now - SKEW_SECONDS:
            raise mismatched(
                f"Signature expired: {timestamp} is now earlier than {stamps[1]} "
                f"({stamps[0]} - {minutes} min.)"
            )
        if signed_at > now + SKEW_SECONDS:
            raise mismatched(
                f"Signature not yet current: {timestamp} is still later than {stamps[2]} "
                f"({stamps[0]} + {minutes} min.)"
            )


def is_signed(authorization: str) -> bool:
    """Whether an Authorization header is a signature."""
    return authorization.startswith("AWS4-")


def _only(request: HttpRequest, name: str) -> str:
    """The header's value, which must be there once."""
    values = request.values(name)
    if not values:
        raise missing() if name == "authorization" else incomplete(f"There is no '{name}' header.")
    if len(values) > 1:
        raise incomplete(f"There is more than one '{name}' header.")
    return values[0]


def _parsed(header: str) -> tuple[str, Scope, tuple[str, ...], str]:
    """The parts of an Authorization header: key id, scope, signed headers, signature."""
    algorithm, _, rest = header.partition(" ")
    if algorithm != ALGORITHM or len(header) > _MAX_HEADER:
        raise incomplete(f"The signature's algorithm must be {ALGORITHM}.")
    parts: dict[str, str] = {}
    for part in rest.split(","):
        name, _, value = part.strip(" ").partition("=")
        if name in parts or name not in ("Credential", "SignedHeaders", "Signature"):
            raise incomplete("The Authorization header has a parameter twice, or an unknown one.")
        parts[name] = value
    for name in ("Credential", "SignedHeaders", "Signature"):
        if not parts.get(name):
            raise incomplete(f"Authorization header requires '{name}' parameter.")
    scoped = _SCOPED.fullmatch(parts["Credential"])
    if scoped is None or scoped[5] != TERMINATOR:
        raise incomplete("Credential must be ID/YYYYMMDD/REGION/SERVICE/aws4_request.")
    if scoped[4] not in SERVICES:
        raise mismatched(f"Credential should be scoped to correct service: '{scoped[4]}' is none.")
    signed = tuple(parts["SignedHeaders"].split(";"))
    if list(signed) != sorted(set(signed)) or not all(map(_HEADER_NAME.fullmatch, signed)):
        raise incomplete("SignedHeaders must be names in lower case, sorted, each once.")
    if not _HEX.fullmatch(parts["Signature"]):
        raise incomplete("Signature must be 64 hexadecimal digits in lower case.")
    return scoped[1], Scope(scoped[2], scoped[3], scoped[4]), signed, parts["Signature"]


def _timestamp(request: HttpRequest, signed: tuple[str, ...]) -> str:
    """When the request was signed; ``x-amz-date`` comes before ``date``."""
    name = "x-amz-date" if request.values("x-amz-date") else "date"
    value = _only(request, name)
    if name not in signed:
        raise incomplete(f"'{name}' must be a 'SignedHeader' in the AWS Authorization.")
    try:
        if _DATED.fullmatch(value):
            datetime.strptime(value, _STAMP).replace(tzinfo=UTC)
            return value
        if name == "date":
            return parsedate_to_datetime(value).astimezone(UTC).strftime(_STAMP)
    except (ValueError, OverflowError):
        pass
    raise incomplete(f"'{name}' must be a time such as 20260131T080000Z.")


def _payload(request: HttpRequest) -> str | None:
    if not request.values("x-amz-content-sha256"):
        return None
    value = _only(request, "x-amz-content-sha256")
    if not _HEX.fullmatch(value):  # UNSIGNED-PAYLOAD, STREAMING-…
        raise incomplete("'x-amz-content-sha256' must be the body's SHA-256.")
    return value


def _stamp(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime(_STAMP)
