"""Migrations as files: every mistake is told, with its rule, place, line and what to do."""

import json
from pathlib import Path
from typing import Any

import pytest

from keybus.contracts.migrations import MIGRATION_RULES, Migration, Migrations
from keybus.contracts.migrations.declared import LARGEST
from keybus.errors import BrokenContracts
from tests.unit.contracts.migrations.migrating import expression, moves, read
from tests.unit.contracts.releases.releasing import TYPE

SOUND = json.dumps({"steps": [{"op": "move", "from": "/a", "path": "/b"}]})

STEPS: list[tuple[str, str, Any]] = [
    ("migration-op", "/steps/0/op", {"op": "mov", "from": "/a", "path": "/b"}),
    ("migration-shape", "/steps/0", {"op": "move", "path": "/b"}),
    ("migration-shape", "/steps/0/vlue", {"op": "add", "path": "/b", "value": 1, "vlue": 1}),
    ("migration-shape", "/steps/0/from", {"op": "remove", "path": "/b", "from": "/c"}),
    ("migration-shape", "/steps/0/values", {"op": "map", "path": "/b", "values": ["A"]}),
    ("migration-shape", "/steps/0", "remove"),
    ("migration-pointer", "/steps/0/path", {"op": "remove", "path": "b"}),
    ("migration-pointer", "/steps/0/path", {"op": "remove", "path": ""}),
    ("migration-pointer", "/steps/0/path", {"op": "remove", "path": 1}),
    ("migration-pointer", "/steps/0/path", {"op": "remove", "path": "/*/a"}),
    ("migration-pointer", "/steps/0/path", {"op": "remove", "path": "/a/*"}),
    ("migration-pointer", "/steps/0/path", {"op": "move", "from": "/a/*/b", "path": "/c/*/b"}),
    ("migration-pointer", "/steps/0/path", {"op": "copy", "from": "/a", "path": "/a"}),
    ("migration-head", "/steps/0/path", {"op": "add", "path": "/id", "value": "1"}),
    ("migration-head", "/steps/0/from", {"op": "move", "from": "/publisher/name", "path": "/by"}),
]


@pytest.mark.parametrize(("rule", "pointer", "step"), STEPS)
def test_a_wrong_step_is_told(rule: str, pointer: str, step: Any) -> None:
    text = json.dumps({"steps": [step]}, indent=1)
    found, [fault] = read(text)
    assert found is None
    assert (fault.code, fault.pointer) == (rule, pointer)
    assert fault.file == f"migrations/{TYPE}/2-to-1.json"
    assert fault.line > 1
    assert fault.hint
    assert fault.code in MIGRATION_RULES


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        ("migration-shape", "[]"),
        ("migration-shape", '{"steps": {}}'),
        ("migration-shape", '{"steps": [], "stpes": []}'),
        ("duplicate-key", '{"steps": [], "steps": []}'),
        ("bad-json", '{"steps": ['),
    ],
)
def test_a_wrong_file_is_told(rule: str, text: str) -> None:
    found, faults = read(text)
    assert found is None
    assert [each.code for each in faults] == [rule]


def test_too_many_steps_are_refused() -> None:
    text = json.dumps({"steps": [{"op": "remove", "path": "/a"}] * 1001})
    assert read(text)[1][0].message == "There are 1001 steps; at most 1000 are allowed."


def test_every_mistake_of_a_file_is_told_at_once() -> None:
    _, faults = read(json.dumps({"steps": [step for _, _, step in STEPS]}))
    assert [(each.code, each.pointer.replace("/steps/", "/")) for each in faults] == [
        (rule, pointer.replace("/steps/0", f"/{number}"))
        for number, (rule, pointer, _) in enumerate(STEPS)
    ]


