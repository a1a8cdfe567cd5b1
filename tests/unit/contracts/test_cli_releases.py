"""`keybus contracts check`, `diff`, `release` and `releases`, as they are typed."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from click.testing import CliRunner, Result

from keybus.cli.contracts import contracts
from keybus.errors import KeybusError

STATUS = "delivery/DeliveryStatusUpdated.json"
Run = Callable[..., Result]


@pytest.fixture
def folder(fixtures: Path, tmp_path: Path) -> Path:
    """A copy of the sound repository, nothing of which was released."""
    copied = tmp_path / "contracts"
    shutil.copytree(fixtures / "valid", copied)
    return copied


@pytest.fixture
def run(folder: Path) -> Run:
    def run(command: str, *options: str, code: int = 0) -> Result:
        found = CliRunner().invoke(contracts, [command, str(folder), *options])
        if isinstance(found.exception, KeybusError):
            raise found.exception
        assert found.exit_code == code, found.output
        return found

    return run


def edit(folder: Path, file: str, change: Callable[[dict[str, Any]], object]) -> None:
    place = folder / file
    schema = json.loads(place.read_text())
    change(schema)
    place.write_text(json.dumps(schema, indent=2))


def version(folder: Path, text: str) -> None:
    edit(folder, STATUS, lambda schema: schema["x-keybus"].update(version=text))


def declare(folder: Path, **properties: Any) -> None:
    edit(folder, STATUS, lambda schema: schema["allOf"][1]["properties"].update(properties))


def test_a_repository_is_released_once(run: Run) -> None:
    assert "delivery.status.updated 1.2.0: new" in run("check").output
    run("release", "--yes", "--by", "ada", "--why", "the first")
    assert "2 contracts beside the releases, 2 unchanged" in run("check").output
    assert "nothing changed" in run("release", "--yes").output
    assert "2 releases of 2 types, verified" in run("releases").output
    [first] = json.loads(run("releases", "--type", "delivery.status.updated", "--json").output)
    assert (first["by"], first["why"], first["status"]) == ("ada", "the first", "active")
    assert "1.2.0 active by ada: the first" in run("releases", "--type", first["type"]).output


def test_a_safe_change_needs_a_minor(run: Run, folder: Path) -> None:
    run("release", "--yes")
    declare(folder, garage_code={"type": "string"})
    refused = run("check", code=1).output
    assert "delivery.status.updated 1.2.0: has to be 1.3.0" in refused
    assert "added /garage_code: optional string" in refused
    assert f"{STATUS}:8: /x-keybus/version" in refused
    version(folder, "1.3.0")
    assert "1.2.0 → 1.3.0: minor, compatible" in run("check").output
    made = json.loads(run("release", "--yes", "--json").output)
    assert [(each["type"], each["version"]) for each in made] == [
        ("delivery.status.updated", "1.3.0")
    ]


def test_a_breaking_change_needs_a_major_and_an_approval(run: Run, folder: Path) -> None:
    run("release", "--yes")
    declare(folder, delivery_id={"type": "integer"})
    version(folder, "1.3.0")
    refused = run("check", code=1).output
    assert "has to be 2.0.0" in refused
    assert "/delivery_id" in refused
    assert "released" not in run("release", "--yes", code=1).stdout
    version(folder, "2.0.0")
    assert "2.0.0: not compatible with 1.2.0" in run("check").output
    for nobody in ([], ["--approved-by", "deliveries"]):  # keybus.toml says who may
        with pytest.raises(KeybusError, match="nobody who may has approved it") as caught:
            run("release", "--yes", *nobody)
        assert "platform" in caught.value.hint
    run("release", "--yes", "--approved-by", "platform")
    [*_, last] = json.loads(run("releases", "--type", "delivery.status.updated", "--json").output)
    assert (last["version"], last["breaks"], last["approvals"]) == (
        "2.0.0",
        ["1.2.0"],
        ["platform"],
    )


def test_a_shared_file_names_whom_it_re_releases(run: Run, folder: Path) -> None:
    run("release", "--yes")
    edit(folder, "core/Event.json", lambda schema: schema["properties"].update(extra={}))
    found = json.loads(run("check", "--json", code=1).output)
    types = ["delivery.status.updated", "sampler.shapes.shown"]
    assert found["shared"] == {"core/Event.json": types}
    assert not found["releasable"]
    assert {each["standing"] for each in found["contracts"]} == {"changed"}
    assert f"core/Event.json is shared by 2 of them: {', '.join(types)}" in run("diff").output


def test_a_contract_that_is_gone_is_missed(run: Run, folder: Path) -> None:
    run("release", "--yes")
    (folder / STATUS).unlink()
    assert "its contract is gone" in run("check", code=1).output
    [fault] = json.loads(run("check", "--json", code=1).output)["findings"]
    assert fault["rule"] == "contract-removed"


def test_diff_judges_nothing_wrong_and_shows_one_type(run: Run, folder: Path) -> None:
    run("release", "--yes")
    declare(folder, delivery_id={"type": "integer"})
    assert "has to be 2.0.0" in run("diff").output
    assert run("diff", "--type", "sampler.shapes.shown").output == (
        "1 contract beside the releases, 1 unchanged\n"
    )
    with pytest.raises(KeybusError, match="unknown event type"):
        run("diff", "--type", "delivery.status.updatd")


def test_another_folder_is_something_to_compare_with(
    run: Run, folder: Path, fixtures: Path
) -> None:
    assert "2 unchanged" in run("check", "--against", str(fixtures / "valid")).output
    declare(folder, delivery_id={"type": "integer"})
    assert "has to be 2.0.0" in run("check", "--against", str(fixtures / "valid"), code=1).output


@pytest.fixture
def broken(run: Run, folder: Path) -> Path:
    """A folder in which something cannot be released."""
    run("release", "--yes")
    declare(folder, delivery_id={"type": "integer"})
    return folder


@pytest.mark.usefixtures("broken")
def test_the_report_as_junit(run: Run) -> None:
    suite = ET.fromstring(run("check", "--format", "junit", code=1).output)
    assert (suite.get("tests"), suite.get("failures")) == ("2", "1")
    [failed] = [each for each in suite if each.find("failure") is not None]
    assert failed.get("name") == "delivery.status.updated"


@pytest.mark.usefixtures("broken")
def test_the_report_as_sarif(run: Run, folder: Path) -> None:
    [found] = json.loads(run("check", "--format", "sarif", code=1).output)["runs"]
    rules = [each["id"] for each in found["tool"]["driver"]["rules"]]
    for result in found["results"]:
        assert rules[result["ruleIndex"]] == result["ruleId"]
        [place] = result["locations"]
        file = place["physicalLocation"]["artifactLocation"]["uri"]
        assert file == f"file://{(folder / STATUS).as_posix()}"
        assert place["physicalLocation"]["region"]["startLine"] > 1


@pytest.mark.usefixtures("broken")
def test_the_report_as_workflow_commands(run: Run, folder: Path) -> None:
    lines = run("check", "--format", "github", code=1).output.splitlines()
    place = f"file={(folder / STATUS).as_posix()},line=8"
    assert lines[0].startswith(f"::error title=released-already,{place}::")
    assert all(line.startswith("::error ") for line in lines)


@pytest.mark.usefixtures("broken")
def test_the_report_goes_to_a_file(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "report.json"
    said = run("check", "--json", "--out", str(out), code=1).output
    assert said == "2 contracts beside the releases, 1 unchanged\n"
    assert json.loads(out.read_text())["against"] == "the releases"


def test_a_release_asks_first(folder: Path) -> None:
    command = ["release", str(folder)]
    said = CliRunner().invoke(contracts, command, input="n\n")
    assert said.exit_code == 1
    assert "delivery.status.updated 1.2.0 (new)" in said.stderr
    assert not (folder / "releases").exists()
    assert CliRunner().invoke(contracts, command, input="y\n").exit_code == 0
    assert (folder / "releases").exists()


def test_a_prerelease_is_a_draft_and_promises_nothing(run: Run, folder: Path) -> None:
    version(folder, "1.3.0-rc.1")
    run("release", "--yes", "--type", "delivery.status.updated")
    assert "1.3.0-rc.1  draft" in run("releases").output
    declare(folder, delivery_id={"type": "integer"})
    version(folder, "1.3.0-rc.2")
    run("release", "--yes", "--type", "delivery.status.updated")


def test_a_ledger_that_was_edited_is_refused(run: Run, folder: Path) -> None:
    run("release", "--yes", "--by", "ada")
    place = folder / "releases" / "ledgers" / "delivery.status.updated.jsonl"
    place.write_text(place.read_text().replace('"ada"', '"eve"'))
    for command in ("check", "release", "releases"):
        with pytest.raises(KeybusError, match="was changed"):
            run(command)


def test_a_folder_without_contracts_has_no_releases(run: Run, folder: Path) -> None:
    (folder / "keybus.toml").unlink()
    with pytest.raises(KeybusError, match="there are no contracts in"):
        run("releases")
