"""`keybus contracts generate` from releases, its lock, and `keybus contracts outdated`."""

import importlib
import json
from pathlib import Path
from typing import Any

import pytest

from keybus import DeprecatedContract
from keybus.contracts import Contract, bound
from keybus.errors import BrokenContracts, ContractError, UnknownEventType
from tests.unit.contracts.releases.project import Project, day
from tests.unit.contracts.releases.releasing import TEXT, TYPE, shown
from tests.unit.contracts.small import contract, core, properties

OLD, NEW = f"{TYPE}@1", f"{TYPE}@2"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Two majors that were released, a draft, and the folder's own form of the second."""
    found = Project(tmp_path)
    found.release("1.0.0", "1.1.0", "2.0.0")
    found.release("3.0.0", status="draft")
    found.write(shown("2.0.0", name=TEXT))
    return found


def generate(project: Project, *options: str, out: str = "events", code: int = 0) -> Any:
    place = project.folder / "src" / out
    given = ("--language", "python", "--out", str(place), *options)
    return project.run("generate", project.contracts, *given, code=code)


def lock(project: Project) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((project.folder / "src" / "keybus.lock").read_text())
    return found["packages"]  # type: ignore[no-any-return]


def pinned(project: Project, out: str = "events") -> dict[str, str]:
    return {name: each["version"] for name, each in lock(project)[out]["events"].items()}


def outdated(project: Project, *options: str, code: int = 0) -> Any:
    place = project.folder / "src"
    return project.run("outdated", project.contracts, "--lock", place, *options, code=code)


def other(version: str, name: str = "Other", **shared: Any) -> Contract:
    """A contract of another type, with the same shared file or another form of it."""
    schema = contract(properties(name=TEXT))
    metadata = {**schema["x-keybus"], "type": f"{name.lower()}.shown", "version": version}
    schema = {**schema, "title": f"{name}Shown", "x-keybus": metadata}
    file = f"{name}Shown.json"
    return Contract({"core/Event.json": core(**shared), file: schema}, file)


# What is generated.


def test_the_newest_release_of_each_type_is_taken_and_pinned(project: Project) -> None:
    project.release(other("1.0.0"))
    said = generate(project, "--from", "releases")
    assert said.stdout.startswith(f"{project.folder / 'src' / 'events'}: 2 events, ")
    assert pinned(project) == {"other.shown": "1.0.0", TYPE: "2.0.0"}
    digest = project.releases[TYPE].releases["2.0.0"].digest
    assert lock(project)["events"]["events"][TYPE]["digest"] == digest


def test_a_lock_is_the_same_everywhere(project: Project) -> None:
    generate(project, "--from", "releases")
    place = project.folder / "src" / "keybus.lock"
    first = place.read_bytes()
    assert str(project.folder) not in first.decode()
    generate(project, "--from", "releases")
    assert place.read_bytes() == first
    assert sorted(each.name for each in place.parent.iterdir()) == ["events", "keybus.lock"]


def test_two_majors_live_in_two_packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = Project(tmp_path)
    project.release(other("1.1.0", "Twin"), other("2.0.0", "Twin"))
    given = ("--replaced-by", "twin.shown@2", "--sunset", day(30), "--yes")
    project.run("deprecate", "twin.shown@1", project.contracts, *given)
    generate(project, "--from", "releases", out="twin_now")
    said = generate(project, "--from", "releases", "--event", "twin.shown@1", out="twin_v1")
    warning = f"twin.shown@1 is deprecated (its sunset date is {day(30)}); use twin.shown@2"
    assert said.stderr == f"warning: {warning}\n"
    assert pinned(project, "twin_now") == {"twin.shown": "2.0.0"}
    assert pinned(project, "twin_v1") == {"twin.shown": "1.1.0"}
    monkeypatch.syspath_prepend(project.folder / "src")
    new, old = (importlib.import_module(name).TwinShown for name in ("twin_now", "twin_v1"))
    assert (bound("twin.shown"), bound("twin.shown", 1)) == (new, old)
    assert ("", warning) == (new.DEPRECATED, old.DEPRECATED)
    with pytest.warns(DeprecatedContract, match="use twin"):
        old(name="a")


