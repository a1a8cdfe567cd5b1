"""`keybus contracts migrate` and `migrations`, and migrations in `lint`, `check` and `release`."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from keybus.cli.contracts import contracts
from keybus.contracts.scaffold import scaffold
from keybus.errors import KeybusError

TYPE = "order.placed"
FILE = "order/OrderPlaced.json"
DOWN = {"op": "move", "from": "/buyer/name", "path": "/buyer_name"}
TEXT = {"type": "string"}
Run = Callable[..., Result]


def declare(folder: Path, version: str, required: list[str], **declared: Any) -> None:
    schema = json.loads((folder / FILE).read_text())
    schema["x-keybus"]["version"] = version
    own = {"order_id": TEXT, **declared}
    schema["allOf"][1] |= {"required": ["order_id", *required], "properties": own}
    (folder / FILE).write_text(json.dumps(schema, indent=2))


def migration(folder: Path, *steps: dict[str, Any], name: str = "2-to-1.json") -> Path:
    place = folder / "migrations" / TYPE / name
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(json.dumps({"steps": steps}, indent=2))
    return place


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Major 1 was released, and major 2 is about to be."""
    found = tmp_path / "contracts"
    scaffold(found, TYPE, owner="shop")
    declare(found, "1.0.0", ["buyer_name"], buyer_name=TEXT)
    runner = CliRunner()
    assert runner.invoke(contracts, ["release", str(found), "--yes", "--by", "ada"]).exit_code == 0
    buyer = {"type": "object", "required": ["name"], "properties": {"name": TEXT}}
    declare(found, "2.0.0", ["buyer"], buyer=buyer)
    return found


@pytest.fixture
def run(folder: Path) -> Run:
    def run(command: str, *options: str, code: int = 0, **more: Any) -> Result:
        found = CliRunner().invoke(contracts, [command, *options], **more)
        if isinstance(found.exception, KeybusError):
            raise found.exception
        assert found.exit_code == code, found.output
        return found

    def in_folder(command: str, *options: str, **more: Any) -> Result:
        place = ["--contracts", str(folder)] if command == "migrate" else [str(folder)]
        return run(command, *options, *place, **more)

    return in_folder


def event(**more: Any) -> dict[str, Any]:
    return {
        "id": "3f0c0e9e-8a54-4b6e-9a39-0c1f5d1f2b7a",
        "type": TYPE,
        "time": "2026-01-31T08:00:00Z",
        "publisher": {"name": "shop"},
        "schema_version": "2.0.0",
        "order_id": "7",
        **more,
    }


def test_an_event_is_translated(run: Run, folder: Path, tmp_path: Path) -> None:
    migration(folder, DOWN, {"op": "remove", "path": "/buyer"})
    given = json.dumps(event(buyer={"name": "ada"}))
    made = {**event(buyer_name="ada"), "schema_version": "1.0.0"}
    two_to_one = ("migrate", TYPE, "--from", "2", "--to", "1")
    assert json.loads(run(*two_to_one, input=given).output) == made
    assert json.loads(run(*two_to_one, "-", input=given).output) == made
    (tmp_path / "event.json").write_text(given)
    assert json.loads(run(*two_to_one, str(tmp_path / "event.json")).output) == made


@pytest.mark.parametrize(
    ("options", "given", "why"),
    [
        ((TYPE, "--from", "1", "--to", "2"), "{}", "no migration leads from order.placed@1 to"),
        ((TYPE, "--from", "3", "--to", "1"), "{}", "order.placed has no major 3 .it has 1, 2"),
        (("order.plcd", "--from", "2", "--to", "1"), "{}", "unknown event type 'order.plcd'"),
        ((TYPE, "--from", "2", "--to", "1"), "[]", "that is no event"),
        ((TYPE, "--from", "2", "--to", "1"), "{", "that is no event"),
        ((TYPE, "--from", "2", "--to", "1"), "{}", "order.placed 2.0.0 does not fit its contract"),
    ],
)
def test_what_cannot_be_translated_is_an_error(
    run: Run, folder: Path, options: tuple[str, ...], given: str, why: str
) -> None:
    migration(folder, DOWN)
    with pytest.raises(KeybusError, match=why):
        run("migrate", *options, input=given)


def test_an_outcome_that_is_refused_is_an_error(run: Run, folder: Path) -> None:
    migration(folder)
    with pytest.raises(KeybusError, match=r"the outcome, order\.placed 1\.0\.0, does not fit"):
        run(
            "migrate", TYPE, "--from", "2", "--to", "1", input=json.dumps(event(buyer={"name": ""}))
        )


def test_the_way_leads_over_several_majors(run: Run, folder: Path) -> None:
    migration(folder, DOWN)
    run("release", "--yes", "--approved-by", "shop")
    declare(folder, "3.0.0", ["name"], name=TEXT)
    migration(folder, {"op": "move", "from": "/name", "path": "/buyer/name"}, name="3-to-2.json")
    given = json.dumps({**event(name="ada"), "schema_version": "3.0.0"})
    made = json.loads(run("migrate", TYPE, "--from", "3", "--to", "1", input=given).output)
    assert (made["buyer_name"], made["schema_version"]) == ("ada", "1.0.0")


