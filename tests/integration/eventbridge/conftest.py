"""A closed bus, and clients of its accounts."""

from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config

from keybus.governance.principal import Role
from tests.running import CLOSED_PLATFORM, ClosedServer

Clients = Callable[..., Any]


class Kept(ClosedServer):
    """It keeps events two days at most."""

    PLATFORM = CLOSED_PLATFORM + "archive: {max_age: 172800}\n"


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    """A closed bus for all tests of this folder; each leaves it as it was."""
    server = Kept(tmp_path_factory.mktemp("small"))
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def clients(small: Kept) -> Iterator[Clients]:
    """Makes clients of a service: of an account, in roles."""
    made: dict[tuple[str, ...], Any] = {}

    def client(account: str, *roles: Role, service: str = "events") -> Any:
        if (account, *roles, service) not in made:
            issued = small.issue(account, *roles, kind="key")
            made[account, *roles, service] = boto3.client(
                service,
                endpoint_url=small.url,
                region_name="local",
                aws_access_key_id=issued.credential.id,
                aws_secret_access_key=issued.secret,
                # Limits are the server's to enforce here, and an error is to be seen at once.
                config=Config(parameter_validation=False, retries={"total_max_attempts": 1}),
            )
        return made[account, *roles, service]

    yield client
    for each in made.values():
        each.close()


@pytest.fixture(scope="session")
def central(clients: Clients) -> Any:
    return clients("operations", "central")


@pytest.fixture(scope="session")
def shop(clients: Clients) -> Any:
    return clients("shop", "publisher", "subscriber")
