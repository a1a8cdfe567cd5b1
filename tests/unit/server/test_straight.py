"""The way past the router answers as the router does."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from starlette.applications import Starlette
from starlette.types import ASGIApp, Message

from keybus.bus import Bus
from keybus.bus.control.versions import Declared
from keybus.bus.ingest.backlog import MOST_BYTES_OF_ACCOUNT
from keybus.engines.memory import MemoryEngine
from keybus.governance import Principal
from keybus.protocol import MAX_PUT_BYTES
from keybus.server.app import behind_the_door
from keybus.server.straight import Straight
from keybus.topology import load_platform

STRANGER = Principal("access", frozenset({"subscriber"}), "C1")
AGENT = (b"keybus-client", b"keybus-python/0.1.0")


@pytest.fixture
async def app(example: Path) -> AsyncIterator[Starlette]:
    declared = Declared(*load_platform(example))
    bus = await Bus.start(declared, MemoryEngine(), authorization="enforce")
    yield behind_the_door(bus)
    await bus.close()


class Asked:
    """One request's answer, and what else it did."""

    def __init__(self, method: str, path: str, parts: list[bytes], *, broken: bool = False) -> None:
        self.scope: dict[str, Any] = {
            "type": "http",
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "root_path": "",
            "query_string": b"",
            "headers": [(b"host", b"bus"), AGENT],
            "client": ("127.0.0.1", 1),
            "server": ("bus", 80),
            "state": {"principal": STRANGER},
        }
        last = len(parts) - 1
        self.left: list[Message] = [
            {"type": "http.request", "body": part, "more_body": broken or index < last}
            for index, part in enumerate(parts)
        ]
        self.sent: list[Message] = []

    async def receive(self) -> Message:
        return self.left.pop(0) if self.left else {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        self.sent.append(message)

    async def of(self, app: ASGIApp) -> list[Message]:
        await app(self.scope, self.receive, self.send)
        return self.sent


def put(source: str) -> bytes:
    entry = {"source": source, "detail_type": "door.opened", "detail": {}}
    return msgspec.json.encode({"entries": [entry]})


@pytest.mark.parametrize(
    ("method", "path", "parts", "broken", "status"),
    [
        ("POST", "/api/v1/events", [put("nobody's")], False, 200),
        ("POST", "/api/v1/events", [put("nobody's")[:9], b"", put("nobody's")[9:]], False, 200),
        ("POST", "/api/v1/events", [b"no JSON"], False, 400),
        ("POST", "/api/v1/events", [b""], False, 400),
        ("POST", "/api/v1/events", [b'{"entries":['], True, 400),
        ("POST", "/api/v1/events", [b"[" * MAX_PUT_BYTES, b"["], False, 413),
        ("GET", "/api/v1/events", [b""], False, 405),
        ("POST", "/api/v1/events/", [b""], False, 404),
        ("POST", "/api/v1/event", [b""], False, 404),
        ("GET", "/healthz", [b""], False, 200),
    ],
)
async def test_both_ways_answer_alike(
    app: Starlette, method: str, path: str, parts: list[bytes], *, broken: bool, status: int
) -> None:
    routed = await Asked(method, path, parts, broken=broken).of(app)
    straight = await Asked(method, path, parts, broken=broken).of(Straight(app))
    assert straight == routed
    assert straight[0]["status"] == status


async def test_what_fails_within_the_bus_is_answered_alike(app: Starlette) -> None:
    for account in ("one", "two"):  # there is room for nobody any more
        app.state.bus.backlog.take(account, MOST_BYTES_OF_ACCOUNT - 1)
    parts = [put("nobody's")]
    routed = await Asked("POST", "/api/v1/events", parts).of(app)
    straight = await Asked("POST", "/api/v1/events", parts).of(Straight(app))
    assert straight == routed
    assert straight[0]["status"] == 503


async def test_the_decision_of_the_route_is_asked(app: Starlette) -> None:
    bus: Bus = app.state.bus
    [_, body] = await Asked("POST", "/api/v1/events", [put("nobody's")]).of(Straight(app))
    [result] = msgspec.json.decode(body["body"])["results"]
    assert result["code"] == "AccessDeniedException"
    assert [each.account for each in bus.usage.snapshot().seen] == ["access"]
