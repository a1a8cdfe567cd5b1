"""`keybus contracts deprecate`, `activate`, `sunset`, `retire` and `lifecycle`, as they are typed."""

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from keybus.cli.contracts import contracts
from keybus.contracts.releases import MEANINGS, TRANSITIONS
from keybus.errors import ContractError, KeybusError, TopologyError, UnknownEventType
from tests.running import ROOT
from tests.unit.contracts.releases.project import PLATFORM, Project, day
from tests.unit.contracts.releases.releasing import TEXT, TYPE, shown

PAGE = ROOT / "docs" / "lifecycle.md"
OLD, NEW = f"{TYPE}@1", f"{TYPE}@2"
SOON = day(200)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Two releases of the first major, one of the second, and a draft of a third."""
    found = Project(tmp_path)
    found.release("1.0.0", "1.1.0", "2.0.0")
    found.release("3.0.0", status="draft")
    return found


def deprecate(project: Project, what: str = OLD, *more: str, by: str = NEW) -> str:
    options = ("--replaced-by", by, "--sunset", SOON, "--yes", "--by", "ada")
    return project.run("deprecate", what, project.contracts, *options, *more).output


def test_a_major_is_deprecated_release_by_release(project: Project) -> None:
    said = deprecate(project, OLD, "--why", "two fields became one")
    assert f"{TYPE} 1.0.0: active → deprecated" in said
    assert f"{TYPE} 1.1.0: deprecated\n" in said
    assert project.statuses() == {
        "1.0.0": "deprecated",
        "1.1.0": "deprecated",
        "2.0.0": "active",
        "3.0.0": "draft",
    }
    last = project.releases[TYPE].releases["1.1.0"].last
    assert (last.replaced_by, last.sunset, last.by) == (NEW, SOON, "ada")
    assert last.why == "two fields became one"


def test_the_same_again_changes_nothing_and_another_date_does(project: Project) -> None:
    deprecate(project)
    assert deprecate(project) == f"{OLD} is deprecated already\n"
    later = ("--replaced-by", NEW, "--sunset", day(300), "--yes")
    assert (
        "deprecated → deprecated" in project.run("deprecate", OLD, project.contracts, *later).output
    )
    assert {each["sunset"] for each in endings(project)} == {day(300)}


@pytest.mark.parametrize("option", ["--plan", "--dry-run"])
def test_a_plan_is_only_printed(project: Project, option: str) -> None:
    before = project.releases[TYPE].text()
    options = ("--replaced-by", NEW, "--sunset", SOON, option)
    printed = project.run("deprecate", OLD, project.contracts, *options).stdout
    assert f"now:        deprecated, use {NEW}; whoever uses it is warned" in printed
    assert f"{SOON}: sunset    keybus contracts sunset {OLD} {project.contracts}" in printed
    assert f"then:       retired   keybus contracts retire {OLD} {project.contracts}" in printed
    found = json.loads(project.run("deprecate", OLD, project.contracts, *options, "--json").stdout)
    assert [each["version"] for each in found["steps"]] == ["1.0.0", "1.1.0"]
    assert found["written"] is False
    assert project.releases[TYPE].text() == before


def test_it_asks_before_it_writes(project: Project) -> None:
    command = ["deprecate", OLD, str(project.contracts), "--replaced-by", NEW, "--sunset", SOON]
    for form in ([], ["--json"]):
        refused = CliRunner().invoke(contracts, [*command, *form], input="n\n")
        assert refused.exit_code == 1
        assert "active → deprecated" in refused.stderr
        assert project.statuses()["1.0.0"] == "active"
    found = json.loads(CliRunner().invoke(contracts, [*command, "--json"], input="y\n").stdout)
    assert found["written"] is True
    assert project.statuses()["1.0.0"] == "deprecated"


@pytest.mark.parametrize("given", [["--replaced-by", NEW], ["--sunset", SOON]])
def test_a_replacement_and_a_date_are_needed(project: Project, given: list[str]) -> None:
    said = project.run("deprecate", OLD, project.contracts, "--yes", *given, code=2).output
    assert "Missing option" in said


@pytest.mark.parametrize(
    ("what", "by", "sunset", "why"),
    [
        (f"{TYPE}@4", NEW, SOON, r"@4 was never released \(there is 1\.0\.0 \(active\), 1\.1\.0"),
        (f"{TYPE}@1.0.7", NEW, SOON, r"@1\.0\.7 was never released \(there is 1\.0\.0"),
        (f"{TYPE}@3", NEW, SOON, r"drafts alone \(name one: small\.shown@3\.0\.0\)"),
        (f"{TYPE}@3.0.0", NEW, SOON, r"cannot be deprecated: a release that is draft .*activate"),
        (TYPE, NEW, SOON, "a major or a version is needed"),
        (f"{TYPE}@latest", NEW, SOON, "names no release"),
        (OLD, f"{TYPE}@3", SOON, "drafts alone"),
        (OLD, f"{TYPE}@4", SOON, "never released"),
        (OLD, f"{TYPE}@2.0.0", SOON, r"no major .*for example small\.shown@2"),
        (OLD, TYPE, SOON, "no major"),
        (OLD, OLD, SOON, r"nothing active would be left of it \(active is small\.shown@2\)"),
        (OLD, NEW, day(0), "is not in the future"),
        (OLD, NEW, "2020-01-31", "is not in the future"),
        (OLD, NEW, day(365 * 12), "years away"),
        (OLD, NEW, "2027-02-30", "no date such as"),
        (OLD, NEW, "30.6.2027", "no date such as"),
        (OLD, NEW, "20270630", "no date such as"),
    ],
)
def test_what_cannot_be_is_told_with_what_there_is(
    project: Project, what: str, by: str, sunset: str, why: str
) -> None:
    before = project.releases[TYPE].text()
    options = ("--replaced-by", by, "--sunset", sunset, "--yes")
    with pytest.raises(ContractError, match=why):
        project.run("deprecate", what, project.contracts, *options)
    assert project.releases[TYPE].text() == before


def test_unknown_types_name_the_nearest(project: Project) -> None:
    with pytest.raises(UnknownEventType, match=r"did you mean 'small\.shown'"):
        deprecate(project, "small.show@1")
    with pytest.raises(UnknownEventType, match=r"did you mean 'small\.shown'"):
        deprecate(project, by="small.shwn@2")


def test_what_is_to_be_left_itself_replaces_nothing(project: Project) -> None:
    deprecate(project)
    with pytest.raises(ContractError, match=r"small\.shown@1 cannot replace .* deprecated itself"):
        deprecate(project, NEW, by=OLD)


def test_where_there_is_nothing_it_says_so(tmp_path: Path) -> None:
    empty = Project(tmp_path)
    with pytest.raises(ContractError, match="nothing was released"):
        deprecate(empty)
    with pytest.raises(ContractError, match="there are no contracts in"):
        empty.run("lifecycle", tmp_path / "nowhere")


# Who is affected.


def test_who_is_affected_is_told_by_name_with_what_to_do(project: Project) -> None:
    project.platform()
    said = deprecate(project, OLD, "--plan")
    place = project.contracts.parent / "platform.yaml"
    assert f"affected, in {place}:" in said
    assert "publisher shop.makers of makers emits small.shown" in said
    assert f"publish {NEW} by {SOON}" in said
    assert f"subscription old of readers pins {OLD}: pin {NEW} by {SOON}\n" in said
    assert f"subscription both of readers pins {OLD}: leave {OLD} out, as it has {NEW}" in said
    assert "subscription any of readers takes every major by its filter: make sure" in said
    assert "subscription new" not in said
    found = json.loads(deprecate(project, OLD, "--plan", "--json"))
    assert [each["name"] for each in found["affected"]] == ["shop.makers", "old", "both", "any"]


def test_a_migration_gives_time(project: Project) -> None:
    way = project.contracts / "migrations" / TYPE / "2-to-1.json"
    way.parent.mkdir(parents=True)
    way.write_text('{"steps": [{"op": "remove", "path": "/more"}]}')
    platform = project.platform()
    said = deprecate(project, OLD, "--plan", "--platform", str(platform))
    assert f"pin {NEW} by {SOON}; until then {NEW} is translated for it by the migration" in said


def test_nobody_is_named_without_a_platform_and_nobody_is_affected_where_none_uses_it(
    project: Project,
) -> None:
    assert "nobody can be named without a platform file (--platform)" in deprecate(
        project, OLD, "--plan"
    )
    lonely = project.platform(PLATFORM.replace("small.shown", "other.shown"))
    assert f"affected: nobody in {lonely}" in deprecate(project, OLD, "--plan")


def test_whoever_pins_a_major_is_not_touched_where_a_release_of_it_stays(project: Project) -> None:
    project.platform()
    said = deprecate(project, f"{TYPE}@1.0.0", by=OLD)
    assert f"{OLD} goes on with 1.1.0" in said
    assert "affected" not in said
    assert project.statuses()["1.1.0"] == "active"
    assert [each["reference"] for each in endings(project)] == [f"{TYPE}@1.0.0"]


def test_a_platform_with_faults_is_not_guessed_at(project: Project) -> None:
    project.platform("bus: [")
    with pytest.raises(TopologyError):
        deprecate(project)


# The way to the end.


def test_the_end_comes_on_its_day(project: Project) -> None:
    project.deprecate("1.0.0", "1.1.0", sunset=day(0))
    assert "sunset" in project.run("sunset", OLD, project.contracts, "--yes").output
    assert project.statuses()["1.1.0"] == "sunset"
    project.run("retire", OLD, project.contracts, "--yes")
    assert project.statuses()["1.0.0"] == project.statuses()["1.1.0"] == "retired"
    assert project.releases[TYPE].releases["1.0.0"].last.replaced_by == NEW
    with pytest.raises(ContractError, match=r"small\.shown@1 is retired"):
        project.run("retire", OLD, project.contracts, "--yes")
    project.write(shown("1.2.0", name=TEXT, more=TEXT))
    for command in (("check",), ("release", "--yes")):
        told = project.run(command[0], project.contracts, *command[1:], code=1)
        assert "small.shown@1 is retired, and no way leads back." in told.output
    assert "1.2.0" not in project.statuses()


@pytest.mark.parametrize("command", ["sunset", "retire"])
def test_before_the_day_it_takes_a_reason(project: Project, command: str) -> None:
    project.deprecate("1.0.0", "1.1.0", sunset=SOON)
    if command == "retire":
        for version in ("1.0.0", "1.1.0"):
            project.say(version, "sunset", replaced_by=NEW, sunset=SOON)
    with pytest.raises(ContractError, match=f"the sunset date, {SOON}, is not here yet"):
        project.run(command, OLD, project.contracts, "--yes")
    options = ("--yes", "--despite", "everybody has moved", "--why", "cleaning up")
    project.run(command, OLD, project.contracts, *options)
    why = project.releases[TYPE].releases["1.0.0"].last.why
    early = f"1.0.0, 1.1.0: the sunset date, {SOON}, is not here yet"
    assert why == f"cleaning up; everybody has moved (despite: {early})"


def test_what_somebody_uses_is_not_retired(project: Project) -> None:
    project.platform()
    project.deprecate("1.0.0", "1.1.0", sunset=day(-1))
    project.run("sunset", OLD, project.contracts, "--yes")
    with pytest.raises(ContractError) as caught:
        project.run("retire", OLD, project.contracts, "--yes")
    assert "subscription old of readers pins small.shown@1" in str(caught.value)
    assert "subscription both of readers" in str(caught.value)
    assert "subscription any" not in str(caught.value)
    assert "publisher" not in str(caught.value)  # it may publish by the other major
    assert (
        "against it: subscription old"
        in project.run("retire", OLD, project.contracts, "--plan").output
    )
    project.run("retire", OLD, project.contracts, "--yes", "--despite", "they agreed")
    assert project.releases[TYPE].releases["1.1.0"].last.why == (
        "they agreed (despite: subscription old of readers pins small.shown@1;"
        " subscription both of readers pins small.shown@1)"
    )


def test_the_last_major_is_not_retired_while_somebody_publishes(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.release("1.0.0")
    project.deprecate("1.0.0", sunset=day(-1), by="other.shown@1")
    project.say("1.0.0", "sunset", replaced_by="other.shown@1", sunset=day(-1))
    project.platform(PLATFORM.partition("subscriptions:")[0])
    with pytest.raises(ContractError, match=r"publisher shop\.makers of makers emits small\.shown"):
        project.run("retire", OLD, project.contracts, "--yes")


@pytest.mark.parametrize(
    ("command", "what", "first"),
    [
        ("sunset", OLD, r"deprecate small\.shown@1\.0\.0"),
        ("retire", OLD, r"deprecate small\.shown@1\.0\.0"),
        ("sunset", f"{TYPE}@3.0.0", r"activate small\.shown@3\.0\.0"),
    ],
)
def test_no_step_is_left_out(project: Project, command: str, what: str, first: str) -> None:
    with pytest.raises(ContractError, match=f"first: keybus contracts {first}"):
        project.run(command, what, project.contracts, "--yes")


def test_a_draft_is_retired_any_time(project: Project) -> None:
    project.platform()
    project.run("retire", f"{TYPE}@3.0.0", project.contracts, "--yes")
    assert project.statuses()["3.0.0"] == "retired"


# Drafts, and taking back.


def test_a_deprecation_is_taken_back(project: Project) -> None:
    deprecate(project)
    said = project.run("activate", OLD, project.contracts, "--yes").output
    assert f"{TYPE} 1.1.0: active\n" in said
    assert endings(project) == []
    assert project.run("activate", OLD, project.contracts).output == f"{OLD} is active already\n"


def test_a_draft_becomes_a_promise(project: Project) -> None:
    project.run("activate", f"{TYPE}@3.0.0", project.contracts, "--yes")
    assert project.statuses()["3.0.0"] == "active"


def test_a_prerelease_stays_a_draft(project: Project) -> None:
    project.release("3.1.0-rc.1", status="draft")
    with pytest.raises(ContractError, match="is a prerelease"):
        project.run("activate", f"{TYPE}@3.1.0-rc.1", project.contracts, "--yes")


def test_a_draft_is_judged_by_what_came_meanwhile(project: Project) -> None:
    project.release(shown("1.2.0", name=TEXT, more=TEXT), status="draft")
    project.release(shown("1.3.0", name=TEXT, most=TEXT))
    with pytest.raises(ContractError, match=r"has to be 1\.4\.0 .*once more as 1\.4\.0"):
        project.run("activate", f"{TYPE}@1.2.0", project.contracts, "--yes")


def test_what_a_draft_breaks_has_to_be_approved(project: Project) -> None:
    project.release(shown("4.0.0", name={"type": "integer"}), status="draft")
    what = (f"{TYPE}@4.0.0", project.contracts, "--yes")
    with pytest.raises(ContractError, match="nobody who may has approved it"):
        project.run("activate", *what)
    project.run("activate", *what, "--approved-by", "o")


@pytest.mark.parametrize("status", ["deprecated", "sunset"])
def test_a_correction_of_what_is_to_be_left_is_to_be_left_too(
    project: Project, status: str
) -> None:
    project.deprecate("1.0.0", "1.1.0", sunset=SOON)
    if status == "sunset":
        for version in ("1.0.0", "1.1.0"):
            project.say(version, status, replaced_by=NEW, sunset=SOON)
    project.write(shown("1.1.1", name={**TEXT, "description": "Its name."}))
    said = project.run("release", project.contracts, "--yes").output
    assert f"{TYPE} 1.1.1: {status}" in said
    last = project.releases[TYPE].releases["1.1.1"].last
    assert (last.replaced_by, last.sunset, last.why) == (NEW, SOON, "as 1.1.0 is")


def test_a_release_beside_an_active_one_is_active(project: Project) -> None:
    project.deprecate("1.0.0", sunset=SOON, by=OLD)
    project.write(shown("1.1.1", name={**TEXT, "description": "Its name."}))
    assert f"{TYPE} 1.1.1: active" in project.run("release", project.contracts, "--yes").output


# What is due.


def endings(project: Project) -> list[dict[str, object]]:
    found: list[dict[str, object]] = json.loads(
        project.run("lifecycle", project.contracts, "--json").output
    )
    return found


def test_what_ends_is_listed_the_first_to_end_first(project: Project) -> None:
    assert project.run("lifecycle", project.contracts).output == "nothing is deprecated\n"
    project.deprecate("1.0.0", sunset=day(3))
    project.deprecate("1.1.0", sunset=day(1))
    printed = project.run("lifecycle", project.contracts).output
    assert printed == (
        f"{TYPE}@1.1.0 (1.1.0) is deprecated, until {day(1)} (1 day); use {NEW}\n"
        f"{TYPE}@1.0.0 (1.0.0) is deprecated, until {day(3)} (3 days); use {NEW}\n"
    )


def test_what_is_overdue_is_told_with_the_command(project: Project) -> None:
    project.write(shown("2.0.0", name=TEXT))
    project.deprecate("1.0.0", "1.1.0", sunset=day(-5))
    command = f"keybus contracts sunset {OLD}"
    printed = project.run("lifecycle", project.contracts).output
    assert f"(1.0.0, 1.1.0) is deprecated, its sunset date was {day(-5)}" in printed
    assert f"  overdue: {command} {project.contracts}\n" in printed
    [found] = endings(project)
    assert (found["overdue"], found["days"], found["next_command"]) == (True, -5, command)
    for against in ([], ["--against", str(project.contracts)]):
        checked = json.loads(project.run("check", project.contracts, "--json", *against).output)
        [note] = checked["findings"]
        assert (note["rule"], note["severity"]) == ("sunset-overdue", "note")
        assert note["hint"] == command
    assert f"({command}) [sunset-overdue]" in project.run("check", project.contracts).output
    project.run("sunset", OLD, project.contracts, "--yes")
    assert (
        f"  next: keybus contracts retire {OLD} {project.contracts}\n"
        in project.run("lifecycle", project.contracts).output
    )
    assert json.loads(project.run("check", project.contracts, "--json").output)["findings"] == []


def test_what_another_tool_left_without_a_date_is_not_due(project: Project) -> None:
    for version, sunset in (("1.0.0", ""), ("1.1.0", "in summer")):
        project.deprecate(version, sunset=sunset)
    assert endings(project) == []
    project.run("sunset", OLD, project.contracts, "--yes")
    assert project.statuses()["1.1.0"] == "sunset"


def test_an_entry_that_could_not_be_read_again_is_not_written(project: Project) -> None:
    before = project.releases[TYPE].text()
    with pytest.raises(KeybusError, match="length <= 2000"):
        deprecate(project, OLD, "--why", "x" * 2_001)
    assert project.releases[TYPE].text() == before


def test_the_page_has_the_table() -> None:
    rows = re.findall(r"^\| ([a-z]+) \| (.*?) \| (.*?) \|$", PAGE.read_text("utf-8"), re.MULTILINE)
    assert [(status, meaning) for status, meaning, _ in rows[1:]] == list(MEANINGS.items())
    for status, _, following in rows[1:]:
        assert tuple(re.findall(r"[a-z]+", following)) == TRANSITIONS[status]
