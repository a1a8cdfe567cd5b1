"""`keybus dev`: a whole bus in one process, on the loopback, from a folder."""

import asyncio
import logging
from pathlib import Path

import msgspec
import uvloop

from keybus.bus import Bus, Engine, Mode
from keybus.bus.control.versions import Declared
from keybus.bus.message_queues.store import OpenStore
from keybus.bus.targets import WebhookSettings
from keybus.engines.memory import MemoryEngine
from keybus.engines.sqlite import SqliteEngine
from keybus.engines.sqlite.backup.manifest import MESSAGES
from keybus.errors import SettingsError
from keybus.governance.credentials.sealing import SealingKeys
from keybus.server.app import application
from keybus.server.listening import Listening
from keybus.server.runner import LOOPBACK, Ready, address_of, deepen_stack, listen, run
from keybus.settings import DEFAULT_PORT
from keybus.topology import load_declaration
from keybus.topology.footings import lacking

_log = logging.getLogger(__name__)


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
    if settings.host not in LOOPBACK:
        raise SettingsError(
            f"keybus dev asks nobody for credentials, so it listens on the loopback only, "
            f"not on {settings.host}",
            hint="use --host 127.0.0.1",
        )
    deepen_stack()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(settings, ready))


async def _serve(settings: DevSettings, ready: Ready) -> None:
    declaration = load_declaration(settings.folder)
    declared = Declared(declaration.platform, declaration.contracts)
    for lack in lacking(declared.platform):
        place = declaration.place(lack.pointer)
        _log.warning("%s:%s: %s; it is ignored", place.file, place.line, lack.message)
    with listen(settings.host, settings.port) as listener:
        engine = _engine(settings)
        try:
            bus = await Bus.start(
                declared,
                engine,
                admission=settings.admission,
                vault=SealingKeys.from_environment(),
                webhooks=WebhookSettings(plain=True),
                messages=_messages(settings),
            )
            try:
                await run(
                    bus, application(bus, None, Listening(address_of(listener))), listener, ready
                )
            finally:
                await bus.stop()
        finally:
            await engine.close()


def _engine(settings: DevSettings) -> Engine:
    if settings.memory:
        return MemoryEngine()
    return SqliteEngine.at(store_of(settings.folder, settings.data))


def _messages(settings: DevSettings) -> OpenStore:
    if not settings.memory:
        return messages_beside(store_of(settings.folder, settings.data))

    async def opening() -> Engine:
        return MemoryEngine()

    return opening


def messages_beside(store: Path) -> OpenStore:
    """What opens the store of message queues, which is beside the bus's own."""

    async def opening() -> Engine:
        return SqliteEngine.at(store.with_name(MESSAGES))

    return opening


def store_of(folder: Path, data: Path | None) -> Path:
    """The store's file."""
    folder = folder.parent if folder.is_file() else folder
    return (data or folder / ".keybus") / "bus.db"
