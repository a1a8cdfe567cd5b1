"""Names and owners of generated types: no two meet, and no other event ever moves them."""

import ast
import importlib
import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keybus.contracts import Contract, ContractRepository
from keybus.contracts.bindings import generate, python_package
from tests.unit.contracts.small import DRAFT, TEXT, core, properties


def shared(**declared: Any) -> dict[str, Any]:
    return {"$schema": DRAFT, **properties(**declared)}


def contract(event_type: str, *schemas: Any, **more: Any) -> dict[str, Any]:
    title = "".join(word.capitalize() for word in event_type.split("."))
    metadata = {"type": event_type, "owner": "o", "version": "1.0.0", "classification": "public"}
    composed = [{"$ref": "../core/Event.json"}, *schemas]
    return {"$schema": DRAFT, "title": title, "x-keybus": metadata, "allOf": composed, **more}


def modules(documents: Mapping[str, Any]) -> dict[str, bytes]:
    events = [file for file, document in documents.items() if "x-keybus" in document]
    files = python_package(Contract(documents, file) for file in events)
    return {name: text for name, text in files.items() if name.count("/") and name.endswith(".py")}


def unchanged(before: Mapping[str, Any], added: Mapping[str, Any]) -> bool:
    one, both = modules(before), modules({**before, **added})
    return all(both[name] == text for name, text in one.items())


def build(folder: Path, name: str, documents: Mapping[str, Any]) -> Any:
    contracts = folder / f"{name}_contracts"
    for file, document in {"core/Event.json": core(), **documents}.items():
        (contracts / file).parent.mkdir(parents=True, exist_ok=True)
        (contracts / file).write_text(json.dumps(document))
    (contracts / "keybus.toml").write_text('[repository]\nname = "names"\n')
    generate("python", ContractRepository.load(contracts), folder / name)
    command = [sys.executable, "-m", "mypy", "--strict", f"--cache-dir={folder}/cache", name]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    sys.path.insert(0, str(folder))
    try:
        importlib.invalidate_caches()
        return importlib.import_module(name)
    finally:
        sys.path.remove(str(folder))


BOX = properties(size={"type": "integer"})
BASE = {"core/Event.json": core(), "core/Base.json": shared(box=BOX)}
TWO = {
    "core/Event.json": core(),
    "core/A.json": shared(a=TEXT, inner=properties(x=TEXT)),
    "core/B.json": shared(b=TEXT, inner=properties(y=TEXT)),
}
REFINED = {"properties": {"box": {"properties": {"extra": TEXT}}}}
BOTH = (properties(p={"$ref": "../core/A.json"}), properties(p={"$ref": "../core/B.json"}))


def test_refining_a_shared_value_moves_nothing() -> None:
    before = {**BASE, "m/M.json": contract("m.m", properties(base={"$ref": "../core/Base.json"}))}
    added = {"a/B.json": contract("a.b", REFINED, {"$ref": "../core/Base.json"})}
    assert unchanged(before, added)


def test_classes_that_python_takes_for_one_have_two_names() -> None:
    dotted = {"i\u0307": BOX, "\u0130": BOX}
    source = modules({**BASE, "m/M.json": contract("m.m", properties(**dotted))})["m/m.py"]
    names = [node.name for node in ast.parse(source).body if isinstance(node, ast.ClassDef)]
    assert len(names) == len(set(names)) == 3


@pytest.mark.parametrize("folder", ["a", "z"])
def test_the_same_combination_in_two_events_is_two_classes(folder: str) -> None:
    before = {**TWO, "m/M.json": contract("m.m", *BOTH)}
    added = {f"{folder}/Z.json": contract(f"{folder}.z", *BOTH)}
    assert unchanged(before, added)
    assert b"class MMPInner(" in modules(before)["m/m.py"]
    assert b"Inner(" in modules({**before, **added})[f"{folder}/z.py"]


@pytest.mark.parametrize(
    "reference",
    ["m/M.json", "m/M.json#/allOf/1/properties/p", "m/M.json#/oneOf/0", "core/A.json#/x-parts/q"],
)
def test_a_reference_into_a_file_adds_nothing_to_it(reference: str) -> None:
    part = properties(z=TEXT)
    shared_a = {**TWO["core/A.json"], "x-parts": {"q": part}}
    own = contract("m.m", *BOTH, oneOf=[properties(k=BOX), properties(l=BOX)])
    before = {**TWO, "core/A.json": shared_a, "m/M.json": own}
    other = contract("z.z", properties(m={"$ref": f"../{reference}"}))
    assert unchanged({**before, "y/Y.json": contract("y.y", *BOTH)}, {"z/Z.json": other})


@pytest.mark.long
def test_what_is_borrowed_from_the_middle_of_a_file_is_a_class_of_the_borrower(
    tmp_path: Path,
) -> None:
    lender = {**shared(a=TEXT), "x-parts": {"q": properties(z=TEXT)}}
    borrower = contract("z.z", properties(m={"$ref": "../core/A.json#/x-parts/q"}))
    documents = {"core/A.json": lender, "z/Z.json": borrower}
    made = build(tmp_path, "borrowed_events", documents).ZZ(m={"z": "1"})
    assert type(made.m).__qualname__ == "ZZM"
    assert made.m.z == "1"


