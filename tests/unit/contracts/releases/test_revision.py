"""A repository as git has it."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from keybus.contracts.releases.revision import repository_at
from keybus.errors import BrokenContracts, ContractError
from tests.unit.contracts.small import contract, core, properties

TEXT = {"type": "string"}

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")


def git(folder: Path, *arguments: str) -> None:
    name = ["-c", "user.name=ada", "-c", "user.email=ada@example.com"]
    subprocess.run(["git", "-C", str(folder), *name, *arguments], check=True, capture_output=True)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A repository in a folder of a git repository, committed once and changed since."""
    git(tmp_path, "init")
    folder = tmp_path / "events" / "contracts"
    (folder / "core").mkdir(parents=True)
    (folder / "keybus.toml").write_text('[repository]\nname = "small"\n')
    (folder / "core" / "Event.json").write_text(json.dumps(core()))
    (folder / "SmallShown.json").write_text(json.dumps(contract()))
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-m", "first")
    (folder / "SmallShown.json").write_text(json.dumps(contract(properties(name=TEXT))))
    return folder


def test_a_revision_is_read_as_it_stood(folder: Path) -> None:
    then = repository_at(folder, "HEAD")
    assert "/name" not in {row.pointer for row in then["small.shown"].declared()}
    git(folder, "commit", "-a", "-m", "second")
    assert repository_at(folder, "HEAD")["small.shown"] != then["small.shown"]
    assert repository_at(folder, "HEAD~1")["small.shown"] == then["small.shown"]


@pytest.mark.parametrize("revision", ["nowhere", "--help", "-x", "HEAD:events", "", "a b"])
def test_what_is_no_revision_is_refused(folder: Path, revision: str) -> None:
    with pytest.raises(ContractError, match="git knows no revision"):
        repository_at(folder, revision)


def test_outside_of_git_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match="not a git repository"):
        repository_at(tmp_path, "HEAD")


def test_faults_of_that_time_are_told(folder: Path) -> None:
    (folder / "SmallShown.json").write_text("{")
    git(folder, "commit", "-a", "-m", "broken")
    with pytest.raises(BrokenContracts):
        repository_at(folder, "HEAD")


def test_a_folder_that_git_does_not_have_is_refused(folder: Path) -> None:
    other = folder.parent / "more"
    other.mkdir()
    with pytest.raises(ContractError, match="untracked"):
        repository_at(other, "HEAD")
