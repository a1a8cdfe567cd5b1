"""Requests as botocore's own signer signs them."""

from datetime import UTC, datetime
from urllib.parse import urlsplit

import botocore.auth
import botocore.awsrequest
import botocore.credentials

from keybus.server.auth.canonical import HttpRequest

KEY_ID, SECRET = "KBAKAAAAAAAAAAAAAAAA", "s" * 40
NOW = datetime(2026, 1, 31, 8, 0, tzinfo=UTC)
NOW_US = int(NOW.timestamp()) * 1_000_000


def signed(
    method: str = "POST",
    url: str = "http://127.0.0.1:7411/",
    *,
    headers: list[tuple[str, str]] | None = None,
    body: bytes = b"{}",
    key_id: str = KEY_ID,
    secret: str = SECRET,
    region: str = "local",
    service: str = "events",
    at: datetime = NOW,
) -> HttpRequest:
    """A request as it arrives, with its Host, after botocore has signed it."""
    request = botocore.awsrequest.AWSRequest(method=method, url=url, data=body)
    for name, value in headers or []:
        request.headers.add_header(name, value)
    # What `add_auth` does, at a time of the test's own.
    signer = botocore.auth.SigV4Auth(
        botocore.credentials.Credentials(key_id, secret), service, region
    )
    request.context["timestamp"] = at.strftime("%Y%m%dT%H%M%SZ")
    signer._modify_request_before_signing(request)  # noqa: SLF001 - add_auth takes no time
    text = signer.string_to_sign(request, signer.canonical_request(request))
    signer._inject_signature_to_request(request, signer.signature(text, request))  # noqa: SLF001
    parts = urlsplit(url)
    host = [] if any(name.lower() == "host" for name, _ in headers or []) else [parts.netloc]
    return HttpRequest(
        method=method,
        path=parts.path or "/",
        query=parts.query,
        headers=[
            *(("host", value) for value in host),
            *((name.lower(), value) for name, value in request.headers.items()),
        ],
    )