def written(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        place = folder / "migrations" / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    return folder


def test_a_folder_is_read_whole(tmp_path: Path) -> None:
    files = {
        f"{TYPE}/2-to-1.json": SOUND,
        f"{TYPE}/1-to-2.jsonata": "$",
        "other.kind/1-to-0.json": SOUND,
    }
    found, faults = Migrations.read(written(tmp_path, **files))
    assert not faults
    assert found.texts == files
    assert [each.file for each in found.of(TYPE)] == [
        f"migrations/{TYPE}/1-to-2.jsonata",
        f"migrations/{TYPE}/2-to-1.json",
    ]
    assert list(Migrations.of_texts(found.texts)) == list(found)
    assert len(Migrations.read(tmp_path / "nowhere")[0]) == 0


@pytest.mark.parametrize(
    ("rule", "name"),
    [
        ("migration-name", f"{TYPE}/2-to-2.json"),
        ("migration-name", f"{TYPE}/02-to-1.json"),
        ("migration-name", f"{TYPE}/2to1.json"),
        ("migration-name", f"{TYPE}/2-to-1.yaml"),
        ("migration-name", "2-to-1.json"),
        ("migration-name", f"deep/{TYPE}/2-to-1.json"),
    ],
)
def test_a_file_with_another_name_is_told(rule: str, name: str, tmp_path: Path) -> None:
    found, [fault] = Migrations.read(written(tmp_path, **{name: SOUND}))
    assert len(found) == 0
    assert (fault.code, fault.file) == (rule, f"migrations/{name}")


def test_two_forms_for_one_pair_are_told(tmp_path: Path) -> None:
    folder = written(tmp_path, **{f"{TYPE}/2-to-1.json": SOUND, f"{TYPE}/2-to-1.jsonata": "$"})
    found, [fault] = Migrations.read(folder)
    assert len(found) == 1
    assert (fault.code, fault.file) == ("migration-twice", f"migrations/{TYPE}/2-to-1.jsonata")
    with pytest.raises(BrokenContracts, match=r"There is 2-to-1\.json beside it"):
        Migrations.of_texts({f"{TYPE}/2-to-1.json": SOUND, f"{TYPE}/2-to-1.jsonata": "$"})


def test_what_is_no_text_is_told(tmp_path: Path) -> None:
    folder = written(tmp_path, **{f"{TYPE}/3-to-2.json": " " * 300_000})
    (tmp_path / "migrations" / TYPE / "2-to-1.json").write_bytes(b"\n\xff")
    (tmp_path / "migrations" / TYPE / "1-to-2.json").symlink_to("/etc/hostname")
    _, faults = Migrations.read(folder)
    assert [each.code for each in faults] == ["migration-unreadable"] * 3
    assert [each.line for each in faults] == [0, 2, 0]


def test_types_and_majors_are_looked_up() -> None:
    found = Migrations([moves(), expression("$", name="1-to-3.jsonata")])
    assert found.faults({TYPE: {1, 2, 3}}) == []
    [fault] = found.faults({TYPE: {1, 2}})
    assert (fault.code, fault.file) == ("migration-major", f"migrations/{TYPE}/1-to-3.jsonata")
    assert fault.message == f"{TYPE} has no major 3; it has 1, 2."
    faults = found.faults({"small.shwn": {1, 2}})
    assert {each.code for each in faults} == {"migration-type"}
    assert "small.shwn" in faults[0].hint


def test_the_shortest_way_is_taken() -> None:
    pairs = ["4-to-3", "3-to-2", "2-to-1", "4-to-2", "1-to-4"]
    found = Migrations([moves(name=f"{pair}.json") for pair in pairs])

    def way(source: int, target: int) -> list[str] | None:
        path = found.path(TYPE, source, target)
        return None if path is None else [each.name.removesuffix(".json") for each in path]

    assert way(4, 1) == ["4-to-2", "2-to-1"]
    assert way(3, 1) == ["3-to-2", "2-to-1"]
    assert way(1, 2) == ["1-to-4", "4-to-2"]
    assert way(2, 2) == []
    assert way(1, 5) is None
    assert found.path("other.kind", 2, 1) is None


def test_a_way_is_one_function() -> None:
    down = moves({"op": "move", "from": "/c", "path": "/b"}, name="3-to-2.json")
    again = expression('$merge([$, {"a": b}])', name="2-to-1.jsonata")
    translate = Migrations([down, again]).translation(TYPE, 3, 1, "1.4.2")
    assert translate is not None
    event = {
        "id": "1",
        "type": TYPE,
        "time": "t",
        "publisher": {},
        "schema_version": "3.0.0",
        "c": 5,
    }
    rest = {name: value for name, value in event.items() if name != "c"}
    assert translate(event) == {**rest, "schema_version": "1.4.2", "b": 5, "a": 5}
    stay = Migrations().translation(TYPE, 1, 1, "1.0.0")
    assert stay is not None
    assert stay(event) == event
    assert Migrations([down]).translation(TYPE, 2, 3, "3.0.0") is None


def test_a_migration_is_known_by_its_text() -> None:
    one, same, other = moves(), moves(), moves(name="1-to-2.json")
    assert one == same
    assert {one, same, other} == {one, other}
    assert one.digest == same.digest
    assert (one.source, one.target, one.type) == (2, 1, TYPE)
    assert isinstance(one, Migration)


def test_what_was_sent_is_no_larger_than_a_file_may_be() -> None:
    large = json.dumps({"steps": [{"op": "add", "path": "/a", "value": "x" * LARGEST}]})
    with pytest.raises(BrokenContracts) as caught:
        Migrations.of_texts({f"{TYPE}/2-to-1.json": large})
    [fault] = caught.value.faults
    assert (fault.code, fault.file) == ("migration-unreadable", f"migrations/{TYPE}/2-to-1.json")
