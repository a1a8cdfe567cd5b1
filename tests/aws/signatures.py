"""Signed requests that somebody has changed on the way, or has never been able to sign."""

import re
from collections.abc import Callable, Mapping
from typing import Final

import msgspec

from tests.aws.serialising import Sent

_HEADER: Final = "Authorization"


def _authorization(pattern: str, by: str) -> Callable[[Sent], Sent]:
    def change(sent: Sent) -> Sent:
        changed = re.sub(pattern, by, sent.headers[_HEADER])
        assert changed != sent.headers[_HEADER]
        return msgspec.structs.replace(sent, headers=sent.headers | {_HEADER: changed})

    return change


def _headers(**changes: str) -> Callable[[Sent], Sent]:
    named = {name.replace("_", "-"): value for name, value in changes.items()}
    return lambda sent: msgspec.structs.replace(sent, headers=sent.headers | named)


SPOILT: Final[Mapping[str, Callable[[Sent], Sent]]] = {
    "another signature": _authorization(r"Signature=.{4}", "Signature=0000"),
    "no signature": _authorization(r", Signature=.*", ""),
    "a short signature": _authorization(r"Signature=.*", "Signature=00"),
    "another service": _authorization(r"/(events|sqs|schemas)/", "/s3/"),
    "another region": _authorization(r"/local/", "/mars/"),
    "another key": _authorization(r"Credential=[^/]*", "Credential=KBAKAAAAAAAAAAAAAAAA"),
    "another day": _authorization(r"/20\d{6}/", "/20200101/"),
    "nothing signed": _authorization(r"SignedHeaders=[^,]*", "SignedHeaders="),
    "another algorithm": _authorization(r"AWS4-HMAC-SHA256", "AWS4-HMAC-SHA512"),
    "no target signed": _authorization(r";x-amz-target", ""),
    "nonsense": _authorization(r".+", "AWS4-HMAC-SHA256 \u00e9=,,,=/////"),
    "long": _authorization(r".+", "AWS4-HMAC-SHA256 " + "a" * 8000),
    "basic": _authorization(r".+", "Basic YTpi"),
    "no token": _authorization(r".+", "Bearer "),
    "another time": _headers(X_Amz_Date="20200101T000000Z"),
    "no time": _headers(X_Amz_Date="now"),
    "another target": _headers(X_Amz_Target="AWSEvents.ListEventBuses"),
    "a session": _headers(X_Amz_Security_Token="made-up"),
    "another body": lambda sent: msgspec.structs.replace(sent, body=b'{"Limit": 1}'),
    "a stale hash": _headers(X_Amz_Content_SHA256="0" * 64),
}
"""What was changed after signing, by what it is."""
REFUSED: Final = {
    "IncompleteSignatureException",
    "InvalidSignatureException",
    "MissingAuthenticationTokenException",
    "ThrottlingException",
    "UnrecognizedClientException",
}
"""How such a request is refused; who sends many of them is slowed down."""
