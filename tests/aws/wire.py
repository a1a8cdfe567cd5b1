"""Requests byte by byte to a server, signed where it asks for it."""

import http.client
import time
from collections.abc import Mapping
from typing import Any, Final, Self

import msgspec
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.aws.serialising import Sent, serialised

SECONDS: Final = 60
REGION: Final = "local"
IDLE_SECONDS: Final = 3.0
"""A connection on which nothing was sent for so long is made anew: a server ends idle ones (uvicorn
after 5 s), and what is sent at that moment is lost."""


class Answered(msgspec.Struct, frozen=True):
    """An answer.

    Attributes:
        status: Its status.
        headers: Its headers, their names in lower case.
        body: Its body.
        seconds: How long it took.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    seconds: float = 0.0

    @property
    def is_error(self) -> bool:
        return self.status >= 300

    def json(self) -> Any:
        """The body, which has to be JSON; an empty one is an object without members."""
        return msgspec.json.decode(self.body or b"{}")

    @property
    def code(self) -> str:
        """The error's code, as botocore finds it in JSON services."""
        told = self.headers.get("x-amzn-errortype") or self.json().get("__type", "")
        return str(told).partition(":")[0].rpartition("#")[2]


class Wire:
    """One connection, kept open; an answer that does not come is an error of the test.

    Args:
        url: The server.
        key: An access key's id and its secret; None: nothing is signed.
    """

    def __init__(self, url: str, key: tuple[str, str] | None = None) -> None:
        self.url, self.key = url, key
        host, _, port = url.removeprefix("http://").partition(":")
        self._connection = http.client.HTTPConnection(host, int(port), timeout=SECONDS)
        self._answered = time.monotonic()

    def call(self, service: str, operation: str, asked: Any) -> Answered:
        """An operation of a service, with any parameters."""
        return self.send(serialised(service, operation, asked), service)

    def send(self, sent: Sent, service: str = "events") -> Answered:
        """A request as it stands, but for the signature."""
        begun = time.monotonic()
        self.begin(sent, service)
        answer = self._connection.getresponse()
        body = answer.read()
        found = {name.lower(): value for name, value in answer.getheaders()}
        self._answered = time.monotonic()
        return Answered(answer.status, found, body, time.monotonic() - begun)

    def begin(self, sent: Sent, service: str = "events") -> None:
        """Send a request whose answer nobody may wait for."""
        headers = sent.headers if self.key is None else self.signed(sent, service)
        if time.monotonic() - self._answered > IDLE_SECONDS:
            self._connection.close()  # the next request opens it again
        self._connection.request(sent.method, sent.path, sent.body, headers)

    def close(self) -> None:
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def signed(self, sent: Sent, service: str) -> dict[str, str]:
        """The headers of a request, with its signature."""
        assert self.key is not None
        request = AWSRequest(sent.method, f"{self.url}{sent.path}", sent.headers, sent.body)
        SigV4Auth(Credentials(*self.key), service, REGION).add_auth(request)
        return dict(request.headers.items())
