"""Whatever an endpoint does, a request ends, in bounded time and memory, and its event is kept."""

import asyncio
import gzip
from typing import Any

import msgspec
import pytest

from keybus.bus.control.versions import Declared
from keybus.testing import ManualClock
from keybus.topology.model import Webhook
from tests.unit.bus.offered import status
from tests.unit.bus.targets.authority import Authority
from tests.unit.bus.targets.conftest import HOST, StartHooked
from tests.unit.bus.targets.endpoint import Answer, Endpoint, Request, answers
from tests.unit.bus.targets.watching import until_state

IMPATIENT: dict[str, Any] = {"read_seconds": 0.2, "total_seconds": 0.5, "connect_seconds": 0.5}
HUGE = 1 << 30


async def never(_: Request, __: asyncio.StreamWriter) -> None:
    await asyncio.Event().wait()


async def closes(_: Request, writer: asyncio.StreamWriter) -> None:
    writer.close()


async def nonsense(_: Request, writer: asyncio.StreamWriter) -> None:
    writer.write(b"\x00\xff" * 50_000)
    await writer.drain()


def drips(head: bytes) -> Answer:
    async def answer(_: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(head)
        while not writer.is_closing():
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.02)

    return answer


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (never, "no answer in time|Timeout"),
        (closes, "Disconnected"),
        (nonsense, "it answers no HTTP"),
        (drips(b"HTTP/1.1 200 OK\r\nX-More: "), "no answer in time|Timeout"),
        (drips(b"HTTP/1.1 500 X\r\nContent-Length: 100000\r\n\r\n"), "answered 500: x"),
        (answers(500, gzip.compress(b"0" * 10_000_000), Content_Encoding="gzip"), "answered 500"),
    ],
    ids=["never", "closes", "nonsense", "drips head", "drips body", "bomb"],
)
async def test_its_event_is_tried_again(
    hooked: StartHooked, endpoint: Endpoint, clock: ManualClock, answer: Answer, words: str
) -> None:
    endpoint.then = [answer, answers(200)]
    bus = await hooked(settings=IMPATIENT)
    await bus.put([status(1)])
    await until_state(bus, delayed=1)
    [info] = await bus.subscriptions()
    assert info.target is not None
    assert any(word in info.target.reason for word in words.split("|")), info.target.reason
    clock.advance(60)
    await until_state(bus, waiting=0, in_flight=0, dead=0)
    assert len(endpoint.requests) == 2


async def test_an_answer_is_read_so_far_and_no_further(
    hooked: StartHooked, endpoint: Endpoint
) -> None:
    sent = 0
    cut = asyncio.Event()

    async def huge(_: Request, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % HUGE)
        try:
            while sent < HUGE:
                writer.write(b"x" * 65_536)
                sent += 65_536
                await writer.drain()
        finally:
            cut.set()

    endpoint.then = [huge]
    bus = await hooked()
    await bus.put([status(1)])
    await until_state(bus, waiting=0, in_flight=0, dead=0)
    async with asyncio.timeout(5):
        await cut.wait()
    assert sent < 32 << 20  # what buffers on the way took


@pytest.mark.parametrize("redirect", [301, 302, 303, 307, 308])
async def test_no_redirect_is_followed(
    hooked: StartHooked, endpoint: Endpoint, redirect: int
) -> None:
    inside = f"https://{HOST}:{endpoint.port}/inside"
    endpoint.then = [answers(redirect, Location=inside), answers(200)]
    bus = await hooked()
    await bus.put([status(1)])
    await until_state(bus, dead=1)
    assert len(endpoint.requests) == 1


@pytest.mark.parametrize("shown", ["another host", "another authority"])
async def test_a_certificate_that_does_not_hold_gets_nothing(
    hooked: StartHooked,
    endpoint: Endpoint,
    authority: Authority,
    tmp_path_factory: pytest.TempPathFactory,
    shown: str,
) -> None:
    await endpoint.stop()
    strange = Authority(tmp_path_factory.mktemp("strange"))
    name_only = shown == "another host"
    await endpoint.start(
        authority.serving("other.example.com") if name_only else strange.serving(HOST)
    )
    bus = await hooked()
    await bus.put([status(1)])
    await until_state(bus, delayed=1)
    [info] = await bus.subscriptions()
    assert info.target is not None
    assert "its certificate does not hold" in info.target.reason
    assert endpoint.requests == []


async def test_plain_http_where_https_was_meant_gets_nothing(
    hooked: StartHooked, endpoint: Endpoint
) -> None:
    await endpoint.stop()
    await endpoint.start(None)
    bus = await hooked()
    await bus.put([status(1)])
    await until_state(bus, delayed=1)
    assert endpoint.requests == []


async def test_proxies_and_credentials_of_the_environment_are_not_used(
    hooked: StartHooked, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    bus = await hooked()
    await bus.put([status(1)])
    [request] = await endpoint.until(1)
    assert request.line.startswith("POST /in")
    assert "authorization" not in request.headers


async def test_a_bus_that_stops_hands_back_untried_what_nobody_answers(
    hooked: StartHooked, endpoint: Endpoint
) -> None:
    endpoint.then = [never]
    bus = await hooked(settings={"finish_seconds": 0.05, "total_seconds": 60, "read_seconds": 60})
    await bus.put([status(number) for number in range(20)])
    await endpoint.until(10)
    await bus.stop_delivering()
    state = (await bus.states())["all"]
    assert (state.waiting, state.in_flight, state.delayed) == (20, 0, 0)
    async with asyncio.timeout(5):
        batch = await bus.dispatcher("all").cursor.fetch(20)
    assert {each.attempt for each in batch} == {1}


async def test_cookies_are_not_kept(hooked: StartHooked, endpoint: Endpoint) -> None:
    endpoint.then = [answers(200, Set_Cookie="a=b; Path=/")]
    bus = await hooked()
    await bus.put([status(1)])
    await endpoint.until(1)
    await bus.put([status(2)])
    assert "cookie" not in (await endpoint.until(2))[1].headers


async def test_a_webhook_that_is_not_answered_holds_up_no_other(
    hooked: StartHooked, endpoint: Endpoint, authority: Authority
) -> None:
    stuck = Endpoint()
    stuck.then = [never]
    await stuck.start(authority.serving(HOST))
    bus = await hooked(settings={"total_seconds": 60, "read_seconds": 60, "finish_seconds": 0.05})
    try:
        fine = bus.platform.subscriptions["all"]
        url = f"https://{HOST}:{stuck.port}/"
        hook = msgspec.structs.replace(fine.target, webhook=Webhook(url))
        me = bus.platform.accounts["me"]
        hosts = [*me.destinations, f"{HOST}:{stuck.port}"]
        platform = msgspec.structs.replace(
            bus.platform,
            accounts={
                **bus.platform.accounts,
                "me": msgspec.structs.replace(me, destinations=hosts),
            },
            subscriptions={"all": fine, "stuck": msgspec.structs.replace(fine, target=hook)},
        )
        await bus.apply(Declared(platform, bus.generation.contracts))
        await bus.put([status(number) for number in range(100)])
        await stuck.until(10)
        await endpoint.until(100)
        await until_state(bus, waiting=0, in_flight=0)
        state = (await bus.states())["stuck"]
        assert (state.waiting, state.in_flight) == (90, 10)
    finally:
        await bus.stop_delivering()
        await stuck.stop()
