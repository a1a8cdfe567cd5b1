"""What a new major, or another migration, does to those who get events translated."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from keybus.contracts.releases import RELEASES, Releases
from keybus.contracts.releases.migrating import to_write
from keybus.contracts.releases.migrating import write as write_down
from keybus.contracts.releases.releasing import Intent, release, to_release
from keybus.contracts.releases.report import Released, Standing, check_repository
from keybus.governance.usage import Impacts, Verdict, can_release
from tests.unit.governance.usage.scene import FILE, TEXT, TYPE, edit, platform, repository, write

MOVED = {"op": "move", "from": "/remark", "path": "/note"}
ADDED = {"op": "add", "path": "/note", "value": "x"}
GIVEN = {"op": "default", "path": "/note", "value": "x"}
INTENT = Intent(by="ada", time="2026-01-31T08:00:00Z", why="", approvals=("shop",), draft=False)


def released(folder: Path) -> None:
    """Release all that is there, migrations too."""
    there = repository(folder)
    releases = Releases.load(folder / RELEASES)
    checked = check_repository(there, Released(releases))
    due = to_release(checked, ())
    moves = to_write(there.migrations, releases, checked, due)
    release(there, releases, due, INTENT)
    write_down(moves, releases, INTENT)


def migration(folder: Path, *steps: dict[str, Any]) -> Path:
    place = folder / "migrations" / TYPE / "2-to-1.json"
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(json.dumps({"steps": steps}))
    return place


def first(schema: dict[str, Any]) -> None:
    schema["properties"] |= {
        "count": {"type": "integer", "minimum": 0},
        "kind": {"type": "string", "enum": ["CITY", "CARGO"]},
    }


def second(schema: dict[str, Any]) -> None:
    """Major 2: ``/note`` became ``/remark``, ``CITY`` is gone, and ``/count`` is 50 at most."""
    schema["x-keybus"]["version"] = "2.0.0"
    schema["properties"]["remark"] = schema["properties"].pop("note")
    schema["properties"]["count"] = {"type": "integer", "minimum": 0, "maximum": 50}
    schema["properties"]["kind"] = {"type": "string", "enum": ["CARGO"]}


@pytest.fixture(scope="module")
def coming(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Major 1 is released, and major 2 is about to be."""
    found = write(tmp_path_factory.mktemp("coming") / "contracts")
    edit(found, FILE, first)
    released(found)
    edit(found, FILE, second)
    return found


@pytest.fixture
def folder(coming: Path, tmp_path: Path) -> Path:
    """The same, to be changed."""
    return shutil.copytree(coming, tmp_path / "contracts")


def of(folder: Path, **subscription: Any) -> tuple[Verdict, list[str]]:
    """The verdict on a subscription to major 1, and the codes of its reasons."""
    found = judged(folder, **subscription)
    [one] = [each for each in found.contracts[0].users if each.name == "one"]
    return one.verdict, [each.code for each in one.reasons]


def judged(folder: Path, **subscription: Any) -> Impacts:
    releases = Released(Releases.load(folder / RELEASES))
    return can_release(platform(one=subscription), repository(folder), releases)


def asking(**detail: Any) -> dict[str, Any]:
    return {"filter": {"detail": detail}, "fields": ["/home"]}


