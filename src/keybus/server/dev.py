"""`keybus dev`: a whole bus in one process, on the loopback, from a folder."""

import asyncio
import contextlib
import signal
import socket
import sys
from collections.abc import Callable, Generator
from pathlib import Path

import msgspec
import uvicorn
import uvloop

from keybus.bus import Bus, Engine, Mode
from keybus.engines.memory import MemoryEngine
from keybus.engines.sqlite import SqliteEngine
from keybus.envelope import MAX_DEPTH
from keybus.errors import SettingsError
from keybus.server.app import application
from keybus.settings import DEFAULT_PORT
from keybus.topology import load_platform

_SHUTDOWN_SECONDS = 5
_BACKLOG = 512


class DevSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How a development bus runs.

    Attributes:
        folder: Where `platform.yaml` is.
        data: Where events are kept; ``.keybus`` in the folder where it is not given.
        host: A loopback address.
        port: The port; 0 takes any that is free.
        memory: Keep nothing on disk.
        admission: What happens to an event that does not fit its contract.
    """

    folder: Path
    data: Path | None = None
    host: str = "127.0.0.1"
    port: int = DEFAULT_PORT
    memory: bool = False
    admission: Mode = "observe"


Ready = Callable[[str, Bus], None]
"""Told the address once the bus answers."""


def serve_dev(settings: DevSettings, ready: Ready) -> None:
    """Run a development bus until SIGINT or SIGTERM.

    Args:
        settings: How it runs.
        ready: Called with the bus's address and the bus once it answers.

    Raises:
        SettingsError: The address is no loopback address, or is taken.
        TopologyError: The platform file has faults.
        BrokenContracts: The contracts have.
        StorageFailed: The store cannot be opened.
    """
    # The JSON decoder takes a level of the interpreter's stack for each level of nesting.
    sys.setrecursionlimit(max(sys.getrecursionlimit(), 4 * MAX_DEPTH))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(settings, ready))


async def _serve(settings: DevSettings, ready: Ready) -> None:
    platform, contracts = load_platform(settings.folder)
    with _listen(settings.host, settings.port) as listener:
        engine = _engine(settings)
        try:
            bus = await Bus.start(platform, contracts, engine, admission=settings.admission)
            try:
                await _run(bus, listener, ready)
            finally:
                await bus.stop_delivering()
        finally:
            await engine.close()


def _engine(settings: DevSettings) -> Engine:
    if settings.memory:
        return MemoryEngine()
    folder = settings.folder.parent if settings.folder.is_file() else settings.folder
    return SqliteEngine.at((settings.data or folder / ".keybus") / "bus.db")


def _listen(host: str, port: int) -> socket.socket:
    """A listening socket on a loopback address."""
    if host not in ("127.0.0.1", "localhost", "::1"):
        raise SettingsError(
            f"keybus dev asks nobody for credentials, so it listens on the loopback only, not on {host}",
            hint="use --host 127.0.0.1",
        )
    family = socket.AF_INET6 if host == "::1" else socket.AF_INET
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


class _Server(uvicorn.Server):
    """uvicorn without its signal handlers, which would end the process before the bus is closed."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        """Leave signals to the event loop."""
        yield


async def _run(bus: Bus, listener: socket.socket, ready: Ready) -> None:
    config = uvicorn.Config(
        application(bus),
        http="httptools",
        ws="websockets-sansio",
        ws_max_size=1 << 20,
        ws_per_message_deflate=False,
        lifespan="off",
        access_log=False,
        log_config=None,
        timeout_graceful_shutdown=_SHUTDOWN_SECONDS,
    )
    server = _Server(config)

    asked = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, asked.set)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started and not serving.done():  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.005)
    if server.started:
        host, port = listener.getsockname()[:2]
        ready(f"http://{'[::1]' if host == '::1' else host}:{port}", bus)
    stopping = asyncio.create_task(asked.wait())
    await asyncio.wait([serving, stopping], return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    await bus.stop_delivering()
    server.should_exit = True
    await serving
