"""What tests of several folders share: the reference application, its bindings, real servers."""

import importlib
import os
import sys
from collections.abc import Generator, Iterator
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import HealthCheck, settings

from keybus.contracts import ContractRepository
from keybus.contracts.bindings import generate
from tests.running import EXAMPLE, ClosedServer, Server, ServerFactory

# How long a machine takes to draw values says nothing about Keybus.
settings.register_profile("keybus", suppress_health_check=[HealthCheck.too_slow], deadline=None)
# One commit, one answer: what `make test` draws is the same every time, the long suites draw anew.
settings.register_profile(
    "repeatable", settings.get_profile("keybus"), derandomize=True, max_examples=60
)
settings.load_profile("keybus")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """What tests logged on purpose, half characters too, has to travel between processes."""
    report = yield
    report.sections = [
        (name, text.encode("utf-8", "backslashreplace").decode()) for name, text in report.sections
    ]
    return report


@pytest.fixture(scope="session")
def example() -> Path:
    """The reference application's folder."""
    return EXAMPLE


@pytest.fixture(scope="session")
def bindings_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder to be put on the path, with the example's generated package in it."""
    folder = tmp_path_factory.mktemp("bindings")
    generate("python", ContractRepository.load(EXAMPLE / "contracts"), folder / "amazon_key_events")
    return folder


@pytest.fixture(scope="session")
def events(bindings_folder: Path) -> ModuleType:
    """The example's generated package."""
    for folder in (bindings_folder, EXAMPLE):
        if str(folder) not in sys.path:
            sys.path.insert(0, str(folder))
    return importlib.import_module("amazon_key_events")


@pytest.fixture
def new_server(tmp_path: Path) -> Iterator[ServerFactory]:
    """Makes servers, and ends those that still run."""
    servers: list[Server] = []

    def make(folder: Path = EXAMPLE, *options: str) -> Server:
        server = Server(folder, tmp_path / f"data-{len(servers)}", *options)
        servers.append(server)
        server.start()
        return server

    yield make
    for server in servers:
        server.stop()


@pytest.fixture(scope="module")
def shared_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One bus for all tests of a module that leave it as it was, or look at answers only."""
    server = Server(EXAMPLE, tmp_path_factory.mktemp("data"))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def server(new_server: ServerFactory) -> Server:
    """The example on a bus of its own."""
    return new_server()


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClosedServer]:
    """A closed bus for all tests of a module."""
    server = ClosedServer(tmp_path_factory.mktemp("closed"))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def environment(bindings_folder: Path) -> dict[str, str]:
    """The environment for a program that uses the example's bindings; AWS keys are made up."""
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
        "PYTHONPATH": os.pathsep.join([str(bindings_folder), str(EXAMPLE)]),
        "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "made-up",
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
