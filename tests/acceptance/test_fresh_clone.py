"""The README's two commands in a fresh clone in a bare environment; and an installed wheel."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.running import ROOT

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]
# What a machine needs to reach its package index, and nothing of this environment's Python.
KEPT = ("HOME", "LANG", "PIP_", "SSL_CERT_", "REQUESTS_CA_BUNDLE", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")  # fmt: skip


@pytest.fixture
def bare() -> dict[str, str]:
    """An environment with Python and make on the path, and no virtual environment."""
    base = Path(getattr(sys, "_base_executable", sys.executable)).parent
    kept = {name: value for name, value in os.environ.items() if name.startswith(KEPT)}
    return {**kept, "PATH": os.pathsep.join([str(base), "/usr/local/bin", "/usr/bin", "/bin"])}


def run(
    arguments: list[str], environment: dict[str, str], cwd: Path
) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        arguments, env=environment, cwd=cwd, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{arguments}: {done.stdout[-3000:]}{done.stderr[-3000:]}"
    return done


@pytest.fixture
def clone(tmp_path: Path, bare: dict[str, str]) -> Path:
    if not (ROOT / ".git").exists() or shutil.which("git") is None:
        reason = "a clone needs git and a checkout; this is an unpacked archive"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    run(["git", "clone", "--quiet", str(ROOT), str(tmp_path / "keybus")], bare, tmp_path)
    return tmp_path / "keybus"


def test_the_two_commands(clone: Path, bare: dict[str, str]) -> None:
    for _ in range(2):
        demo = run(["make", "demo", "DEMO=--seconds 3 --rate 300"], bare, clone)
        assert "touched only vendor-portalis" in demo.stdout.replace("\n", " ")
        assert (clone / ".venv" / "bin" / "keybus").exists()
        # The tests themselves run where this one does; here it is about what sets them up.
        tested = run(["make", "test", "TESTS=tests/unit/test_settings.py"], bare, clone)
        assert "passed" in tested.stdout
    assert run(["git", "status", "--porcelain"], bare, clone).stdout == ""


def test_an_installed_wheel(clone: Path, bare: dict[str, str], tmp_path: Path) -> None:
    """The base install publishes, the whole one runs the demo: neither needs the checkout."""
    wheels = tmp_path / "wheels"
    build = ["-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "-w"]
    run([sys.executable, *build, str(wheels), "."], bare, clone)
    [wheel] = wheels.glob("keybus-*.whl")
    python = tmp_path / "venv" / "bin" / "python"
    run([sys.executable, "-m", "venv", str(tmp_path / "venv")], bare, tmp_path)
    run([str(python), "-m", "pip", "install", "--quiet", str(wheel)], bare, tmp_path)
    run([str(python), "-c", "import keybus; keybus.EventPublisher().close()"], bare, tmp_path)
    locked = ["--require-hashes", "-r", str(clone / "locks" / "run.txt")]
    run([str(python), "-m", "pip", "install", "--quiet", *locked], bare, tmp_path)
    shutil.rmtree(clone)
    demo = [str(python), "-m", "keybus", "demo", "--seconds", "3", "--rate", "300"]
    assert "touched only" in run(demo, bare, tmp_path).stdout.replace("\n", " ")
