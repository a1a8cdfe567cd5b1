"""The command line as a program: exit codes, errors, extras that are not installed."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.running import EXAMPLE, Server

WITHOUT = """\
import sys
from importlib.abc import MetaPathFinder

class Without(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {missing!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Without())
sys.argv = ["keybus", *{arguments!r}]
from keybus.cli import main
main()
"""


def keybus(*arguments: str) -> subprocess.CompletedProcess[str]:
    return python("-m", "keybus", *arguments)


def without(missing: set[str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return python("-c", WITHOUT.format(missing=missing, arguments=arguments))


def python(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, timeout=60, check=False
    )


def test_the_version_and_the_commands() -> None:
    assert keybus("--version").stdout.startswith("keybus, version ")
    shown = keybus("--help").stdout
    assert all(name in shown for name in ("contracts", "demo", "dev", "subscriptions"))


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["nonsense"], 2, "nonsense"),
        (["dev", "/no/such/folder"], 2, "/no/such/folder"),
        (["dev", "--port", "http"], 2, "--port"),
        (["dev", "--host", "0.0.0.0", str(EXAMPLE), "--memory"], 1, "[settings]"),
        (["dev", str(EXAMPLE / "contracts"), "--memory"], 1, "platform.yaml"),
        (["dev", str(EXAMPLE), "--memory", "--port", "99999"], 1, "99999"),
        (["subscriptions", "--url", "http://127.0.0.1:9"], 1, "[bus-unavailable]"),
        (["subscriptions", "--url", "127.0.0.1:9"], 1, "[settings]"),
        (["contracts", "import", "no\x1b[2J"], 1, "no\\x1b[2J"),  # nothing acts on a terminal
    ],
)
def test_errors_are_named_without_a_traceback(arguments: list[str], code: int, said: str) -> None:
    done = keybus(*arguments)
    assert done.returncode == code
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_second_bus_on_the_same_data_or_port_is_refused(server: Server) -> None:
    same_data = keybus("dev", str(EXAMPLE), "--data", str(server.data), "--port", "0")
    assert same_data.returncode == 1
    assert "[storage-failed]" in same_data.stderr
    same_port = keybus("dev", str(EXAMPLE), "--memory", "--port", str(server.port))
    assert same_port.returncode == 1
    assert str(server.port) in same_port.stderr
    assert "Traceback" not in same_data.stderr + same_port.stderr


def test_subscriptions_as_a_table_and_as_json(server: Server) -> None:
    shown = keybus("subscriptions", "--url", server.url)
    assert "notifications" in shown.stdout
    assert (
        '"name": "notifications"' in keybus("subscriptions", "--url", server.url, "--json").stdout
    )


def test_contracts_need_nothing_of_the_server(tmp_path: Path) -> None:
    missing = {"starlette", "uvicorn", "uvloop", "apsw", "yaml"}
    out = str(tmp_path / "package")
    contracts = str(EXAMPLE / "contracts")
    done = without(
        missing, "contracts", "generate", contracts, "--language", "python", "--out", out
    )
    assert done.returncode == 0, done.stderr
    for command in ("dev", "demo"):
        refused = without(missing, command, "--whatever")
        assert refused.returncode == 1
        assert "pip install 'keybus[all]'" in refused.stderr
    assert "Needs an extra" in without(missing, "--help").stdout


def test_without_the_cli_extra_it_says_what_to_install() -> None:
    done = without({"click"}, "--help")
    assert done.returncode == 1
    assert done.stderr.strip() == (
        "error: the command line needs an extra: pip install 'keybus[all]'"
    )
