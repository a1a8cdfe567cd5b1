"""Polling over HTTP, against a real server."""

import asyncio
import io
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from tests.running import Server

RECEIVE = "api/v1/subscriptions/partner-feed/receive"


@pytest.fixture
async def http(shared_server: Server) -> AsyncIterator[aiohttp.ClientSession]:
    timeout = aiohttp.ClientTimeout(total=60)
    async with aiohttp.ClientSession(f"{shared_server.url}/", timeout=timeout) as session:
        yield session


async def put(http: aiohttp.ClientSession, number: int) -> None:
    entry = {"source": "aws.key", "detail_type": "Key Event", "detail": {"number": number}}
    async with http.post("api/v1/events", json={"entries": [entry]}) as answer:
        assert answer.status == 200


async def poll(http: aiohttp.ClientSession, **asked: Any) -> dict[str, Any]:
    async with http.post(RECEIVE, json=asked) as answer:
        assert answer.status == 200, await answer.text()
        told: dict[str, Any] = await answer.json()
        return told


def numbers(answer: dict[str, Any]) -> list[int]:
    return [each["envelope"]["detail"]["number"] for each in answer["deliveries"]]


async def test_a_poll_waits_and_the_next_one_settles(http: aiohttp.ClientSession) -> None:
    waiting = asyncio.create_task(poll(http, wait=20))
    await put(http, 1)
    first = await waiting
    assert numbers(first) == [1]
    [delivery] = first["deliveries"]
    last = await poll(
        http, consumer=first["consumer"], ack=[delivery["position"]], max=0, leaving=True
    )
    assert last == {"consumer": None, "deliveries": [], "unknown": [], "notices": []}
    async with http.get("api/v1/subscriptions") as answer:
        [info] = [each for each in await answer.json() if each["name"] == "partner-feed"]
    assert (info["waiting"], info["in_flight"], info["consumers"]) == (0, 0, 0)


async def test_a_connection_that_breaks_while_it_waits_takes_nothing_along(
    http: aiohttp.ClientSession,
) -> None:
    consumer = (await poll(http, max=0))["consumer"]
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.5):
            await poll(http, consumer=consumer)
    await put(http, 2)
    found = await poll(http, consumer=consumer, again=True)
    assert numbers(found) == [2]
    position = found["deliveries"][0]["position"]
    await poll(http, consumer=consumer, ack=[position], max=0, leaving=True)


@pytest.mark.parametrize(
    ("path", "content", "status", "code"),
    [
        (RECEIVE, b"{", 400, "bad-request"),
        (RECEIVE, b'{"max": -1}', 400, "bad-request"),
        (RECEIVE, b'{"max": 1001}', 400, "bad-request"),
        (RECEIVE, b'{"wait": 21}', 400, "bad-request"),
        (RECEIVE, b'{"wiat": 1}', 400, "bad-request"),
        (RECEIVE, b'{"ack": [-1]}', 400, "bad-request"),
        (RECEIVE, b'{"consumer": "nobody"}', 404, "consumer"),
        (RECEIVE, b" " * ((1 << 20) + 1), 413, "too-large"),
        ("api/v1/subscriptions/nobody/receive", b"", 404, "subscription"),
    ],
)
async def test_what_is_no_poll_is_refused(
    http: aiohttp.ClientSession, path: str, content: bytes, status: int, code: str
) -> None:
    async with http.post(path, data=io.BytesIO(content)) as answer:
        assert answer.status == status
        problem = await answer.json()
    assert problem["code"] == code
    assert problem["hint"]
