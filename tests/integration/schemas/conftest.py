"""EventBridge Schemas on one open bus, and on a closed one, asked by real boto3."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config

from keybus.governance import Role
from tests.integration.served import Served
from tests.running import EXAMPLE
from tests.unit.bus.registry.publishing import write

Client = Any
"""boto3 has no types of its own."""
NewClient = Callable[..., Client]
# Limits are the server's to enforce here, and an error is to be seen at once.
_AS_IT_IS = {"parameter_validation": False, "retries": {"total_max_attempts": 1}}


def asking(url: str, token: str = "") -> Client:
    """A client of a bus; with a token, it shows that in place of a signature."""
    config = Config(**_AS_IT_IS, signature_version=UNSIGNED if token else "v4")
    client = boto3.client(
        "schemas",
        endpoint_url=url,
        region_name="local",
        aws_access_key_id="any",
        aws_secret_access_key="any",
        config=config,
    )

    def shown(request: Any, **_: Any) -> None:
        request.headers["Authorization"] = f"Bearer {token}"

    if token:
        client.meta.events.register("before-send.schemas", shown)
    return client


@pytest.fixture(scope="session")
def opened() -> Iterator[Served]:
    """The reference application's bus, which asks nobody; tests use names of their own on it."""
    served = Served(EXAMPLE, is_open=True)
    yield served
    served.close()


@pytest.fixture(scope="session")
def client(opened: Served) -> Iterator[Client]:
    """Whoever has no credential, which is the central account."""
    made = asking(opened.url)
    yield made
    made.close()


@pytest.fixture(scope="module")
def closed_bus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A small bus that asks for credentials."""
    served = Served(write(tmp_path_factory.mktemp("small")))
    yield served
    served.close()


@pytest.fixture(scope="module")
def as_account(closed_bus: Served) -> Iterator[NewClient]:
    """Makes clients of accounts, in some roles."""
    made: list[Client] = []

    def make(account: str, *roles: Role) -> Client:
        made.append(asking(closed_bus.url, closed_bus.token(account, *roles)))
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.fixture
def registry(client: Client, request: pytest.FixtureRequest) -> Iterator[str]:
    """A registry of the test's own; it and its schemas are gone afterwards."""
    name = Path(request.node.name.partition("[")[0]).name[:60]
    client.create_registry(RegistryName=name)
    yield name
    for page in client.get_paginator("list_schemas").paginate(RegistryName=name):
        for schema in page["Schemas"]:
            client.delete_schema(RegistryName=name, SchemaName=schema["SchemaName"])
    client.delete_registry(RegistryName=name)
