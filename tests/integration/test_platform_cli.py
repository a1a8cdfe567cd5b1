"""`keybus platform` against a running bus: plan, apply, roll back, drift, prune."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from keybus.cli.root import keybus
from keybus.errors import BusUnavailable, KeybusError
from tests.running import EXAMPLE, Server

pytestmark = pytest.mark.long

LATE = """
  late:
    account: properties
    events: [delivery.garage.opened@1]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The reference application, to be edited."""
    copy = tmp_path / "platform"
    shutil.copytree(EXAMPLE, copy, ignore=shutil.ignore_patterns(".keybus", "build"))
    return copy


@pytest.fixture
def bus(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    server = Server(folder, tmp_path / "data")
    server.start()
    monkeypatch.setenv("KEYBUS_URL", server.url)
    yield server
    server.stop()


def run(*arguments: str) -> Result:
    return CliRunner().invoke(keybus, ["platform", *arguments])


def answer(*arguments: str, code: int = 0) -> Any:
    done = run(*arguments, "--json")
    assert done.exit_code == code, done.output
    return json.loads(done.stdout)


def add(folder: Path, text: str = LATE) -> None:
    file = folder / "platform.yaml"
    file.write_text(file.read_text().rstrip() + "\n" + text)


@pytest.mark.usefixtures("bus")
def test_nothing_to_change_where_nothing_was_edited(folder: Path) -> None:
    done = run("plan", str(folder))
    assert done.exit_code == 0, done.output
    assert "version 1" in done.stdout
    assert "nothing to change" in done.stdout
    assert run("drift", str(folder)).exit_code == 0


@pytest.mark.usefixtures("bus")
def test_a_change_is_planned_applied_listed_and_rolled_back(folder: Path) -> None:
    add(folder)
    plan = answer("plan", str(folder))
    assert [(each["kind"], each["pointer"]) for each in plan["changes"]] == [
        ("added", "/subscriptions/late")
    ]
    assert run("drift", str(folder)).exit_code == 1
    assert answer("apply", str(folder), "--yes", "--note", "doors")["version"] == 2
    assert run("drift", str(folder)).exit_code == 0
    assert [(each["version"], each["note"]) for each in answer("versions")] == [
        (1, "declared at the start"),
        (2, "doors"),
    ]
    assert answer("rollback", "--yes")["version"] == 3
    drift = answer("drift", str(folder), code=1)
    assert drift["changes"][0]["pointer"] == "/subscriptions/late"
    assert answer("rollback", "2", "--yes")["version"] == 4
    assert not answer("drift", str(folder))["drift"]


@pytest.mark.usefixtures("bus")
def test_what_a_removed_subscription_left_is_found_and_pruned(folder: Path) -> None:
    before = (folder / "platform.yaml").read_text()
    add(folder)
    answer("apply", str(folder), "--yes")
    (folder / "platform.yaml").write_text(before)
    answer("apply", str(folder), "--yes")
    drift = answer("drift", str(folder), code=1)
    assert not drift["changes"]
    assert [each["name"] for each in drift["queues"]] == ["late"]
    done = run("prune")
    assert done.exit_code == 2, done.output  # nobody can be asked
    assert "late: 0 waiting" in done.output
    assert answer("prune", "--yes") == {"removed": ["late"]}
    assert not answer("drift", str(folder))["drift"]
    assert answer("prune", "--yes") == {"removed": []}


@pytest.mark.usefixtures("bus")
def test_nothing_is_applied_without_being_asked(folder: Path) -> None:
    add(folder)
    done = run("apply", str(folder))
    assert done.exit_code == 2
    assert "--yes" in done.output
    assert len(answer("versions")) == 1


@pytest.mark.usefixtures("bus")
def test_what_compliance_finds_is_not_applied_without_a_reason(folder: Path) -> None:
    add(folder, "  spy: {account: partners, events: [access.grant.created@1]}\n")
    plan = answer("plan", str(folder), code=1)
    assert {"DX06", "DX15"} <= {each["code"] for each in plan["findings"]}
    assert all(each["file"] and each["line"] for each in plan["findings"])
    refused = run("apply", str(folder), "--yes")
    assert isinstance(refused.exception, KeybusError)
    assert refused.exception.code == "plan-refused"
    applied = answer("apply", str(folder), "--yes", "--despite", "a drill")
    assert "a drill" in applied["note"]


@pytest.mark.usefixtures("bus")
def test_what_the_footing_lacks_is_refused_by_name(folder: Path) -> None:
    add(folder, LATE.rstrip() + "\n    alarms: {waiting: 5}\n")
    plan = answer("plan", str(folder), code=1)
    [lack] = plan["lacks"]
    assert lack["pointer"] == "/subscriptions/late/alarms"
    assert "embedded" in lack["message"]
    refused = run("apply", str(folder), "--yes", "--despite", "a drill")
    assert isinstance(refused.exception, KeybusError)


@pytest.mark.usefixtures("bus")
def test_faults_of_the_declaration_are_told_with_file_and_line(folder: Path) -> None:
    add(folder, "  lost: {account: nobody, events: [no.such@1]}\n")
    done = run("plan", str(folder))
    assert done.exit_code == 1
    assert "platform.yaml:" in done.output
    faults = answer("plan", str(folder), code=1)["faults"]
    assert {each["code"] for each in faults} == {"unknown-account", "unknown-event"}


def test_an_empty_bus_is_compared_with_where_none_is_asked(folder: Path) -> None:
    plan = answer("plan", str(folder), "--offline")
    assert plan["standing"] is None
    assert {each["kind"] for each in plan["changes"]} == {"added"}
    unreachable = run("plan", str(folder), "--url", "http://127.0.0.1:1").exception
    assert isinstance(unreachable, BusUnavailable)
    assert "--offline asks no bus" in unreachable.hint


@pytest.mark.usefixtures("bus")
def test_grants_and_evidence_and_usage_and_audit_are_answered(folder: Path) -> None:
    grants = answer("grants")
    assert grants
    assert all(each["holds"] for each in grants)
    assert run("grants").exit_code == 0
    checked = run("check", str(folder), "--url", "http://127.0.0.1:1")
    assert checked.exit_code == 3
    listed = CliRunner().invoke(keybus, ["audit", "list", "--json"])
    assert "platform.applied" in listed.output
    assert CliRunner().invoke(keybus, ["audit", "verify"]).exit_code == 0
    assert run("report", str(folder), "--json").exit_code == 0


@pytest.mark.parametrize(("options", "root"), [((), "Platform"), (("--team",), "Team")])
def test_the_schema_for_editors_is_printed(options: tuple[str, ...], root: str) -> None:
    schema = json.loads(run("schema", *options).stdout)
    assert schema["$ref"] == f"#/$defs/{root}"
    assert "subscriptions" in schema["$defs"][root]["properties"]


def test_footings_are_listed() -> None:
    rows = answer("footings")
    assert {"id", "words", "footings"} <= rows[0].keys()
    assert "embedded" in run("footings").stdout


@pytest.mark.usefixtures("bus")
def test_a_note_is_text_whatever_it_looks_like(folder: Path) -> None:
    add(folder)
    note = "[/] [bold] \x1b[2K"
    assert run("apply", str(folder), "--yes", "--note", note).exit_code == 0
    listed = run("versions")
    assert listed.exit_code == 0, listed.exception
    assert "[/] [bold] \\u001b[2K" in listed.stdout
    (folder / "platform.yaml").write_text(
        (folder / "platform.yaml").read_text().replace(LATE.strip("\n"), "")
    )
    drifted = run("drift", str(folder))
    assert drifted.exit_code == 1
    assert "noted as: [/] [bold] \\u001b[2K" in drifted.stdout
