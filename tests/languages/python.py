"""Python's tools: this interpreter, and mypy."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from keybus.contracts import ContractRepository
from keybus.contracts.bindings import generate
from tests.running import SECRETS

PROGRAMS = Path(__file__).parent / "programs" / "python"
PACKAGE = "made_events"


class Python:
    """The Python that runs the tests."""

    name = "python"
    missing = ""

    def generate(self, contracts: Path, folder: Path) -> None:
        folder.mkdir()
        generate("python", ContractRepository.load(contracts), folder / PACKAGE)

    def compile(self, folder: Path) -> None:
        # One cache a project: the package has the same name in each.
        options = ("--strict", "--no-error-summary", "--cache-dir", str(folder / ".mypy_cache"))
        self._run(folder, "-m", "mypy", *options, "-p", PACKAGE)

    def exchange(self, folder: Path, rows: Path) -> list[dict[str, Any]]:
        out = self._run(folder, str(PROGRAMS / "exchange.py"), str(rows))
        return [json.loads(line) for line in out.splitlines()]

    def publish(self, folder: Path, endpoint: str) -> list[str]:
        return self._run(folder, str(PROGRAMS / "publish.py"), endpoint).split()

    def consume(self, folder: Path, endpoint: str, queue_url: str, count: int) -> list[str]:
        subscription = queue_url.rpartition("/")[2]
        words = (endpoint, subscription, str(count))
        return self._run(folder, str(PROGRAMS / "consume.py"), *words).split()

    def _run(self, folder: Path, *words: str) -> str:
        environment = {name: value for name, value in os.environ.items() if name not in SECRETS}
        environment["PYTHONPATH"] = str(folder)
        done = subprocess.run(
            [sys.executable, *words],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
        return done.stdout
