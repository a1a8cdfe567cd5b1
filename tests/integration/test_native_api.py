"""The native API over HTTP and WebSocket, against a real server."""

import asyncio
import io
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import msgspec
import pytest

from keybus import BusUnavailable, PublishError, SubscriptionError
from keybus.client.http import HttpTransport
from keybus.envelope import Entry
from keybus.protocol import MAX_PUT_BYTES, MAX_PUT_ENTRIES
from keybus.server.app import routes
from keybus.server.openapi import document
from tests.running import Server


@pytest.fixture
async def http(server: Server) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(f"{server.url}/") as session:
        yield session


@pytest.fixture
async def shared(shared_server: Server) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(f"{shared_server.url}/") as session:
        yield session


def entry(detail: Any, source: str = "aws.key", detail_type: str = "Key Event") -> dict[str, Any]:
    return {"source": source, "detail_type": detail_type, "detail": detail}


async def put(http: aiohttp.ClientSession, *entries: dict[str, Any]) -> list[dict[str, str]]:
    async with http.post("api/v1/events", json={"entries": entries}) as answer:
        assert answer.status == 200, await answer.text()
        results: list[dict[str, str]] = (await answer.json())["results"]
        return results


async def test_put_answers_each_entry(shared: aiohttp.ClientSession) -> None:
    taken, refused = await put(shared, entry({"a": 1}), entry([1]))
    assert set(taken) == {"event_id"}
    assert refused["code"] == "MalformedDetail"


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (b"", 400, "bad-request"),
        (b"{", 400, "bad-request"),
        (b"[]", 400, "bad-request"),
        (b'{"entries":[]}', 400, "bad-request"),
        (b'{"entries":[{}]}', 400, "bad-request"),
        (b'{"entries":[' + b"[" * 100_000, 400, "bad-request"),
        (json.dumps({"entries": [entry({})] * (MAX_PUT_ENTRIES + 1)}).encode(), 400, "bad-request"),
        (b'{"entries":[{"source":"\xff"}]}', 400, "bad-request"),
        (b" " * (MAX_PUT_BYTES + 1), 413, "too-large"),
    ],
    ids=[
        "empty",
        "cut off",
        "list",
        "no entries",
        "no entry",
        "deep",
        "many",
        "not UTF-8",
        "large",
    ],
)
async def test_a_body_that_cannot_be_taken_is_refused(
    shared: aiohttp.ClientSession, content: bytes, status: int, code: str
) -> None:
    async with shared.post("api/v1/events", data=io.BytesIO(content)) as answer:
        assert answer.status == status
        problem = await answer.json()
    assert problem["code"] == code
    assert problem["message"]
    assert problem["hint"]


async def test_lists(shared: aiohttp.ClientSession) -> None:
    async with shared.get("api/v1/subscriptions") as answer:
        subscriptions = {row["name"]: row for row in await answer.json()}
    assert subscriptions["partner-feed"]["filter"] == {"source": ["aws.key"]}
    async with shared.get("api/v1/publishers", params={"event_type": "device.online"}) as answer:
        [publisher] = await answer.json()
    assert publisher["name"] == "key.devices"
    async with shared.get("api/v1/platform") as answer:
        assert (await answer.json())["bus"] == "amazon-key"
    async with shared.get("healthz") as answer:
        assert (await answer.json()) == {"status": "ok", "bus": "amazon-key"}


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "api/v1/nothing", 404, "no-such-route"),
        ("DELETE", "api/v1/events", 405, "no-such-route"),
        ("GET", "api/v1/subscriptions/nobody/dead-letters", 404, "subscription"),
    ],
)
async def test_what_is_not_there_says_so(
    shared: aiohttp.ClientSession, method: str, path: str, status: int, code: str
) -> None:
    async with shared.request(method, path) as answer:
        assert answer.status == status
        assert (await answer.json())["code"] == code


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PATCH", "api/v1/platform", "GET, HEAD, PUT"),
        ("DELETE", "api/v1/replays", "GET, HEAD, POST"),
        ("PUT", "api/v1/subscriptions/partner-feed/dead-letters/purge", "POST"),
    ],
)
async def test_a_method_that_is_not_there_is_told_from_those_that_are(
    shared: aiohttp.ClientSession, method: str, path: str, allowed: str
) -> None:
    async with shared.request(method, path) as answer:
        assert answer.status == 405
        assert answer.headers["Allow"] == allowed


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("event_typ=a", "unknown field `event_typ`"),
        ("event_type=a&event_type=b", "given twice"),
    ],
)
async def test_a_query_that_would_be_misread_is_refused(
    shared: aiohttp.ClientSession, query: str, said: str
) -> None:
    async with shared.get(f"api/v1/publishers?{query}") as answer:
        assert answer.status == 400
        assert said in (await answer.json())["message"]


