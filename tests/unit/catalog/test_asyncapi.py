"""The AsyncAPI document, by itself; AsyncAPI's own parser reads it in tests/asyncapi."""

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

import jsonschema_rs
import pytest
import yaml

from keybus.catalog import Catalogue, asyncapi_document
from keybus.catalog.asyncapi import Options, Server, as_json, as_yaml
from keybus.catalog.asyncapi.draft07 import as_draft07
from keybus.catalog.asyncapi.schemas import key_of
from keybus.catalog.samples import samples_of
from keybus.contracts.pointers import follow
from keybus.errors import SettingsError
from tests.running import EXAMPLE


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        value = list(value.values())
    if isinstance(value, list):
        for inner in value:
            yield from references(inner)


@pytest.mark.parametrize("name", ["history", "hostile"])
def test_every_reference_leads_somewhere(name: str, request: pytest.FixtureRequest) -> None:
    document = json.loads(as_json(asyncapi_document(request.getfixturevalue(name))))
    found = set(references(document))
    assert found
    for reference in found:
        follow(document, unquote(reference.removeprefix("#")))
    for section in document["components"].values():
        assert all(re.fullmatch(r"[\w.\-]+", key, re.ASCII) for key in section)


def test_channels_operations_and_messages(history: Catalogue) -> None:
    document = asyncapi_document(history)
    assert document["asyncapi"] == "3.0.0"
    assert list(document["channels"]) == [
        *("order.placed", "order.returned", "payment.taken", "events without a contract"),
    ]
    assert document["channels"]["order.placed"]["messages"] == {
        "v2": {"$ref": "#/components/messages/order.placed-v2"},
        "v1": {"$ref": "#/components/messages/order.placed-v1"},
    }
    assert list(document["operations"]) == [
        "shop.orders:send:order.placed",
        "bills:receive:order.placed",
        "picking:receive:order.placed",
        "everything:receive:order.placed",
        "shop.orders:send:order.returned",
        "everything:receive:order.returned",
        "shop.orders:send:payment.taken",
        "bills:receive:payment.taken",
        "everything:receive:payment.taken",
        "everything:receive:*",
    ]
    bills = document["operations"]["bills:receive:order.placed"]
    assert bills["messages"] == [{"$ref": "#/channels/order.placed/messages/v1"}]
    assert bills["x-keybus"] == {
        "subscription": "bills",
        "account": "billing",
        "account_id": "222222222222",
        "filter": {"detail": {"total": [{"numeric": [">", 100]}]}},
        "grants": {"billing-orders": {"expires": "2026-01-01"}},
    }


def test_a_deprecated_major_says_so_beside_the_newer_one(history: Catalogue) -> None:
    messages = asyncapi_document(history)["components"]["messages"]
    old, new = messages["order.placed-v1"], messages["order.placed-v2"]
    assert old["deprecated"] is True
    assert "deprecated" not in new
    assert "its sunset date is 2027-01-31" in old["description"]
    assert old["x-keybus"]["replaced_by"] == "order.placed@2"
    assert old["tags"] == [
        {"name": "owner:shop"},
        {"name": "classification:internal"},
        {"name": "deprecated"},
    ]
    assert messages["payment.taken-v1"]["x-keybus"]["status"] == "sunset"
    assert messages["order.returned-v1"]["x-keybus"]["status"] == "draft"


def test_an_older_form_of_a_shared_file_keeps_a_name_of_its_own(history: Catalogue) -> None:
    schemas = asyncapi_document(history)["components"]["schemas"]
    assert {"core.Event", "core.Publisher", "core.EventType"} <= schemas.keys()
    assert {"order.placed-v1", "order.placed-v2"} <= schemas.keys()
    old, new = schemas["order.placed-v1"], schemas["order.placed-v2"]
    assert "total" in old["allOf"][1]["properties"]
    assert "total" not in new["allOf"][1]["properties"]


@pytest.mark.long
def test_schemas_take_and_refuse_what_contracts_do(example_catalogue: Catalogue) -> None:
    document = json.loads(as_json(asyncapi_document(example_catalogue)))
    judges = {
        event.type: jsonschema_rs.Draft7Validator(
            {"$ref": f"#/components/schemas/{event.type}-v1", "components": document["components"]},
            validate_formats=True,
        )
        for event in example_catalogue.events.values()
    }
    seen = 0
    for name in ("valid", "invalid"):
        for line in (EXAMPLE / "vectors" / f"{name}.jsonl").read_text().splitlines():
            row = json.loads(line)
            contract = example_catalogue.events[row["type"]].contract
            codes = {fault.code for fault in contract.faults(row["detail"])}
            if codes <= {"format"} and codes:
                continue  # uuid, which draft-07 does not know
            assert judges[row["type"]].is_valid(row["detail"]) == contract.accepts(row["detail"])
            seen += 1
    assert seen > 50


