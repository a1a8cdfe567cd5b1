"""``keybus contracts``: what it prints, and how it ends."""

import json
import os
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from keybus.cli.contracts import contracts
from keybus.errors import ContractError, UnknownEventType


def run(*arguments: object) -> Result:
    return CliRunner().invoke(contracts, [str(argument) for argument in arguments])


@pytest.fixture
def sound(fixtures: Path) -> Path:
    return fixtures / "valid"


def test_lint(sound: Path, fixtures: Path) -> None:
    clean = fixtures / "house" / "clean"
    assert run("lint", clean).output.endswith("1 contract, no faults\n")
    assert run("lint", sound).exit_code == 0
    broken = run("lint", fixtures / "rules" / "bad-version")
    assert broken.exit_code == 1
    assert "door/DoorOpened.json:7 /x-keybus/version: '1.0' is not" in broken.output
    assert "[bad-version]" in broken.output
    (fault, *_) = json.loads(run("lint", fixtures / "rules" / "bad-version", "--json").output)
    assert (fault["code"], fault["severity"]) == ("bad-version", "error")
    assert fault["line"] == 7
    assert run("lint", clean, "--json").output == "[]\n"


def test_list(sound: Path) -> None:
    lines = run("list", sound).output.splitlines()
    assert lines[1].split() == ["delivery.status.updated", "1.2.0", "deliveries", "internal"]
    (first, _) = json.loads(run("list", sound, "--json").output)
    assert first["key"] == "/delivery_id"


def test_show(sound: Path) -> None:
    text = run("show", "delivery.status.updated", sound).output
    assert "digest: sha256:" in text
    assert '"SCHEDULED", "IN_GARAGE", "COMPLETED"' in text
    shown = json.loads(run("show", "sampler.shapes.shown", sound, "--json").output)
    assert {row["pointer"] for row in shown["declared"]} > {"/contact/phone", "/publisher/name"}
    assert isinstance(run("show", "delivery", sound).exception, UnknownEventType)


def test_generate(sound: Path, tmp_path: Path) -> None:
    out = tmp_path / "events"
    assert run("generate", sound, "--language", "python", "--out", out).exit_code == 0
    assert (out / "delivery" / "delivery_status_updated.py").is_file()
    wrong = run("generate", sound, "--language", "cobol", "--out", out).exception
    assert isinstance(wrong, ContractError)
    assert (
        str(wrong) == "there are no bindings for 'cobol' (supported: python, typescript, java, go)"
    )
    assert run("generate", sound).exit_code == 2


def test_a_broken_repository_reads_the_same_everywhere(tmp_path: Path) -> None:
    folder = tmp_path / "none"
    linted = run("lint", folder)
    assert linted.output == f"There is no folder {str(folder)!r}. [no-folder]\n"
    for command in (("list",), ("show", "x"), ("generate", "--language", "python", "--out", "x")):
        result = run(*command, folder)
        assert (result.exit_code, result.output) == (1, linted.output)
        assert result.stdout == ""
    for command in (("list",), ("show", "x")):
        result = run(*command, folder, "--json")
        assert (result.exit_code, result.stdout) == (1, run("lint", folder, "--json").stdout)
        assert json.loads(result.stdout)[0]["code"] == "no-folder"


def test_names_that_are_no_text_are_printed(tmp_path: Path, sound: Path) -> None:
    folder = tmp_path / "contracts"
    shutil.copytree(sound, folder)
    Path(os.fsdecode(os.fsencode(folder) + b"/\xff.json")).write_text("{")
    for result in (run("lint", folder), run("lint", folder, "--json"), run("list", folder)):
        assert result.exit_code == 1
        assert "udcff" in result.output


def test_numbers_are_printed_as_numbers(tmp_path: Path, sound: Path) -> None:
    folder = tmp_path / "contracts"
    shutil.copytree(sound, folder)
    file = folder / "sampler" / "SamplerShapesShown.json"
    digits = "0.12345678901234567890123"
    text = file.read_text().replace('"anything": {}', f'"anything": {{"enum": [{digits}, null]}}')
    file.write_text(text)
    shown = run("show", "sampler.shapes.shown", folder, "--json").output
    assert f'"{digits}"' not in shown
    assert shown.count(digits) == 2
    assert f"{digits}, null" in run("show", "sampler.shapes.shown", folder).output


def test_an_out_folder_that_is_blocked(sound: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    out = tmp_path / "file" / "events"
    error = run("generate", sound, "--language", "python", "--out", out).exception
    assert isinstance(error, ContractError)
    assert "cannot be written: " in str(error)
