"""Contracts of unusual shape: they load, generate, type-check and work."""

import ast
import importlib
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keybus.contracts import Contract, ContractRepository, bound, stamp
from keybus.contracts.bindings import generate, python_package
from keybus.contracts.bindings.text import docstring
from keybus.errors import InvalidEvent

DRAFT = "http://json-schema.org/draft-04/schema#"
HEAD = ("id", "type", "time", "publisher", "schema_version")


def event(event_type: str, *schemas: Any, version: str = "1.0.0", **more: Any) -> dict[str, Any]:
    title = "".join(word.capitalize() for word in event_type.split("."))
    metadata = {
        "type": event_type,
        "owner": "o",
        "version": version,
        "classification": "public",
    }
    composed = [{"$ref": "../core/Event.json"}, *schemas]
    return {"$schema": DRAFT, "title": title, "x-keybus": metadata, "allOf": composed, **more}


def core(publisher: Any, **properties: Any) -> dict[str, Any]:
    text = {"type": "string"}
    declared = dict.fromkeys(HEAD, text) | {"publisher": publisher} | properties
    return {"$schema": DRAFT, "type": "object", "required": list(HEAD), "properties": declared}


DOCUMENTS = {
    "core/Event.json": core({"type": "string", "minLength": 2}),
    "core/Box.json": {"$schema": DRAFT, "properties": {"size": {"type": "integer"}}},
    "core/Lid.json": {"$schema": DRAFT, "properties": {"hinged": {"type": "boolean"}}},
    "core/Long.json": {"$schema": DRAFT, "enum": [10**30, -(2**63)]},
    "a/Wrapped.json": event(
        "a.wrapped",
        {
            "properties": {
                "type": {"enum": ["a.wrapped"]},
                "previous": {"$ref": "Wrapped.json"},
                "box": {"$ref": "../core/Box.json"},
                "only": {"allOf": [{"$ref": "../core/Box.json"}], "description": "A box."},
                "None": {"type": "object", "properties": {"True": {"type": "string"}}},
                "_t": {"type": "string"},
                "pair": {"items": [{"type": "string"}, {"$ref": "../core/Box.json"}]},
                "by_pattern": {"patternProperties": {"^n": {"type": "integer"}, "^s": {"type": "string"}}},
                "tags": {"type": ["array", "null"], "items": {"enum": [1, "two", True, None]}},
                "odd": {"enum": [1.5, {"a": 1}, ["x"], None]},
                "long": {"enum": [2**63, "two", 1]},
                "longer": {"$ref": "../core/Long.json"},
                "either": {"anyOf": [{"type": "array", "items": {"$ref": "../core/Box.json"}}, {"$ref": "../core/Lid.json"}, {"type": "null"}]},
                "deep": {"type": "array", "items": {"oneOf": [{"type": "object", "required": ["x"], "properties": {"x": {"type": "array", "items": {"$ref": "#/allOf/1/properties/deep"}}}}, {"type": "integer"}]}},
            }
        },
        {"properties": {"box": {"$ref": "../core/Lid.json"}}},
    ),
    "a/Either.json": event(
        "a.either",
        oneOf=[
            {"required": ["left"], "properties": {"left": {"type": "string"}}},
            {"required": ["right"], "properties": {"right": {"type": "integer"}}},
        ],
    ),
}  # fmt: skip


def write(folder: Path, documents: dict[str, Any]) -> Path:
    (folder / "keybus.toml").parent.mkdir(parents=True, exist_ok=True)
    (folder / "keybus.toml").write_text('[repository]\nname = "corners"\n')
    for name, document in documents.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(json.dumps(document))
    return folder


