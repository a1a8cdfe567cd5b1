"""What no repository can bring down: every fault is a fault, soon, and never a traceback."""

import json
import time
from pathlib import Path
from typing import Any

import pytest

from keybus.contracts import ContractRepository
from keybus.errors import BrokenContracts, Fault, UnknownEventType
from tests.unit.contracts.small import TEXT, contract, core, properties

LONG = "9" * 5_000


def write(folder: Path, shown: Any, **files: Any) -> Path:
    (folder / "core").mkdir(parents=True, exist_ok=True)
    (folder / "keybus.toml").write_text('[repository]\nname = "sound"\n')
    (folder / "SmallShown.json").write_text(json.dumps(shown))
    documents = {"Event.json": core(), **{f"{name}.json": files[name] for name in files}}
    for name, document in documents.items():
        (folder / "core" / name).write_text(json.dumps(document))
    return folder


def lint(folder: Path, shown: Any, **files: Any) -> list[Fault]:
    return ContractRepository.lint(write(folder, shown, **files))


def codes(folder: Path, *schemas: Any, **more: Any) -> list[str]:
    return [fault.code for fault in lint(folder, contract(*schemas, **more))]


def test_files_that_all_refer_to_each_other_take_no_time(tmp_path: Path) -> None:
    names = [f"E{number}" for number in range(40)]
    every = properties(**{name: {"$ref": f"{name}.json"} for name in names})
    files = {name: {"$schema": core()["$schema"], **every} for name in names}
    started = time.perf_counter()
    folder = write(tmp_path, contract(properties(p={"$ref": "core/E0.json"})), **files)
    found = ContractRepository.load(folder)["small.shown"]
    (fault,) = [f for f in found.faults({"p": {"E7": {"E8": 1}}}) if "E8" in f.pointer]
    assert fault.pointer == "/p/E7/E8"
    assert time.perf_counter() - started < 5


@pytest.mark.parametrize("name", ["Site(1)", "a+b", "a@b", "a,b", "a'b", "a!b", "a&b=c", "a;b"])
def test_every_file_name_that_a_reference_can_spell(tmp_path: Path, name: str) -> None:
    part = {"$schema": core()["$schema"], "type": "integer"}
    shown = contract(properties(p={"$ref": f"core/{name}.json"}))
    assert lint(tmp_path, shown, **{name: part}) == []
    found = ContractRepository.load(tmp_path)["small.shown"]
    assert [f.code for f in found.faults({"p": "x"}) if f.pointer == "/p"] == ["type"]


@pytest.mark.parametrize("reference", ["core/%50art.json", "core//../core//Part.json", "core/Part.json?", "core%2FPart.json#"])  # fmt: skip
def test_every_way_to_spell_a_reference(tmp_path: Path, reference: str) -> None:
    part = {"$schema": core()["$schema"], **properties(known=TEXT), "additionalProperties": False}
    assert lint(tmp_path, contract(properties(p={"$ref": reference})), Part=part) == []
    found = ContractRepository.load(tmp_path)["small.shown"]
    (fault,) = [f for f in found.faults({"p": {"knwon": 1}}) if f.pointer.startswith("/p/")]
    assert fault.hint == "did you mean 'known'?"


@pytest.mark.parametrize(
    ("reference", "code"),
    [
        ("#/x-parts/type", "not-a-schema"),
        ("#/x-parts/allOf", "not-a-schema"),
        ("#/x-parts/none", "dangling-ref"),
        (f"#/allOf/{LONG}", "dangling-ref"),
        ("#/allOf/01", "dangling-ref"),
        ("#/allOf/%D9%A1", "dangling-ref"),
    ],
)
def test_what_is_referred_to_is_a_schema(tmp_path: Path, reference: str, code: str) -> None:
    parts = {"type": {"type": 5}, "allOf": {"allOf": [True]}}
    assert codes(tmp_path, properties(p={"$ref": reference}), **{"x-parts": parts}) == [code]