async def test_it_describes_itself(shared: aiohttp.ClientSession) -> None:
    async with shared.get("api/v1/openapi.json") as answer:
        assert answer.content_type == "application/json"
        described = await answer.json()
    assert described == json.loads(msgspec.json.encode(document(routes(), closed=False)))


async def stream(http: aiohttp.ClientSession, name: str, query: str = "") -> Any:
    socket = await http.ws_connect(f"api/v1/subscriptions/{name}/deliveries{query}")
    hello = await socket.receive()
    return socket, hello


async def frame(socket: aiohttp.ClientWebSocketResponse) -> list[dict[str, Any]]:
    async with asyncio.timeout(5):
        deliveries: list[dict[str, Any]] = json.loads((await socket.receive()).data)["deliveries"]
    return deliveries


async def test_a_subscription_says_hello_and_keeps_to_the_window(
    http: aiohttp.ClientSession,
) -> None:
    await put(http, *(entry({"number": number}) for number in range(3)))
    socket, hello = await stream(http, "partner-feed", "?window=2")
    assert json.loads(hello.data) == {
        "type": "hello", "subscription": "partner-feed", "events": [], "window": 2,
    }  # fmt: skip
    first, second = await frame(socket)
    assert [first["envelope"]["detail"]["number"], second["attempt"]] == [0, 1]
    await socket.send_json({"ack": [first["position"]]})
    [third] = await frame(socket)
    assert third["envelope"]["detail"]["number"] == 2
    await socket.close()


async def test_dead_letters_are_listed_with_their_reason(http: aiohttp.ClientSession) -> None:
    await put(http, entry({"number": 1}))
    socket, _ = await stream(http, "partner-feed")
    [delivery] = await frame(socket)
    await socket.send_json({"bury": [{"position": delivery["position"], "reason": "not mine"}]})
    async with asyncio.timeout(5):
        while True:
            async with http.get("api/v1/subscriptions/partner-feed/dead-letters") as answer:
                if letters := await answer.json():
                    break
    await socket.close()
    [letter] = letters
    assert (letter["reason"], letter["attempts"]) == ("not mine", 1)
    assert letter["envelope"]["detail"] == {"number": 1}


@pytest.mark.parametrize(
    ("name", "query", "code"),
    [
        ("nobody", "", 4404),
        ("partner-feed", "?window=0", 4400),
        ("partner-feed", "?window=-1", 4400),
        ("partner-feed", "?window=many", 4400),
        ("partner-feed", "?window=" + "9" * 5000, 4400),
    ],
)
async def test_a_subscription_that_cannot_be_opened_is_closed_with_a_reason(
    shared: aiohttp.ClientSession, name: str, query: str, code: int
) -> None:
    socket, closed = await stream(shared, name, query)
    assert closed.type == aiohttp.WSMsgType.CLOSE
    assert socket.close_code == code
    assert closed.extra


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"[]",
        b'{"ack":[-1]}',
        b'{"ack":["1"]}',
        b'{"retry":[{"position":1}]}',
        b"[" * 100_000,
        b'{"x":' + b"[" * 100_000,
        b'{"retry":[{"position":1,"reason":"\xff"}]}',
    ],
)
async def test_a_message_that_cannot_be_read_closes_the_connection(
    shared: aiohttp.ClientSession, message: bytes
) -> None:
    socket, _ = await stream(shared, "notifications")
    await socket.send_bytes(message)
    async with asyncio.timeout(5):
        closed = await socket.receive()
    assert closed.type == aiohttp.WSMsgType.CLOSE
    assert socket.close_code == 4400


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "127.0.0.1.evil.example"},
        {"Host": "127.0.0.1@evil.example"},
        {"Host": ""},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
    ],
)
async def test_no_web_page_can_reach_it(
    shared: aiohttp.ClientSession, headers: dict[str, str]
) -> None:
    async with shared.get("api/v1/subscriptions", headers=headers) as answer:
        assert answer.status in (400, 403)
    async with shared.post("", headers=headers, data=b"{}") as answer:
        assert answer.status in (400, 403)
    with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
        await shared.ws_connect("api/v1/subscriptions/audit/deliveries", headers=headers)
    assert caught.value.status in (400, 403)


