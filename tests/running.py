"""A real server for tests: `keybus dev` as a process of its own."""

import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
EXAMPLE = ROOT / "examples" / "amazon_key"
STOP_SECONDS = 20


class Server:
    """`keybus dev` as a process of its own, which can be killed and started again."""

    def __init__(self, folder: Path, data: Path, *options: str) -> None:
        self.folder, self.data, self.options = folder, data, options
        self.port = 0
        self.log = data / "server.log"
        self._process: subprocess.Popen[str] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        self.data.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "keybus", "dev", str(self.folder)]
        command += ["--data", str(self.data), "--port", str(self.port), *self.options]
        with self.log.open("a") as log:
            self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line.startswith("ready "):
            self.kill()
            pytest.fail(f"the bus did not start: {self.log.read_text()}")
        self.port = int(line.rpartition(":")[2])

    def kill(self) -> None:
        """Kill -9."""
        self._end(signal.SIGKILL)

    def stop(self) -> int:
        """End in order; answers the exit code."""
        return self._end(signal.SIGTERM)

    def _end(self, number: signal.Signals) -> int:
        process, self._process = self._process, None
        if process is None:
            return 0
        with suppress(ProcessLookupError):
            process.send_signal(number)
        code = process.wait(STOP_SECONDS)
        assert process.stdout is not None
        process.stdout.close()
        return code


ServerFactory = Callable[..., Server]
