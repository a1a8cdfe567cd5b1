"""The processes of a round: started on a leash, watched, and ended by their ids whatever happens."""

import contextlib
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from keybus.errors import KeybusError

_START_SECONDS: Final = 30.0
_END_SECONDS: Final = 20.0
_PACKAGE: Final = __name__.rpartition(".")[0]
_LEASH: Final = "keybus.cli.demo.leash"

T = TypeVar("T")


class ChildFailed(KeybusError):
    """A process of the benchmark did not start, or did not say what came of it."""

    code = "bench-process-failed"


class Child:
    """A process; made by `child`.

    Attributes:
        pid: Its id.
        told: What it said when it was ready, behind that word.
    """

    def __init__(self, module: str, asked: msgspec.Struct, log: Path) -> None:
        command = [sys.executable, "-m", _LEASH, f"{_PACKAGE}.process", module]
        self._module, self._log = module, log
        with log.open("a") as errors:
            self._process = subprocess.Popen(
                [*command, msgspec.json.encode(asked).decode()],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                process_group=0,
            )
        self.pid = self._process.pid
        self._lines: queue.Queue[bytes] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()
        self.told = ""

    def wait_ready(self) -> None:
        """Wait until it is.

        Raises:
            ChildFailed: It ended, or took too long.
        """
        line = self._line(_START_SECONDS)
        if not line.startswith("ready"):
            raise self._failure("did not start")
        self.told = line.removeprefix("ready").strip()

    def result(self, kind: type[T], seconds: float) -> T:
        """What came of it, once it says so.

        Raises:
            ChildFailed: It ended without, or took too long.
        """
        try:
            return msgspec.json.decode(self._line(seconds), type=kind)
        except msgspec.DecodeError:
            raise self._failure("has not said what came of it") from None

    def end(self) -> None:
        """End it: in order, or else at once."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()

    def _read(self) -> None:
        assert self._process.stdout is not None
        with contextlib.suppress(ValueError):  # it was closed meanwhile
            for line in self._process.stdout:
                self._lines.put(line)
        self._lines.put(b"")

    def _line(self, seconds: float) -> str:
        try:
            return self._lines.get(timeout=seconds).decode()
        except queue.Empty:
            return ""

    def _failure(self, what: str) -> ChildFailed:
        said = self._log.read_text(errors="replace").strip()[-2_000:] or "nothing"
        return ChildFailed(f"{self._module} ({self.pid}) {what}; it said: {said}")


@contextmanager
def child(module: str, asked: msgspec.Struct, folder: Path) -> Generator[Child]:
    """A process of this benchmark, ready; ended when the context is left.

    Args:
        module: Which: of `process`.
        asked: Its argument.
        folder: For what it says.
    """
    with ExitStack() as ending:
        started = Child(module, asked, folder / f"{module}.log")
        ending.callback(started.end)
        started.wait_ready()
        yield started


class Spent(msgspec.Struct, frozen=True):
    """Processor seconds of a process so far.

    Attributes:
        first: Of its first thread: of a bus, the event loop.
        others: Of all its other threads.
    """

    first: float
    others: float


def spent(pid: int) -> Spent | None:
    """What a process has spent; None where the system does not tell (it is Linux that does)."""
    try:
        whole, first = (_seconds(Path(f"/proc/{pid}{each}/stat")) for each in ("", f"/task/{pid}"))
    except OSError:
        return None
    return Spent(first, whole - first)


def resident_bytes(pid: int) -> int:
    """Memory that a process has in use; 0 where the system does not tell."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except OSError:
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def _seconds(stat: Path) -> float:
    """User and system time. Source: proc(5), fields 14 and 15."""
    fields = stat.read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
