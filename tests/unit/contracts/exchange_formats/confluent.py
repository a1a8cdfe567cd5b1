"""A small server that answers as a Confluent schema registry does."""

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote

Subjects = dict[str, list[dict[str, Any]]]
"""Versions by subject, the oldest first: what is registered, as it is sent."""


@contextmanager
def registry(subjects: Subjects, *, user: str = "", token: str = "") -> Iterator[str]:
    """A registry of these subjects; its address.

    Args:
        subjects: What it has.
        user: Who may ask, as ``user:password``; empty: no such.
        token: The bearer token of whoever may ask; empty: no such.
    """
    allowed = {f"Basic {base64.b64encode(user.encode()).decode()}"} if user else set()
    allowed |= {f"Bearer {token}"} if token else set()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if allowed and self.headers.get("Authorization") not in allowed:
                self.answer(401, {"error_code": 401, "message": "Unauthorized"})
                return
            parts = [unquote(each) for each in self.path.split("/")[1:]]
            if parts == ["subjects"]:
                self.answer(200, sorted(subjects))
                return
            found = subjects.get(parts[1], []) if parts[0] == "subjects" and len(parts) == 4 else []
            number = len(found) if parts[-1:] == ["latest"] else int(parts[-1])
            if not 0 < number <= len(found):
                self.answer(404, {"error_code": 40401, "message": "Subject not found."})
                return
            told = {"subject": parts[1], "version": number, "id": number, **found[number - 1]}
            self.answer(200, told)

        def answer(self, status: int, value: Any) -> None:
            content = json.dumps(value).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/vnd.schemaregistry.v1+json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def schema(document: Any, *references: tuple[str, str, int]) -> dict[str, Any]:
    """A version in JSON Schema, with what it refers to: name, subject, version."""
    told = [{"name": name, "subject": of, "version": number} for name, of, number in references]
    found = {"schemaType": "JSON", "schema": json.dumps(document)}
    return {**found, "references": told} if told else found
