"""The contracts as a registry: what holds and what was released, as documents of draft-04."""

import json
from typing import Any

import pytest
from jsonschema_rs import Draft4Validator

from keybus.bus import Bus
from keybus.bus.registry.errors import LedgerBroken
from keybus.bus.registry.shelf import LEDGERS
from keybus.bus.schema_registries.content import check
from keybus.bus.schema_registries.released import (
    ContractVersion,
    ReleasedSchemas,
    current,
)
from keybus.contracts import Contract, ContractRepository
from keybus.contracts.examples import examples_of
from keybus.contracts.exchange_formats.self_contained import document_of
from keybus.contracts.formats import FORMATS
from keybus.contracts.releases.exchange import StatusChange
from keybus.governance import Principal
from tests.running import EXAMPLE
from tests.unit.bus.registry.publishing import (
    AUDITOR,
    CENTRAL,
    DESK,
    SHOP,
    SOLD,
    STRANGER,
    TOOLS,
    USED,
    publish,
)
from tests.unit.contracts.small import TEXT

CONTRACTS = ContractRepository.load(EXAMPLE / "contracts")
NUMBER = {"type": "integer"}


async def names(bus: Bus, by: Principal) -> dict[str, list[str]]:
    """What somebody may read: the versions of each type."""
    applied = bus.generation.contracts.editions
    found = await ReleasedSchemas(bus.releases, by, applied).all()
    return {name: [each.name for each in versions] for name, versions in found.items()}


@pytest.mark.parametrize("event_type", CONTRACTS)
def test_a_document_takes_what_the_contract_takes(event_type: str) -> None:
    contract = CONTRACTS[event_type]
    document = document_of(contract)
    assert check("JSONSchemaDraft4", json.dumps(document)) == document
    validator = Draft4Validator(document, formats=dict(FORMATS), validate_formats=True)
    [event] = examples_of(contract)
    mutants: list[dict[str, Any]] = [
        event,
        {},
        *({name: each for name, each in event.items() if name != gone} for gone in event),
        *({**event, name: [None]} for name in event),
    ]
    taken = [contract.accepts(each) for each in mutants]
    assert taken[0]
    assert False in taken
    assert [validator.is_valid(each) for each in mutants] == taken


def test_definitions_are_named_after_their_files() -> None:
    document = document_of(CONTRACTS["device.telemetry.reported"])
    assert {"Event", "Device", "Site", "Address"} & document["definitions"].keys()
    assert document["title"] == "DeviceTelemetryReported"
    text = json.dumps(document)
    assert '"$ref": "#/definitions/Event"' in text
    assert ".json" not in text


def test_contracts_that_refer_to_themselves_stay_within_their_document() -> None:
    schema: dict[str, Any] = {
        "title": "TreeGrown",
        "type": "object",
        "properties": {"branch": {"$ref": "#"}, "leaf": {"$ref": "parts/Leaf.json"}},
        "x-keybus": {
            "type": "tree.grown",
            "owner": "shop",
            "version": "1.0.0",
            "classification": "public",
        },
    }
    leaf = {"definitions": {"leaf": {"type": "string"}}, "$ref": "#/definitions/leaf"}
    other = {"title": "Leaf", "enum": [{"$ref": "kept as it is"}]}
    schema["properties"]["other"] = {"$ref": "more/Leaf.json"}
    documents = {"TreeGrown.json": schema, "parts/Leaf.json": leaf, "more/Leaf.json": other}
    document = document_of(Contract(documents, "TreeGrown.json"))
    validator = Draft4Validator(document)
    assert validator.is_valid({"branch": {"branch": {"leaf": "green"}}})
    assert not validator.is_valid({"branch": {"branch": {"leaf": 7}}})
    assert document["properties"]["branch"] == {"$ref": "#"}
    assert sorted(document["definitions"]) == ["Leaf", "Leaf2", "LeafLeaf"]
    assert {"$ref": "kept as it is"} in [
        *document["definitions"]["Leaf"].get("enum", []),
        *document["definitions"]["Leaf2"].get("enum", []),
    ]


