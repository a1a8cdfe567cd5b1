"""Contracts out of a registry of EventBridge's, as boto3 reads it."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from keybus.cli.contracts import contracts
from keybus.contracts import ContractRepository
from keybus.errors import ContractError
from tests.integration.schemas.conftest import Client
from tests.integration.served import Served

pytestmark = pytest.mark.long


@pytest.fixture
def at_the_bus(opened: Served, monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of an open bus, and credentials that boto3 finds."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "any")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "local")
    return opened.url


def test_a_registry_of_an_account(
    client: Client, registry: str, at_the_bus: str, tmp_path: Path
) -> None:
    detail = {"type": "object", "required": ["n"], "properties": {"n": {"type": "integer"}}}
    for name in ("shop.till@OrderPlaced", "shop.till@OrderReturned"):
        text = json.dumps({"title": "T", **detail})
        kind = "JSONSchemaDraft4"
        client.create_schema(RegistryName=registry, SchemaName=name, Type=kind, Content=text)
    arguments = [
        "import",
        f"eventbridge:{registry}",
        "--endpoint-url",
        at_the_bus,
        "--owner",
        "shop",
    ]
    both = CliRunner().invoke(contracts, [*arguments, str(tmp_path / "both")])
    assert both.exit_code == 0, both.output
    assert list(ContractRepository.load(tmp_path / "both")) == ["order.placed", "order.returned"]
    one = [*arguments, str(tmp_path / "one"), "--subject", "shop.till@OrderPlaced"]
    assert CliRunner().invoke(contracts, one).exit_code == 0
    assert list(ContractRepository.load(tmp_path / "one")) == ["order.placed"]


def test_the_contracts_of_a_bus_come_back_as_they_are(
    example: Path, at_the_bus: str, tmp_path: Path
) -> None:
    arguments = ["import", "eventbridge:keybus", str(tmp_path / "c"), "--endpoint-url", at_the_bus]
    found = CliRunner().invoke(contracts, arguments)
    assert found.exit_code == 0, found.output
    theirs, ours = (
        ContractRepository.load(tmp_path / "c"),
        ContractRepository.load(example / "contracts"),
    )
    assert [(each.type, each.version, each.owner) for each in theirs.values()] == [
        (each.type, each.version, each.owner) for each in ours.values()
    ]
    assert CliRunner().invoke(contracts, ["check", str(tmp_path / "c")]).exit_code == 0


def test_a_registry_that_is_not_there(at_the_bus: str, tmp_path: Path) -> None:
    arguments = ["import", "eventbridge:none", str(tmp_path), "--endpoint-url", at_the_bus]
    found = CliRunner().invoke(contracts, arguments)
    assert isinstance(found.exception, ContractError)
    assert "does not exist" in str(found.exception)
