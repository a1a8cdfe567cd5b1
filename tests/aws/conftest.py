"""One open bus and one closed one for all tests of a process: each uses names of its own."""

from collections.abc import Iterator

import pytest

from tests.aws.closed import SignedServer
from tests.aws.open import OpenServer
from tests.aws.wire import Wire
from tests.running import Server


@pytest.fixture(scope="session")
def open_bus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """`keybus dev`, of which each test uses names of its own."""
    server = OpenServer(tmp_path_factory.mktemp("open"))
    server.start()
    yield server
    assert server.stop() == 0
    assert "Traceback" not in server.log.read_text()


@pytest.fixture
def wire(open_bus: Server) -> Iterator[Wire]:
    """A connection to it."""
    with Wire(open_bus.url) as made:
        yield made


@pytest.fixture(scope="session")
def signed_bus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SignedServer]:
    """`keybus serve`, which asks for signatures; each test has an account of its own."""
    server = SignedServer(tmp_path_factory.mktemp("signed"))
    server.start()
    yield server
    assert server.stop() == 0
    assert "Traceback" not in server.log.read_text()
