"""Runs the application of a bus on a socket, until it is told to stop."""

import asyncio
import contextlib
import gc
import signal
import socket
import ssl
import sys
from collections.abc import Callable, Generator
from typing import Any

import msgspec
import uvicorn
from starlette.types import ASGIApp

from keybus.bus import Bus
from keybus.envelope import MAX_DEPTH
from keybus.errors import SettingsError
from keybus.server.bounded_socket import BoundedSocket
from keybus.server.connection import MAX_CONNECTIONS, BoundedConnection
from keybus.server.failure_limit import FailureLimit
from keybus.server.log_limit import LogLimit

_SHUTDOWN_SECONDS = 5
_BACKLOG = 512
_GARBAGE = (20_000, 20, 50)
"""When Python looks for cycles: a bus makes many objects a second, and hardly any in cycles."""
LOOPBACK = ("127.0.0.1", "localhost", "::1")

Ready = Callable[[str, Bus], None]
"""Told the address once the bus answers."""


class Wire(msgspec.Struct, frozen=True):
    """How requests arrive.

    Attributes:
        tls: Ends TLS here; None: plain HTTP.
        proxies: Addresses of proxies whose X-Forwarded-* headers are believed; None: nobody's.
    """

    tls: Callable[[], ssl.SSLContext] | None = None
    proxies: str | None = None


def deepen_stack() -> None:
    """The JSON decoder takes a level of the interpreter's stack for each level of nesting."""
    sys.setrecursionlimit(max(sys.getrecursionlimit(), 4 * MAX_DEPTH))


def listen(host: str, port: int) -> socket.socket:
    """A listening socket.

    Raises:
        SettingsError: The address is none of this machine's, or is taken.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(_BACKLOG)
    except (OSError, OverflowError) as error:
        listener.close()
        raise SettingsError(
            f"cannot listen on {host}:{port}: {error}", hint="choose another with --port"
        ) from error
    return listener


def address_of(listener: socket.socket) -> str:
    """``host:port``; an IPv6 address in brackets."""
    host, port = listener.getsockname()[:2]
    return f"{f'[{host}]' if ':' in host else host}:{port}"


async def run(
    bus: Bus, app: ASGIApp, listener: socket.socket, ready: Ready, wire: Wire | None = None
) -> None:
    """Answer until SIGINT or SIGTERM; deliveries are handed back before consumers are cut off.

    Args:
        bus: The bus.
        app: Its application.
        listener: The socket.
        ready: Called with the address and the bus once it answers.
        wire: How requests arrive; plain HTTP from nobody's proxy where it is not given.
    """
    wire = wire or Wire()
    with LogLimit(bus.clock).attached(), FailureLimit(bus.clock).attached():
        await _run(bus, _Server(_config(app, wire)), listener, ready, wire)


async def _run(
    bus: Bus, server: "_Server", listener: socket.socket, ready: Ready, wire: Wire
) -> None:
    asked = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, asked.set)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started and not serving.done():  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.005)
    if server.started:
        _settle_garbage()
        ready(f"{'https' if wire.tls else 'http'}://{address_of(listener)}", bus)
    stopping = asyncio.create_task(asked.wait())
    await asyncio.wait([serving, stopping], return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    await bus.stop_delivering()
    server.should_exit = True
    await serving


def _settle_garbage() -> None:
    """What stands by now stays: looking through it again and again took a tenth of the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_GARBAGE)


class _Server(uvicorn.Server):
    """uvicorn without its signal handlers, which would end the process before the bus is closed."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        """Leave signals to the event loop."""
        yield


def _config(app: ASGIApp, wire: Wire) -> uvicorn.Config:
    tls: dict[str, Any] = {}
    if wire.tls is not None:
        make = wire.tls
        tls["ssl_context_factory"] = lambda _config, _default: make()
    return uvicorn.Config(
        app,
        http=BoundedConnection,
        ws=BoundedSocket,
        ws_max_size=1 << 20,
        ws_per_message_deflate=False,
        lifespan="off",
        access_log=False,
        log_config=None,
        limit_concurrency=MAX_CONNECTIONS,
        proxy_headers=wire.proxies is not None,
        forwarded_allow_ips=wire.proxies or "",
        server_header=False,
        timeout_graceful_shutdown=_SHUTDOWN_SECONDS,
        **tls,
    )
