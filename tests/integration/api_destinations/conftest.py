"""One bus, and one endpoint that its rules may call, for all tests of the folder."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.integration.api_destinations.called import Endpoint, endpoint
from tests.integration.api_destinations.calling import CallingServer


@pytest.fixture(scope="package")
def called() -> Iterator[Endpoint]:
    with endpoint() as made:
        yield made


@pytest.fixture(scope="package")
def bus(tmp_path_factory: pytest.TempPathFactory, called: Endpoint) -> Iterator[CallingServer]:
    server = CallingServer(tmp_path_factory.mktemp("calling"), called.port)
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="package")
def client(bus: CallingServer) -> Any:
    return bus.client()