@pytest.mark.parametrize("reference", [5, None, {"type": "string"}, []])
def test_a_reference_is_a_string(tmp_path: Path, reference: Any) -> None:
    assert codes(tmp_path, properties(type={"$ref": reference})) == ["dangling-ref"]


def test_metadata_that_is_null(tmp_path: Path) -> None:
    assert codes(tmp_path, **{"x-keybus": None}) == ["missing-metadata"]
    with pytest.raises(BrokenContracts):
        ContractRepository.load(tmp_path)


def test_a_link_to_itself(tmp_path: Path) -> None:
    write(tmp_path, contract())
    (tmp_path / "core" / "Loop.json").symlink_to("Loop.json")
    assert [fault.code for fault in ContractRepository.lint(tmp_path)] == ["unreadable"]


def test_chains_of_any_length(tmp_path: Path) -> None:
    links = {f"d{n}": {"$ref": f"#/definitions/d{n + 1}"} for n in range(3_000)}
    more = {"definitions": {**links, "d3000": TEXT}}
    assert codes(tmp_path, properties(p={"$ref": "#/definitions/d0"}), **more) == ["long-chain"]


def test_values_within_values_of_any_depth(tmp_path: Path) -> None:
    count = 2_000
    below = {f"d{n}": properties(x={"$ref": f"#/definitions/d{n + 1}"}) for n in range(count)}
    more = {"definitions": {**below, f"d{count}": TEXT}}
    assert codes(tmp_path, properties(p={"$ref": "#/definitions/d0"}), **more) == []
    declared = ContractRepository.load(tmp_path)["small.shown"].declared()
    assert max(row.pointer.count("/x") for row in declared) == count


def test_what_is_within_itself_in_many_ways_is_shown_once(tmp_path: Path) -> None:
    names = [f"d{number}" for number in range(12)]
    each = properties(**{name: {"$ref": f"#/definitions/{name}"} for name in names})
    more = {"definitions": dict.fromkeys(names, each)}
    assert codes(tmp_path, properties(p={"$ref": "#/definitions/d0"}), **more) == []
    rows = {row.pointer: row for row in ContractRepository.load(tmp_path)["small.shown"].declared()}
    assert len(rows) < 2_000
    assert rows["/p/d0"].like == "/p"


def test_numbers_of_a_version_are_bounded(tmp_path: Path) -> None:
    metadata = {**contract()["x-keybus"], "version": f"{LONG}.0.0"}
    (fault,) = lint(tmp_path, {**contract(), "x-keybus": metadata})
    assert fault.code == "bad-version"
    assert len(fault.message) < 200


@pytest.mark.parametrize(
    ("policy", "sound"),
    [
        ("FULL_TRANSITIVE", True),
        ({"mode": "NONE", "strictness": "strict"}, True),
        ({}, True),
        (5, False),
        ("FULLEST", False),
        ({"mode": ["FULL"]}, False),
        ({"strictness": "lax"}, False),
        ({"mdoe": "FULL"}, False),
    ],
)
def test_policies(tmp_path: Path, policy: Any, sound: bool) -> None:  # noqa: FBT001 - a column
    metadata = {**contract()["x-keybus"], "policy": policy}
    found = lint(tmp_path, {**contract(), "x-keybus": metadata})
    assert [fault.code for fault in found] == ([] if sound else ["bad-policy"])


@pytest.mark.parametrize(
    ("schema", "code"),
    [
        ({"required": ["zip"], "properties": {"city": TEXT}}, "undeclared-required"),
        ({"properties": {"id": {"type": "integer"}}}, "bad-head"),
        ({"properties": {"type": {"enum": ["b.y"]}}}, "bad-head"),
        ({"properties": {"schema_version": {"pattern": "^2"}}}, "bad-head"),
        ({"not": {"required": ["id"]}}, "bad-head"),
        ({"maxProperties": 4}, "bad-head"),
    ],
)
def test_contracts_that_no_event_can_meet(tmp_path: Path, schema: Any, code: str) -> None:
    assert codes(tmp_path, schema) == [code]


