"""A grant ends on a closed bus: what is held, who is told, and what comes once it is renewed."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import msgspec
import pytest

from keybus.clock import rfc3339
from keybus.protocol import API, Frame, Hello, Notice, Settlement
from tests.running import ClosedServer

pytestmark = pytest.mark.long  # closed servers, started one by one

LONG = "2999-01-01"
_message = msgspec.json.Decoder(Hello | Frame | Notice)


class Consumer:
    """A subscriber that writes down what it is told.

    Attributes:
        notices: What it was told.
        sales: The amounts of the sales that it received, all acknowledged.
    """

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self.notices: list[Notice] = []
        self.sales: list[int] = []

    async def receive(self) -> None:
        """Take one message."""
        async with asyncio.timeout(20):
            message = _message.decode(await self._socket.receive_bytes())
        if isinstance(message, Notice):
            self.notices.append(message)
        if isinstance(message, Frame):
            for each in message.deliveries:
                self.sales.append(msgspec.json.decode(each.envelope)["detail"]["amount"])
            settled = Settlement(ack=[each.position for each in message.deliveries])
            await self._socket.send_bytes(msgspec.json.encode(settled))


@pytest.fixture(scope="module")
def bus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClosedServer]:
    server = ClosedServer(tmp_path_factory.mktemp("grants"))
    server.start()
    yield server
    server.stop()


@pytest.fixture
async def shop(bus: ClosedServer) -> AsyncIterator[aiohttp.ClientSession]:
    async with session(bus, bus.issue("shop", "publisher", "subscriber").secret) as http:
        yield http


@pytest.fixture
async def desk(bus: ClosedServer) -> AsyncIterator[aiohttp.ClientSession]:
    async with session(bus, bus.issue("desk", "subscriber").secret) as http:
        yield http


def session(bus: ClosedServer, token: str) -> aiohttp.ClientSession:
    headers = {"Authorization": f"Bearer {token}"}
    return aiohttp.ClientSession(f"{bus.url}{API}/", headers=headers)


async def listen(http: aiohttp.ClientSession, subscription: str) -> Consumer:
    consumer = Consumer(await http.ws_connect(f"subscriptions/{subscription}/deliveries"))
    await consumer.receive()
    return consumer


async def sell(http: aiohttp.ClientSession, amount: int) -> None:
    entry = {"source": "shop.till", "detail_type": "Sale", "detail": {"amount": amount}}
    async with http.post("events", json={"entries": [entry]}) as answer:
        assert answer.status == 200
        assert (await answer.json())["results"][0]["event_id"]


async def grant_until(bus: ClosedServer, expires: str) -> None:
    """Apply the platform with another end of the grant, as a person would."""
    file = bus.folder / "platform.yaml"
    file.write_text(re.sub('expires: ".*"', f'expires: "{expires}"', file.read_text()))
    words = "platform", "apply", str(bus.folder), "--yes"
    await asyncio.to_thread(bus.command, *words, token=bus.token)


async def standing(http: aiohttp.ClientSession, subscription: str) -> dict[str, Any]:
    async with http.get("subscriptions") as answer:
        listed = await answer.json()
    found: dict[str, Any] = next(each for each in listed if each["name"] == subscription)
    return found


async def test_what_a_grant_that_ended_was_for_is_held_until_it_is_renewed(
    bus: ClosedServer, shop: aiohttp.ClientSession, desk: aiohttp.ClientSession
) -> None:
    receiver, giver = await listen(desk, "desk-feed"), await listen(shop, "shop-feed")
    await sell(shop, 1)
    while not receiver.sales:
        await receiver.receive()

    ends = datetime.now(UTC) + timedelta(seconds=4)
    await grant_until(bus, rfc3339(int(ends.timestamp()) * 1_000_000, fraction=False))
    while not receiver.notices:
        await receiver.receive()
    assert receiver.notices[0].code == "grant-expired"
    assert "'desk-sees-sales'" in receiver.notices[0].message
    while not giver.notices:
        await giver.receive()
    assert giver.notices[0].code == "grant-ended"

    await sell(shop, 2)
    while 2 not in giver.sales:  # the owner's own events go on
        await giver.receive()
    async with asyncio.timeout(20):
        while (found := await standing(desk, "desk-feed"))["held"] != 1:
            pass  # asked again
    assert found["dead"] == found["waiting"] == 0
    assert "'desk-sees-sales'" in found["holding"][0]
    again = await listen(desk, "desk-feed")
    while not again.notices:
        await again.receive()
    assert again.notices[0].code == "held"

    await grant_until(bus, LONG)
    while receiver.sales + again.sales != [1, 2]:
        await asyncio.wait(
            [asyncio.ensure_future(each.receive()) for each in (receiver, again)],
            return_when=asyncio.FIRST_COMPLETED,
        )
    assert (await standing(desk, "desk-feed"))["held"] == 0


async def test_the_audit_log_tells_the_story(bus: ClosedServer) -> None:
    listed = bus.command("audit", "list", "--json", token=bus.token).stdout
    actions = [entry["action"] for entry in json.loads(listed)]
    assert "grant.expired" in actions
    assert actions.count("platform.applied") == 3
    assert "credential.issued" in actions
