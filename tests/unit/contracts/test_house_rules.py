"""House rules: what each finds, how a repository switches it, and that our own contracts keep them."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from keybus.cli.contracts import contracts
from keybus.contracts import ContractRepository
from keybus.contracts.examples import examples_of
from keybus.contracts.house_rules.rules import HOUSE_RULES
from keybus.contracts.migrations import MIGRATION_RULES
from keybus.contracts.rules import RULES
from keybus.contracts.scaffold import scaffold
from tests.running import EXAMPLE, ROOT

HOUSE = Path(__file__).parent / "fixtures" / "house"
FOLDERS = sorted(path.name for path in HOUSE.iterdir())
OWN = ("allOf", 1, "properties")


def run(*arguments: object) -> Result:
    return CliRunner().invoke(contracts, [str(argument) for argument in arguments])


def remarks(folder: Path, *options: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(run("lint", folder, "--json", *options).output)
    return found


def edited(folder: Path, pointer: tuple[str | int, ...], value: object) -> Path:
    """A copy of the clean repository, made next to it, in which something else stands there."""
    shutil.copytree(HOUSE / "clean", folder)
    file = folder / "door" / "DoorOpened.json"
    document = json.loads(file.read_text())
    inner = document
    for token in pointer[:-1]:
        inner = inner[token]
    inner[pointer[-1]] = value
    file.write_text(json.dumps(document))
    return folder


def test_every_rule_has_its_folder_and_no_other_rules_name() -> None:
    assert set(FOLDERS) == {*HOUSE_RULES, "clean"}
    assert not HOUSE_RULES.keys() & RULES.keys()
    assert all(rule.purpose.endswith(".") for rule in HOUSE_RULES.values())


@pytest.mark.parametrize("rule", FOLDERS)
def test_a_rule_finds_what_breaks_it_and_no_other_does(rule: str) -> None:
    assert ContractRepository.load(HOUSE / rule)  # sound for all that
    found = remarks(HOUSE / rule)
    if rule == "clean":
        assert found == []
        return
    (only,) = found
    assert only["code"] == rule
    assert only["severity"] == HOUSE_RULES[rule].severity
    assert only["message"].endswith(".")
    assert only["hint"]
    assert only["file"]
    assert only["line"]


@pytest.mark.parametrize(
    "folder", [EXAMPLE / "contracts", pytest.param(None, id="what contracts new writes")]
)
def test_our_own_contracts_keep_all_of_them(folder: Path | None, tmp_path: Path) -> None:
    if folder is None:
        folder = tmp_path / "contracts"
        scaffold(folder, "order.placed", owner="shop")
        scaffold(folder, "order_line.added", owner="shop")
    found = run("lint", folder, "--strict")
    assert (found.exit_code, found.output.endswith("no faults\n")) == (0, True), found.output


def test_warnings_do_not_fail_and_strict_ones_do() -> None:
    found = run("lint", HOUSE / "untyped")
    assert found.exit_code == 0
    assert "[untyped, warning]\n" in found.output
    assert found.output.endswith("1 contract, 1 warning\n")
    strict = run("lint", HOUSE / "untyped", "--strict")
    assert strict.exit_code == 1
    assert strict.output.endswith("[untyped]\n")
    assert remarks(HOUSE / "untyped", "--strict")[0]["severity"] == "error"
    assert run("lint", HOUSE / "bad-example").exit_code == 1


def switched(folder: Path, rule: str, lint: str) -> Path:
    shutil.copytree(HOUSE / rule, folder)
    with (folder / "keybus.toml").open("a") as settings:
        settings.write(f"\n[lint]\n{lint}\n")
    return folder


def test_a_repository_switches_rules(tmp_path: Path) -> None:
    off = switched(tmp_path / "off", "untyped", 'rules = {untyped = "off"}')
    assert remarks(off, "--strict") == []
    error = switched(tmp_path / "error", "untyped", 'rules = {untyped = "error"}')
    assert run("lint", error).exit_code == 1
    mild = switched(tmp_path / "mild", "bad-example", 'rules = {bad-example = "warning"}')
    assert run("lint", mild).exit_code == 0
    assert ContractRepository.load(mild).types == ("door.opened",)


@pytest.mark.parametrize(
    ("lint", "told"),
    [
        ('rules = {untypd = "off"}', "did you mean 'untyped'?"),
        ('rules = {zzzz = "off"}', "did you mean"),
        ('rules = {bad-version = "off"}', "cannot be switched"),
        ('rules = {untyped = "of"}', "$.lint.rules"),
        ('rule = {untyped = "off"}', "unknown field `rule`"),
    ],
)
def test_settings_that_say_nothing_are_refused(tmp_path: Path, lint: str, told: str) -> None:
    found = run("lint", switched(tmp_path / "contracts", "clean", lint))
    assert found.exit_code == 1
    assert told in found.output
    assert "[settings]" in found.output


def test_the_rules_are_listed_with_what_the_folder_makes_of_them(tmp_path: Path) -> None:
    folder = switched(tmp_path / "contracts", "clean", 'rules = {untyped = "off"}')
    rows = {row["id"]: row for row in json.loads(run("lint", folder, "--rules", "--json").output)}
    assert list(rows) == [*RULES, *MIGRATION_RULES, *HOUSE_RULES]
    assert rows["untyped"]["severity"] == "off"
    assert rows["bad-version"]["kind"] == "sound"
    lines = run("lint", tmp_path / "nowhere", "--rules").output.splitlines()
    assert len(lines) == len(rows)
    assert "A value that may be anything" in next(x for x in lines if x.startswith("untyped "))


def test_what_is_not_sound_is_told_first_and_not_judged(tmp_path: Path) -> None:
    folder = shutil.copytree(HOUSE / "untyped", tmp_path / "contracts")
    (folder / "door" / "Broken.json").write_text("{")
    assert [each["code"] for each in remarks(folder)] == ["bad-json", "untyped"]
    file = folder / "core" / "Publisher.json"
    file.write_text(file.read_text().replace('"title": "Publisher"', '"id": "x"'))
    assert {each["code"] for each in remarks(folder)} == {"bad-json", "id-keyword"}


@pytest.mark.parametrize(
    ("value", "codes"),
    [
        # What a reference or an allOf says of it counts.
        ({"$ref": "../core/EventType.json"}, []),
        ({"allOf": [{"$ref": "../core/Publisher.json"}], "description": "Who."}, []),
        ({"type": "object", "description": "Free.", "additionalProperties": True}, []),
        (
            {"description": "One of two.", "oneOf": [{"type": "null"}, {"enum": ["A", "B"]}]},
            [],
        ),
        (
            {"description": "A pair.", "oneOf": [{"type": "string"}, {"type": "null"}]},
            ["unbounded-text"],
        ),
        (
            {
                "type": "array",
                "description": "A point.",
                "items": [{"type": "number"}, {"type": "number"}],
                "additionalItems": False,
            },
            [],
        ),
        ({"type": "array", "description": "Some.", "maxItems": 2, "items": {}}, ["untyped"]),
        ({"type": ["string", "null"], "description": "One.", "format": "uri"}, []),
    ],
)
def test_values_are_judged_as_they_are_declared_together(
    tmp_path: Path, value: object, codes: list[str]
) -> None:
    folder = edited(tmp_path / "contracts", (*OWN, "extra"), value)
    assert [each["code"] for each in remarks(folder)] == codes


def test_narrowing_what_the_core_declares_needs_no_words(tmp_path: Path) -> None:
    narrowed = {"type": {"enum": ["door.opened"]}, "time": {"type": "string"}}
    pointer = ("allOf", 1, "properties")
    clean = json.loads((HOUSE / "clean" / "door" / "DoorOpened.json").read_text())
    own = clean["allOf"][1]["properties"]
    assert remarks(edited(tmp_path / "contracts", pointer, {**own, **narrowed})) == []


@pytest.mark.parametrize(
    ("examples", "told"),
    [
        ({"door_id": "d"}, "no list"),
        ([7], "found the number 7"),
        ([{}], "'door_id'"),
        ([{"door_id": "d", "type": "door.closed"}], "Expected the type 'door.opened'"),
        ([{"door_id": "d", "schema_version": "2.0.0"}], "Expected a version 1.x"),
        ([{"door_id": "d", "publisher": {"name": ""}}], "/examples/0/publisher/name"),
        ([{"door_id": "d", "time": "noon"}], "/examples/0/time"),
    ],
)
def test_an_example_that_is_no_event_is_told(tmp_path: Path, examples: object, told: str) -> None:
    found = run("lint", edited(tmp_path / "contracts", ("examples",), examples))
    assert found.exit_code == 1
    assert told in found.output
    assert "[bad-example]" in found.output


def test_examples_are_whole_events() -> None:
    repository = ContractRepository.load(EXAMPLE / "contracts")
    for contract in repository.values():
        examples = examples_of(contract)
        assert examples
        assert all(contract.faults(each) == [] for each in examples)
        assert {each["type"] for each in examples} == {contract.type}


def test_the_documentation_lists_every_rule() -> None:
    rows = [f"| `{r.id}` | {r.severity} | {r.purpose} |" for r in HOUSE_RULES.values()]
    text = (ROOT / "docs" / "lint.md").read_text("utf-8")
    head = "| rule | by itself | why |\n|---|---|---|\n"
    assert head + "\n".join(rows) + "\n\n" in text