@pytest.mark.parametrize(
    ("keyword", "hint"),
    [
        ("const", 'write "enum" with one value'),
        ("$defs", 'write "definitions"'),
        ("requird", "did you mean 'required'?"),
        ("enmu", "did you mean 'enum'?"),
        ("Items", "did you mean 'items'?"),
    ],
)
def test_keywords_that_draft_04_ignores(tmp_path: Path, keyword: str, hint: str) -> None:
    (fault,) = lint(tmp_path, contract(properties(p={keyword: ["x"]})))
    assert (fault.code, fault.hint) == ("unknown-keyword", hint)


def test_annotations_are_left_alone(tmp_path: Path) -> None:
    words = {
        "x-note": 1,
        "examples": [1],
        "note": "",
        "unit": "m",
        "$comment": "",
        "readOnly": True,
    }
    assert codes(tmp_path, properties(p=words, const=TEXT, requird=TEXT)) == []


def closed(*names: str) -> dict[str, Any]:
    return {**properties(**dict.fromkeys(names, TEXT)), "additionalProperties": False}


@pytest.mark.parametrize(
    ("schema", "faults"),
    [
        ({"allOf": [{"properties": {"k": {}}}], "oneOf": [closed("k", "a"), closed("k", "b")]}, 0),
        ({"oneOf": [closed("a"), closed("b")]}, 0),
        ({**closed("k"), "oneOf": [{"properties": {"a": TEXT}}, {}]}, 1),
        ({"properties": {"k": {}}, "oneOf": [closed("a"), closed("b")]}, 2),
        ({"allOf": [closed("a"), {"properties": {"b": TEXT}}]}, 1),
        ({"allOf": [{**closed("a"), "patternProperties": {"^b": {}}}, properties(b=TEXT)]}, 0),
    ],
)
def test_closed_schemas(tmp_path: Path, schema: Any, faults: int) -> None:
    assert codes(tmp_path, properties(p=schema)) == ["closed-all-of"] * faults


def test_many_faults_take_no_time(tmp_path: Path) -> None:
    beside = {f"d{number}": {"$ref": "#", "title": "x"} for number in range(2_000)}
    started = time.perf_counter()
    assert len(codes(tmp_path, definitions=beside)) == 2_000
    assert time.perf_counter() - started < 5


def test_settings_say_where_they_go(tmp_path: Path) -> None:
    write(tmp_path, contract())
    for text, hint in (
        ('name = "x"', "move name under [repository]"),
        ('\ufeff[repository]\nname = "x"', "save it as UTF-8 without a byte order mark"),
    ):
        (tmp_path / "keybus.toml").write_text(text)
        (fault,) = ContractRepository.lint(tmp_path)
        assert (fault.code, fault.hint) == ("settings", hint)


def test_a_schema_with_a_byte_order_mark(tmp_path: Path) -> None:
    write(tmp_path, contract())
    (tmp_path / "core" / "Mark.json").write_text("\ufeff{}")
    (fault,) = ContractRepository.lint(tmp_path)
    assert (fault.code, fault.hint) == ("bad-json", "save it as UTF-8 without a byte order mark")


def test_a_folder_may_be_a_string_and_an_unknown_type_is_of_the_repository(tmp_path: Path) -> None:
    repository = ContractRepository.load(str(write(tmp_path, contract())))
    with pytest.raises(UnknownEventType) as caught:
        repository["foo.bar"]
    assert "generate" not in str(caught.value)


@pytest.mark.parametrize("name", ["core.json", "small_shown/Deep.json"])
def test_a_file_and_a_folder_of_one_name(tmp_path: Path, name: str) -> None:
    write(tmp_path, contract())
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text(json.dumps({"$schema": core()["$schema"], "type": "string"}))
    assert {fault.code for fault in ContractRepository.lint(tmp_path)} == {"module-clash"}
