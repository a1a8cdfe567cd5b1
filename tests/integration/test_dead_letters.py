"""Dead letters and pauses on a closed bus, over HTTP and on the command line."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest

from tests.running import ClosedServer

LETTERS = "subscriptions/shop-feed/dead-letters"
REDRIVES = "subscriptions/shop-feed/redrives"


@pytest.fixture(scope="module")
def bus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClosedServer]:
    server = ClosedServer(tmp_path_factory.mktemp("letters"))
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def token(bus: ClosedServer) -> str:
    return bus.issue("shop", "publisher", "subscriber").secret


@pytest.fixture
async def shop(bus: ClosedServer, token: str) -> AsyncIterator[aiohttp.ClientSession]:
    """The shop, with no dead letters and nothing waiting."""
    headers = {"Authorization": f"Bearer {token}"}
    async with aiohttp.ClientSession(f"{bus.url}/api/v1/", headers=headers) as http:
        await asked(http, "POST", "subscriptions/shop-feed/resume")
        left = (await at_rest(http))["waiting"]
        async with consuming(http) as socket:
            while left > 0:
                deliveries = await frame(socket)
                left -= len(deliveries)
                await settle(socket, "ack", deliveries)
        mark = (await asked(http, "POST", f"{LETTERS}/purge", dry_run=True))["mark"]
        if mark:
            await ended(http, await asked(http, "POST", f"{LETTERS}/purge", mark=mark))
        yield http


async def asked(
    http: aiohttp.ClientSession, method: str, path: str, status: int = 0, **body: Any
) -> Any:
    async with http.request(method, path, json=body or None) as answer:
        assert answer.status == (status or answer.status), await answer.text()
        assert status or answer.status < 300, await answer.text()
        return await answer.json()


async def state(http: aiohttp.ClientSession, name: str = "shop-feed") -> dict[str, Any]:
    return next(each for each in await asked(http, "GET", "subscriptions") if each["name"] == name)


async def at_rest(http: aiohttp.ClientSession) -> dict[str, Any]:
    """How it stands once whoever consumed it has left, with all that he said."""
    async with asyncio.timeout(10):
        while (found := await state(http))["consumers"] or found["in_flight"]:
            pass
    return found


@asynccontextmanager
async def consuming(
    http: aiohttp.ClientSession, window: int = 500
) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    path = f"subscriptions/shop-feed/deliveries?window={window}"
    async with http.ws_connect(path) as socket:
        assert (await message(socket))["type"] == "hello"
        yield socket
        await socket.send_json({"leaving": True})


async def message(socket: aiohttp.ClientWebSocketResponse) -> dict[str, Any]:
    async with asyncio.timeout(10):
        found: dict[str, Any] = json.loads(await socket.receive_bytes())
    return found


async def frame(socket: aiohttp.ClientWebSocketResponse) -> list[dict[str, Any]]:
    async with asyncio.timeout(10):
        while (found := await message(socket))["type"] != "frame":
            pass
    deliveries: list[dict[str, Any]] = found["deliveries"]
    return deliveries


async def settle(
    socket: aiohttp.ClientWebSocketResponse, how: str, deliveries: list[dict[str, Any]], **more: str
) -> None:
    each: list[Any] = [delivery["position"] for delivery in deliveries]
    if how != "ack":
        each = [{"position": position, "reason": "no such till", **more} for position in each]
    await socket.send_json({how: each})


async def sell(http: aiohttp.ClientSession, *amounts: int, kind: str = "Sale") -> None:
    entries = [
        {"source": "shop.till", "detail_type": kind, "detail": {"amount": each}} for each in amounts
    ]
    await asked(http, "POST", "events", 200, entries=entries)


async def bury(
    http: aiohttp.ClientSession, *amounts: int, kind: str = "Sale", cause: str = ""
) -> None:
    """Sales that the shop's consumer cannot handle."""
    before = (await state(http))["dead"]
    async with consuming(http) as socket:
        await sell(http, *amounts, kind=kind)
        left = len(amounts)
        while left:
            deliveries = await frame(socket)
            left -= len(deliveries)
            await settle(socket, "bury", deliveries, cause=cause)
        async with asyncio.timeout(10):
            while (await state(http))["dead"] < before + len(amounts):
                pass
    await at_rest(http)  # or what is redriven may go to whoever is about to leave


async def ended(http: aiohttp.ClientSession, begun: dict[str, Any]) -> dict[str, Any]:
    async with asyncio.timeout(10):
        while True:
            found: list[dict[str, Any]] = await asked(http, "GET", REDRIVES)
            standing = next(each for each in found if each["id"] == begun["id"])
            if standing["state"] != "running":
                return standing


