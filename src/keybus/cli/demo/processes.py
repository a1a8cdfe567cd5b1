"""The demo's processes: the bus, and one for each service."""

import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from keybus.cli.demo.worker import Tally
from keybus.errors import KeybusError

_START_SECONDS = 30.0
_STOP_SECONDS = 15.0


class ProcessFailed(KeybusError):
    """A process of the demo ended or did not start."""

    code = "process-failed"


def _start(module: str, *arguments: str, **options: Any) -> "subprocess.Popen[bytes]":
    """Start a module of this interpreter on a leash, in a process group of its own.

    Of its own, so that Ctrl-C reaches the demo alone, which then ends the others in order.
    """
    command = [sys.executable, "-m", "keybus.cli.demo.leash", module, *arguments]
    return subprocess.Popen(command, stdin=subprocess.PIPE, process_group=0, **options)


@contextmanager
def bus_process(folder: Path, data: Path) -> Generator[str]:
    """Run `keybus dev` on a free port; gives its address."""
    log = data / "bus.log"
    arguments = ["dev", str(folder), "--port", "0", "--data", str(data)]
    with (
        log.open("w") as errors,
        _start("keybus", *arguments, stdout=subprocess.PIPE, stderr=errors) as process,
    ):
        try:
            yield _address(process, log)
        finally:
            process.send_signal(signal.SIGTERM)
            _end(process)


def _address(process: "subprocess.Popen[bytes]", log: Path) -> str:
    """The address in the line ``ready URL``, waited for in a thread so that it can time out."""
    lines: queue.Queue[bytes] = queue.Queue()
    assert process.stdout is not None
    stdout = process.stdout
    threading.Thread(target=lambda: lines.put(stdout.readline()), daemon=True).start()
    try:
        line = lines.get(timeout=_START_SECONDS).decode()
    except queue.Empty:
        line = ""
    if not line.startswith("ready "):
        raise ProcessFailed(f"the bus did not start: {log.read_text()[-2000:].strip()}")
    return line.removeprefix("ready ").strip()


class Services:
    """The services' processes, by subscription."""

    def __init__(self, folder: Path, bindings: Path, data: Path, url: str) -> None:
        self._data = data
        self._folder = folder
        search = [str(folder), str(bindings), os.environ.get("PYTHONPATH", "")]
        self._environ: Mapping[str, str] = {
            **os.environ,
            "KEYBUS_URL": url,
            "PYTHONPATH": os.pathsep.join(filter(None, search)),
        }
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, subscription: str) -> None:
        """Start the subscription's service."""
        with self._log(subscription).open("w") as log:
            self._processes[subscription] = _start(
                "keybus.cli.demo.worker",
                subscription,
                str(self._tally(subscription)),
                env=self._environ,
                stdout=log,
                stderr=log,
            )

    def check(self) -> None:
        """Raise if a service has ended by itself.

        Raises:
            ProcessFailed: It has; the message says which, and the end of what it wrote.
        """
        for subscription, process in self._processes.items():
            if process.poll() is not None:
                told = self._log(subscription).read_text()[-2000:].strip()
                raise ProcessFailed(
                    f"the service of {subscription} ended ({process.returncode}): {told}"
                )

    def signal(self, subscription: str, number: signal.Signals) -> None:
        """Send a service a signal."""
        self._processes[subscription].send_signal(number)

    def stop(self) -> dict[str, Tally]:
        """Stop all services in order, and read what each did."""
        for process in self._processes.values():
            process.send_signal(signal.SIGTERM)
        tallies: dict[str, Tally] = {}
        for subscription, process in self._processes.items():
            _end(process)
            file = self._tally(subscription)
            if not file.exists():
                told = self._log(subscription).read_text()[-2000:].strip()
                raise ProcessFailed(f"the service of {subscription} left no tally: {told}")
            tallies[subscription] = msgspec.msgpack.decode(file.read_bytes(), type=Tally)
        return tallies

    def kill(self) -> None:
        """End what still runs, in whatever state."""
        for process in self._processes.values():
            if process.poll() is None:
                process.kill()
            process.wait()
            if process.stdin is not None:
                process.stdin.close()

    def _log(self, subscription: str) -> Path:
        return self._data / f"{subscription}.log"

    def _tally(self, subscription: str) -> Path:
        return self._data / f"{subscription}.tally"


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Wait for a process that was told to stop; a second signal would cut its work short."""
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    """Ask until it is so, or the time is up."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True
