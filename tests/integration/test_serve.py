"""`keybus serve`: closed by default, whoever asks and however."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from keybus import EventSubscriber, SubscriptionError
from keybus.client.http import HttpTransport
from keybus.errors import Forbidden, Unauthenticated
from keybus.governance.principal import ROLES, Role
from keybus.server.app import routes
from keybus.settings import Settings
from tests.integration.raw import raw
from tests.running import ClosedServer

EVENT = {"source": "shop.till", "detail_type": "Sale", "detail": {"amount": 3}}
PATHS = sorted({route.path.replace("{name:path}", "shop-feed") for route in routes()})


@pytest.fixture
async def http(closed: ClosedServer) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(f"{closed.url}/") as session:
        yield session


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def put(http: aiohttp.ClientSession, token: str, **changes: Any) -> dict[str, str]:
    body = {"entries": [EVENT | changes]}
    async with http.post("api/v1/events", json=body, headers=bearer(token)) as answer:
        assert answer.status == 200, await answer.text()
        result: dict[str, str] = (await answer.json())["results"][0]
        return result


@pytest.mark.parametrize("path", [*PATHS, "/nothing", "/api", "/console"])
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "OPTIONS"])
async def test_without_a_credential_nothing_but_health_is_answered(
    http: aiohttp.ClientSession, method: str, path: str
) -> None:
    async with http.request(method, path.lstrip("/")) as answer:
        if path == "/healthz":
            assert answer.status == (200 if method == "GET" else 405)
        else:
            of_schemas = path.startswith(("/v1/", "/tags/"))  # each of AWS's faces says it its way
            assert answer.status == (400 if path == "/" else 403 if of_schemas else 401)
            assert "oken" in await answer.text()


async def test_whoever_has_a_credential_is_told_of_the_api(
    http: aiohttp.ClientSession, closed: ClosedServer
) -> None:
    desk = closed.issue("desk", "subscriber").secret
    async with http.get("api/v1/openapi.json", headers=bearer(desk)) as answer:
        assert answer.status == 200
        told = await answer.text()
    assert "/api/v1/credentials" in told
    assert set(json.loads(told)["components"]["securitySchemes"]) == {"bearer", "signature"}
    for name in ("shop.till", "shop-feed", "desk-feed", "desk-sees-sales"):
        assert name not in told


@pytest.mark.parametrize(
    "path",
    [
        "//healthz",
        "/healthz/",
        "/healthz%2f",
        "/healthz%00",
        "/HEALTHZ",
        "/%68ealthz",
        "/healthz/../api/v1/platform",
        "/healthz;/api/v1/platform",
        "/api/v1/../../healthz",
        "//api/v1/platform",
        "/api/v1/platform/",
        "/api/v1//platform",
        "/API/v1/platform",
        "/api/v1/platform%2f",
        "/api%2fv1%2fplatform",
        "/./api/v1/platform",
        "/api/v1/subscriptions/shop-feed%2fdead-letters",
        "/api/v1/subscriptions/..%2fdesk-feed/dead-letters",
        "/api/v1/platform?x=/healthz",
        "http://127.0.0.1/healthz/../api/v1/platform",
    ],
)
async def test_no_spelling_of_a_path_gets_round_the_door(closed: ClosedServer, path: str) -> None:
    answer = await raw(closed.port, f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    assert answer.split(b" ")[1] in (b"401", b"400")


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Original-URL": "/healthz"},
        {"X-Rewrite-URL": "/healthz"},
        {"X-Forwarded-For": "127.0.0.1"},
        {"X-Forwarded-User": "operations"},
        {"X-HTTP-Method-Override": "GET"},
        {"Authorization": ""},
        {"Authorization": "Basic b3BlcmF0aW9uczo="},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer kb_"},
        {"Proxy-Authorization": "Bearer TOKEN"},
        {"Cookie": "token=TOKEN"},
        {"X-Api-Key": "TOKEN"},
    ],
    ids=str,
)
async def test_no_header_but_authorization_lets_in(
    http: aiohttp.ClientSession, closed: ClosedServer, headers: dict[str, str]
) -> None:
    given = {name: value.replace("TOKEN", closed.token) for name, value in headers.items()}
    async with http.get("api/v1/platform", headers=given) as answer:
        assert answer.status == 401
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")


async def test_two_credentials_are_none(closed: ClosedServer) -> None:
    line = f"Authorization: Bearer {closed.token}\r\n"
    head = "GET /api/v1/platform HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    assert (await raw(closed.port, f"{head}{line}\r\n")).startswith(b"HTTP/1.1 200")
    assert (await raw(closed.port, f"{head}{line}{line}\r\n")).startswith(b"HTTP/1.1 401")


async def test_a_token_in_the_query_is_none(
    http: aiohttp.ClientSession, closed: ClosedServer
) -> None:
    async with http.get("api/v1/platform", params={"access_token": closed.token}) as answer:
        assert answer.status == 401


async def test_an_unknown_path_is_told_to_those_who_are_known(
    http: aiohttp.ClientSession, closed: ClosedServer
) -> None:
    async with http.get("nothing", headers=bearer(closed.token)) as answer:
        assert answer.status == 404


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "https://127.0.0.1", "file://"])
async def test_a_page_of_another_origin_is_refused(
    http: aiohttp.ClientSession, closed: ClosedServer, origin: str
) -> None:
    headers = bearer(closed.token) | {"Origin": origin}
    async with http.get("api/v1/platform", headers=headers) as answer:
        assert answer.status == 403
    with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
        await http.ws_connect("api/v1/subscriptions/shop-feed/deliveries", headers=headers)
    assert caught.value.status == 403


@pytest.mark.parametrize("role", ROLES)
async def test_roles_do_what_they_are_for_and_nothing_else(
    closed: ClosedServer, http: aiohttp.ClientSession, role: Role
) -> None:
    token = closed.token if role == "central" else closed.issue("shop", role).secret
    expected = {
        ("GET", "api/v1/credentials"): role in ("central", "auditor"),
        ("POST", "api/v1/credentials"): role == "central",
        ("POST", "api/v1/credentials/KBTK/rotate"): role == "central",
        ("DELETE", "api/v1/credentials/KBTK"): role == "central",
        ("GET", "api/v1/subscriptions/shop-feed/dead-letters"): role == "subscriber",
        ("GET", "api/v1/subscriptions/desk-feed/dead-letters"): False,
        ("GET", "api/v1/platform"): True,
    }
    got = {}
    for method, path in expected:
        async with http.request(method, path, headers=bearer(token)) as answer:
            got[method, path] = answer.status != 403
    assert got == expected
    taken = await put(http, token)
    assert ("event_id" in taken) == (role == "publisher")


async def test_nobody_puts_as_another_account(
    closed: ClosedServer, http: aiohttp.ClientSession
) -> None:
    desk = closed.issue("desk", "publisher", "subscriber").secret
    assert (await put(http, desk))["code"] == "NotAuthorizedForSource"
    shop = closed.issue("shop", "publisher").secret
    assert (await put(http, shop, source="aws.key"))["code"] == "NotAuthorizedForSource"
    assert "event_id" in await put(http, shop)


async def test_anothers_subscription_answers_as_one_that_is_not_there(
    closed: ClosedServer, http: aiohttp.ClientSession
) -> None:
    token = closed.issue("desk", "subscriber").secret
    told = []
    for name in ("shop-feed", "shop-feeb"):
        async with http.get(
            f"api/v1/subscriptions/{name}/dead-letters", headers=bearer(token)
        ) as answer:
            told.append((answer.status, (await answer.text()).replace(name, "NAME")))
        socket = await http.ws_connect(
            f"api/v1/subscriptions/{name}/deliveries", headers=bearer(token)
        )
        closing = await socket.receive()
        told.append((socket.close_code or 0, str(closing.extra).replace(name, "NAME")))
    assert told[:2] == told[2:]
    assert [code for code, _ in told[:2]] == [403, 4403]
    transport = HttpTransport(closed.url, request_timeout=5, settings=Settings(token=token))
    with pytest.raises(SubscriptionError, match="shop-feed"):
        await transport.subscribe("shop-feed", 1)
    await transport.close()


async def test_lists_show_an_account_its_own(
    closed: ClosedServer, http: aiohttp.ClientSession
) -> None:
    async def names(path: str, token: str) -> list[str]:
        async with http.get(f"api/v1/{path}", headers=bearer(token)) as answer:
            return [each["name"] for each in await answer.json()]

    desk = closed.issue("desk", "subscriber").secret
    assert await names("subscriptions", desk) == ["desk-feed"]
    assert await names("publishers", desk) == []
    assert sorted(await names("subscriptions", closed.token)) == ["desk-feed", "shop-feed"]
    async with http.get("api/v1/platform", headers=bearer(desk)) as answer:
        assert set((await answer.json())["accounts"]) == {"desk"}


async def test_a_websocket_without_a_credential_is_not_opened(
    http: aiohttp.ClientSession, closed: ClosedServer
) -> None:
    for headers in ({}, bearer(closed.token[:-1] + "!")):
        with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
            await http.ws_connect("api/v1/subscriptions/shop-feed/deliveries", headers=headers)
        assert caught.value.status == 401
    transport = HttpTransport(closed.url, request_timeout=5)
    with pytest.raises(Unauthenticated, match="not opened"):
        await transport.subscribe("shop-feed", 1)
    with pytest.raises(Unauthenticated, match="Missing"):
        await transport.publishers("a.b")
    await transport.close()


async def test_the_client_brings_events_across_accounts(
    closed: ClosedServer, http: aiohttp.ClientSession
) -> None:
    shop = closed.issue("shop", "publisher").secret
    desk = closed.issue("desk", "subscriber").secret
    subscriber = EventSubscriber("desk-feed", closed.url, settings=Settings(token=desk))
    received = asyncio.get_running_loop().create_future()

    @subscriber.on("Sale")
    async def sold(envelope: Any) -> None:
        if not received.done():
            received.set_result(envelope.id)
        subscriber.stop()

    result = await put(http, shop)
    async with asyncio.timeout(20):
        await subscriber.serve()
    assert result["event_id"]
    assert await received


async def test_a_revoked_credential_loses_its_connection(
    closed: ClosedServer, http: aiohttp.ClientSession
) -> None:
    issued = closed.issue("shop", "subscriber")
    socket = await http.ws_connect(
        "api/v1/subscriptions/shop-feed/deliveries", headers=bearer(issued.secret)
    )
    await socket.receive()
    async with http.delete(
        f"api/v1/credentials/{issued.credential.id}", headers=bearer(closed.token)
    ) as answer:
        assert answer.status == 200
    async with asyncio.timeout(5):
        while (await socket.receive()).type != aiohttp.WSMsgType.CLOSE:
            pass
    assert socket.close_code == 4401
    async with http.get("api/v1/subscriptions", headers=bearer(issued.secret)) as answer:
        assert answer.status == 401


async def test_what_may_not_be_put_at_all_is_forbidden_to_the_transport(
    closed: ClosedServer,
) -> None:
    settings = Settings(token=closed.issue("shop", "publisher").secret)
    transport = HttpTransport(closed.url, request_timeout=5, settings=settings)
    with pytest.raises(Forbidden, match="the action"):
        await transport._request("GET", "/credentials")  # noqa: SLF001 - clients ask nothing that is forbidden
    await transport.close()


async def test_refusals_and_changes_are_in_the_audit_log(
    closed: ClosedServer, http: aiohttp.ClientSession
) -> None:
    async with http.get("api/v1/audit?limit=1000", headers=bearer(closed.token)) as answer:
        text = await answer.text()
    assert "credential.issued" in text
    assert closed.token not in text


async def test_no_secret_is_in_the_log(closed: ClosedServer) -> None:
    _, _, secret = closed.token.split("_", 2)  # it may have underscores of its own
    assert len(secret) > 20
    assert secret not in closed.log.read_text()


async def test_nobody_fills_the_log_with_handshakes_that_are_refused(
    closed: ClosedServer, http: aiohttp.ClientSession
) -> None:
    for _ in range(3):
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await http.ws_connect("api/v1/subscriptions/shop-feed/deliveries")
    assert "ERROR" not in closed.log.read_text()
