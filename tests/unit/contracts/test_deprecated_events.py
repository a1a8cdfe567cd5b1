"""Events of contracts that are to be left: they work, and whoever creates one is told once."""

import importlib
import itertools
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from keybus import DeprecatedContract
from keybus.contracts import Contract, DeprecatedEvent, Event
from keybus.contracts.bindings import generate, python_package
from tests.unit.contracts.releases.releasing import TEXT, TYPE, shown

SENTENCE = "small.shown@1 is deprecated (its sunset date is 2027-06-30); use small.shown@2"
_numbers = itertools.count(1)
Load = Callable[[Contract, str], ModuleType]


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Load:
    """Generates and imports the package of a contract, deprecated or not."""
    monkeypatch.syspath_prepend(tmp_path)

    def load(contract: Contract, warning: str) -> ModuleType:
        name = f"leaving_{next(_numbers)}"
        deprecated = {contract.type: warning} if warning else {}
        generate("python", {contract.type: contract}, tmp_path / name, deprecated)
        importlib.invalidate_caches()
        return importlib.import_module(name)

    return load


def test_a_deprecated_class_says_so(load: Load) -> None:
    event: type[Event] = load(shown("1.0.0", name=TEXT), SENTENCE).SmallShown
    assert event.DEPRECATED == SENTENCE
    assert issubclass(event, DeprecatedEvent)
    assert f"Deprecated: {SENTENCE}." in " ".join((event.__doc__ or "").split())
    assert issubclass(DeprecatedContract, DeprecationWarning)


def test_whoever_creates_one_is_told_once_at_their_own_line(load: Load) -> None:
    kind: Any = load(shown("1.0.0", name=TEXT), SENTENCE).SmallShown
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        event = kind(name="a")
        kind(name="b")
        event.replace(name="c")
    assert [(each.category, str(each.message)) for each in told] == [(DeprecatedContract, SENTENCE)]
    assert told[0].filename == __file__
    assert event.name == "a"


def test_where_it_is_an_error_it_is_one_each_time(load: Load) -> None:
    kind: Any = load(shown("1.0.0", name=TEXT), SENTENCE).SmallShown
    for _ in range(2):
        with pytest.raises(DeprecatedContract, match="use small"):
            kind(name="a")


def test_what_is_received_and_what_is_in_use_says_nothing(load: Load) -> None:
    old: Any = load(shown("1.0.0", name=TEXT), SENTENCE).SmallShown
    with pytest.warns(DeprecatedContract):
        data = old(name="a", publisher={"name": "makers"}).to_json()
    again: Any = load(shown("1.0.0", name=TEXT), SENTENCE).SmallShown
    assert again.from_json(data).name == "a"  # warnings are errors here
    new: Any = load(shown("2.0.0", name=TEXT), "").SmallShown
    assert new.DEPRECATED == ""
    assert new(name="a").name == "a"
    assert not issubclass(new, DeprecatedEvent)


def test_a_deprecation_changes_the_contracts_own_module_alone() -> None:
    contract = shown("1.0.0", name=TEXT)
    before = python_package([contract])
    after = python_package([contract], {TYPE: SENTENCE})
    assert before == python_package([contract], {"other.shown": SENTENCE})
    assert [name for name in after if after[name] != before[name]] == ["small_shown.py"]


def test_a_property_of_that_name_makes_way(load: Load) -> None:
    kind: Any = load(shown("1.0.0", DEPRECATED=TEXT), "").SmallShown
    assert kind(DEPRECATED_="yes").to_dict()["DEPRECATED"] == "yes"


@pytest.mark.long
def test_a_deprecated_class_is_typed_as_others_are(load: Load, tmp_path: Path) -> None:
    package = load(shown("1.0.0", name=TEXT), SENTENCE).__name__
    command = [sys.executable, "-m", "mypy", "--strict", f"--cache-dir={tmp_path}", package]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.stdout.startswith("Success"), done.stdout
