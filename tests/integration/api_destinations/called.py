"""An HTTP endpoint of a test's own, which checks credentials and issues OAuth tokens."""

import base64
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

PATIENCE = 30.0
"""Seconds for which a request is waited for."""


class Called(NamedTuple):
    """A request as it came: its headers' names in lower case, and when by a monotonic clock."""

    method: str
    path: str
    query: list[tuple[str, str]]
    headers: dict[str, str]
    body: bytes
    at: float

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def form(self) -> list[tuple[str, str]]:
        return parse_qsl(self.body.decode())


class Answer(NamedTuple):
    """What is answered."""

    status: int = 200
    body: bytes = b"{}"
    headers: tuple[tuple[str, str], ...] = ()


Answers = Callable[[Called], Answer]


class Endpoint:
    """Takes requests; what is answered at a path may be changed at any time.

    Attributes:
        port: Where it listens.
        requests: What came, in order; of all tests that share it.
        answers: By the first part of the path.
    """

    def __init__(self) -> None:
        self.requests: list[Called] = []
        self.answers: dict[str, Answers] = {}
        self._news = threading.Condition()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def came(self, path: str) -> list[Called]:
        """What came at a path, and below it."""
        return [each for each in self.requests if each.path.startswith(path)]

    def until(self, path: str, count: int = 1) -> list[Called]:
        """Wait until as many came."""
        with self._news:
            assert self._news.wait_for(lambda: len(self.came(path)) >= count, PATIENCE), (
                f"{len(self.came(path))} of {count} requests at {path} came"
            )
        return self.came(path)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_any(self) -> None:
                length = int(self.headers.get("content-length", "0"))
                parts = urlsplit(self.path)
                called = Called(
                    self.command,
                    parts.path,
                    parse_qsl(parts.query, keep_blank_values=True),
                    {name.lower(): value for name, value in self.headers.items()},
                    self.rfile.read(length),
                    time.monotonic(),
                )
                answer = endpoint.take(called)
                self.send_response(answer.status)
                for name, value in answer.headers:
                    self.send_header(name, value)
                content = b"" if self.command == "HEAD" else answer.body
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: object) -> None:
                """Nothing is printed."""

        for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"):
            setattr(Handler, f"do_{method}", Handler.handle_any)
        return Handler

    def take(self, called: Called) -> Answer:
        with self._news:
            self.requests.append(called)
            self._news.notify_all()
        first = "/" + called.path.split("/")[1]
        answers = self.answers.get(first)
        return Answer() if answers is None else answers(called)


class TokenServer:
    """Issues tokens to one client, and knows which of them hold.

    Args:
        endpoint: Where it answers.
        path: At which path.
        lifetime: What it says of how long tokens hold; None: nothing.
    """

    def __init__(self, endpoint: Endpoint, path: str, lifetime: object = 3600) -> None:
        self.endpoint, self.path, self.lifetime = endpoint, path, lifetime
        self.client = ("the-client", "the&client=secret/of ours")
        self.issued = 0
        self.revoked: set[str] = set()
        endpoint.answers[path] = self.issue

    @property
    def url(self) -> str:
        return f"{self.endpoint.url}{self.path}"

    @property
    def asked(self) -> list[Called]:
        return self.endpoint.came(self.path)

    def token(self, number: int) -> str:
        return f"token{self.path.replace('/', '-')}-{number}"

    def issue(self, called: Called) -> Answer:
        if self.client not in (_in_form(called), _in_header(called)):
            return Answer(401, b'{"error": "invalid_client", "given": "%s"}' % called.body)
        self.issued += 1
        issued = {"access_token": self.token(self.issued), "token_type": "Bearer"}
        if self.lifetime is not None:
            issued["expires_in"] = self.lifetime  # type: ignore[assignment]  # as servers do
        return Answer(200, json.dumps(issued).encode())

    def guards(self, path: str) -> None:
        """Let a path answer 401 to whoever has no token that holds."""
        self.endpoint.answers[path] = self._guarded

    def _guarded(self, called: Called) -> Answer:
        kind, _, token = called.headers.get("authorization", "").partition(" ")
        known = {self.token(number) for number in range(1, self.issued + 1)} - self.revoked
        return Answer() if kind == "Bearer" and token in known else Answer(401)


@contextmanager
def endpoint() -> Iterator[Endpoint]:
    made = Endpoint()
    yield made
    made.close()


def _in_form(called: Called) -> tuple[str, str]:
    if called.headers.get("content-type") == "application/json":
        form = called.json
    else:
        form = dict(parse_qsl(called.body.decode()))
    return form.get("client_id", ""), form.get("client_secret", "")


def _in_header(called: Called) -> tuple[str, str]:
    kind, _, proof = called.headers.get("authorization", "").partition(" ")
    if kind != "Basic":
        return "", ""
    pair = base64.b64decode(proof).decode()
    name, _, secret = pair.partition(":")
    return unquote(name), unquote(secret)
