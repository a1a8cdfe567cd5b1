"""Brought over from Keybus's own faces of EventBridge, SQS and EventBridge Schemas."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from keybus.cdk.existing import Wishes, move, read_account
from keybus.contracts import ContractRepository
from tests.running import EXAMPLE, Server

ANY = {"aws_access_key_id": "any", "aws_secret_access_key": "any", "region_name": "local"}
DELIVERIES = "111111111111"
PATTERN = {"source": ["key.delivery"], "detail-type": ["delivery.completed", "delivery.failed"]}
SCHEMA = {
    "$schema": "http://json-schema.org/draft-04/schema#",
    "title": "Parcel Lost",
    "type": "object",
    "required": ["parcel"],
    "properties": {"parcel": {"type": "string"}},
}


class Services:
    """boto3's clients of a bus of Keybus."""

    def __init__(self, url: str) -> None:
        self._url = url

    def client(self, service_name: str) -> Any:
        return boto3.client(service_name, endpoint_url=self._url, **ANY)


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    """A bus with a rule, a queue and a schema that were made by hand."""
    server = Server(EXAMPLE, tmp_path_factory.mktemp("bus"))
    server.start()
    found = Services(server.url)
    url = found.client("sqs").create_queue(QueueName="ledger")["QueueUrl"]
    asked = {"QueueUrl": url, "AttributeNames": ["QueueArn"]}
    arn = found.client("sqs").get_queue_attributes(**asked)["Attributes"]["QueueArn"]
    events = found.client("events")
    events.put_rule(Name="done", EventBusName="amazon-key", EventPattern=json.dumps(PATTERN))
    target = {"Id": "1", "Arn": arn}
    events.put_targets(Rule="done", EventBusName="amazon-key", Targets=[target])
    schemas = found.client("schemas")
    schemas.create_registry(RegistryName="parcels")
    schemas.create_schema(
        RegistryName="parcels",
        SchemaName="key.delivery@ParcelLost",
        Type="JSONSchemaDraft4",
        Content=json.dumps(SCHEMA),
    )
    yield found
    assert server.stop() == 0


@pytest.mark.long
def test_a_rule_and_the_contracts_of_all_registries(services: Services, tmp_path: Path) -> None:
    part = read_account(services, "platform")
    wishes = Wishes(bus="amazon-key", accounts={DELIVERIES: "deliveries"})
    written = move([part], tmp_path, wishes)
    found = ContractRepository.load(tmp_path / "contracts")
    declared = ContractRepository.load(EXAMPLE / "contracts")
    assert set(found.types) == {*declared.types, "parcel.lost"}
    assert {each: found[each].owner for each in declared.types} == {
        each: declared[each].owner for each in declared.types
    }
    assert found["parcel.lost"].owner == "deliveries"
    platform = written.moved.platform
    events = platform.publishers["key.delivery"].events
    assert {"delivery.completed", "delivery.failed", "parcel.lost"} <= set(events)
    ledger = platform.subscriptions["ledger"]
    assert ledger.events == ["delivery.completed@1", "delivery.failed@1"]
    assert platform.admission.default == "observe"  # the schema of parcels is a guess
    told = [str(each) for each in written.moved.not_carried]
    assert any(each.startswith("the account access: it owns 4 contracts") for each in told)


@pytest.mark.long
def test_contracts_that_are_there_stay(services: Services, tmp_path: Path) -> None:
    part = read_account(services, "platform", registries=["parcels"])
    wishes = Wishes(bus="amazon-key", accounts={DELIVERIES: "deliveries"})
    move([part], tmp_path, wishes)
    file = tmp_path / "contracts" / "parcel" / "ParcelLost.json"
    mine = file.read_text().replace('"0.1.0"', '"0.2.0"')
    file.write_text(mine)
    (tmp_path / "platform.yaml").unlink()
    assert move([part], tmp_path, wishes).kept == ("parcel.lost",)
    assert file.read_text() == mine
