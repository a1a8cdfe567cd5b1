"""Events without a contract: handed out, drafted by the command line, and watched by discoverers."""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from openapi_spec_validator import validate

from keybus.cli.contracts import contracts
from keybus.contracts import ContractRepository
from keybus.contracts.discovery import UNCERTAIN
from tests.integration.schemas.conftest import Client, NewClient, asking
from tests.integration.schemas.refusals import refused
from tests.integration.served import SECONDS, Served
from tests.unit.bus.registry.publishing import SOLD, write

pytestmark = pytest.mark.long
PLATFORM_BUS = "arn:aws:events:local:111111111111:event-bus/default"
REGISTRY = "discovered-schemas"
DETAIL = {"order_id": "O-1", "amount": 12.5, "at": "2026-01-31T08:00:00Z"}


@pytest.fixture(scope="module")
def observing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A closed bus that takes what has no contract."""
    folder = write(tmp_path_factory.mktemp("observing"))
    with (folder / "platform.yaml").open("a") as platform:
        platform.write("admission: {default: observe}\n")
    served = Served(folder)
    yield served
    served.close()


@pytest.fixture(scope="module")
def as_whom(observing: Served) -> Iterator[NewClient]:
    made: list[Client] = []

    def make(account: str, *roles: Any) -> Client:
        made.append(asking(observing.url, observing.token(account, *roles)))
        return made[-1]

    yield make
    for each in made:
        each.close()


def put(served: Served, token: str, source: str, event_type: str, *details: Any) -> None:
    entries = [{"source": source, "detail_type": event_type, "detail": each} for each in details]
    status, answer = served.ask("POST", "/events", token, {"entries": entries})
    assert status == 200
    assert all("event_id" in each for each in answer["results"]), answer


def until(condition: Callable[[], Any]) -> Any:
    """What a condition gives, as soon as it gives something."""
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        if found := condition():
            return found
        time.sleep(0.05)
    pytest.fail("it did not come to hold")


def test_the_command_line_drafts_from_a_running_bus(
    observing: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop, tools = observing.token("shop", "publisher"), observing.token("tools", "publisher")
    put(observing, shop, "shop.till", "order.placed", *[DETAIL] * 40)
    put(observing, tools, "tools.bench", "tool.broken", {"tool": 1})
    put(observing, shop, "shop.till", SOLD, {"amount": "1"})
    status, page = observing.ask("GET", "/undeclared-events", shop)
    assert status == 200
    types = [each["envelope"]["detail-type"] for each in page["events"]]
    assert set(types) == {"order.placed"}  # neither the declared, nor what is of others
    assert page["next"] is None
    assert observing.ask("GET", "/undeclared-events?type=none.such", shop)[1]["events"] == []
    assert observing.ask("GET", "/undeclared-events?since=never", shop)[0] == 400
    assert observing.ask("GET", "/undeclared-events")[0] == 401
    folder = tmp_path / "contracts"
    monkeypatch.setenv("KEYBUS_TOKEN", shop)
    arguments = ["discover", str(folder), "--from", observing.url, "--owner", "shop", "--json"]
    found = CliRunner().invoke(contracts, arguments)
    assert found.exit_code == 0, found.output
    [row] = json.loads(found.output)["drafts"]
    assert (row["type"], row["events"], row["sources"]) == ("order.placed", 40, ["shop.till"])
    contract = ContractRepository.load(folder)["order.placed"]
    assert UNCERTAIN not in contract.schema["allOf"][1]["properties"]["at"]
    central = observing.token("operations", "central", "publisher", "subscriber")
    monkeypatch.setenv("KEYBUS_TOKEN", central)
    monkeypatch.setenv("KEYBUS_URL", observing.url)
    limited = CliRunner().invoke(
        contracts, ["discover", str(tmp_path / "two"), "--limit", "3", "--owner", "o", "--json"]
    )
    assert limited.exit_code == 0, limited.output


def test_events_that_are_given(as_whom: NewClient) -> None:
    client = as_whom("desk", "subscriber")
    events = [
        json.dumps({"detail-type": "Order Placed", "source": "shop.till", "detail": each})
        for each in (DETAIL, {"order_id": None, "amount": 1, "b": [{"c": 1}, {"c": "x"}]})
    ]
    api = json.loads(client.get_discovered_schema(Events=events, Type="OpenApi3")["Content"])
    validate(api)
    schemas = api["components"]["schemas"]
    assert schemas["AWSEvent"]["x-amazon-events-detail-type"] == "Order Placed"
    assert schemas["AWSEvent"]["x-amazon-events-source"] == "shop.till"
    assert schemas["OrderPlaced"]["required"] == ["amount", "order_id"]
    assert schemas["OrderPlaced"]["properties"]["order_id"] == {"type": "string", "nullable": True}
    again = client.get_discovered_schema(Events=events[::-1], Type="OpenApi3")["Content"]
    assert json.loads(again) == api
    plain = client.get_discovered_schema(Events=['{"a": 1.5}'], Type="JSONSchemaDraft4")["Content"]
    assert json.loads(plain)["properties"] == {"a": {"type": "number"}}
    for bad in ([], ["{}"] * 11, ["7"], ["{"], [""], ["{}", '{"a": NaN}']):
        refused("BadRequestException", client.get_discovered_schema, Events=bad, Type="OpenApi3")
    refused("BadRequestException", client.get_discovered_schema, Events=["{}"], Type="Avro")


def test_a_discoverers_life(observing: Served, as_whom: NewClient) -> None:
    client, other = as_whom("shop", "publisher"), as_whom("tools", "publisher")
    made = client.create_discoverer(SourceArn=PLATFORM_BUS, Description="d", Tags={"a": "b"})
    named = {"DiscovererId": made["DiscovererId"]}
    assert made["DiscovererArn"].endswith(":222222222222:discoverer/events-event-bus-default")
    assert (made["State"], made["CrossAccount"], made["Tags"]) == ("STARTED", True, {"a": "b"})
    refused("ConflictException", client.create_discoverer, SourceArn=PLATFORM_BUS)
    none = PLATFORM_BUS.replace("default", "none")
    refused("BadRequestException", client.create_discoverer, SourceArn=none)
    refused("BadRequestException", client.create_discoverer, SourceArn="short")
    refused("NotFoundException", other.describe_discoverer, **named)
    assert other.list_discoverers()["Discoverers"] == []
    token = observing.token("shop", "publisher")
    put(observing, token, "shop.till", "Order Returned", {"n": 1}, {"n": 2, "more": True})
    place = {"RegistryName": REGISTRY, "SchemaName": "shop.till@OrderReturned"}

    def seen() -> dict[str, Any] | None:
        listed = client.list_registries(Scope="Local")["Registries"]
        names = client.list_schemas(RegistryName=REGISTRY)["Schemas"] if listed else []
        if place["SchemaName"] not in [each["SchemaName"] for each in names]:
            return None
        found: dict[str, Any] = json.loads(client.describe_schema(**place)["Content"])
        return found

    content = until(seen)
    validate(content)
    assert content["components"]["schemas"]["OrderReturned"] == {
        "type": "object",
        "required": ["n"],
        "properties": {"more": {"type": "boolean"}, "n": {"type": "integer"}},
    }
    put(observing, token, "shop.till", "Order Returned", {"n": "x"})
    until(lambda: client.describe_schema(**place)["SchemaVersion"] == "2")
    assert SOLD not in str(client.list_schemas(RegistryName=REGISTRY))
    assert other.list_schemas(RegistryName=REGISTRY)["Schemas"] == []
    refused("ForbiddenException", client.create_schema, **place, Type="OpenApi3", Content="{}")
    assert client.stop_discoverer(**named)["State"] == "STOPPED"
    assert client.update_discoverer(**named, Description="e")["Description"] == "e"
    assert client.describe_discoverer(**named)["State"] == "STOPPED"
    assert client.start_discoverer(**named)["State"] == "STARTED"
    [listed] = client.list_discoverers(DiscovererIdPrefix="events-")["Discoverers"]
    assert listed["State"] == "STARTED"
    assert client.list_discoverers(SourceArnPrefix="arn:none")["Discoverers"] == []
    client.delete_schema(**place)
    put(observing, token, "shop.till", "Order Returned", {"other": 1})
    again = until(seen)
    assert list(again["components"]["schemas"]["OrderReturned"]["properties"]) == ["other"]
    client.delete_discoverer(**named)
    refused("NotFoundException", client.start_discoverer, **named)
    refused("NotFoundException", client.stop_discoverer, **named)
    refused("NotFoundException", client.update_discoverer, **named)
    refused("NotFoundException", client.delete_discoverer, **named)
    assert seen()  # what was found stays


def test_who_may(as_whom: NewClient) -> None:
    desk = as_whom("desk", "subscriber")
    refused("ForbiddenException", desk.create_discoverer, SourceArn=PLATFORM_BUS)
    for call in (desk.start_discoverer, desk.stop_discoverer, desk.delete_discoverer):
        refused("ForbiddenException", call, DiscovererId="x")
