"""Which requests come from a program on this machine, and not from a page in its browser."""

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import Message, Receive, Scope, Send

from keybus.server.loopback import LoopbackOnly
from keybus.server.origin import SameOrigin


async def fine(scope: Scope, receive: Receive, send: Send) -> None:
    await PlainTextResponse("fine")(scope, receive, send)


async def answered(app: LoopbackOnly | SameOrigin, scheme: str, *headers: tuple[str, str]) -> bool:
    """Whether the application behind it is reached."""
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    raw = [(name.encode(), value.encode("latin-1")) for name, value in headers]
    scope = {"type": "http", "method": "GET", "path": "/", "scheme": scheme, "headers": raw}
    await app(scope, Request(scope).receive, send)
    assert sent[0]["status"] in (200, 403)
    return bool(sent[0]["status"] == 200)


@pytest.mark.parametrize(
    "host",
    ["localhost", "LocalHost:7411", "127.0.0.1", "127.0.0.1:1", "[::1]", "[::1]:65535"],
)
async def test_the_loopbacks_own_names_are_answered(host: str) -> None:
    app = LoopbackOnly(fine)
    assert await answered(app, "http", ("host", host))
    assert await answered(app, "http", ("host", host), ("origin", f"http://{host}"))
    for origin in ("null", "", "file://", f"https://{host}", f"http://{host}1", "http://a.example"):
        assert not await answered(app, "http", ("host", host), ("origin", origin))
    own = ("origin", f"http://{host}")
    assert not await answered(app, "http", ("host", host), own, ("origin", "null"))


@pytest.mark.parametrize(
    "host",
    [
        "",
        "rebound.example",
        "rebound.example:7411",
        "127.0.0.1.rebound.example",
        "127.0.0.1:7411.rebound.example",
        "127.0.0.1@rebound.example",
        "localhost.",
        "localhost.rebound.example",
        "rebound.localhost",
        "0.0.0.0:7411",
        "127.1",
        "2130706433",
        "[::]",
        "[::1]rebound.example",
        "[::1",
        "[::ffff:127.0.0.1]",
        "[::1]:",
        "127.0.0.1 ",
        "127.0.0.1,rebound.example",
        "\xef\xbc\x9127.0.0.1",  # a digit of another width, as bytes
    ],
)
async def test_no_other_host_is(host: str) -> None:
    app = LoopbackOnly(fine)
    assert not await answered(app, "http", ("host", host))
    assert not await answered(app, "http", ("host", host), ("origin", f"http://{host}"))


async def test_one_host_is_named_and_no_more() -> None:
    for app in (LoopbackOnly(fine), SameOrigin(fine)):
        assert not await answered(app, "http")
        hosts = [("host", "127.0.0.1"), ("host", "rebound.example")]
        assert not await answered(app, "http", *hosts)
        assert not await answered(app, "http", *reversed(hosts))


@pytest.mark.parametrize(
    ("scheme", "origin", "fits"),
    [
        ("https", "https://bus.example", True),
        ("https", "http://bus.example", False),
        ("http", "http://bus.example", True),
        ("http", "https://bus.example", True),  # where a proxy ended TLS
        ("http", "http://bus.example:81", False),
        ("http", "http://bus.example.evil.example", False),
        ("http", "null", False),
        ("http", "", False),
    ],
)
async def test_a_page_of_the_bus_itself_is_answered(scheme: str, origin: str, fits: object) -> None:
    headers = [("host", "bus.example"), ("origin", origin)]
    assert await answered(SameOrigin(fine), scheme, *headers) is fits