@pytest.mark.parametrize(
    ("event", "version"),
    [(TYPE, "2.0.0"), (OLD, "1.1.0"), (f"{TYPE}@1.0.0", "1.0.0"), (f"{TYPE}@3.0.0", "3.0.0")],
)
def test_what_is_asked_for_is_taken(project: Project, event: str, version: str) -> None:
    generate(project, "--from", "releases", "--event", event)
    assert pinned(project) == {TYPE: version}


@pytest.mark.parametrize(
    ("events", "why"),
    [
        (
            [f"{TYPE}@3"],
            r"nothing that is promised is small\.shown@3 \(there is 1\.0\.0 \(active\)",
        ),
        ([f"{TYPE}@1.0.9"], r"nothing that is promised is small\.shown@1\.0\.9"),
        ([f"{TYPE}@one"], "names no release"),
        ([OLD, NEW], r"asked for twice: a package has one major .*--out"),
    ],
)
def test_what_cannot_be_taken_is_told(project: Project, events: list[str], why: str) -> None:
    with pytest.raises(ContractError, match=why):
        generate(project, "--from", "releases", *(f"--event={each}" for each in events))
    assert not (project.folder / "src").exists()


def test_an_unknown_type_names_the_nearest(project: Project) -> None:
    for origin in ("folder", "releases"):
        with pytest.raises(UnknownEventType, match=r"did you mean 'small\.shown'"):
            generate(project, "--from", origin, "--event", "small.show@1")


def test_a_package_has_one_form_of_each_file(project: Project) -> None:
    project.release(other("1.0.0", place=TEXT))
    with pytest.raises(ContractError, match=r"core/Event\.json is not the same in other\.shown"):
        generate(project, "--from", "releases")
    generate(project, "--from", "releases", "--event", TYPE)
    generate(project, "--from", "releases", "--event", "other.shown", out="others")


def test_a_release_that_breaks_the_rules_of_a_folder_is_refused(project: Project) -> None:
    first = shown("2.1.0", name=TEXT)
    schema = {**first.schema, "title": "Shown\nimport os"}  # it would be a class's name
    project.release(Contract({**first.closure, first.file: schema}, first.file))
    with pytest.raises(BrokenContracts, match="title-mismatch") as caught:
        generate(project, "--from", "releases")
    assert f"{TYPE} 2.1.0 in the releases in" in str(caught.value)
    assert not (project.folder / "src" / "events").exists()
    generate(project, "--from", "releases", "--event", OLD)


def test_other_origins_are_refused(project: Project, tmp_path: Path) -> None:
    assert "say folder, releases or" in generate(project, "--from", "nowhere", code=2).output
    (tmp_path / "more").mkdir()
    empty = Project(tmp_path / "more")
    with pytest.raises(ContractError, match="nothing was released"):
        generate(empty, "--from", "releases")


# The folder as it stands.


def test_a_folder_pins_nothing_by_itself(project: Project) -> None:
    generate(project)
    assert not (project.folder / "src" / "keybus.lock").exists()
    generate(project, "--from", "releases", "--event", OLD)
    assert generate(project).stdout.splitlines()[1:] == [f"  {TYPE} 1.1.0 → 2.0.0"]
    assert pinned(project) == {TYPE: "2.0.0"}


def test_a_folder_has_the_majors_that_were_released_too(project: Project) -> None:
    project.deprecate("1.0.0", "1.1.0", sunset=day(30))
    said = generate(project, "--event", OLD)
    assert "warning: small.shown@1 is deprecated" in said.stderr
    text = (project.folder / "src" / "events" / "small_shown.py").read_text()
    assert 'VERSION: _t.ClassVar[str] = "1.1.0"' in text


