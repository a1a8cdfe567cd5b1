"""`keybus platform export`: the platform as a cloud assembly, without the CDK."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from keybus.cli.root import keybus
from keybus.errors import PlanRefused, SettingsError
from tests.running import EXAMPLE

LEFT_OUT = ("--leave-out", "/subscriptions/notifications/fields")


def export(out: Path, *options: str, folder: Path = EXAMPLE) -> Result:
    words = ["platform", "export", str(folder), "--out", str(out), *options]
    return CliRunner().invoke(keybus, words)


def test_what_is_exported_is_what_the_checker_expects(tmp_path: Path) -> None:
    out = tmp_path / "templates"
    done = export(out, "--region", "eu-west-1", *LEFT_OUT, "--json")
    assert done.exit_code == 0, done.output
    listed = json.loads(done.stdout)
    assert len(listed) == 12
    central = next(each for each in listed if each["environment"] == "100000000000/eu-west-1")
    found = json.loads(Path(central["file"]).read_text())
    assert len(found["Resources"]) == central["resources"]
    words = ["platform", "check", str(EXAMPLE), "--templates", str(out), *LEFT_OUT]
    checked = CliRunner().invoke(keybus, words)
    assert checked.exit_code == 0, checked.output
    assert "Templates: nothing is found in 12 templates" in checked.output


def test_what_is_no_longer_declared_goes_and_nothing_else(tmp_path: Path) -> None:
    assert export(tmp_path, "--region", "eu-west-1", *LEFT_OUT).exit_code == 0
    (tmp_path / "gone.template.json").write_text("{}")
    assert export(tmp_path, "--region", "eu-west-1", *LEFT_OUT).exit_code == 0
    assert not (tmp_path / "gone.template.json").exists()
    (tmp_path / "notes.txt").write_text("mine")
    refused = export(tmp_path, "--region", "eu-west-1", *LEFT_OUT).exception
    assert isinstance(refused, SettingsError)
    assert "notes.txt" in str(refused)
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_what_aws_cannot_carry_is_refused_and_nothing_written(tmp_path: Path) -> None:
    refused = export(tmp_path / "out").exception
    assert isinstance(refused, PlanRefused)
    assert {fault.code for fault in refused.faults} == {"lacks-fields", "bad-region"}
    assert not (tmp_path / "out").exists()


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    refused = export(tmp_path / "file", "--region", "eu-west-1", *LEFT_OUT)
    assert refused.exit_code != 0
    assert "file" in refused.output


@pytest.mark.parametrize("options", [("--format", "terraform"), ("--region", "a", "--region", "b")])
def test_wrong_usage(tmp_path: Path, options: tuple[str, ...]) -> None:
    assert export(tmp_path / "out", *options).exit_code == 2


def test_another_region_than_the_declared_one_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "platform"
    folder.mkdir()
    (folder / "contracts").symlink_to(EXAMPLE / "contracts")
    (folder / "platform.yaml").write_text("bus: b\nregion: eu-west-1\n")
    done = export(tmp_path / "out", "--region", "us-east-1", folder=folder)
    assert isinstance(done.exception, SettingsError)
    assert "--region us-east-1: the platform declares eu-west-1" in str(done.exception)
    assert not (tmp_path / "out").exists()
