"""Go's tools: the go command, gofmt and go vet."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

from keybus.contracts import ContractRepository
from keybus.contracts.bindings.go import go_package
from keybus.contracts.bindings.writing import write_package
from tests.running import ROOT, SECRETS

CLIENT = ROOT / "clients" / "go"
SERVICE = ROOT / "examples" / "go"
PROGRAMS = Path(__file__).parent / "programs" / "go"
PACKAGE = "events"
MODULE = "example.com/project"


class Go:
    """The Go that is installed here."""

    name = "go"
    missing = "" if shutil.which("go") and shutil.which("gofmt") else "go is not installed"

    def generate(self, contracts: Path, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        found = ContractRepository.load(contracts)
        write_package(folder / PACKAGE, go_package(found.values(), package=PACKAGE))
        self.module(folder, MODULE)

    def module(self, folder: Path, name: str) -> None:
        """Make a folder a Go module that has the same dependencies as the example."""
        text = (SERVICE / "go.mod").read_text()
        text = text.replace("module example.com/lockwell-bridge", f"module {name}")
        (folder / "go.mod").write_text(text.replace("../../clients/go", str(CLIENT)))
        shutil.copy(SERVICE / "go.sum", folder)

    def compile(self, folder: Path) -> None:
        assert self.run(folder, "gofmt", "-l", ".") == ""
        self.run(folder, "go", "build", "./...")
        self.run(folder, "go", "vet", "./...")

    def exchange(self, folder: Path, rows: Path) -> list[dict[str, Any]]:
        out = self._program(folder, "exchange", str(rows))
        return [json.loads(line) for line in out.split("\n") if line]

    def publish(self, folder: Path, endpoint: str) -> list[str]:
        return self._program(folder, "publish", **bus(endpoint)).split()

    def consume(self, folder: Path, endpoint: str, queue_url: str, count: int) -> list[str]:
        return self._program(folder, "consume", queue_url, str(count), **bus(endpoint)).split()

    def _program(self, folder: Path, name: str, *words: str, **environment: str) -> str:
        """Run one of our programs within a project."""
        shutil.copytree(PROGRAMS / name, folder / name, dirs_exist_ok=True)
        return self.run(folder, "go", "run", f"./{name}", *words, **environment)

    def run(self, folder: Path, *command: str, **environment: str) -> str:
        """What a command prints; an AssertionError with all that it said where it fails."""
        known = {name: value for name, value in os.environ.items() if name not in SECRETS}
        done = subprocess.run(
            command,
            cwd=folder,
            env=known | environment,
            capture_output=True,
            text=True,
            timeout=900,
            check=False,
        )
        assert done.returncode == 0, f"{done.stdout[-4000:]}{done.stderr[-4000:]}"
        return done.stdout


def bus(endpoint: str) -> dict[str, str]:
    """What the AWS SDK is told of a bus that asks for no credentials."""
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_REGION": "local",
        "AWS_ACCESS_KEY_ID": "any",
        "AWS_SECRET_ACCESS_KEY": "any",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }
