"""Nobody gets a webhook to reach what is inside of the bus's own network."""

import asyncio
from collections.abc import Sequence
from ipaddress import ip_address, ip_network

import msgspec
import pytest

from keybus.bus import Bus
from keybus.bus.control.versions import Declared
from keybus.bus.targets.reach import AddressRefused, Reach
from keybus.testing import ManualClock
from keybus.topology import Account
from tests.unit.bus.offered import foreign, status
from tests.unit.bus.targets.conftest import HOST, StartHooked
from tests.unit.bus.targets.endpoint import Endpoint, Request
from tests.unit.bus.targets.watching import until_state

INSIDE = [
    *("127.0.0.1", "127.8.9.1", "0.0.0.0", "10.1.2.3", "172.16.0.1", "172.31.255.255"),
    *("192.168.1.1", "169.254.169.254", "100.64.0.1", "100.127.255.255", "224.0.0.1"),
    *("239.1.1.1", "240.0.0.1", "255.255.255.255", "192.0.0.8", "192.0.2.1", "198.18.0.1"),
    *("198.51.100.1", "203.0.113.1", "192.88.99.1", "168.63.129.16"),
    *("::", "::1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::127.0.0.1", "64:ff9b::7f00:1"),
    *("64:ff9b::808:808", "64:ff9b:1::1", "2002:7f00:1::", "2002:808:808::1", "2001:0:1::1"),
    *("fe80::1", "fe80::1%eth0", "fec0::1", "fc00::1", "fd00:ec2::254", "ff02::1", "100::1"),
    *("2001:db8::1", "3fff::1", "5f00::1", "2001:20::1"),
]
OUTSIDE = ["8.8.8.8", "93.184.215.14", "172.32.0.1", "100.128.0.1", "2606:4700::1111"]


@pytest.mark.parametrize("address", INSIDE)
def test_an_address_inside_is_refused_and_not_told(address: str) -> None:
    reach = Reach((), plain=False)
    assert not reach.allows(ip_address(address))
    with pytest.raises(AddressRefused) as caught:
        reach.check("hooks.example.com", ["8.8.8.8", address])
    assert address not in str(caught.value)


@pytest.mark.parametrize("address", OUTSIDE)
def test_an_address_outside_may_be_reached(address: str) -> None:
    Reach((), plain=False).check("hooks.example.com", [address])


def test_the_operator_may_let_a_network_in() -> None:
    reach = Reach((ip_network("10.1.0.0/16"),), plain=False)
    reach.check("h", ["10.1.2.3"])
    for address in ("10.2.0.1", "127.0.0.1", "::ffff:10.1.2.3"):
        with pytest.raises(AddressRefused):
            reach.check("h", [address])


def test_only_this_machine_is_let_in_for_development() -> None:
    reach = Reach((), plain=True)
    reach.check("localhost", ["127.0.0.1", "::1"])
    with pytest.raises(AddressRefused):
        reach.check("h", ["10.0.0.1"])


async def test_a_name_that_answers_differently_is_looked_at_each_time(
    hooked: StartHooked, endpoint: Endpoint, clock: ManualClock
) -> None:
    told = [["127.0.0.1"], ["169.254.169.254"], ["127.0.0.1", "10.0.0.1"], ["127.0.0.1"]]
    asked: list[str] = []

    async def lookup(host: str) -> Sequence[str]:
        asked.append(host)
        return told[min(len(asked), len(told)) - 1]

    settings = {"lookup": lookup, "networks": (ip_network("127.0.0.1/32"),)}
    endpoint.then = [closing]
    bus = await hooked(settings=settings)
    await bus.put([status(1)])
    await endpoint.until(1)
    await until_state(bus, waiting=0, in_flight=0)
    for number in (2, 3):
        await bus.put([status(number)])
        await until_state(bus, delayed=number - 1)
    [info] = await bus.subscriptions()
    assert info.target is not None
    assert info.target.reason == f"{HOST} leads into the bus's own network"
    assert endpoint.connections == 1
    clock.advance(60)
    await until_state(bus, waiting=0, in_flight=0)
    assert len(endpoint.requests) == 3
    assert asked[0] == HOST


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("https://elsewhere.example.com:{port}/", "is no destination"),
        ("https://hooks.example.com/", "port 443 is no destination"),
        ("http://hooks.example.com:{port}/", "use https"),
        ("https://user:pw@hooks.example.com:{port}/", "no host for certain"),
        ("https://hooks.example.com:{port}\\@10.0.0.1/", "no host for certain"),
        ("https://127.0.0.2:{port}/", "is no destination"),
    ],
)
async def test_what_may_not_be_posted_to_is_never_tried(
    hooked: StartHooked, endpoint: Endpoint, url: str, words: str
) -> None:
    bus = await hooked(url=url.format(port=endpoint.port))
    await bus.put([status(1)])
    [info] = await bus.subscriptions()
    assert info.target is not None
    assert info.target.state == "stopped"
    assert words in info.target.reason
    assert info.consumers == 0
    assert info.waiting == 1
    assert endpoint.connections == 0


async def test_for_development_this_machine_is_posted_to_over_http(
    hooked: StartHooked, endpoint: Endpoint
) -> None:
    await endpoint.stop()
    await endpoint.start(None)
    here = f"127.0.0.1:{endpoint.port}"
    bus = await hooked(url=f"http://{here}/", settings={"plain": True, "networks": ()})
    await moved(bus, Account("222222222222", destinations=[here]))
    await bus.put([status(1)])
    [request] = await endpoint.until(1)
    assert request.headers["host"] == here


@pytest.mark.parametrize("host", ["127.0.0.1", "[::ffff:127.0.0.1]", "127.1", "[fd00::1]"])
async def test_an_address_in_place_of_a_name_is_looked_at_as_well(
    hooked: StartHooked, endpoint: Endpoint, host: str
) -> None:
    bus = await hooked(url=f"https://{host}:{endpoint.port}/", settings={"networks": ()})
    me = msgspec.structs.replace(
        bus.platform.accounts["me"], destinations=[f"{host}:{endpoint.port}"]
    )
    await moved(bus, me)
    await bus.put([status(1)])
    [info] = await bus.subscriptions()
    assert info.target is not None
    assert info.target.state == "stopped"
    assert "inside of the bus's own network" in info.target.reason
    assert endpoint.connections == 0


async def test_nothing_in_an_event_makes_a_header(hooked: StartHooked, endpoint: Endpoint) -> None:
    bus = await hooked(subscription={"events": [], "filter": {"source": ["other.app"]}})
    entry = msgspec.structs.replace(foreign(), detail_type="a\r\nX-Evil: 1 é%")
    detail = msgspec.Raw(b'{"trace": "x\\r\\nX-Evil: 1"}')
    await bus.put([msgspec.structs.replace(entry, detail=detail)])
    [request] = await endpoint.until(1)
    assert "x-evil" not in request.headers
    assert request.headers["keybus-event-type"] == "a%0D%0AX-Evil: 1 %C3%A9%25"
    assert "traceparent" not in request.headers


async def closing(_: Request, writer: asyncio.StreamWriter) -> None:
    """Answers, and ends the connection, so that the next request needs another one."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
    await writer.drain()
    writer.close()


async def moved(bus: Bus, me: Account) -> None:
    platform = msgspec.structs.replace(bus.platform, accounts={**bus.platform.accounts, "me": me})
    await bus.apply(Declared(platform, bus.generation.contracts))