@pytest.mark.long
def test_examples_fit_their_messages(example_catalogue: Catalogue) -> None:
    for payload in ("envelope", "detail"):
        document = asyncapi_document(example_catalogue, Options(payload=payload))
        text = json.loads(as_json(document))
        for message in text["components"]["messages"].values():
            judge = jsonschema_rs.Draft7Validator(
                {**message["payload"], "components": text["components"]}
            )
            assert message["examples"]
            assert all(judge.is_valid(each["payload"]) for each in message["examples"])


def test_draft_04_becomes_draft_07() -> None:
    schema = {
        "$schema": "http://json-schema.org/draft-04/schema#",
        "minimum": 1,
        "exclusiveMinimum": True,
        "maximum": 5,
        "exclusiveMaximum": False,
        "discriminator": "kind",
        "readOnly": "perhaps",
        "x-extensible": True,
        "x-keybus": {},
        "properties": {"exclusiveMinimum": {"$ref": "a.json", "title": "gone"}},
        "items": [{"maximum": 2, "exclusiveMaximum": True}],
        "dependencies": {"a": ["b"], "c": {"exclusiveMinimum": True}},
    }
    before = json.dumps(schema)
    assert as_draft07(schema, "to:{}".format) == {
        "exclusiveMinimum": 1,
        "maximum": 5,
        "x-extensible": True,
        "properties": {"exclusiveMinimum": {"$ref": "to:a.json"}},
        "items": [{"exclusiveMaximum": 2}],
        "dependencies": {"a": ["b"], "c": {}},
    }
    assert json.dumps(schema) == before


@pytest.mark.parametrize("name", ["history", "hostile"])
def test_yaml_says_what_json_says(name: str, request: pytest.FixtureRequest) -> None:
    document = asyncapi_document(request.getfixturevalue(name))
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    assert yaml.load(as_yaml(document), loader) == json.loads(as_json(document))


def test_yaml_quotes_what_could_be_something_else() -> None:
    values = ["no", "On", "1e3", "0o7", "012", "12:30", "2026-01-31", "", " a", "a: b", "~", "null"]
    values += ["-", "a #b", "*a", "=", "0x1", ".inf", "two\nlines", "\u0085\u2028", "a\tb", "größe"]
    text = as_yaml({"values": values, **dict.fromkeys(values, 1), "numbers": [1e30, 10**30, 0.1]})
    assert yaml.safe_load(text) == {
        "values": values,
        **dict.fromkeys(values, 1),
        "numbers": [1e30, 10**30, 0.1],
    }
    for each in ("1e3", "0o7", "no"):
        assert f'"{each}"' in text


def test_names_of_files_never_clash() -> None:
    files = ["core/Site.json", "core.Site.json", "core/site.json", "größe.json", "gr__e.json"]
    files += ["order.placed-v1.json", "a b.json", "a_b.json", "a/b.json", "a-b.json"]
    keys = list(map(key_of, files))
    assert len(set(keys)) == len(keys)
    assert keys[0] == "core.Site"
    assert "order.placed-v1" not in keys


def test_the_version_is_a_digest_unless_one_is_given(history: Catalogue) -> None:
    one = asyncapi_document(history)["info"]
    other = asyncapi_document(history, Options(version="7", title="Mine"))["info"]
    assert one["version"] == one["x-keybus"]["digest"].removeprefix("sha256:")[:12]
    assert (other["version"], other["title"]) == ("7", "Mine")
    assert as_json(asyncapi_document(history)) == as_json(asyncapi_document(history))


def test_servers() -> None:
    assert Server.parse("http://127.0.0.1:7411") == Server("bus", "127.0.0.1:7411", "http")
    assert Server.parse("eu=https://bus.example.com/a/") == Server(
        "eu", "bus.example.com", "https", "/a"
    )
    for wrong in ("eu=ftp://x", "x", "a b=http://x", "https://u:p@x", "http://x?y=1", "http://[", "http://x:y"):  # fmt: skip
        with pytest.raises(SettingsError):
            Server.parse(wrong)


@pytest.mark.long
def test_every_sample_is_in_the_document(example_catalogue: Catalogue) -> None:
    messages = asyncapi_document(example_catalogue)["components"]["messages"]
    for event in example_catalogue.events.values():
        labels = [each["name"] for each in messages[f"{event.type}-v1"]["examples"]]
        assert labels == [each.label for each in samples_of(event.contract)]


def test_the_detail_alone_may_be_the_payload(history: Catalogue) -> None:
    document = asyncapi_document(history, Options(payload="detail"))
    message = document["components"]["messages"]["order.placed-v1"]
    assert message["payload"] == {"$ref": "#/components/schemas/order.placed-v1"}
    assert message["correlationId"]["location"] == "$message.payload#/correlation_id"
