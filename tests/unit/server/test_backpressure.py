"""While the disk stalls, what waits is bounded: the rest is told to come again."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from starlette.types import Message

from keybus.bus import Bus
from keybus.bus.control.versions import Declared
from keybus.bus.ingest import backlog
from keybus.bus.ingest.backlog import Backlog
from keybus.engines.memory import MemoryEngine
from keybus.errors import Overloaded
from keybus.server.app import behind_the_door
from keybus.server.auth.door import open_door
from keybus.testing import ManualClock
from keybus.topology import load_platform
from tests.unit.bus.failing import Store, failing

PLATFORM = """\
bus: tiny
accounts:
  me: {id: "222222222222"}
subscriptions:
  all: {account: me, filter: {source: [{prefix: "other."}]}}
"""
MOST = 100_000
TEXT = "x" * 10_000


class Answer:
    """What came back of a request that was made without a network."""

    def __init__(self) -> None:
        self.status = 0
        self.headers: dict[bytes, bytes] = {}
        self.body = b""

    async def take(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status, self.headers = message["status"], dict(message["headers"])
        else:
            self.body += message["body"]


async def post(bus: Bus, path: str, value: Any, *headers: tuple[bytes, bytes]) -> Answer:
    content = json.dumps(value).encode()
    messages: list[Message] = [{"type": "http.request", "body": content, "more_body": False}]

    async def receive() -> Message:
        return messages.pop()

    scope = {"type": "http", "method": "POST", "path": path, "raw_path": path.encode()}
    scope |= {"query_string": b"", "headers": list(headers), "client": ("127.0.0.1", 1)}
    answer = Answer()
    await open_door(behind_the_door(bus))(scope, receive, answer.take)
    return answer


def put(bus: Bus) -> "asyncio.Task[Answer]":
    entry = {"source": "other.app", "detail_type": "x", "detail": {"text": TEXT}}
    return asyncio.create_task(post(bus, "/api/v1/events", {"entries": [entry]}))


def put_events(bus: Bus) -> "asyncio.Task[Answer]":
    entry = {"Source": "other.app", "DetailType": "x", "Detail": json.dumps({"text": TEXT})}
    target = (b"x-amz-target", b"AWSEvents.PutEvents")
    return asyncio.create_task(post(bus, "/", {"Entries": [entry]}, target))


async def test_a_flood_on_a_stalled_disk_is_shed(
    tmp_path: Path, example: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backlog, "MOST_BYTES", MOST)
    (tmp_path / "contracts").symlink_to(example / "contracts")
    (tmp_path / "platform.yaml").write_text(PLATFORM)
    store, clock = Store(), ManualClock()
    engine = failing(MemoryEngine(clock=clock), store)
    bus = await Bus.start(Declared(*load_platform(tmp_path)), engine, clock=clock)
    store.waits = lambda call: call[0] == "append"
    flood = [kind(bus) for _ in range(50) for kind in (put, put_events)]
    shed, waiting = await asyncio.wait(flood, timeout=0.5)
    while len(waiting) > MOST // len(TEXT):  # a machine may be slow
        shed, waiting = await asyncio.wait(flood, timeout=0.5)
    assert 5 <= len(waiting) <= MOST // len(TEXT)
    assert 0 < bus.backlog.bytes <= MOST
    answers = [each.result() for each in shed]
    assert {each.status for each in answers} == {503, 429}
    assert {each.headers[b"retry-after"] for each in answers} == {b"1"}
    assert {json.loads(each.body).get("code", "aws") for each in answers} == {"overloaded", "aws"}
    store.go.set()
    assert {(await each).status for each in waiting} == {200}
    assert bus.backlog.bytes == 0
    assert (await put(bus)).status == 200
    assert (await bus.states())["all"].waiting == len(waiting) + 1
    await bus.close()


def test_an_account_has_its_share_and_gets_it_back() -> None:
    waiting = Backlog()
    with waiting.request("shop") as offered:
        offered.more(backlog.MOST_BYTES_OF_ACCOUNT - 1)
        with pytest.raises(Overloaded) as told:
            offered.more(1)
        assert told.value.retry_after > 0
        with waiting.request("desk") as other:
            other.more(1)
            assert waiting.bytes == backlog.MOST_BYTES_OF_ACCOUNT
    assert waiting.bytes == 0
    with waiting.request("shop") as offered:
        offered.more(1)
