"""The platform's decisions."""

import pytest

from keybus.contracts import ContractRepository
from keybus.governance.authorizer import Authorizer
from tests.unit.governance.bus_policy.small import PLATFORM


@pytest.fixture(scope="session")
def nothing(tmp_path_factory: pytest.TempPathFactory) -> ContractRepository:
    """A repository without a contract."""
    folder = tmp_path_factory.mktemp("none")
    (folder / "keybus.toml").write_text('[repository]\nname = "none"\n')
    return ContractRepository.load(folder)


@pytest.fixture(scope="session")
def authorizer(nothing: ContractRepository) -> Authorizer:
    return Authorizer(PLATFORM, nothing)
