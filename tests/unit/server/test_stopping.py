"""What still comes while the bus stops is told to come again, and is no fault of the server's."""

from pathlib import Path
from typing import Any

import pytest
from starlette.types import Message

from keybus.bus import Bus
from keybus.bus.control.versions import Declared
from keybus.engines.memory import MemoryEngine
from keybus.server.app import behind_the_door
from keybus.server.auth.door import open_door
from keybus.topology import load_platform


@pytest.mark.parametrize(
    ("path", "body"),
    [("/api/v1/queues/prune", b'{"queues": ["left"]}'), ("/api/v1/tail", b"{}")],
)
async def test_a_bus_that_stops_says_503(example: Path, path: str, body: bytes) -> None:
    bus = await Bus.start(Declared(*load_platform(example)), MemoryEngine())
    app = open_door(behind_the_door(bus))
    await bus.close()
    sent: list[Message] = []
    scope: dict[str, Any] = {
        "type": "http",
        "method": "POST",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": b"",
        "headers": [],
    }

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    await app(scope, receive, send)
    assert sent[0]["status"] == 503
    assert b"stopping" in sent[1]["body"]