def test_migrations_are_listed_with_what_the_trial_says(run: Run, folder: Path) -> None:
    assert run("migrations").output == "0 migrations, none broken\n"
    migration(folder, DOWN)
    said = run("migrations").output
    assert "order.placed 2 to 1: in order (2.0.0 to 1.0.0, tried on " in said
    assert said.endswith("1 migration, none broken\n")
    [row] = json.loads(run("migrations", "--json").output)
    assert (row["type"], row["from"], row["to"], row["broken"]) == (TYPE, 2, 1, False)
    assert row["events"] > 5
    assert not row["released"]


def test_a_broken_one_is_shown_with_an_event(run: Run, folder: Path) -> None:
    migration(folder)
    said = run("migrations", code=1).output
    assert "order.placed 2 to 1: broken" in said
    assert "/buyer_name: The property 'buyer_name' is required and is missing." in said
    assert '    event: {"buyer":{' in said
    assert '    becomes: {"buyer":{' in said
    assert "requires /buyer_name, and nothing gives it." in said
    [row] = json.loads(run("migrations", "--json", code=1).output)
    found = row["findings"][0]
    assert found["rule"] == "migration-broken"
    assert found["faults"][0]["pointer"] == "/buyer_name"
    assert found["translation"]["schema_version"] == "1.0.0"


def test_check_and_release_refuse_a_broken_one(run: Run, folder: Path) -> None:
    place = migration(folder)
    said = run("check", code=1).output
    assert f"{place.as_posix()}: /: An event of order.placed 2.0.0 becomes one that" in said
    assert "[migration-broken]" in said
    assert "[migration-gives-nothing]" in said
    found = json.loads(run("check", "--json", code=1).output)
    assert not found["releasable"]
    broken = [each for each in found["findings"] if each["rule"] == "migration-broken"]
    assert broken[0]["example"]["buyer"]
    assert "buyer_name" not in broken[0]["translation"]
    refused = run("release", "--yes", "--approved-by", "shop", code=1)
    assert "[migration-broken]" in refused.stderr
    assert "2.0.0" not in run("releases").output


def test_a_migration_is_released_once_and_when_it_changes(run: Run, folder: Path) -> None:
    migration(folder, DOWN)
    assert "none" not in run("check").output
    said = run("release", "--yes", "--by", "ada", "--approved-by", "shop").output
    assert "order.placed 2.0.0: active, sha256:" in said
    assert "order.placed 2-to-1.json: of 2.0.0, sha256:" in said
    assert "nothing changed" in run("release", "--yes").output
    assert "2.0.0 migration 2-to-1.json by ada" in run("releases", "--type", TYPE).output
    [row] = json.loads(run("migrations", "--json").output)
    assert row["released"]
    migration(folder, DOWN, {"op": "remove", "path": "/buyer"})
    [row] = json.loads(run("migrations", "--json").output)
    assert not row["released"]
    with pytest.raises(KeybusError, match=r"replaces a migration that is released.*: shop"):
        run("release", "--yes")
    [entry] = json.loads(run("release", "--yes", "--approved-by", "shop", "--json").output)
    assert (entry["action"], entry["version"], entry["text"]) == (
        "migration",
        "2.0.0",
        row["digest"],
    )
    assert "2 releases of 1 types, verified" in run("releases").output


def test_a_step_that_does_nothing_is_told_of(run: Run, folder: Path) -> None:
    migration(folder, DOWN, {"op": "move", "from": "/buyer/nmae", "path": "/nick"})
    for command in ("migrations", "check"):
        found = run(command).output
        assert "changes none of the events that were tried (/buyer/nmae)" in found
        assert "did you mean '/buyer/name'?" in found


def test_a_migration_alone_is_refused_when_it_is_broken(run: Run, folder: Path) -> None:
    migration(folder, DOWN)
    run("release", "--yes", "--approved-by", "shop")
    migration(folder)
    assert "[migration-broken]" in run("release", "--yes", code=1).stderr
    assert "migration" not in run("releases", "--type", TYPE).output.splitlines()[-2]


def test_one_that_is_gone_is_missed_while_both_majors_hold(run: Run, folder: Path) -> None:
    place = migration(folder, DOWN)
    run("release", "--yes", "--approved-by", "shop")
    place.unlink()
    said = run("check", code=1).output
    assert (
        "2-to-1.json of order.placed is released, and nothing leads from 2 to 1 any more." in said
    )
    assert "[migration-removed]" in said
    migration(folder, {"op": "move", "from": "/buyer", "path": "/kept"}, name="2-to-1.json")
    assert "migration-removed" not in run("check", code=1).output


def test_lint_tells_of_migrations(run: Run, folder: Path) -> None:
    migration(folder, {"op": "mov", "from": "/a", "path": "/b"})
    migration(folder, DOWN, name="3-to-1.json")
    said = run("lint", code=1).output
    assert f"migrations/{TYPE}/2-to-1.json:4 /steps/0/op: There is no operation 'mov'" in said
    assert "order.placed has no major 3; it has 1, 2." in said
    with pytest.raises(KeybusError, match="There is no operation 'mov'"):
        run("check")
    assert "migration-op" in run("lint", "--rules").output
