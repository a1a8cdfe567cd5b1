"""What a page's `sh` and `console` fences do, as one shell that goes through them in order.

In `sh` every command has to succeed, and its output is not looked at. In `console`, `$ ` begins a
command, `> ` goes on with it, and what follows is what it has to print. What differs from run to
run (times, addresses, ids) is taken for any other of its kind, and `…` for anything.
`keybus dev … &` and `keybus serve … &` listen on any free port, and the next command comes when
they are ready.
"""

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

_FENCE = re.compile(r"^```(sh|console)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_SERVER = re.compile(r"^(keybus (?:dev|serve)\b.*) &$", re.MULTILINE)
_STARTED = r"""mkfifo ready
\1 --port 0 > ready 2>> server.log &
read -r _ KEYBUS_URL < ready || { cat server.log; exit 1; }
rm ready
export KEYBUS_URL"""
_BETWEEN = "\x1e"
_SECONDS = 120
_KEPT = ("HOME", "LANG", "TMPDIR", "PYTHONPATH")
_VOLATILE = {
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ",
    r"http://127\.0\.0\.1:\d+": r"http://127\.0\.0\.1:\d+",
    r"https://127\.0\.0\.1:\d+": r"https://127\.0\.0\.1:\d+",
    r"KB[AT]K[A-Z2-7]{16}": r"KB[AT]K[A-Z2-7]{16}",
    r"\b[0-9a-f]{64}\b": r"[0-9a-f]{64}",
    " *…": ".*?",
}
_DIFFERS = re.compile("|".join(f"({each})" for each in _VOLATILE))


class Step(NamedTuple):
    """Commands, and what they have to print; None where any output will do."""

    commands: str
    expected: str | None


def steps(page: str) -> Iterator[Step]:
    """The commands of a page, in order."""
    for kind, text in _FENCE.findall(page):
        if kind == "sh":
            yield Step(text, None)
            continue
        for found in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
            command, *lines = found.splitlines()
            while lines and lines[0].startswith("> "):
                command += "\n" + lines.pop(0).removeprefix("> ")
            yield Step(command + "\n", "\n".join(lines))


def run(all_steps: list[Step], folder: Path) -> list[str]:
    """What each step printed.

    Args:
        all_steps: The steps; one shell runs them all, in ``folder``.
        folder: Where to begin.
    """
    process = subprocess.Popen(
        ["bash", "-c", "".join(map(_script, all_steps))],
        cwd=folder,
        env=_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    with process:
        timer = threading.Timer(_SECONDS, os.killpg, (process.pid, signal.SIGKILL))
        timer.start()
        assert process.stdout is not None
        printed = process.stdout.read()
        process.wait()  # its last command may have closed its output, and not ended yet
        timer.cancel()
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # the servers that it has left
    assert process.returncode == 0, printed
    return printed.split(_BETWEEN)[1:]


def fits(expected: str, printed: str) -> bool:
    """Whether something was printed that a transcript shows."""
    pattern, end = "", 0
    for found in _DIFFERS.finditer(expected):
        assert found.lastindex is not None
        pattern += re.escape(expected[end : found.start()])
        pattern += list(_VOLATILE.values())[found.lastindex - 1]
        end = found.end()
    pattern += re.escape(expected[end:])
    return re.fullmatch(pattern, plain(printed), re.DOTALL) is not None


def plain(printed: str) -> str:
    """Without the blanks by which tables are filled up."""
    return "\n".join(line.rstrip() for line in printed.rstrip().splitlines())


def _script(step: Step) -> str:
    strict = "set -eo pipefail" if step.expected is None else "set +e"
    commands = _SERVER.sub(_STARTED, step.commands)
    return f"{strict}\nprintf '{_BETWEEN}'\n{commands}"


def _environment() -> dict[str, str]:
    """What a newcomer's shell has, with Keybus installed."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    return {**kept, "PATH": path, "PYTHONUNBUFFERED": "1", "AWS_EC2_METADATA_DISABLED": "true"}