async def test_they_are_listed_by_the_page_and_as_they_are_looked_for(
    shop: aiohttp.ClientSession,
) -> None:
    await bury(shop, 1, 2, 3)
    await bury(shop, 40, 50, kind="Refund", cause="no-money")
    listed = await asked(shop, "GET", LETTERS)
    assert [each["envelope"]["detail"]["amount"] for each in listed] == [1, 2, 3, 40, 50]
    first = await asked(shop, "GET", f"{LETTERS}?limit=2")
    assert first["dead_letters"] == listed[:2]
    second = await asked(shop, "GET", f"{LETTERS}?limit=3&after={first['next']}")
    assert (second["dead_letters"], second["next"]) == (listed[2:], "")

    async def amounts(query: str) -> list[int]:
        page = await asked(shop, "GET", f"{LETTERS}?limit=100&{query}")
        assert page["next"] == ""
        return [each["envelope"]["detail"]["amount"] for each in page["dead_letters"]]

    assert await amounts("cause=no-money") == [40, 50]
    assert await amounts("event_type=Sale&cause=rejected") == [1, 2, 3]
    assert await amounts("text=NO%20SUCH") == [1, 2, 3, 40, 50]
    assert await amounts('text="amount": 40') == [40]
    pattern = json.dumps({"detail": {"amount": [{"numeric": [">", 2]}]}})
    assert await amounts(f"pattern={pattern}&event_type=Sale") == [3]
    assert await amounts(f"since={listed[3]['buried_at']}") == [40, 50]
    assert await amounts(f"until={listed[1]['id']}") == [1]
    assert await amounts("since=2026-01-31T08:00:00Z&until=2026-01-31") == []
    one = await asked(shop, "GET", f"{LETTERS}/{listed[4]['id']}")
    assert one == listed[4]
    assert (one["cause"], one["attempts"], one["redriven"]) == ("no-money", 1, 0)
    assert one["attributes"] == {
        "RULE_ARN": "arn:aws:events:local:111111111111:rule/small/shop-feed",
        "TARGET_ARN": "arn:aws:sqs:local:222222222222:shop-feed",
        "ERROR_CODE": "NO_MONEY",
        "ERROR_MESSAGE": "no such till",
        "RETRY_ATTEMPTS": "0",
    }
    summary = await asked(shop, "GET", f"{LETTERS}/summary")
    assert summary["causes"] == {"rejected": 3, "no-money": 2}
    assert summary["types"] == {"Sale": 3, "Refund": 2}
    assert (summary["oldest"], summary["mark"]) == (listed[0]["id"], listed[4]["id"])


async def test_what_was_previewed_is_delivered_again(shop: aiohttp.ClientSession) -> None:
    await bury(shop, 1, 2)
    await bury(shop, 3, cause="no-money")
    preview = await asked(shop, "POST", f"{LETTERS}/redrive", 200, dry_run=True, cause="rejected")
    assert (preview["count"], preview["withheld"]) == (2, {})
    await bury(shop, 4)
    begun = await asked(
        shop, "POST", f"{LETTERS}/redrive", 202, cause="rejected", mark=preview["mark"]
    )
    found = await ended(shop, begun)
    assert (found["moved"], found["state"], found["by"]) == (2, "done", "shop")
    async with consuming(shop) as socket:
        deliveries = await frame(socket)
        assert [each["envelope"]["detail"]["amount"] for each in deliveries] == [1, 2]
        await settle(socket, "ack", deliveries)
    left = await asked(shop, "GET", LETTERS)
    assert [each["envelope"]["detail"]["amount"] for each in left] == [3, 4]


async def test_a_purge_wants_to_be_looked_at_first(shop: aiohttp.ClientSession) -> None:
    await bury(shop, 1, 2)
    problem = await asked(shop, "POST", f"{LETTERS}/purge", 400)
    assert "dry_run" in problem["hint"]
    [first, _] = await asked(shop, "GET", LETTERS)
    preview = await asked(shop, "POST", f"{LETTERS}/purge", 200, dry_run=True, ids=[first["id"]])
    assert preview["count"] == 1
    begun = await asked(
        shop, "POST", f"{LETTERS}/purge", 202, ids=[first["id"]], mark=preview["mark"]
    )
    assert (await ended(shop, begun))["moved"] == 1
    assert len(await asked(shop, "GET", LETTERS)) == 1
    gone = await asked(shop, "GET", f"{LETTERS}/{first['id']}", 404)
    assert gone["code"] == "no-such-letter"


