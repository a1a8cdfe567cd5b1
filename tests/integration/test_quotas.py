"""Quotas over HTTP, against a real server: 429 says when to come again, and publishers do."""

from pathlib import Path
from types import ModuleType

import aiohttp

from keybus import AsyncEventPublisher
from keybus.settings import Settings
from tests.running import ServerFactory

PLATFORM = """\
bus: tiny
accounts:
  deliveries: {id: "111111111111", quota: {events_per_second: 20}}
  me: {id: "222222222222"}
publishers:
  key.delivery: {account: deliveries, events: [delivery.status.updated]}
subscriptions:
  all: {account: me, events: [delivery.status.updated@1]}
"""


async def test_a_publisher_over_its_quota_waits_and_loses_nothing(
    new_server: ServerFactory, tmp_path: Path, example: Path, events: ModuleType
) -> None:
    folder = tmp_path / "app"
    folder.mkdir()
    (folder / "contracts").symlink_to(example / "contracts")
    (folder / "platform.yaml").write_text(PLATFORM)
    server = new_server(folder)
    entry = {"source": "key.delivery", "detail_type": "Else", "detail": {}}
    async with aiohttp.ClientSession(f"{server.url}/") as http:
        for _ in range(20):  # the first takes all that there is, and more
            answer = await http.post("api/v1/events", json={"entries": [entry] * 40})
            if answer.status != 200:
                break
        assert answer.status == 429
        assert int(answer.headers["Retry-After"]) >= 1
        problem = await answer.json()
        assert problem["code"] == "throttled"
        assert problem["hint"]
        made = [
            events.DeliveryStatusUpdated(
                delivery_id=f"DEL-{number}", status="IN_GARAGE", timestamp="2026-01-31T08:00:00Z"
            )
            for number in range(5)
        ]
        settings = Settings(publisher="key.delivery", retry_timeout=120.0)
        async with AsyncEventPublisher(server.url, settings=settings) as publisher:
            assert all(await publisher.publish_many(made))
        async with http.get("api/v1/subscriptions") as listed:
            [info] = await listed.json()
    assert info["waiting"] == len(made)
