"""One bus for all of these tests: each uses queues, or events, of its own."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.integration.sqs.serving import client, serving
from tests.running import Server


@pytest.fixture(scope="package")
def shared_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The bus; nobody is asked for credentials."""
    server = serving(tmp_path_factory.mktemp("sqs"))
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="package")
def sqs(shared_server: Server) -> Iterator[Any]:
    """A client that checks nothing itself."""
    made = client("sqs", shared_server.url)
    yield made
    made.close()


@pytest.fixture(scope="package")
def events(shared_server: Server) -> Iterator[Any]:
    """A client that puts events."""
    made = client("events", shared_server.url)
    yield made
    made.close()
