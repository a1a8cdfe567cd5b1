"""Fixtures of the contract tests: a sound repository, and its bindings as an importable package."""

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from keybus.contracts import ContractRepository
from keybus.contracts.bindings import generate

FIXTURES = Path(__file__).parent / "fixtures"


@pytest.fixture(scope="session")
def fixtures() -> Path:
    return FIXTURES


@pytest.fixture(scope="session")
def repository() -> ContractRepository:
    return ContractRepository.load(FIXTURES / "valid")


@pytest.fixture(scope="session")
def package_folder(
    repository: ContractRepository, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    folder = tmp_path_factory.mktemp("bindings") / "fixture_events"
    generate("python", repository, folder)
    return folder


@pytest.fixture(scope="session")
def events(package_folder: Path) -> Iterator[ModuleType]:
    sys.path.insert(0, str(package_folder.parent))
    yield importlib.import_module("fixture_events")
    sys.path.remove(str(package_folder.parent))