def test_a_folder_warns_of_what_it_has_and_is_to_be_left(project: Project) -> None:
    assert generate(project).stderr == ""
    project.deprecate("2.0.0", sunset=day(30), by="other.shown@1")
    assert generate(project).stderr == (
        f"warning: {NEW} is deprecated (its sunset date is {day(30)}); use other.shown@1\n"
    )


def test_a_version_alone_may_be_left(project: Project) -> None:
    project.deprecate("1.0.0", sunset=day(30), by=OLD)
    said = generate(project, "--from", "releases", "--event", f"{TYPE}@1.0.0")
    assert said.stderr.startswith(f"warning: {TYPE} 1.0.0 is deprecated")
    assert generate(project, "--from", "releases", "--event", OLD).stderr == ""


# What is retired.


def retire(project: Project, *versions: str) -> None:
    project.deprecate(*versions, sunset=day(-1))
    for version in versions:
        for status in ("sunset", "retired"):
            project.say(version, status, replaced_by=NEW, sunset=day(-1))


def test_what_is_retired_is_refused(project: Project) -> None:
    retire(project, "1.0.0", "1.1.0")
    given = ("--from", "releases", "--event", OLD)
    with pytest.raises(
        ContractError, match=r"retired, .* small\.shown 1\.1\.0 \(use small\.shown@2"
    ):
        generate(project, *given)
    said = generate(project, *given, "--include-retired")
    assert "warning: small.shown@1 is retired" in said.stderr
    assert pinned(project) == {TYPE: "1.1.0"}
    with pytest.raises(ContractError, match="retired"):
        generate(project, "--locked")
    generate(project, "--locked", "--include-retired")


def test_a_folder_whose_own_is_retired_is_refused(project: Project) -> None:
    retire(project, "2.0.0")
    with pytest.raises(ContractError, match=r"retired, so that nothing .* small\.shown 2\.0\.0"):
        generate(project)
    generate(project, "--include-retired")


def test_types_of_which_nothing_is_promised_are_left_out(project: Project) -> None:
    retire(project, "1.0.0", "1.1.0", "2.0.0")
    project.release(other("1.0.0"))
    said = generate(project, "--from", "releases")
    assert said.stderr == f"warning: {TYPE} is left out: it is retired\n"
    assert pinned(project) == {"other.shown": "1.0.0"}
    generate(project, "--from", "releases", "--include-retired")
    assert pinned(project) == {"other.shown": "1.0.0", TYPE: "2.0.0"}
    project.release("5.0.0-rc.1", status="draft")


