"""A small endpoint of EventBridge and SQS that has bad days: it refuses, cuts and answers rubbish."""

import json
import re
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

_WORD = re.compile("(?<!^)(?=[A-Z])")
Answer = dict[str, Any] | bytes
Day = Callable[[str, int, dict[str, Any]], Answer | None]
"""Given an operation, how often it was asked, and its parameters; None: all is well."""


class Cut(Exception):
    """The connection ends without an answer."""


class Refused(Exception):
    """An error of AWS."""

    def __init__(self, code: str, status: int = 400) -> None:
        super().__init__(code)
        self.code, self.status = code, status


class Endpoint:
    """One queue, and a bus that keeps nothing."""

    def __init__(self, day: Day) -> None:
        self.url = ""
        self.asked: Counter[str] = Counter()
        self.bodies: list[str] = []
        self.receives: Counter[str] = Counter()
        self.released: list[str] = []
        self.changed = threading.Condition()
        self._day, self._hidden = day, set[str]()

    def ask(self, operation: str, parameters: dict[str, Any]) -> Answer:
        with self.changed:
            self.asked[operation] += 1
            count = self.asked[operation]
            self.changed.notify_all()
        answer = self._day(operation, count, parameters)
        found: Callable[[dict[str, Any]], Answer] = getattr(self, _WORD.sub("_", operation).lower())
        return found(parameters) if answer is None else answer

    def wait_for(self, condition: Callable[[], bool]) -> None:
        with self.changed:
            assert self.changed.wait_for(condition, 60)

    def send(self, *bodies: str) -> None:
        with self.changed:
            self.bodies += bodies
            self.changed.notify_all()

    def put_events(self, asked: dict[str, Any]) -> Answer:
        return {"Entries": [{"EventId": f"e{n}"} for n in range(len(asked["Entries"]))]}

    def get_queue_url(self, asked: dict[str, Any]) -> Answer:
        return {"QueueUrl": f"{self.url}/111111111111/{asked['QueueName']}"}

    def receive_message(self, asked: dict[str, Any]) -> Answer:
        """Waits a second at most, so that no test ends later than that."""
        end = time.monotonic() + 1
        with self.changed:
            self.changed.wait_for(self._visible, end - time.monotonic())
            found = self._visible()[: asked["MaxNumberOfMessages"]]
            self.receives.update(found)
            self._hidden.update(found)
        return {"Messages": [{"MessageId": b, "ReceiptHandle": b, "Body": b} for b in found]}

    def delete_message_batch(self, asked: dict[str, Any]) -> Answer:
        with self.changed:
            for each in asked["Entries"]:
                with suppress(ValueError):
                    self.bodies.remove(each["ReceiptHandle"])
            self.changed.notify_all()
        return {"Successful": [{"Id": each["Id"]} for each in asked["Entries"]]}

    def change_message_visibility_batch(self, asked: dict[str, Any]) -> Answer:
        with self.changed:
            for each in asked["Entries"]:
                if each["VisibilityTimeout"] == 0:
                    self._hidden.discard(each["ReceiptHandle"])
                    self.released.append(each["ReceiptHandle"])
            self.changed.notify_all()
        return {"Successful": [{"Id": each["Id"]} for each in asked["Entries"]]}

    def _visible(self) -> list[str]:
        return [each for each in self.bodies if each not in self._hidden]


@contextmanager
def endpoint(day: Day) -> Iterator[Endpoint]:
    """One that runs, until it is left."""
    there = Endpoint(day)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: Any) -> None: ...

        def do_POST(self) -> None:
            parameters = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            operation = self.headers["X-Amz-Target"].partition(".")[2]
            try:
                answer = there.ask(operation, parameters)
            except Refused as refused:
                self._answer(refused.status, {"__type": refused.code, "message": "not now"})
            except Cut:
                self.close_connection = True
                self.connection.shutdown(socket.SHUT_RDWR)
            else:
                self._answer(200, answer)

        def _answer(self, status: int, answer: Answer) -> None:
            body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
            with suppress(OSError):  # whoever asked has gone
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    there.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=[0.01])
    thread.start()
    try:
        yield there
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
