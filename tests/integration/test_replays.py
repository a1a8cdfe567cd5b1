"""Replays on a closed bus, over HTTP and on the command line."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import aiohttp
import pytest
from click.testing import CliRunner

from keybus.cli.root import keybus
from tests.integration.test_dead_letters import (
    asked,
    at_rest,
    consuming,
    frame,
    sell,
    settle,
    state,
)
from tests.running import ClosedServer

BIG = json.dumps({"detail": {"amount": [{"numeric": [">", 100]}]}})


@pytest.fixture(scope="module")
def bus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClosedServer]:
    server = ClosedServer(tmp_path_factory.mktemp("replays"))
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def token(bus: ClosedServer) -> str:
    return bus.issue("shop", "publisher", "subscriber").secret


@pytest.fixture
async def shop(bus: ClosedServer, token: str) -> AsyncIterator[aiohttp.ClientSession]:
    """The shop, with nothing waiting."""
    headers = {"Authorization": f"Bearer {token}"}
    async with aiohttp.ClientSession(f"{bus.url}/api/v1/", headers=headers) as http:
        yield http


async def sold(http: aiohttp.ClientSession, *amounts: int) -> int:
    """Sales that the shop has handled; a moment before the first of them."""
    before = await looked_at(http)
    await sell(http, *amounts)
    await received(http, len(amounts))
    return before


async def looked_at(http: aiohttp.ClientSession) -> int:
    """The time of the bus."""
    preview = await asked(http, "POST", "replays", 200, since=0, to="shop-feed", dry_run=True)
    until: int = preview["until"]
    return until


async def received(http: aiohttp.ClientSession, count: int) -> list[dict[str, Any]]:
    """The next envelopes, handled."""
    found: list[dict[str, Any]] = []
    async with consuming(http) as socket:
        while len(found) < count:
            deliveries = await frame(socket)
            found += [each["envelope"] for each in deliveries]
            await settle(socket, "ack", deliveries)
    await at_rest(http)
    return found


async def ended(http: aiohttp.ClientSession, replay: str) -> dict[str, Any]:
    async with asyncio.timeout(30):
        while True:
            found: dict[str, Any] = await asked(http, "GET", f"replays/{replay}", 200)
            if found["state"] != "running":
                return found


async def test_what_was_previewed_is_sent_once_more(shop: aiohttp.ClientSession) -> None:
    since = await sold(shop, 1, 200, 300)
    wanted = {"since": since, "to": "shop-feed", "pattern": json.loads(BIG)}
    preview = await asked(shop, "POST", "replays", 200, **wanted, dry_run=True)
    assert (preview["count"], preview["looked"], preview["complete"]) == (2, 3, True)
    assert (preview["types"], preview["subscriptions"]) == ({"Sale": 2}, {"shop-feed": 2})
    await sold(shop, 400)
    wanted["until"] = preview["until"]
    begun = await asked(shop, "POST", "replays", 202, **wanted, name="june")
    found = await ended(shop, begun["id"])
    assert (found["sent"], found["state"], found["by"]) == (2, "done", "shop")
    envelopes = await received(shop, 2)
    assert [each["detail"]["amount"] for each in envelopes] == [200, 300]
    assert {each["replay-name"] for each in envelopes} == {"june"}
    listed = await asked(shop, "GET", "replays?to=shop-feed", 200)
    assert listed[0] == found
    assert await asked(shop, "GET", "replays?to=", 200) == []


@pytest.mark.long
async def test_a_replay_goes_on_after_the_bus_was_killed(
    bus: ClosedServer, shop: aiohttp.ClientSession
) -> None:
    since = await sold(shop, *range(8))
    begun = await asked(shop, "POST", "replays", 202, since=since, to="shop-feed", rate=4)
    async with asyncio.timeout(30):
        while (await state(shop))["waiting"] < 4:
            pass
    bus.kill()
    bus.start()
    found = await ended(shop, begun["id"])
    assert (found["state"], found["looked"]) == ("done", 8)
    waiting = (await at_rest(shop))["waiting"]
    envelopes = await received(shop, waiting)
    assert {each["detail"]["amount"] for each in envelopes} == set(range(8))
    assert 8 <= len(envelopes) <= 12  # at least once: at most one page twice


async def test_only_one_goes_at_a_time_and_it_can_be_cancelled(
    bus: ClosedServer, shop: aiohttp.ClientSession
) -> None:
    since = await sold(shop, *range(5))
    begun = await asked(shop, "POST", "replays", 202, since=since, to="shop-feed", rate=1)
    busy = await asked(shop, "POST", "replays", 409, since=since, to="shop-feed")
    assert busy["code"] == "already-replaying"
    # Who sees every subscription's counts may look, and that is all.
    headers = {"Authorization": f"Bearer {bus.token}"}
    async with aiohttp.ClientSession(f"{bus.url}/api/v1/", headers=headers) as central:
        told = await asked(central, "GET", f"replays/{begun['id']}", 200)
        assert told["wanted"]["to"] == "shop-feed"
        await asked(central, "DELETE", f"replays/{begun['id']}", 403)
    stopped = await asked(shop, "DELETE", f"replays/{begun['id']}", 200)
    assert stopped["state"] == "cancelled"
    assert stopped["sent"] < 5
    if stopped["sent"]:
        await received(shop, stopped["sent"])
    assert (await asked(shop, "GET", "replays/0000000000000001", 404))["code"] == "no-such-replay"


async def test_anothers_replays_are_as_if_they_were_not_there(
    bus: ClosedServer, shop: aiohttp.ClientSession
) -> None:
    since = await sold(shop, 7)
    begun = await asked(shop, "POST", "replays", 202, since=since, to="shop-feed")
    await ended(shop, begun["id"])
    await received(shop, 1)
    headers = {"Authorization": f"Bearer {bus.issue('desk', 'subscriber').secret}"}
    async with aiohttp.ClientSession(f"{bus.url}/api/v1/", headers=headers) as desk:
        assert await asked(desk, "GET", "replays", 200) == []
        told = []
        for replay in (begun["id"], "0000000000000001"):
            for method in ("GET", "DELETE"):
                problem = await asked(desk, method, f"replays/{replay}", 404)
                told.append(str(problem).replace(replay, "ID"))
        assert len(set(told)) == 1
        told = []
        for to in ("shop-feed", "shop-feeb"):
            for more in ({}, {"dry_run": True}):
                problem = await asked(desk, "POST", "replays", 403, since=since, to=to, **more)
                told.append(str(problem).replace(to, "NAME"))
        assert len(set(told)) == 1
        for more in ({}, {"dry_run": True}):
            await asked(desk, "POST", "replays", 403, since=since, to_bus=True, **more)
    publisher = {"Authorization": f"Bearer {bus.issue('shop', 'publisher').secret}"}
    async with aiohttp.ClientSession(f"{bus.url}/api/v1/", headers=publisher) as http:
        await asked(http, "POST", "replays", 403, since=since, to="shop-feed")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"{}",
        b'{"since": 0}',
        b'{"since": 0, "to": ""}',
        b'{"since": 0, "to": "shop-feed", "to_bus": true}',
        b'{"since": "yesterday", "to": "shop-feed"}',
        b'{"since": -1, "to": "shop-feed"}',
        b'{"since": 5, "until": 5, "to": "shop-feed"}',
        b'{"since": 0, "to": "shop-feed", "rate": -1}',
        b'{"since": 0, "to": "shop-feed", "name": "two words"}',
        b'{"since": 0, "to": "shop-feed", "name": ""}',
        b'{"since": 0, "to": "shop-feed", "pattern": {}}',
        b'{"since": 0, "to": "shop-feed", "pattern": 7}',
        b'{"since": 0, "to": "shop-feed", "pattern": {"detail": {"a": ["' + b"a" * 5000 + b'"]}}}',
        b'{"since": 0, "to": "shop-feed", "all": true}',
        b'{"since": 0, "to": "shop-feed", "pattern": ' + b"[" * 20_000,
    ],
)
async def test_what_cannot_be_read_is_refused(shop: aiohttp.ClientSession, body: bytes) -> None:
    async with shop.post("replays", data=body) as answer:
        assert answer.status == 400, await answer.text()
        assert (await answer.json())["message"]


async def test_the_command_line_looks_replays_and_cancels(
    bus: ClosedServer, shop: aiohttp.ClientSession, token: str
) -> None:
    since = await sold(shop, 1, 200)

    def replay(*arguments: str, code: int = 0, by: str = token) -> str:
        environment = {"KEYBUS_URL": bus.url, "KEYBUS_TOKEN": by}
        done = CliRunner().invoke(keybus, ["replay", *arguments], env=environment)
        assert done.exit_code == code, done.output
        return done.stdout

    which = ("start", "--since", str(since), "--to", "shop-feed")
    told = replay(*which, "--dry-run", "--pattern", BIG)
    assert "1 events to replay" in told
    assert "1 Sale" in told
    # Nobody is there to confirm it.
    replay(*which, code=1)
    assert (await at_rest(shop))["waiting"] == 0
    told = replay(*which, "--pattern", BIG, "--yes", "--name", "june")
    assert told.endswith(": 1 sent, done\n")
    [envelope] = await received(shop, 1)
    assert (envelope["replay-name"], envelope["detail"]["amount"]) == ("june", 200)
    slow = json.loads(replay(*which, "--yes", "--rate", "1", "--no-wait", "--json"))
    assert "shop-feed" in replay("list")
    assert "1 a second" in replay("show", slow["id"])
    assert json.loads(replay("cancel", slow["id"], "--json"))["state"] in ("cancelled", "done")
    waiting = (await at_rest(shop))["waiting"]
    if waiting:
        await received(shop, waiting)
    assert json.loads(replay("list", "--to", "shop-feed", "--json"))[0]["id"] == slow["id"]
    told = bus.command(
        "replay", "start", "--since", str(since), "--to-bus", "--yes", token=bus.token
    ).stdout
    assert told.endswith(": 2 sent, done\n")
    await received(shop, 2)
    replay("start", "--since", "1h", code=2)
    replay("start", "--since", "yesterday", "--to", "shop-feed", code=2)
    replay(*which, "--pattern", "{", code=2)
    environment = {"KEYBUS_URL": bus.url, "KEYBUS_TOKEN": bus.token}
    audited = CliRunner().invoke(keybus, ["audit", "list", "--action", "replay"], env=environment)
    assert "replay.begin" in audited.stdout
    assert "replay.end" in audited.stdout


async def test_how_much_is_kept_is_told_to_those_who_see_every_queue(
    bus: ClosedServer, shop: aiohttp.ClientSession, token: str
) -> None:
    await sold(shop, 1)
    await asked(shop, "GET", "archive", 403)
    headers = {"Authorization": f"Bearer {bus.token}"}
    async with aiohttp.ClientSession(f"{bus.url}/api/v1/", headers=headers) as central:
        found = await asked(central, "GET", "archive", 200)
    assert 0 < found["first_at"] <= found["last_at"]
    assert found["size"] > 0
    assert (found["max_age"], found["over"]) == (None, 0)
    for by, code in ((bus.token, 0), (token, 1)):
        environment = {"KEYBUS_URL": bus.url, "KEYBUS_TOKEN": by}
        done = CliRunner().invoke(keybus, ["archive"], env=environment)
        assert (done.exit_code, "kept for ever" in done.output) == (code, not code)
    environment = {"KEYBUS_URL": bus.url, "KEYBUS_TOKEN": bus.token}
    done = CliRunner().invoke(keybus, ["archive", "--json"], env=environment)
    assert json.loads(done.stdout)["first_at"] == found["first_at"]


@pytest.mark.long
async def test_a_new_queue_is_filled_over_a_kill(
    bus: ClosedServer, shop: aiohttp.ClientSession
) -> None:
    await sell(shop, *range(1_000, 1_900))
    await sell(shop, *range(1_900, 2_800))
    path = bus.folder / "platform.yaml"
    path.write_text(
        path.read_text()
        + "  shop-past: {account: shop, filter: {detail: {amount: [{numeric: ['>=', 1000]}]},"
        + " source: [shop.till]}, start: archive}\n"
    )
    told = bus.command("platform", "plan", str(bus.folder), token=bus.token, check=False).stdout
    assert "is filled with all that the bus has before its deliveries begin" in told
    bus.command("platform", "apply", str(bus.folder), "--yes", token=bus.token)
    bus.kill()
    bus.start()
    await at_rest(shop)  # also over a new connection
    await sell(shop, 2_800)
    amounts: list[int] = []
    async with shop.ws_connect("subscriptions/shop-past/deliveries?window=500") as socket:
        while len(amounts) < 1_801:
            deliveries = await frame(socket)
            amounts += [each["envelope"]["detail"]["amount"] for each in deliveries]
            await settle(socket, "ack", deliveries)
        await socket.send_json({"leaving": True})
    assert amounts == list(range(1_000, 2_801))
    await received(shop, 1_801)