async def test_localhost_is_this_machine_too(
    shared: aiohttp.ClientSession, shared_server: Server
) -> None:
    port = shared_server.port
    headers = {"Host": f"localhost:{port}", "Origin": f"http://localhost:{port}"}
    async with shared.get("healthz", headers=headers) as answer:
        assert answer.status == 200


async def test_the_transport_names_what_it_cannot_reach() -> None:
    transport = HttpTransport("http://127.0.0.1:9", request_timeout=2)
    with pytest.raises(BusUnavailable, match=r"127\.0\.0\.1:9: Connection refused"):
        await transport.publishers("a.b")
    with pytest.raises(BusUnavailable, match=r"127\.0\.0\.1:9"):
        await transport.subscribe("x", 1)
    await transport.close()


async def test_the_transport_tells_a_refusal_from_an_outage(shared_server: Server) -> None:
    transport = HttpTransport(shared_server.url, request_timeout=5)
    with pytest.raises(SubscriptionError, match="nobody"):
        await transport.subscribe("nobody", 1)
    with pytest.raises(PublishError, match="400") as caught:
        await transport.put([])
    assert not isinstance(caught.value, BusUnavailable)
    big = Entry("s", "t", msgspec.Raw(b'{"a":"' + b"x" * MAX_PUT_BYTES + b'"}'))
    with pytest.raises(PublishError, match="413"):
        await transport.put([big])
    await transport.close()


async def test_a_server_told_to_stop_hands_leases_back(server: Server) -> None:
    async with aiohttp.ClientSession(f"{server.url}/") as http:
        await put(http, entry({"number": 1}))
        socket, _ = await stream(http, "partner-feed")
        await frame(socket)
        closing = asyncio.ensure_future(socket.receive())
        assert await asyncio.to_thread(server.stop) == 0
        await closing
        assert socket.close_code == aiohttp.WSCloseCode.SERVICE_RESTART
    await asyncio.to_thread(server.start)
    async with aiohttp.ClientSession(f"{server.url}/") as http:
        socket, _ = await stream(http, "partner-feed")
        [delivery] = await frame(socket)
        assert delivery["attempt"] == 1
        await socket.close()


async def test_a_consumer_that_spoke_nonsense_leaves_nothing_behind(server: Server) -> None:
    async with aiohttp.ClientSession(f"{server.url}/") as http:
        await put(http, entry({"number": 1}))
        socket, _ = await stream(http, "partner-feed")
        await frame(socket)
        await socket.send_bytes(b'{"x":' + b"[" * 100_000)
        await socket.receive()
        again, _ = await stream(http, "partner-feed")
        [delivery] = await frame(again)
        assert delivery["attempt"] == 2
        async with http.get("api/v1/subscriptions") as answer:
            feed = next(row for row in await answer.json() if row["name"] == "partner-feed")
        assert (feed["consumers"], feed["in_flight"]) == (1, 1)
        await again.close()


@pytest.mark.parametrize("time_us", [-(2**63), 2**63 - 1, 253_402_300_800_000_000])
async def test_a_time_that_is_none_is_one_entrys_fault(
    shared: aiohttp.ClientSession, time_us: int
) -> None:
    refused, taken = await put(shared, entry({}) | {"time_us": time_us}, entry({}))
    assert refused["code"] == "InvalidArgument"
    assert taken["event_id"]
