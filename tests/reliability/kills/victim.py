"""The process under test: `keybus dev` on one store, started and killed again and again."""

import asyncio
import contextlib
import os
import resource
import sys
from pathlib import Path
from typing import Final

from tests.reliability.kills.event import late_lines
from tests.reliability.kills.project import write_platform, write_project
from tests.running import SECRETS

_READY_SECONDS: Final = 60.0


class Victim:
    """A bus as a process of its own, which only ends by kill -9.

    Attributes:
        life: How often it was started.
        port: Where it listens: the same in all lives.
        log: What it says.
    """

    def __init__(self, folder: Path) -> None:
        """Write its platform.

        Args:
            folder: Where everything of it is kept.
        """
        self._app, self._data = folder / "app", folder / "data"
        write_project(self._app)
        self.log = folder / "bus.log"
        self.life = self.port = 0
        self._process: asyncio.subprocess.Process | None = None

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def store(self) -> Path:
        """Its store's file."""
        return self._data / "bus.db"

    def declare(self, late: int) -> None:
        """Have its next life begin with so many subscriptions that begin in the past."""
        write_platform(self._app, late_lines(late))

    async def spawn(self) -> None:
        """Begin to start it."""
        self.life += 1
        command = ["-m", "keybus", "dev", str(self._app), "--admission", "enforce"]
        command += ["--data", str(self._data), "--port", str(self.port)]
        environment = {name: value for name, value in os.environ.items() if name not in SECRETS}
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                *command,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                env=environment,
            )

    async def ready(self) -> None:
        """Until it takes requests.

        Raises:
            RuntimeError: It does not start.
        """
        assert self._process is not None
        assert self._process.stdout is not None
        async with asyncio.timeout(_READY_SECONDS):
            line = (await self._process.stdout.readline()).decode()
        if not line.startswith("ready "):
            said = self.log.read_text("utf-8", "replace")[-2_000:]
            raise RuntimeError(f"the bus does not start in life {self.life}: {said}")
        self.port = int(line.rpartition(":")[2])

    def squeeze(self, room: int | None) -> bool:
        """Let its files grow no further than by so many bytes; None: as far as they like.

        The system refuses every write beyond that, as a full disk does. Whether this system can.
        """
        if not hasattr(resource, "prlimit") or self._process is None:
            return False
        sizes = [file.stat().st_size for file in self._data.iterdir()]
        limit = resource.RLIM_INFINITY if room is None else max(sizes) + room
        with contextlib.suppress(ProcessLookupError):
            _, most = resource.prlimit(self._process.pid, resource.RLIMIT_FSIZE)
            resource.prlimit(self._process.pid, resource.RLIMIT_FSIZE, (limit, most))
        return True

    async def kill(self) -> None:
        """Kill -9, where it runs."""
        if self._process is not None:
            process, self._process = self._process, None
            if process.returncode is None:
                process.kill()
            await process.wait()