@pytest.fixture(scope="module")
def corners(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("corners")
    repository = ContractRepository.load(write(folder / "contracts", DOCUMENTS))
    generate("python", repository, folder / "corner_events")
    return folder


@pytest.fixture
def package(corners: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(corners))
    return importlib.import_module("corner_events")


@pytest.mark.long
def test_mypy_accepts_them(corners: Path) -> None:
    command = [sys.executable, "-m", "mypy", "--strict", f"--cache-dir={corners}", "corner_events"]
    done = subprocess.run(command, cwd=corners, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_a_publisher_that_is_text(package: Any) -> None:
    made = package.AEither(left="x")
    assert stamp(made, "deliveries").to_dict()["publisher"] == "deliveries"
    with pytest.raises(InvalidEvent, match="at least 2 characters"):
        stamp(made, "x")


def test_alternatives_of_a_whole_event_are_its_optional_properties(package: Any) -> None:
    assert package.AEither(left="x").right is None
    assert package.AEither(right=1).right == 1
    with pytest.raises(InvalidEvent, match="none"):
        package.AEither()
    with pytest.raises(InvalidEvent, match="fits 2 of them"):
        package.AEither(left="x", right=1)


def test_an_event_within_an_event(package: Any) -> None:
    inner = stamp(package.AWrapped(box={"size": 1, "hinged": True}), "me")
    outer = package.AWrapped(previous=inner)
    assert outer.previous == inner
    assert type(outer.previous) is package.AWrapped
    assert (outer.previous.box.size, outer.previous.box.hinged) == (1, True)


def test_odd_values(package: Any) -> None:
    made = package.AWrapped(
        None_={"True": "x"},
        pair=["a", {"size": 2}],
        by_pattern={"n1": 1, "s1": "x", "other": [1]},
        tags=[1, "two", True, None],
        odd={"a": 1},
        long=2**63,
        longer=10**30,
        either=[{"size": 3}],
        deep=[1, {"x": [[2, {"x": []}]]}],
        only={"size": 4},
    )
    assert made.None_.True_ == "x"
    assert made.pair[1].size == 2
    assert dict(made.by_pattern) == {"n1": 1, "s1": "x", "other": (1,)}
    assert made.tags == (1, "two", True, None)
    assert made.odd == {"a": 1}
    assert (made.long, made.longer) == (2**63, 10**30)
    assert made.either[0].size == 3
    assert made.deep[1].x[0][1].x == ()
    assert made.only.size == 4
    assert package.AWrapped(either={"hinged": True}).either.hinged is True
    assert package.AWrapped(either=None).either is None


def test_versions_and_packages_side_by_side(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = {"properties": {"n": {"type": "integer"}}}
    for name, version in (("side_one", "1.9.0"), ("side_one_again", "1.9.0"), ("side_two", "2.0.0"), ("side_old", "1.10.0")):  # fmt: skip
        documents = {
            "core/Event.json": DOCUMENTS["core/Event.json"],
            "s/S.json": event("side.by", own, version=version),
        }
        repository = ContractRepository.load(write(tmp_path / f"{name}_contracts", documents))
        generate("python", repository, tmp_path / name)
    monkeypatch.syspath_prepend(str(tmp_path))
    one = importlib.import_module("side_one").SideBy
    again = importlib.import_module("side_one_again").SideBy
    assert one is not again
    assert one.DIGEST == again.DIGEST
    assert bound("side.by") is one
    assert bound("side.by", 1) is one
    two = importlib.import_module("side_two").SideBy
    newer = importlib.import_module("side_old").SideBy
    assert bound("side.by") is two
    assert bound("side.by", 1) is newer


@given(st.text(), st.sampled_from(["", "    "]))
def test_any_text_is_a_docstring(text: str, indent: str) -> None:
    source = f"def f():\n{docstring(text, '    ')}" if indent else docstring(text)
    tree = ast.parse(source)
    found = ast.get_docstring(tree.body[0] if indent else tree)  # type: ignore[arg-type]
    assert found is not None
    assert source.count("\n") < 5 + 2 * len(text)


NAMES = st.text(st.characters(exclude_categories=["Cs"]), max_size=10)


@given(
    names=st.dictionaries(NAMES, st.sampled_from(["string", "object", "array"]), max_size=6),
    words=NAMES,
    values=st.lists(NAMES, min_size=1, unique=True),
)
def test_any_names_and_values_give_python(
    names: dict[str, str], words: str, values: list[str]
) -> None:
    own: dict[str, Any] = {
        name: {"type": kind, "description": words, "title": words} for name, kind in names.items()
    }
    for name, schema in own.items():
        if schema["type"] == "object":
            schema["properties"] = {name: {"enum": values}, "x": {"type": "null"}}
    documents = {
        "core/Event.json": DOCUMENTS["core/Event.json"],
        "a/Any.json": event("any.names", {"properties": own}),
    }
    files = python_package([Contract(documents, "a/Any.json")])
    for name, content in files.items():
        if name.endswith(".py"):
            compile(content, name, "exec", dont_inherit=True)