@pytest.mark.long
def test_combinations_work_in_each_event(tmp_path: Path) -> None:
    events = {"m/M.json": contract("m.m", *BOTH), "z/Z.json": contract("z.z", *BOTH)}
    package = build(tmp_path, "combined_events", {**TWO, **events})
    one = package.MM(p={"a": "1", "inner": {"x": "2", "y": "3"}})
    other = package.ZZ(p={"b": "1", "inner": {"x": "2", "y": "3"}})
    assert (one.p.inner.x, one.p.inner.y) == ("2", "3")
    assert type(one.p).__module__ == "combined_events.m.m"
    assert type(one.p.inner).__name__ == "MMPInner"
    assert type(other.p.inner).__module__ == "combined_events.z.z"


REFERENCES = [
    "../core/Base.json",
    "../core/A.json",
    "../core/B.json",
    "../core/Base.json#/properties/box",
    "../core/A.json#/definitions/part",
    "../core/A.json#/x-parts/q",
    "../f/E0.json",
    "../f/E0.json#/allOf/1",
]
PIECES = st.one_of(
    st.builds(
        lambda name, reference: properties(**{name: {"$ref": reference}}),
        st.sampled_from(["box", "p", "inner"]),
        st.sampled_from(REFERENCES),
    ),
    st.sampled_from([{"$ref": reference} for reference in REFERENCES[:3]]),
    st.sampled_from(
        [
            REFINED,
            properties(inner=properties(w=TEXT), box={"type": "object"}),
            properties(many={"type": "array", "items": {"anyOf": [BOX, {"$ref": REFERENCES[3]}]}}),
        ]
    ),
)


@pytest.mark.long
@given(st.lists(st.lists(PIECES, min_size=1, max_size=3), min_size=1, max_size=3), st.data())
def test_another_event_changes_no_module(pieces: list[list[Any]], data: st.DataObject) -> None:
    parts = {"definitions": {"part": properties(q=BOX)}, "x-parts": {"q": properties(r=BOX)}}
    documents = {**BASE, **TWO, "core/A.json": {**TWO["core/A.json"], **parts}}
    documents["f/E0.json"] = contract("f.e0", properties(box=BOX), *BOTH)
    for number, schemas in enumerate(pieces, 1):
        documents[f"f/E{number}.json"] = contract(f"f.e{number}", *schemas)
    folder = data.draw(st.sampled_from(["a", "f", "z"]))
    added = contract(f"{folder}.more", *data.draw(st.lists(PIECES, min_size=1, max_size=3)))
    assert unchanged(documents, {f"{folder}/More.json": added})


@pytest.mark.long
def test_modules_whose_paths_are_alike_keep_apart(tmp_path: Path) -> None:
    documents = {
        "core/a_b.json": shared(n=TEXT),
        "core/a/b.json": shared(n={"type": "integer"}),
        "keybus.json": shared(n=TEXT),
        "t.json": shared(n={"type": "integer"}),
        "a/X.json": contract(
            "a.x",
            properties(
                p={"$ref": "../core/a_b.json"},
                q={"$ref": "../core/a/b.json"},
                r={"$ref": "../keybus.json"},
                s={"$ref": "../t.json"},
            ),
        ),
    }
    made = build(tmp_path, "alike_events", documents).AX(p={"n": "x"}, q={"n": 1}, s={"n": 2})
    assert (made.p.n, made.q.n, made.s.n) == ("x", 1, 2)


@pytest.mark.long
def test_a_property_may_be_called_like_an_import(tmp_path: Path) -> None:
    own = properties(_core_event=TEXT, __core__event=TEXT, none=BOX)
    package = build(tmp_path, "import_events", {"a/X.json": contract("a.x", own)})
    made = package.AX(_core_event="x", _core__event="y", none={"size": 1})
    assert made.to_dict()["_core_event"] == "x"
    assert made.to_dict()["__core__event"] == "y"
    assert package.AX().none is None


def test_annotations_hold_for_every_valid_event() -> None:
    own = properties(
        pair={"type": "array", "items": [TEXT, BOX]},
        exact={"type": "array", "items": [TEXT, BOX], "additionalItems": False},
        longer={"type": "array", "items": [TEXT], "additionalItems": {"type": "integer"}},
        loose={"properties": {"a": TEXT}},
        named={"type": "object", "patternProperties": {"^n": TEXT}},
        only={"type": "object", "patternProperties": {"^n": TEXT}, "additionalProperties": False},
        address={"type": "string", "anyOf": [{"format": "ipv4"}, {"format": "ipv6"}]},
        some={"type": "object", "properties": {"a": TEXT}, "anyOf": [{"required": ["a"]}, {}]},
        either={"type": ["object", "null"], "oneOf": [{"properties": {"a": TEXT}}, {"enum": [1]}]},
    )
    text = modules({"core/Event.json": core(), "a/X.json": contract("a.x", own)})["a/x.py"]
    shown = [line.strip().partition(" = ")[0] for line in text.decode().splitlines()]
    for line in (
        "pair: _t.Sequence[_t.Any] | None",
        "exact: _t.Sequence[str | AXExactItem2] | None",
        "longer: _t.Sequence[str | int] | None",
        "loose: _t.Any",
        "named: _t.Mapping[str, _t.Any] | None",
        "only: _t.Mapping[str, str] | None",
        "address: str | None",
        "some: AXSome | None",
    ):
        assert line in shown, (line, shown)