async def test_what_holds_is_there_without_a_release(bus: Bus) -> None:
    assert await names(bus, CENTRAL) == {SOLD: ["1.0.0"], USED: ["1.0.0"]}


async def test_releases_are_versions_beside_it(bus: Bus) -> None:
    await publish(bus, SHOP, "1.1.0", amount=TEXT, count=NUMBER)
    await publish(bus, SHOP, "1.10.0", amount=TEXT, count=NUMBER, more=TEXT)
    await publish(bus, SHOP, "1.9.0-rc.1", amount=TEXT, count=NUMBER, draft=True)
    found = ReleasedSchemas(bus.releases, SHOP, bus.generation.contracts.editions)
    versions = await found.versions(SOLD)
    # The bus goes by 1.10.0, so what was applied holds no longer and was never released.
    assert [each.name for each in versions] == ["1.1.0", "1.9.0-rc.1", "1.10.0"]
    assert current(versions).name == "1.10.0"
    assert [each.status for each in versions] == ["active", "draft", "active"]
    assert all(each.created and each.changed for each in versions)
    assert json.loads(versions[-1].text())["x-keybus"]["version"] == "1.10.0"
    assert await found.versions("nobody.knows") == []


async def test_a_status_is_told_with_what_comes_instead(bus: Bus) -> None:
    await publish(bus, SHOP, "1.0.0")
    await publish(bus, SHOP, "1.1.0", amount=TEXT, count=NUMBER)
    asked = StatusChange("1.0.0", "deprecated", f"{SOLD}@1", "2027-06-30", "too small")
    await bus.releases.change(SOLD, asked, SHOP)
    found = ReleasedSchemas(bus.releases, SHOP, bus.generation.contracts.editions)
    old = (await found.versions(SOLD))[0]
    assert (old.status, old.sunset) == ("deprecated", "2027-06-30")
    assert "deprecated" in old.warning


async def test_accounts_read_what_they_may_know(bus: Bus) -> None:
    await publish(bus, TOOLS, "1.1.0", USED, classification="public", amount=TEXT, more=TEXT)
    both = {SOLD: ["1.0.0"], USED: ["1.1.0"]}
    assert await names(bus, CENTRAL) == await names(bus, AUDITOR) == both
    assert await names(bus, SHOP) == both  # its own, and what is public
    assert await names(bus, DESK) == both  # what it may receive
    assert await names(bus, TOOLS) == {USED: ["1.1.0"]}
    assert await names(bus, STRANGER) == {}


async def test_what_was_applied_is_read_by_whoever_may_know_it(bus: Bus) -> None:
    assert await names(bus, SHOP) == {SOLD: ["1.0.0"]}
    assert await names(bus, DESK) == {SOLD: ["1.0.0"], USED: ["1.0.0"]}  # an approver of tools
    assert await names(bus, TOOLS) == {USED: ["1.0.0"]}


def test_the_current_version_is_the_newest_that_somebody_may_rely_on() -> None:
    contract = CONTRACTS["delivery.failed"]
    draft, gone = ContractVersion(contract, "draft"), ContractVersion(contract, "retired")
    active = ContractVersion(contract)
    assert current([active, draft]) is active
    assert current([gone, draft]) is draft


async def test_a_type_whose_ledger_was_changed_is_not_told_of(bus: Bus) -> None:
    await publish(bus, SHOP, "1.0.0")
    [ledger] = [each async for each in bus.engine.documents.list(LEDGERS)]
    await bus.engine.documents.put(LEDGERS, SOLD, ledger.value.replace(b"because", b"no reason"))
    assert await names(bus, CENTRAL) == {USED: ["1.0.0"]}
    found = ReleasedSchemas(bus.releases, CENTRAL, bus.generation.contracts.editions)
    with pytest.raises(LedgerBroken):
        await found.versions(SOLD)
