"""The canonical request: what a signature is made of.

Source: AWS Signature Version 4, "Create a signed AWS API request", steps 1 to 3.
"""

import hashlib
import hmac
from collections.abc import Sequence
from urllib.parse import quote, unquote_to_bytes

import msgspec

ALGORITHM = "AWS4-HMAC-SHA256"
TERMINATOR = "aws4_request"
_UNRESERVED = "-_.~"


class Scope(msgspec.Struct, frozen=True):
    """What a signing key is for: a day, a region and a service.

    Attributes:
        date: ``YYYYMMDD``.
        region: Any.
        service: AWS's name of it, such as ``events``.
    """

    date: str
    region: str
    service: str

    def __str__(self) -> str:
        """As the string to sign has it."""
        return f"{self.date}/{self.region}/{self.service}/{TERMINATOR}"


class HttpRequest(msgspec.Struct, frozen=True):
    """A request as it came.

    Attributes:
        method: In upper case.
        path: The path, not decoded.
        query: What follows the question mark, not decoded.
        headers: Names in lower case, and values, in the order in which they came.
    """

    method: str
    path: str
    query: str
    headers: Sequence[tuple[str, str]]

    def values(self, name: str) -> list[str]:
        """All values of a header."""
        return [value for found, value in self.headers if found == name]


def canonical_request(request: HttpRequest, signed: Sequence[str], payload: str) -> str:
    """The canonical request.

    Args:
        request: The request.
        signed: Names of the headers that were signed, sorted.
        payload: The body's SHA-256, in hexadecimal.
    """
    headers = [f"{name}:{','.join(map(_trimmed, request.values(name)))}\n" for name in signed]
    return "\n".join(
        [
            request.method,
            canonical_path(request.path),
            canonical_query(request.query),
            "".join(headers),
            ";".join(signed),
            payload,
        ]
    )


def canonical_path(path: str) -> str:
    """The path without dot segments and empty ones, each segment encoded once more.

    Every service but S3 signs it so; what is routed is the path as it came.
    """
    kept: list[str] = []
    for segment in path.split("/"):
        if segment == "..":
            del kept[-1:]
        elif segment not in ("", "."):
            kept.append(segment)
    end = "/" if path.endswith("/") and kept else ""
    return quote("/" + "/".join(kept) + end, safe="/" + _UNRESERVED)


def canonical_query(query: str) -> str:
    """The parameters, encoded anew and sorted by name and value."""
    if not query:
        return ""
    pairs = [pair.partition("=") for pair in query.split("&")]
    return "&".join(
        f"{name}={value}" for name, value in sorted((_anew(n), _anew(v)) for n, _, v in pairs)
    )


def string_to_sign(canonical: str, timestamp: str, scope: Scope) -> str:
    """What is signed: the time, the scope and the canonical request's digest."""
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    return f"{ALGORITHM}\n{timestamp}\n{scope}\n{digest}"


def signing_key(secret: str, scope: Scope) -> bytes:
    """The key that a secret access key gives for a scope."""
    key = f"AWS4{secret}".encode()
    for part in (scope.date, scope.region, scope.service, TERMINATOR):
        key = hmac.digest(key, part.encode(), "sha256")
    return key


def signature(key: bytes, text: str) -> str:
    """The signature of a text, in hexadecimal."""
    return hmac.digest(key, text.encode(), "sha256").hex()


def _trimmed(value: str) -> str:
    """Without white space at the ends, and single spaces within."""
    return " ".join(value.split())


def _anew(text: str) -> str:
    return quote(unquote_to_bytes(text), safe=_UNRESERVED)
