"""Real servers for tests, each a process of its own: `keybus dev`, and `keybus serve`."""

import json
import os
import shutil
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import msgspec
import pytest

from keybus.governance.credentials import Issued, Kind
from keybus.governance.principal import Role

ROOT = Path(__file__).parents[1]
EXAMPLE = ROOT / "examples" / "amazon_key"
STOP_SECONDS = 20
SECRETS = ("KEYBUS_TOKEN", "KEYBUS_SEALING_KEY", "KEYBUS_SEALING_KEY_FILE")
CLOSED_PLATFORM = """\
bus: small
organization: o-smallexample
central: operations
accounts:
  operations: {id: "111111111111", owners: [olga]}
  shop: {id: "222222222222", owners: [sven]}
  desk: {id: "333333333333", owners: [dora]}
publishers:
  shop.till: {account: shop, events: []}
grants:
  desk-sees-sales:
    account: desk
    reason: shows sales
    approver: sven
    expires: "2999-01-01"
    sources: [shop.till]
subscriptions:
  shop-feed: {account: shop, filter: {source: [shop.till]}}
  desk-feed: {account: desk, filter: {source: [shop.till]}}
"""


class Server:
    """`keybus dev` as a process of its own, which can be killed and started again."""

    MODULE = "keybus"
    COMMAND = "dev"

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
        command = [sys.executable, "-m", self.MODULE, self.COMMAND, str(self.folder)]
        command += ["--data", str(self.data), "--port", str(self.port), *self.options]
        with self.log.open("a") as log:
            self._process = subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=log, text=True, env=self.environment()
            )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line.startswith("ready "):
            self.kill()
            pytest.fail(f"the bus did not start: {self.log.read_text()}")
        self.port = int(line.rpartition(":")[2])

    def environment(self) -> dict[str, str]:
        """What the process is told; no credentials of whoever runs the tests."""
        return {name: value for name, value in os.environ.items() if name not in SECRETS}

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


class ClosedServer(Server):
    """`keybus serve` on a small platform, with its sealing key and its first credential.

    Attributes:
        token: The central account's.
    """

    COMMAND = "serve"
    PLATFORM = CLOSED_PLATFORM

    def __init__(self, folder: Path, *options: str) -> None:
        super().__init__(folder / "app", folder / "data", "--admission", "off", *options)
        shutil.copytree(EXAMPLE / "contracts" / "core", self.folder / "contracts" / "core")
        shutil.copy(EXAMPLE / "contracts" / "keybus.toml", self.folder / "contracts")
        (self.folder / "platform.yaml").write_text(self.PLATFORM)
        self.key_file = folder / "sealing-key"
        self.run("new-key", "--out", str(self.key_file))
        where = [str(self.folder), "--data", str(self.data)]
        self.token = self.run("bootstrap", *where).stdout.strip()

    def environment(self) -> dict[str, str]:
        return super().environment() | {"KEYBUS_SEALING_KEY_FILE": str(self.key_file)}

    def run(
        self, *arguments: str, token: str = "", check: bool = True
    ) -> subprocess.CompletedProcess[str]:
        """``keybus credentials …``, by whoever has the token."""
        return self.command("credentials", *arguments, token=token, check=check)

    def command(
        self, *arguments: str, token: str = "", check: bool = True
    ) -> subprocess.CompletedProcess[str]:
        """``keybus …``, by whoever has the token."""
        return subprocess.run(
            [sys.executable, "-m", "keybus", *arguments],
            env=self.environment() | {"KEYBUS_TOKEN": token, "KEYBUS_URL": self.url},
            capture_output=True,
            text=True,
            timeout=60,
            check=check,
        )

    def issue(self, account: str, *roles: Role, kind: Kind = "token", **more: object) -> Issued:
        """A credential of an account."""
        asked = {"account": account, "roles": roles, "kind": kind, **more}
        request = urllib.request.Request(
            f"{self.url}/api/v1/credentials",
            json.dumps(asked).encode(),
            {"Authorization": f"Bearer {self.token}"},
            method="POST",
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            return msgspec.json.decode(answer.read(), type=Issued)


ServerFactory = Callable[..., Server]
