"""A closed bus behind HTTP in this process, on a loop in a thread of its own."""

import asyncio
import json
import threading
import urllib.error
import urllib.request
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

import uvicorn

from keybus.bus import Bus
from keybus.bus.control.versions import Declared
from keybus.clock import SYSTEM
from keybus.engines.memory import MemoryEngine
from keybus.governance import ANYBODY, Role
from keybus.governance.credentials import Registry
from keybus.server.app import application
from keybus.server.runner import address_of, listen
from keybus.topology import load_platform

T = TypeVar("T")
SECONDS = 30


class Served:
    """A bus over HTTP; `close` ends it.

    Args:
        folder: With its platform.yaml.
        is_open: Whether it asks nobody for credentials.

    Attributes:
        url: Where it answers.
        bus: The bus itself; everything of it happens on its own loop.
    """

    def __init__(self, folder: Path, *, is_open: bool = False) -> None:
        self._folder, self._is_open = folder, is_open
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._listener = listen("127.0.0.1", 0)
        self.url = f"http://{address_of(self._listener)}"
        self.call(self._start())

    def call(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run something on the bus's loop."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(SECONDS)

    def token(self, account: str, *roles: Role) -> str:
        """A new token."""
        issued = self.call(self._registry.issue(account, roles, "token", by=ANYBODY))
        return issued.secret

    def ask(self, method: str, path: str, token: str = "", body: Any = None) -> tuple[int, Any]:
        """A request under ``/api/v1``: its status, and the answer."""
        data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}/api/v1{path}", data, method=method)
        if token:
            request.add_header("Authorization", f"Bearer {token}")
        try:
            with urllib.request.urlopen(request, timeout=SECONDS) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.loads(error.read())

    def close(self) -> None:
        """End it."""
        self.call(self._stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(SECONDS)
        self._loop.close()

    async def _start(self) -> None:
        self.bus = await Bus.start(
            Declared(*load_platform(self._folder)),
            MemoryEngine(clock=SYSTEM),
            admission="enforce",
            authorization="observe" if self._is_open else "enforce",
        )
        documents = self.bus.engine.documents
        self._registry = await Registry.load(documents, lambda: self.bus.platform, vault=None)
        app = application(self.bus, None if self._is_open else self._registry)
        config = uvicorn.Config(app, log_level="warning", lifespan="off", ws="none")
        self._server = uvicorn.Server(config)
        self._serving = asyncio.create_task(self._server.serve(sockets=[self._listener]))

    async def _stop(self) -> None:
        self._server.should_exit = True
        await self._serving
        await self.bus.close()