@pytest.mark.parametrize(
    ("steps", "subscription", "expected"),
    [
        # What a filter asks for is carried over, or is not there any more.
        ([MOVED], asking(note=[{"prefix": "N"}]), ("safe", ["translated"])),
        pytest.param([MOVED], asking(kind=["CARGO"]), ("safe", ["translated"]), marks=pytest.mark.long),
        pytest.param([MOVED], asking(kind=["CITY"]), ("breaks", ["filter-untranslated"]), marks=pytest.mark.long),
        ([MOVED], asking(kind=["CITY", "CARGO"]), ("breaks", ["filter-untranslated"])),
        ([MOVED], asking(kind=["CITY"], note=["N"], count=[7]), ("breaks", ["filter-untranslated"])),
        ([MOVED], asking(count=[{"numeric": [">", 60]}]), ("breaks", ["filter-untranslated"])),
        pytest.param([MOVED], asking(count=[{"numeric": [">", 40]}]), ("safe", ["translated"]), marks=pytest.mark.long),
        # What never matched matches no more than it did.
        ([MOVED], asking(kind=["BOAT"]), ("unknown", ["filter-untried"])),
        # What a migration makes up.
        ([GIVEN], asking(note=[{"prefix": "N"}]), ("breaks", ["made-up-filter", "filter-untranslated"])),
        ([ADDED], asking(note=[{"anything-but": "y"}]), ("breaks", ["made-up-filter"])),
        ([ADDED], {"fields": ["/note"]}, ("breaks", ["made-up-fields"])),
        ([MOVED, GIVEN], {"fields": ["/note"]}, ("unknown", ["made-up-fields"])),
        ([MOVED, GIVEN], {"fields": ["/home"], "order": {"key": "/note"}}, ("breaks", ["made-up-order"])),
        pytest.param([ADDED], {"fields": ["/home"], "order": {"key": "/note"}}, ("breaks", ["made-up-order"]), marks=pytest.mark.long),
        ([ADDED], {"target": {"input_path": "$.detail.note"}}, ("breaks", ["made-up-input"])),
        ([{"op": "map", "path": "/kind", "values": {"A": "B"}}, MOVED], {"fields": ["/kind"]}, ("unknown", ["made-up-fields"])),
        pytest.param([ADDED], {"fields": ["/home"]}, ("safe", ["translated", "left-out"]), marks=pytest.mark.long),
    ],
)  # fmt: skip
def test_what_comes_of_a_new_major(
    folder: Path, steps: list[dict[str, Any]], subscription: dict[str, Any], expected: object
) -> None:
    migration(folder, *steps)
    assert of(folder, **subscription) == expected


def test_how_many_were_tried_is_told(folder: Path) -> None:
    migration(folder, MOVED)
    [impact] = judged(folder, **asking(kind=["CITY"])).contracts
    [reason] = impact.users[1].reasons
    told = r"its filter matches none of the [1-9]\d* translated events that were tried, and [1-9]\d* of the old ones"
    assert re.fullmatch(told, reason.message)


@pytest.fixture(scope="module")
def done(coming: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Both majors are released, with a migration back."""
    found = shutil.copytree(coming, tmp_path_factory.mktemp("done") / "contracts")
    migration(found, MOVED)
    released(found)
    return found


@pytest.fixture
def both(done: Path, tmp_path: Path) -> Path:
    """The same, to be changed."""
    return shutil.copytree(done, tmp_path / "contracts")


def test_a_migration_that_is_as_it_was_changes_nothing(both: Path) -> None:
    found = judged(both)
    assert (found.verdict, found.contracts, found.unchanged) == ("safe", (), 1)


def test_a_migration_that_changed_is_judged(both: Path) -> None:
    migration(both, ADDED)
    assert of(both, fields=["/note"]) == ("breaks", ["made-up-fields"])
    assert of(both, fields=["/note"], events=[f"{TYPE}@2"]) == ("safe", ["not-rerouted"])
    found = judged(both, fields=["/note"])
    assert (found.contracts[0].migrations, found.unchanged) == (("2-to-1",), 0)


def test_a_migration_that_is_gone_breaks_who_relied_on_it(both: Path) -> None:
    (both / "migrations" / TYPE / "2-to-1.json").unlink()
    assert of(both) == ("breaks", ["migration-removed"])
    assert of(both, events=[f"{TYPE}@2"]) == ("safe", ["not-rerouted"])
    assert of(both, events=[f"{TYPE}@1", f"{TYPE}@2"]) == ("safe", ["not-rerouted"])
    edit(both, FILE, lambda each: each["properties"].update(fresh=TEXT))
    edit(both, FILE, lambda each: each["x-keybus"].update(version="2.1.0"))
    assert of(both) == ("breaks", ["migration-removed"])


def test_a_changed_migration_beside_another_folder(done: Path, both: Path) -> None:
    before = Standing(repository(done), "before")
    migration(both, ADDED)
    declared = platform(one={"fields": ["/note"]})
    assert can_release(declared, repository(both), before).verdict == "breaks"
