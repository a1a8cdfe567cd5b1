"""TypeScript's tools: Node, and the client library with all that it needs."""

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from functools import cache
from pathlib import Path
from typing import Any

from keybus.contracts import ContractRepository
from keybus.contracts.bindings import generate
from tests.running import ROOT, SECRETS

CLIENT = ROOT / "clients" / "typescript"
PROGRAMS = Path(__file__).parent / "programs" / "typescript"
PACKAGE = "made-events"
_SECONDS = 600
_KEPT_SECONDS = 7 * 86_400  # another checkout may be at work with another client


class TypeScript:
    """The Node that is installed."""

    name = "typescript"
    missing = next(
        (f"{each} is not installed" for each in ("node", "npm") if shutil.which(each) is None), ""
    )

    def generate(self, contracts: Path, folder: Path) -> None:
        loaded = ContractRepository.load(contracts)
        generate(self.name, loaded, new_project(folder) / "src" / PACKAGE)

    def compile(self, folder: Path) -> None:
        sources = [*PROGRAMS.glob("*.ts")]
        if not (folder / "src" / PACKAGE / "delivery" / "delivery-status-updated.ts").exists():
            sources = [PROGRAMS / "exchange.ts"]  # the others know the reference application
        for source in sources:
            shutil.copy(source, folder / "src")
        node(folder, tool("tsc"), "--project", ".")

    def exchange(self, folder: Path, rows: Path) -> list[dict[str, Any]]:
        out = node(folder, "dist/exchange.js", str(rows))
        return [json.loads(line) for line in out.splitlines()]

    def publish(self, folder: Path, endpoint: str) -> list[str]:
        return node(folder, "dist/publish.js", endpoint).split()

    def consume(self, folder: Path, endpoint: str, queue_url: str, count: int) -> list[str]:
        return node(folder, "dist/consume.js", endpoint, queue_url, str(count)).split()


def new_project(folder: Path) -> Path:
    """A new folder of an ESM project with strict settings, in which the client is installed."""
    (folder / "src").mkdir(parents=True)
    (folder / "package.json").write_text('{"type": "module", "private": true}\n')
    shutil.copy(PROGRAMS / "tsconfig.json", folder)
    (folder / "node_modules").symlink_to(installed() / "node_modules")
    return folder


def node(folder: Path, *words: str) -> str:
    """What a program of Node prints."""
    return run(folder, "node", *words)


def tool(name: str) -> str:
    """A command-line tool that the client's development needs: tsc or prettier."""
    return f"node_modules/.bin/{name}"


@cache
def installed() -> Path:
    """A copy of the client, built, beside all that it depends on; the same for every process.

    It is kept for later runs, as long as nothing of the client changes.
    """
    names = ("package.json", ".npmrc", "README.md", *map(str, _sources()))
    state = hashlib.sha256(b"".join((CLIENT / name).read_bytes() for name in names))
    caches = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "keybus-tests"
    caches.mkdir(parents=True, exist_ok=True)
    done = caches / f"typescript-{state.hexdigest()[:16]}"
    with (caches / "typescript.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            for old in caches.glob("typescript-*"):
                if old.name.endswith("-new") or time.time() - old.stat().st_mtime > _KEPT_SECONDS:
                    shutil.rmtree(old)
            _install(caches / "typescript-new", names).rename(done)
    return done


def _sources() -> list[Path]:
    inner = [*CLIENT.glob("src/**/*.ts"), *CLIENT.glob("test/**/*.ts"), *CLIENT.glob("*.json")]
    return sorted({path.relative_to(CLIENT) for path in inner} - {Path("package.json")})


def _install(folder: Path, names: tuple[str, ...]) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(CLIENT / name, folder / name)
    run(folder, "npm", "ci", "--no-audit", "--no-fund")  # builds it as well
    (folder / "node_modules" / "@keybus").mkdir()
    (folder / "node_modules" / "@keybus" / "client").symlink_to("../..")
    return folder


def run(folder: Path, *command: str) -> str:
    """What a command prints, in a folder."""
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    return done.stdout


def environment() -> dict[str, str]:
    """That of a program: nothing of whoever runs the tests, and AWS keys that are made up."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in SECRETS and not name.startswith(("AWS_", "KEYBUS_"))
    }
    kept["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), kept["PATH"]])
    return {**kept, "AWS_ACCESS_KEY_ID": "any", "AWS_SECRET_ACCESS_KEY": "any"}
