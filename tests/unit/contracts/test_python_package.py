"""The generated package as files: its names, its types, its bytes, and how it is written."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from keybus.contracts import ContractRepository
from keybus.contracts.bindings import generate, python_package
from keybus.errors import ContractError

GOLDEN = Path(__file__).parent / "fixtures" / "names.txt"


def run(*command: str, inside: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=inside, capture_output=True, text=True, check=False
    )
    return done.stdout + done.stderr


def public_names(path: Path) -> Iterator[str]:
    """The classes, fields and aliases of a module, with their types."""
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.AnnAssign):
            yield ast.unparse(node)
        elif isinstance(node, ast.ClassDef):
            yield node.name
            for field in node.body:
                if isinstance(field, ast.AnnAssign) and "ClassVar" not in ast.unparse(field):
                    yield f"{node.name}.{ast.unparse(field)}"


def test_public_names_never_change(package_folder: Path) -> None:
    shown = "".join(
        f"{path.relative_to(package_folder).as_posix()}: {name}\n"
        for path in sorted(package_folder.rglob("*.py"))
        if not path.name.startswith("_")
        for name in public_names(path)
    )
    assert shown == GOLDEN.read_text("utf-8"), "a published name changed"


@pytest.mark.long
def test_mypy_and_ruff_accept_the_package(package_folder: Path, tmp_path: Path) -> None:
    cache = f"--cache-dir={tmp_path}"
    found = run("mypy", "--strict", cache, package_folder.name, inside=package_folder.parent)
    assert found.startswith("Success"), found
    found = run(
        "ruff",
        "check",
        "--isolated",
        "--ignore-noqa",
        "--no-cache",
        str(package_folder),
        inside=tmp_path,
    )
    assert found.startswith("All checks passed"), found


USE = """\
from fixture_events import DeliveryStatusUpdated, SamplerShapesShown
from fixture_events.core.vehicle import Vehicle

event = DeliveryStatusUpdated(delivery_id="DEL-123", status="IN_GARAGE", timestamp="2023-10-27T10:00:00Z")
shown = SamplerShapesShown(verdict=None, from_="x", fleet={"a": Vehicle(plate="P")}, mixed=["a"])
name: str = event.publisher.name
speed: float | None = None if event.vehicle is None else event.vehicle.speed
"""

WRONG = {
    'DeliveryStatusUpdated(delivery_id=1, status="IN_GARAGE", timestamp="x")': "arg-type",
    'DeliveryStatusUpdated(delivery_id="1", status="IN_GARAG", timestamp="x")': "arg-type",
    'DeliveryStatusUpdated(delivery_id="1", status="IN_GARAGE")': "call-arg",
    'DeliveryStatusUpdated(delivery_idd="1", status="IN_GARAGE", timestamp="x")': "call-arg",
    'event.status = "COMPLETED"': "misc",
    "event.colour": "attr-defined",
    "shown.free['a'] = 1": "index",
    "from fixture_events import DeliveryStatusUpdatd": "attr-defined",
}


@pytest.mark.long
def test_type_checkers_see_the_constructor(package_folder: Path, tmp_path: Path) -> None:
    snippet = tmp_path / "use.py"
    snippet.write_text(USE + "\n".join(WRONG) + "\n")
    command = ("mypy", "--strict", f"--cache-dir={tmp_path}", "--no-error-summary", str(snippet))
    output = run(*command, inside=package_folder.parent).splitlines()
    first = USE.count("\n") + 1
    for line, code in enumerate(WRONG.values(), first):
        found = [text for text in output if f"use.py:{line}: error" in text]
        assert any(f"[{code}]" in text for text in found), (line, code, output)
    assert not [text for text in output if any(f":{n}: " in text for n in range(1, first))]


def test_the_bytes_are_the_same_every_time(repository: ContractRepository) -> None:
    assert python_package(repository.values()) == python_package(
        reversed([repository[event_type] for event_type in repository.types])
    )


def test_another_event_changes_no_module(repository: ContractRepository) -> None:
    alone = python_package([repository["delivery.status.updated"]])
    both = python_package(repository.values())
    changed = {name for name in alone if alone[name] != both[name]}
    assert changed == {"__init__.py", "contracts.json"}


def test_stale_files_go_and_foreign_ones_stay(
    repository: ContractRepository, tmp_path: Path
) -> None:
    out = tmp_path / "deep" / "events"
    generate("python", repository, out)
    before = sorted(path.name for path in out.rglob("*"))
    generate("python", repository, out)
    assert sorted(path.name for path in out.rglob("*")) == before
    assert [path.name for path in out.parent.iterdir()] == ["events"]
    (out / "__pycache__").mkdir()
    (out / "__pycache__" / "x.pyc").touch()
    (out / "mine.py").touch()
    with pytest.raises(ContractError, match=r"mine\.py"):
        generate("python", repository, out)
    (out / "mine.py").unlink()
    generate("python", repository, out)


@pytest.mark.parametrize("name", ["contracts.json", "other.txt"])
def test_a_folder_of_others_is_left_alone(
    repository: ContractRepository, tmp_path: Path, name: str
) -> None:
    (tmp_path / name).write_text("{}")
    with pytest.raises(ContractError, match="was not generated"):
        generate("python", repository, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_package_needs_a_name_that_python_can_import(
    repository: ContractRepository, tmp_path: Path
) -> None:
    with pytest.raises(ContractError, match="cannot be the name"):
        generate("python", repository, tmp_path / "my-events")


def test_the_bindings_import_no_generator(package_folder: Path) -> None:
    code = (
        "import sys, fixture_events as e; e.DeliveryStatusUpdated(delivery_id='1',"
        " status='COMPLETED', timestamp='2026-01-31T08:00:00Z');"
        "print([m for m in sys.modules if m.startswith('keybus.contracts.bindings') or m == 'click'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=package_folder.parent,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "[]"