def test_drafts_alone_are_left_out(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.release("1.0.0", status="draft")
    project.release(other("1.0.0"))
    said = generate(project, "--from", "releases")
    assert said.stderr == f"warning: {TYPE} is left out: there are drafts of it alone\n"


# The lock.


def test_what_is_locked_is_generated_again_to_the_byte(project: Project) -> None:
    generate(project, "--from", "releases", "--event", OLD)
    package = project.folder / "src" / "events"
    before = {each: each.read_bytes() for each in package.rglob("*.*")}
    project.release("1.2.0")
    said = generate(project, "--locked")
    assert said.stderr == (
        f"warning: 1 of 1 events of {package} lag behind the releases in {project.contracts}"
        " (keybus contracts outdated)\n"
    )
    assert {each: each.read_bytes() for each in package.rglob("*.*")} == before
    assert pinned(project) == {TYPE: "1.1.0"}
    said = generate(project, "--from", "releases", "--event", OLD)
    assert said.stdout.splitlines()[1:] == [f"  {TYPE} 1.1.0 → 1.2.0"]
    assert generate(project, "--locked").stderr == ""


def test_an_update_says_what_came_and_went(project: Project) -> None:
    project.release(other("1.0.0"))
    generate(project, "--from", "releases", "--event", "other.shown")
    said = generate(project, "--from", "releases").stdout
    assert said.splitlines()[1:] == [f"  {TYPE} 2.0.0: added"]
    said = generate(project, "--from", "releases", "--event", TYPE).stdout
    assert said.splitlines()[1:] == ["  other.shown 1.0.0: removed"]


def test_what_the_releases_do_not_have_is_refused(project: Project, tmp_path: Path) -> None:
    generate(project, "--from", "releases")
    (tmp_path / "more").mkdir()
    elsewhere = Project(tmp_path / "more")
    elsewhere.release(shown("2.0.0", name={"type": "integer"}))
    given = ("--language", "python", "--out", project.folder / "src" / "events", "--locked")
    with pytest.raises(
        ContractError, match=r"not there is what the lock pins: small\.shown 2\.0\.0"
    ):
        elsewhere.run("generate", elsewhere.contracts, *given)
    found = elsewhere.run(
        "outdated", elsewhere.contracts, "--lock", project.folder / "src" / "keybus.lock"
    )
    assert found.output == f"events: 1 behind\n  {TYPE} 2.0.0; it is not there\n"


def test_a_lock_is_needed_and_has_to_be_whole(project: Project) -> None:
    with pytest.raises(ContractError, match=r"src/keybus\.lock pins no package 'events'"):
        generate(project, "--locked")
    assert "leave --event out" in generate(project, "--locked", "--event", OLD, code=2).output
    with pytest.raises(ContractError, match=r"there is no .*src \(keybus contracts generate"):
        outdated(project)
    generate(project, "--from", "releases")
    place = project.folder / "src" / "keybus.lock"
    whole = place.read_text()
    for old, new in (("sha256:", "md5:"), ('"version": 1', '"version": 2'), ("2.0.0", "two")):
        broken = whole.replace(old, new)
        place.write_text(broken)
        with pytest.raises(ContractError, match=r"keybus\.lock cannot be read"):
            generate(project, "--locked")
    place.write_text(whole.replace('"python"', '"go"'))
    with pytest.raises(ContractError, match=r"pins 'events' for go \(--language go\)"):
        generate(project, "--locked")


# What lags.


def test_what_lags_is_listed(project: Project) -> None:
    generate(project, "--from", "releases", out="now")
    generate(project, "--from", "releases", "--event", f"{TYPE}@1.0.0", out="then")
    assert outdated(project).output == (
        f"now: nothing is behind\nthen: 1 behind\n  {TYPE} 1.0.0 → 1.1.0; there is 2.0.0\n"
    )
    project.deprecate("1.0.0", "1.1.0", sunset=day(30))
    [found] = json.loads(outdated(project, "--json").output)
    assert found == {
        "package": "then",
        "type": TYPE,
        "version": "1.0.0",
        "status": "deprecated",
        "newest": "1.1.0",
        "next": "2.0.0",
        "replaced_by": NEW,
        "sunset": day(30),
        "behind": True,
    }
    assert (
        f"1.0.0 → 1.1.0; deprecated, use {NEW} by {day(30)}; there is 2.0.0"
        in outdated(project, "--check", code=1).output
    )


def test_a_higher_major_alone_is_no_lag(project: Project) -> None:
    generate(project, "--from", "releases", "--event", OLD)
    found = outdated(project, "--check").output
    assert found == f"events: nothing is behind\n  {TYPE} 1.1.0; there is 2.0.0\n"
    assert generate(project, "--locked").stderr == ""


def test_it_can_be_compared_with_the_folder(project: Project) -> None:
    generate(project, "--from", "releases")
    project.write(shown("2.1.0", name=TEXT, more=TEXT))
    found = outdated(project, "--from", "folder").output
    assert found == f"events: 1 behind\n  {TYPE} 2.0.0 → 2.1.0; it is not there\n"