async def test_only_one_goes_at_a_time_and_it_can_be_cancelled(shop: aiohttp.ClientSession) -> None:
    await bury(shop, *range(5))
    begun = await asked(shop, "POST", f"{LETTERS}/redrive", 202, rate=1)
    busy = await asked(shop, "POST", f"{LETTERS}/redrive", 409)
    assert busy["code"] == "already-clearing"
    stopped = await asked(shop, "DELETE", f"{REDRIVES}/{begun['id']}", 200)
    assert stopped["state"] == "cancelled"
    assert 1 <= stopped["moved"] < 5
    standing = await state(shop)
    assert standing["dead"] + standing["waiting"] == 5
    unknown = await asked(shop, "DELETE", f"{REDRIVES}/0000000000000001", 404)
    assert unknown["code"] == "no-such-clearing"


async def test_a_redrive_goes_on_after_the_bus_was_killed(
    bus: ClosedServer, shop: aiohttp.ClientSession
) -> None:
    await bury(shop, *range(8))
    begun = await asked(shop, "POST", f"{LETTERS}/redrive", 202, rate=4)
    bus.kill()
    bus.start()
    found = await ended(shop, begun)
    assert (found["state"], found["moved"], found["total"]) == ("done", 8, 8)
    amounts: list[int] = []
    async with consuming(shop) as socket:
        while len(amounts) < 8:
            deliveries = await frame(socket)
            amounts += [each["envelope"]["detail"]["amount"] for each in deliveries]
            await settle(socket, "ack", deliveries)
    assert sorted(amounts) == list(range(8))
    standing = await state(shop)
    assert standing["dead"] == 0


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "dead-letters?limit=0", None),
        ("GET", "dead-letters?limit=1001", None),
        ("GET", "dead-letters?limit=%D9%A1", None),
        ("GET", "dead-letters?limit=99999999999999999999", None),
        ("GET", "dead-letters?after=abc", None),
        ("GET", "dead-letters?since=yesterday", None),
        ("GET", "dead-letters?until=9999999999-01-01", None),
        ("GET", "dead-letters?pattern={", None),
        ("GET", "dead-letters?pattern={}", None),
        ("GET", f"dead-letters?text={'a' * 201}", None),
        ("POST", "dead-letters/redrive", b"{"),
        ("POST", "dead-letters/redrive", b"[]"),
        ("POST", "dead-letters/redrive", b'{"all":true}'),
        ("POST", "dead-letters/redrive", b'{"ids":[]}'),
        ("POST", "dead-letters/redrive", b'{"ids":["7"]}'),
        ("POST", "dead-letters/redrive", b'{"mark":"7"}'),
        ("POST", "dead-letters/redrive", b'{"rate":-1}'),
        ("POST", "dead-letters/redrive", b'{"cause":3}'),
        ("POST", "dead-letters/purge", b"[" * 50_000),
        ("POST", "pause", b'{"why":"?"}'),
        ("POST", "pause", b'{"reason":3}'),
    ],
)
async def test_what_cannot_be_read_is_refused(
    shop: aiohttp.ClientSession, method: str, path: str, body: bytes | None
) -> None:
    async with shop.request(method, f"subscriptions/shop-feed/{path}", data=body) as answer:
        assert answer.status == 400, await answer.text()
        assert (await answer.json())["message"]


@pytest.mark.parametrize("path", ["dead-letters/" + "9" * 16, "dead-letters/x", "dead-letters/%00"])
async def test_a_letter_that_there_is_not(shop: aiohttp.ClientSession, path: str) -> None:
    assert (await asked(shop, "GET", f"subscriptions/shop-feed/{path}", 404))["code"] == (
        "no-such-letter"
    )


EVERYTHING = [
    ("GET", "dead-letters"),
    ("GET", "dead-letters/summary"),
    ("GET", "dead-letters/0000000000000001"),
    ("POST", "dead-letters/redrive"),
    ("POST", "dead-letters/purge"),
    ("GET", "redrives"),
    ("DELETE", "redrives/0000000000000001"),
    ("POST", "pause"),
    ("POST", "resume"),
]


async def test_anothers_answer_as_if_they_were_not_there(
    bus: ClosedServer, shop: aiohttp.ClientSession
) -> None:
    await bury(shop, 1)
    [letter] = await asked(shop, "GET", LETTERS)
    for who in (bus.issue("desk", "subscriber").secret, bus.token):
        headers = {"Authorization": f"Bearer {who}"}
        async with aiohttp.ClientSession(f"{bus.url}/api/v1/", headers=headers) as http:
            told = []
            for name in ("shop-feed", "shop-feeb"):
                for method, path in [*EVERYTHING, ("GET", f"dead-letters/{letter['id']}")]:
                    async with http.request(method, f"subscriptions/{name}/{path}") as answer:
                        text = (await answer.text()).replace(name, "NAME")
                        told.append((answer.status, text))
            half = len(told) // 2
            assert told[:half] == told[half:]
            assert {status for status, _ in told} == {403}
    assert (await state(shop))["paused"] is None
    assert (await state(shop))["dead"] == 1


