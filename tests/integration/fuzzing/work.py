"""An account that publishes and receives while others ask for everything: it loses nothing."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Final

import aiohttp

from tests.integration.fuzzing.fuzzed_server import EVENT, WATCHED, FuzzedServer

PAUSE: Final = 0.02


class Work:
    """An account that publishes and receives, while others ask for everything.

    Attributes:
        put: The ids of the events that it was told are durable.
        stops: Set when it is to publish nothing more.
        received: What it received of each subscription, as often as it came, but for replays.
        taken: The file that has the ids of the events that the bus took from those who fuzz.
    """

    def __init__(self, http: aiohttp.ClientSession, token: str, taken: Path) -> None:
        self._http, self._token = http, token
        self.put: list[str] = []
        self.stops = asyncio.Event()
        self.received: dict[str, list[str]] = {"kestrel-feed": [], WATCHED: []}
        self.taken = taken
        taken.touch()

    async def get(self, path: str, token: str) -> Any:
        """What is answered to somebody."""
        async with self._http.get(path, headers=_bearer(token)) as answer:
            assert answer.status == 200, await answer.text()
            return await answer.json()

    async def publish(self) -> None:
        """Publish one event after the other until it is to stop."""
        while not self.stops.is_set():
            entries = [entry("kestrel.till", {EVENT: len(self.put)})]
            [result] = (await self.post("/api/v1/events", {"entries": entries}))["results"]
            self.put.append(result["event_id"])
            with suppress(TimeoutError):
                async with asyncio.timeout(PAUSE):
                    await self.stops.wait()

    async def sell(self, seller: str, buyer: str) -> str:
        """Let others have events, and dead letters; answers the id of an event."""
        entries = [entry("shop.till", {}) for _ in range(10)]
        put = await self.post("/api/v1/events", {"entries": entries}, seller)
        ids: list[str] = [each["event_id"] for each in put["results"]]
        self.taken.write_text("".join(f"{each}\n" for each in ids))
        feed = "/api/v1/subscriptions/desk-feed/receive"
        came = await self.post(feed, {"max": 5}, buyer)
        failed = [{"position": each["position"], "reason": ""} for each in came["deliveries"]]
        said = {"consumer": came["consumer"], "bury": failed, "max": 0, "leaving": True}
        await self.post(feed, said, buyer)
        return ids[0]

    async def first_put(self) -> str:
        """The first event's id, once there is one."""
        async with asyncio.timeout(30):
            while not self.put:  # noqa: ASYNC110 - it is soon
                await asyncio.sleep(PAUSE)
        return self.put[0]

    async def receive(self, name: str) -> None:
        """Receive and acknowledge until cancelled."""
        asked: dict[str, Any] = {"wait": 1}
        while True:
            answer = await self.post(f"/api/v1/subscriptions/{name}/receive", asked)
            events = [each["envelope"] for each in answer["deliveries"]]
            self.received[name] += [e["id"] for e in events if "replay-name" not in e]
            positions = [each["position"] for each in answer["deliveries"]]
            asked = {"wait": 1, "consumer": answer["consumer"], "ack": positions}

    async def all_came(self) -> None:
        """Wait until everything that was acknowledged has come, and look whether it came once."""
        expected = {"kestrel-feed": self.put, WATCHED: self.taken.read_text().split()}
        with suppress(TimeoutError):
            async with asyncio.timeout(120):
                while any(set(ids) - set(self.received[name]) for name, ids in expected.items()):  # noqa: ASYNC110 - of two
                    await asyncio.sleep(PAUSE)
        for name, ids in expected.items():
            assert ids
            assert sorted(self.received[name]) == sorted(ids)

    async def post(self, path: str, body: dict[str, Any], token: str = "") -> Any:
        """What is answered to the account, or to somebody else."""
        headers = _bearer(token or self._token)
        async with self._http.post(path, json=body, headers=headers) as answer:
            assert answer.status == 200, await answer.text()
            return await answer.json()


@asynccontextmanager
async def at_work(server: FuzzedServer, token: str, folder: Path) -> AsyncIterator[Work]:
    """An account at work; at the end nothing of it is lost."""
    async with aiohttp.ClientSession(server.url) as http:
        work = Work(http, token, folder / "taken")
        publishing = asyncio.create_task(work.publish())
        receiving = [asyncio.create_task(work.receive(name)) for name in work.received]
        try:
            yield work
            work.stops.set()
            await publishing
            await work.all_came()
        finally:
            for task in (publishing, *receiving):
                task.cancel()
            await asyncio.gather(publishing, *receiving, return_exceptions=True)


def entry(source: str, detail: Any) -> dict[str, Any]:
    """An event."""
    return {"source": source, "detail_type": "Sale", "detail": detail}


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}
