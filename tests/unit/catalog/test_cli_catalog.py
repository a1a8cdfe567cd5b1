"""``keybus catalog``, as somebody types it."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from keybus.catalog.asyncapi import as_json
from keybus.cli.root import keybus
from keybus.errors import KeybusError
from tests.running import EXAMPLE
from tests.unit.catalog import platforms


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small platform's folder."""
    return platforms.with_history(tmp_path_factory.mktemp("cli") / "made").folder


def run(*arguments: object, code: int = 0) -> Result:
    found = CliRunner().invoke(keybus, ["catalog", *map(str, arguments)])
    if isinstance(found.exception, KeybusError):
        raise found.exception
    assert found.exit_code == code, found.output
    return found


def test_build_writes_a_catalogue_and_replaces_only_its_own(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "site"
    found = run("build", folder, "--out", out)
    assert "4 events, 3 accounts, 18 files" in found.stdout
    assert f"open {out / 'index.html'}" in found.stdout
    before = {each: each.read_bytes() for each in out.rglob("*") if each.is_file()}
    (out / "index.html").write_text("changed")
    told = json.loads(run("build", folder, "--out", out, "--json").stdout)
    assert told["out"] == str(out)
    assert (told["events"], told["accounts"]) == (4, 3)
    assert {out / name for name in told["files"]} == before.keys()
    assert {each: each.read_bytes() for each in out.rglob("*") if each.is_file()} == before
    (out / "notes.txt").write_text("mine")
    with pytest.raises(KeybusError, match=r"notes\.txt"):
        run("build", folder, "--out", out)
    assert (out / "notes.txt").read_text() == "mine"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("notes.txt", "mine"),
        ("contracts.json", "mine"),
        ("contracts.json", '{"generator": "keybus", "files": ["contracts.json"]}'),
    ],
)
def test_build_refuses_a_folder_with_anything_else_in_it(
    folder: Path, tmp_path: Path, name: str, content: str
) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(KeybusError, match="is not empty"):
        run("build", folder, "--out", tmp_path)
    assert (tmp_path / name).read_text() == content
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.long
def test_every_process_writes_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    found = []
    for seed in ("1", "2"):
        for name, platform in (("history", folder), ("example", EXAMPLE)):
            out = tmp_path / seed / name
            command = ["-m", "keybus", "catalog", "build", str(platform), "--out", str(out)]
            environment = {**os.environ, "PYTHONHASHSEED": seed}
            subprocess.run(
                [sys.executable, *command],
                env=environment,
                check=True,
                capture_output=True,
                timeout=100,
            )
        place = tmp_path / seed
        files = (each for each in place.rglob("*") if each.is_file())
        found.append({str(each.relative_to(place)): each.read_bytes() for each in files})
    assert len(found[0]) > 50
    assert found[0] == found[1]


def test_a_missing_or_broken_platform_is_told(folder: Path, tmp_path: Path) -> None:
    found = run("build", tmp_path, "--out", tmp_path / "site", code=1)
    assert "platform.yaml" in found.stderr
    broken = tmp_path / "broken"
    shutil.copytree(folder, broken)
    (broken / "contracts" / "payments" / "PaymentTaken.json").write_text("{")
    found = run("asyncapi", broken, code=1)
    assert "PaymentTaken.json" in found.stderr
    assert not (tmp_path / "site").exists()


def test_asyncapi_is_printed_or_written(folder: Path, tmp_path: Path) -> None:
    printed = run("asyncapi", folder).stdout
    document = yaml.safe_load(printed)
    assert document["asyncapi"] == "3.0.0"
    assert "servers" not in document
    assert json.loads(run("asyncapi", folder, "--format", "json").stdout) == document
    out = tmp_path / "platform.json"
    told = run("asyncapi", folder, "--out", out, "--server", "eu=https://bus.example.com")
    assert "4 events" in told.stdout
    written = json.loads(out.read_text())
    assert written["servers"] == {"eu": {"host": "bus.example.com", "protocol": "https"}}
    assert out.read_text() == as_json(written)
    assert "bus.example.com" in run("asyncapi", folder, "--server", "https://bus.example.com").stdout  # fmt: skip
    run("asyncapi", folder, "--out", tmp_path / "no" / "a.yaml", code=2)
    run("asyncapi", folder, "--server", "nonsense", code=2)
    with pytest.raises(KeybusError, match="two servers"):
        run("asyncapi", folder, "--server", "https://a", "--server", "https://b")