async def test_a_pause_is_told_kept_over_a_kill_and_lifted(
    bus: ClosedServer, shop: aiohttp.ClientSession
) -> None:
    paused = await asked(shop, "POST", "subscriptions/shop-feed/pause", 200, reason="moving")
    assert (paused["reason"], paused["by"]) == ("moving", "shop")
    bus.kill()
    bus.start()
    assert (await state(shop))["paused"] == paused
    async with consuming(shop) as socket:
        notice = await message(socket)
        assert (notice["type"], notice["code"]) == ("notice", "paused")
        await sell(shop, 7)
        assert (await state(shop))["waiting"] == 1
        assert await asked(shop, "POST", "subscriptions/shop-feed/resume") == {"paused": False}
        notice = await message(socket)
        assert (notice["type"], notice["code"]) == ("notice", "resumed")
        [delivery] = await frame(socket)
        await settle(socket, "ack", [delivery])
    assert (await state(shop))["paused"] is None


@pytest.mark.long
async def test_the_command_line_looks_redrives_and_purges(
    bus: ClosedServer, shop: aiohttp.ClientSession, token: str
) -> None:
    await bury(shop, 1, 2)
    await bury(shop, 3, cause="no-money")

    def dlq(*arguments: str, check: bool = True) -> str:
        return bus.command("dlq", *arguments, token=token, check=check).stdout

    listed = json.loads(dlq("list", "shop-feed", "--json"))["dead_letters"]
    assert len(listed) == 3
    told = dlq("list", "shop-feed", "--cause", "no-money")
    assert "3 dead letters: 2 rejected, 1 no-money" in told
    assert listed[2]["id"] in told
    assert listed[0]["id"] not in told
    told = dlq("list", "shop-feed", "--cause", "no-such")
    assert "2 rejected, 1 no-money" in told
    assert "none of them" in told
    pattern = '{"detail":{"amount":[2]}}'
    found = json.loads(dlq("list", "shop-feed", "-p", pattern, "--json"))["dead_letters"]
    assert [each["id"] for each in found] == [listed[1]["id"]]
    shown = dlq("show", "shop-feed", listed[0]["id"])
    assert "no such till" in shown
    assert '"amount": 1' in shown
    done = bus.command("dlq", "redrive", "shop-feed", token=token, check=False)
    assert (done.returncode, "say which" in done.stderr) == (2, True)
    told = dlq("redrive", "shop-feed", "--all", "--dry-run")
    assert "3 dead letters to redrive" in told
    assert "2 rejected, 1 no-money" in told
    # Nobody is there to confirm it.
    done = bus.command("dlq", "purge", "shop-feed", "--all", token=token, check=False)
    assert done.returncode == 1
    assert (await state(shop))["dead"] == 3
    assert "2 of 2, done" in dlq("redrive", "shop-feed", "--cause", "rejected", "--yes")
    answer = json.loads(dlq("purge", "shop-feed", "--id", listed[2]["id"], "--yes", "--json"))
    assert (answer["kind"], answer["moved"], answer["state"]) == ("purge", 1, "done")
    kinds = [each["kind"] for each in json.loads(dlq("redrives", "shop-feed", "--json"))]
    assert kinds[:2] == ["purge", "redrive"]
    standing = await state(shop)
    assert (standing["dead"], standing["waiting"]) == (0, 2)
    audited = bus.command("audit", "list", "--action", "dead-letters", token=bus.token).stdout
    assert "dead-letters.purged" in audited
    assert "dead-letters.redrive " in audited


@pytest.mark.long
async def test_the_command_line_pauses_and_resumes(
    bus: ClosedServer, shop: aiohttp.ClientSession, token: str
) -> None:
    def queue(*arguments: str) -> str:
        return bus.command("queue", *arguments, token=token).stdout

    told = queue("pause", "shop-feed", "--reason", "moving")
    assert told.startswith("shop-feed is paused since ")
    assert "by shop: moving" in told
    assert "PAUSED" in queue("stats")
    assert "by shop: moving" in bus.command("subscriptions", token=token).stdout
    assert json.loads(queue("stats", "shop-feed", "--json"))[0]["paused"]["reason"] == "moving"
    assert queue("resume", "shop-feed") == "shop-feed delivers\n"
    assert "PAUSED" not in queue("stats", "shop-feed")
    done = bus.command("queue", "stats", "desk-feed", token=token, check=False)
    assert (done.returncode, "no subscription 'desk-feed'" in done.stderr) == (1, True)
    assert (await state(shop))["paused"] is None
