"""`keybus contracts import` and `export`, as they are typed."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from keybus.cli.contracts import contracts
from keybus.contracts import ContractRepository
from keybus.contracts.scaffold import scaffold
from keybus.errors import BusUnavailable, ContractError, SettingsError
from tests.unit.contracts.exchange_formats.confluent import registry, schema

DRAFT_7 = "http://json-schema.org/draft-07/schema#"
HEAD = {
    "id": "3f0c0e9e-8a54-4b6e-9a39-0c1f5d1f2b7a",
    "type": "order.placed",
    "time": "2026-01-31T08:00:00Z",
    "publisher": {"name": "till"},
    "schema_version": "0.1.0",
}
ORDER = {
    "$schema": DRAFT_7,
    "$id": "http://shop.example/order.json",
    "title": "OrderPlaced",
    "type": "object",
    "additionalProperties": False,
    "required": ["number", "customer"],
    "properties": {
        "number": {"type": "integer", "exclusiveMinimum": 0},
        "kind": {"const": "web"},
        "customer": {"$ref": "customer.json"},
        "tags": {"type": "object", "propertyNames": {"maxLength": 3}},
    },
}
CUSTOMER = {
    "$schema": DRAFT_7,
    "type": "object",
    "required": ["name"],
    "properties": {"name": {"$ref": "#/definitions/Name"}},
    "definitions": {"Name": {"type": "string", "minLength": 1}},
}
AWS = {
    "openapi": "3.0.0",
    "info": {"version": "1.0.0", "title": "OrderPlaced"},
    "paths": {},
    "components": {
        "schemas": {
            "AWSEvent": {
                "type": "object",
                "required": ["detail-type", "resources", "detail", "id", "source", "time"],
                "x-amazon-events-detail-type": "Order Placed",
                "x-amazon-events-source": "shop.till",
                "properties": {
                    "detail": {"$ref": "#/components/schemas/OrderPlaced"},
                    "account": {"type": "string"},
                    "detail-type": {"type": "string"},
                    "source": {"type": "string"},
                },
            },
            "OrderPlaced": {
                "type": "object",
                "required": ["number"],
                "properties": {"number": {"type": "number", "nullable": True}},
            },
        }
    },
}


def run(*arguments: object, code: int = 0) -> Result:
    found = CliRunner().invoke(contracts, [str(each) for each in arguments])
    if found.exception is not None and not isinstance(found.exception, SystemExit):
        raise found.exception
    assert found.exit_code == code, found.output
    return found


def drafts(result: Result) -> dict[str, dict[str, Any]]:
    """What programs are told of what was written, by type."""
    return {each["type"]: each for each in json.loads(result.output)["drafts"]}


def holds_order(folder: Path) -> None:
    """Whether ORDER came whole, but for what is told."""
    contract = ContractRepository.load(folder)["order.placed"]
    event = {**HEAD, "number": 1, "customer": {"name": "A"}, "kind": "web"}
    assert contract.accepts(event)
    for wrong in ({"number": 0}, {"kind": "shop"}, {"customer": {"name": ""}}):
        assert not contract.accepts({**event, **wrong})
    assert contract.accepts({**event, "more": 1})  # it is open now


def test_a_confluent_registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    subjects = {
        "order-placed-value": [schema({}), schema(ORDER, ("customer.json", "customer", 2))],
        "customer": [schema({"type": "string"}), schema(CUSTOMER)],
        "order-placed-key": [schema({"type": "string"})],
        "stock/moved*": [{"schema": '{"type": "record", "name": "A", "fields": []}'}],
    }
    folder = tmp_path / "contracts"
    with registry(subjects, user="ada:secret:with:colons", token="tok") as url:
        with pytest.raises(ContractError, match="401"):
            run("import", url, folder, "--owner", "shop")
        monkeypatch.setenv("KEYBUS_SCHEMA_REGISTRY_USER", "ada:secret:with:colons")
        told = run(
            *("import", url, folder, "--owner", "shop", "--json", "--subject", "order-placed-value")
        )
        lost = {
            (each["pointer"], each["keyword"]) for each in drafts(told)["order.placed"]["losses"]
        }
        assert ("/properties/tags", "propertyNames") in lost
        changes = drafts(told)["order.placed"]["changes"]
        assert [each["keyword"] for each in changes] == ["additionalProperties"]
        holds_order(folder)
        check = json.loads(run("check", folder, "--json", code=1).output)
        assert {each["rule"] for each in check["findings"]} == {"unsettled"}
        monkeypatch.delenv("KEYBUS_SCHEMA_REGISTRY_USER")
        monkeypatch.setenv("KEYBUS_SCHEMA_REGISTRY_TOKEN", "tok")
        all_of_it = run("import", url, tmp_path / "all", "--owner", "shop", "--json")
        remarks = json.loads(all_of_it.output)["remarks"]
        assert sorted(drafts(all_of_it)) == ["events.customer", "order.placed"]
        assert any("stock/moved* was left out: it is AVRO" in each for each in remarks)
        assert any("order-placed-key" in each for each in remarks)
        with pytest.raises(ContractError, match="404"):
            run("import", url, folder, "--subject", "none", "--owner", "o")
    with pytest.raises(BusUnavailable):
        run("import", url, folder, "--owner", "shop")
    with pytest.raises(SettingsError, match="plain HTTP"):
        run("import", "http://registry.example:8081", folder)


def test_files_of_a_confluent_registry(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.mkdir()
    version = {"subject": "order-placed-value", "version": 7, "id": 1}
    told = schema(ORDER, ("customer.json", "customer", 2))
    (kept / "order.json").write_text(json.dumps({**version, **told}))
    (kept / "customer.json").write_text(
        json.dumps({"subject": "customer", "version": 2, **schema(CUSTOMER)})
    )
    (kept / "broken.json").write_text("{")
    found = run("import", kept, tmp_path / "contracts", "--owner", "shop", "--json")
    assert list(drafts(found)) == ["order.placed"]  # the customer is only referred to
    assert "broken.json was left out" in json.loads(found.output)["remarks"][0]
    holds_order(tmp_path / "contracts")


def test_plain_files_that_refer_to_each_other(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    (kept / "parts").mkdir(parents=True)
    order = json.loads(json.dumps(ORDER).replace("customer.json", "parts/customer.json#"))
    del order["$id"]
    (kept / "OrderPlaced.json").write_text(json.dumps(order))
    (kept / "parts" / "customer.json").write_text(json.dumps(CUSTOMER))
    found = run("import", kept, tmp_path / "contracts", "--owner", "shop", "--json")
    assert list(drafts(found)) == ["order.placed"]
    holds_order(tmp_path / "contracts")


@pytest.mark.parametrize("wrapped", [True, False])
def test_eventbridges_own_layout(tmp_path: Path, *, wrapped: bool) -> None:
    file = tmp_path / "shop.till@OrderPlaced.json"
    told = {"Content": json.dumps(AWS), "SchemaName": "shop.till@OrderPlaced", "Type": "OpenApi3"}
    file.write_text(json.dumps(told if wrapped else AWS))
    found = run("import", file, tmp_path / "c", "--owner", "shop", "--json")
    [row] = drafts(found).values()
    assert (row["type"], row["losses"]) == ("order.placed", [])
    assert "type" in [each["about"] for each in row["uncertain"]]  # events say "Order Placed"
    contract = ContractRepository.load(tmp_path / "c")["order.placed"]
    assert contract.accepts({**HEAD, "number": None})
    assert not contract.accepts({**HEAD, "number": "1"})
    assert not contract.accepts(HEAD)


@pytest.mark.parametrize("version", ["3.0.3", "3.1.0"])
def test_the_only_component_to_which_nothing_refers_is_the_event(
    tmp_path: Path, version: str
) -> None:
    address = {"type": "object", "required": ["city"]}
    names = {"address": "Address", "inviting": "UserSignedUp"}  # it may hold itself
    signed_up = {name: {"$ref": f"#/components/schemas/{to}"} for name, to in names.items()}
    schemas = {"Address": address, "UserSignedUp": {"type": "object", "properties": signed_up}}
    document = {
        "openapi": version,
        "info": {"title": "The API"},
        "components": {"schemas": schemas},
    }
    file = tmp_path / "api.json"
    file.write_text(json.dumps(document))
    found = run("import", file, tmp_path / "c", "--owner", "shop", "--json")
    assert list(drafts(found)) == ["user.signed.up"]
    contract = ContractRepository.load(tmp_path / "c")["user.signed.up"]
    event = {**HEAD, "type": "user.signed.up"}
    assert contract.accepts({**event, "address": {"city": "X"}})
    assert not contract.accepts({**event, "address": {}})
    assert not contract.accepts({**event, "inviting": {"address": {}}})
    schemas["UserLeft"] = {"type": "object"}
    file.write_text(json.dumps(document))
    told = run("import", file, tmp_path / "c", "--owner", "shop", code=1).output
    assert "(UserLeft, UserSignedUp): each event has a document of its own" in told


def test_a_contract_is_not_overwritten_and_faults_are_told(tmp_path: Path) -> None:
    folder = tmp_path / "contracts"
    scaffold(folder, "order.placed", owner="shop")
    before = (folder / "order" / "OrderPlaced.json").read_bytes()
    file = tmp_path / "OrderPlaced.json"
    file.write_text(json.dumps({"type": "object"}))
    with pytest.raises(ContractError, match="is there already"):
        run("import", file, folder)
    assert (folder / "order" / "OrderPlaced.json").read_bytes() == before
    run("import", file, folder, "--force")
    assert (folder / "order" / "OrderPlaced.json").read_bytes() != before
    for document, words in (
        ({"type": "string"}, "an event's detail is an object"),
        ({"title": "注文"}, "no word for an event type"),
        ({"orderId": "O-1", "type": "order.placed", "title": "Dr"}, "`keybus contracts discover`"),
        (
            {"openapi": "3.0.3", "info": {"title": ["A"]}, "components": {"schemas": {"A": []}}},
            "its component 'A' is no JSON object",
        ),
        ({"swagger": "2.0", "definitions": {"A": {"type": "object"}}}, "no keyword of JSON Schema"),
    ):
        odd = tmp_path / "注文.json"
        odd.write_text(json.dumps(document))
        assert words in run("import", odd, folder, "--owner", "o", code=1).output
    with pytest.raises(ContractError, match="there is no"):
        run("import", tmp_path / "none.json", folder)


def test_what_contradicts_the_core_is_left_out_and_told(tmp_path: Path) -> None:
    file = tmp_path / "OrderPlaced.json"
    odd = {
        "type": "object",
        "required": ["id", "type", "nowhere"],
        "maxProperties": 2,
        "properties": {
            "id": {"type": "integer"},
            "type": {"const": "OrderPlaced"},
            "n": {"const": 1},
        },
    }
    file.write_text(json.dumps(odd))
    found = run("import", file, tmp_path / "c", "--owner", "o", "--json")
    lost = {each["keyword"] for each in drafts(found)["order.placed"]["changes"]}
    assert lost == {"id", "type", "maxProperties"}
    contract = ContractRepository.load(tmp_path / "c")["order.placed"]
    assert contract.accepts({**HEAD, "n": 1, "nowhere": 2})
    assert not contract.accepts({**HEAD, "n": 2, "nowhere": 2})


def test_export(fixtures: Path, tmp_path: Path) -> None:
    folder = tmp_path / "contracts"
    shutil.copytree(fixtures / "valid", folder)
    status = "delivery.status.updated"
    plain = json.loads(run("export", folder, "--type", status).output)
    assert plain["title"] == "DeliveryStatusUpdated"
    assert '"$ref": "../' not in json.dumps(plain)
    whole = json.loads(
        run("export", folder, "--type", status, "--envelope", "--source", "shop.till").output
    )
    assert whole["x-amazon-events-source"] == "shop.till"
    api = run("export", folder, "--type", status, "--format", "openapi3")
    event = json.loads(api.stdout)["components"]["schemas"]["AWSEvent"]
    assert event["x-amazon-events-detail-type"] == status
    out = tmp_path / "out"
    run("export", folder, "--format", "openapi3", "--out", out)
    assert sorted(each.name for each in out.iterdir()) == [
        f"{each}.json" for each in ContractRepository.load(folder)
    ]
    with pytest.raises(ContractError, match="there are 2 contracts"):
        run("export", folder)
