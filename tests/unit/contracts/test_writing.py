"""Where a package is written: what stands in the way, and what an interrupted run left."""

import json
from pathlib import Path

import pytest

from keybus.contracts.bindings import generate, write_package
from keybus.errors import ContractError

FILES = {
    "contracts.json": json.dumps(
        {"generator": "keybus", "files": ["contracts.json", "a.py"]}
    ).encode(),
    "a.py": b"",
}


def names(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


@pytest.mark.parametrize("out", ["file/events", "file/deep/events", "file", "loop/events"])
def test_a_place_that_cannot_be_written_is_named(tmp_path: Path, out: str) -> None:
    (tmp_path / "file").write_text("mine")
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(ContractError, match=out):
        write_package(tmp_path / out, FILES)
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.parametrize("name", ["class", "None", "my-events", "2fa"])
def test_a_keyword_is_no_package(tmp_path: Path, name: str) -> None:
    with pytest.raises(ContractError, match="cannot be the name of a package"):
        generate("python", {}, tmp_path / name)


@pytest.mark.parametrize(
    "text",
    [
        '{"generator":"keybus","files":[{}]}',
        '{"generator":"keybus","files":5}',
        '{"generator":"keybus"}',
        "[]",
        "\udcff",
        "",
        "[" * 5_000,
    ],
)
def test_a_data_file_of_others_is_left_alone(tmp_path: Path, text: str) -> None:
    (tmp_path / "contracts.json").write_text(text, "utf-8", "surrogateescape")
    with pytest.raises(ContractError, match="was not generated"):
        write_package(tmp_path, FILES)
    assert names(tmp_path) == ["contracts.json"]


def test_what_an_interrupted_run_left_is_recovered(tmp_path: Path) -> None:
    out = tmp_path / "events"
    write_package(out, FILES)
    beside = tmp_path / ".events.keybus-1"
    (beside / "new").mkdir(parents=True)
    out.rename(beside / "old")
    (out.parent / "file").write_text("")
    with pytest.raises(ContractError, match="cannot be written"):
        write_package(out, {**FILES, "a.py/b.py": b""})
    assert names(tmp_path) == ["events", "events/a.py", "events/contracts.json", "file"]
    (beside / "new").mkdir(parents=True)
    write_package(out, FILES)
    assert names(tmp_path) == ["events", "events/a.py", "events/contracts.json", "file"]
