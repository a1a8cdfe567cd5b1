"""What a closed bus does with platforms, and requests, that were made to hurt it."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import aiohttp
import pytest

from keybus.bus.dead_letters.search import MOST_BYTES
from keybus.server.log_limit import MOST
from tests.integration.raw import raw
from tests.running import ClosedServer

Edit = Callable[[str], str]
SOURCE = '["shop.till"]'


async def proposed(
    closed: ClosedServer, edit: Edit | None = None, **changes: Any
) -> tuple[int, str]:
    """The answer to the platform that holds, applied again with an edit of its text."""
    token = {"Authorization": f"Bearer {closed.token}"}
    async with aiohttp.ClientSession(f"{closed.url}/api/v1/", headers=token) as http:
        async with http.get("platform/versions/current") as answer:
            current = await answer.json()
        despite = changes.pop("despite", "")
        platform = current["platform"] | changes
        text = json.dumps(
            {"platform": platform, "contracts": current["contracts"], "despite": despite}
        )
        async with http.put("platform", data=edit(text) if edit else text) as answer:
            return answer.status, await answer.text()


def filtered(by: str) -> Edit:
    """Another filter of the first subscription."""
    return lambda text: text.replace('{"source": ["shop.till"]}', by, 1)


@pytest.mark.parametrize(
    "edit",
    [
        lambda _: '{"platform":' + '{"bus":' * 100_000,
        lambda _: "[" * 1_000_000,
        filtered('{"detail":' + '{"a":' * 3000 + "[1]" + "}" * 3001),
        filtered('{"$or":[' * 3000 + '{"source":["b"]}' + "]}" * 3000),
        filtered('{"$or":[' + ",".join(['{"source":["b"]}'] * 5000) + "]}"),
        filtered('{"source":[{"wildcard":"' + "*a" * 100_000 + '"}]}'),
        lambda text: text.replace(SOURCE, "[NaN]"),
        lambda text: text.replace(SOURCE, f"[{'9' * 100_000}]"),
        lambda text: text.replace(SOURCE, "[1e999999999]"),
        lambda text: text.replace(SOURCE, '["\\ud800"]'),
        lambda text: text[:-1] + ', "platform": {}}',
    ],
    ids=["objects", "arrays", "filter", "$or", "wide $or", "wildcard", "NaN", "digits", "exponent",
         "half a character", "twice"],
)  # fmt: skip
async def test_a_platform_that_cannot_be_read_is_refused(closed: ClosedServer, edit: Edit) -> None:
    status, told = await proposed(closed, edit)
    assert status == 400, told


async def test_a_platform_that_nobody_could_change_again_is_refused(closed: ClosedServer) -> None:
    for changes in (
        {"central": None},
        {"central": None, "despite": "in a hurry"},
        {"central": "shop"},
    ):
        status, told = await proposed(closed, **changes)
        assert status == 422
        assert "nobody-administers" in told


@pytest.mark.parametrize(
    ("request_", "told"),
    [
        ("nonsense\r\n\r\n", b"Invalid HTTP request"),
        (
            "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n",
            b"Unsupported upgrade",
        ),
    ],
    ids=["nonsense", "upgrade"],
)
async def test_nobody_fills_the_log_without_a_credential(
    closed: ClosedServer, request_: str, told: bytes
) -> None:
    answers = await asyncio.gather(*(raw(closed.port, request_) for _ in range(MOST * 4)))
    assert all(answer.startswith(b"HTTP/1.1 4") for answer in answers)
    assert 1 <= closed.log.read_bytes().count(told) <= MOST


async def test_what_comes_after_the_body_is_no_header(closed: ClosedServer) -> None:
    entry = b'{"Entries": [{"Source": "shop.till", "DetailType": "Sale", "Detail": "{}"}]}'
    head = (
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n"
        f"Authorization: Bearer {closed.token}\r\n"
    )
    target = "X-Amz-Target: AWSEvents.PutEvents\r\n"
    body = b"%x\r\n%s\r\n0\r\n" % (len(entry), entry)
    in_head = f"{head}{target}\r\n".encode() + body + b"\r\n"
    after_body = f"{head}\r\n".encode() + body + f"{target}\r\n".encode()
    assert (await raw(closed.port, in_head)).startswith(b"HTTP/1.1 200")
    assert (await raw(closed.port, after_body)).startswith(b"HTTP/1.1 400")


async def test_an_answer_with_large_dead_letters_has_bounded_size(closed: ClosedServer) -> None:
    token = closed.issue("shop", "publisher", "subscriber").secret
    entry = {"source": "shop.till", "detail_type": "Sale", "detail": {"notes": "x" * 1_000_000}}
    count = MOST_BYTES // 1_000_000 + 5
    headers = {"Authorization": f"Bearer {token}"}
    async with aiohttp.ClientSession(f"{closed.url}/api/v1/", headers=headers) as http:
        for _ in range(count):
            async with http.post("events", json={"entries": [entry]}) as answer:
                assert answer.status == 200
        socket = await http.ws_connect("subscriptions/shop-feed/deliveries", max_msg_size=0)
        await socket.receive()
        left = count
        while left:
            frame = json.loads(await asyncio.wait_for(socket.receive_bytes(), 20))
            dead = [{"position": each["position"], "reason": "no"} for each in frame["deliveries"]]
            await socket.send_json({"bury": dead})
            left -= len(dead)
        async with asyncio.timeout(20):
            while left < count:
                async with http.get("subscriptions") as answer:
                    left = (await answer.json())[0]["dead"]
        await socket.close()
        async with http.get("subscriptions/shop-feed/dead-letters") as answer:
            letters = await answer.json()
        # Compared by themselves: what else is in the answer would fill a screen.
        told = len(letters)
        assert MOST_BYTES // 1_000_000 <= told < count
