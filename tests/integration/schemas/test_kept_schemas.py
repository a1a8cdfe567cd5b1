"""Schemas in registries of an account, by boto3."""

import json
from typing import Any

import pytest
from jsonschema_rs import Draft4Validator

from tests.integration.schemas.conftest import Client
from tests.integration.schemas.refusals import refused
from tests.unit.bus.schema_registries.test_content import OPENAPI

pytestmark = pytest.mark.long

JSON, OPEN = "JSONSchemaDraft4", "OpenApi3"
TEXT = '{"type": "string", "title": "%s"}'


def make(client: Client, registry: str, name: str = "sold", **more: Any) -> dict[str, Any]:
    asked = {"Type": JSON, "Content": TEXT % name, **more}
    answer: dict[str, Any] = client.create_schema(RegistryName=registry, SchemaName=name, **asked)
    return answer


def test_a_schema_has_versions(client: Client, registry: str) -> None:
    named = {"RegistryName": registry, "SchemaName": "my.app@Sold_1-a"}
    made = client.create_schema(
        **named, Type=JSON, Content=TEXT % 1, Description="d", Tags={"a": "b"}
    )
    assert made["ResponseMetadata"]["HTTPStatusCode"] == 201
    assert made["SchemaArn"] == (
        f"arn:aws:schemas:local:100000000000:schema/{registry}/my.app@Sold_1-a"
    )
    assert (made["SchemaVersion"], made["Type"], made["Description"]) == ("1", JSON, "d")
    assert made["LastModified"] == made["VersionCreatedDate"]
    changed = client.update_schema(**named, Content=json.dumps(OPENAPI), Type=OPEN)
    assert (changed["SchemaVersion"], changed["Type"]) == ("2", OPEN)
    found = client.describe_schema(**named)
    assert json.loads(found["Content"]) == OPENAPI
    assert (found["SchemaVersion"], found["Type"], found["Tags"]) == ("2", OPEN, {"a": "b"})
    assert found["Description"] == "d"
    first = client.describe_schema(**named, SchemaVersion="1")
    assert (first["Content"], first["Type"]) == (TEXT % 1, JSON)
    versions = client.list_schema_versions(**named)["SchemaVersions"]
    assert [(each["SchemaVersion"], each["Type"]) for each in versions] == [
        ("1", JSON),
        ("2", OPEN),
    ]
    assert client.delete_schema_version(**named, SchemaVersion="2")["ResponseMetadata"]
    assert client.describe_schema(**named)["SchemaVersion"] == "1"
    told = refused("BadRequestException", client.delete_schema_version, **named, SchemaVersion="1")
    assert "only one" in told
    assert client.update_schema(**named, Content=TEXT % 3)["SchemaVersion"] == "3"
    client.delete_schema(**named)
    told = refused("NotFoundException", client.describe_schema, **named)
    assert told == "Schema with name my.app@Sold_1-a does not exist."


def test_a_description_alone_makes_no_version(client: Client, registry: str) -> None:
    make(client, registry)
    named = {"RegistryName": registry, "SchemaName": "sold"}
    assert client.update_schema(**named, Description="new")["SchemaVersion"] == "1"
    assert client.describe_schema(**named)["Description"] == "new"
    refused("BadRequestException", client.update_schema, **named, Type=OPEN)
    assert client.update_schema(**named, Type=JSON)["Description"] == "new"


def test_a_token_makes_one_version(client: Client, registry: str) -> None:
    make(client, registry)
    asked = {"RegistryName": registry, "SchemaName": "sold", "ClientTokenId": "once"}
    first = client.update_schema(**asked, Content=TEXT % 2)
    client.update_schema(RegistryName=registry, SchemaName="sold", Content=TEXT % 3)
    again = client.update_schema(**asked, Content=TEXT % 2)
    assert (first["SchemaVersion"], again["SchemaVersion"]) == ("2", "2")
    assert again["VersionCreatedDate"] == first["VersionCreatedDate"]
    refused("BadRequestException", client.update_schema, **asked, Content=TEXT % 4)
    named = {"RegistryName": registry, "SchemaName": "sold"}
    assert len(client.list_schema_versions(**named)["SchemaVersions"]) == 3


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"Content": "{"}, "JSON"),
        ({"Content": '{"type": "objekt"}'}, "/type"),
        ({"Content": "{}", "Type": OPEN}, "/openapi"),
        ({"Content": '{"$ref": "https://example.com/a.json"}'}, "remote address"),
        ({"Content": ""}, "content"),
        ({"Content": " " * 100_001}, "100000"),
        ({"Content": {}}, "String"),
        ({"Content": None}, "content"),
        ({"Type": "Avro"}, "enum value set: [JSONSchemaDraft4, OpenApi3]"),
        ({"Type": None}, "type"),
        ({"SchemaName": "a b"}, "name"),
        ({"SchemaName": "x" * 386}, "385"),
        ({"Description": "x" * 257}, "256"),
        ({"RegistryName": "none"}, "Registry with name none does not exist."),
    ],
)
def test_a_schema_is_refused(
    client: Client, registry: str, change: dict[str, Any], told: str
) -> None:
    asked = {"RegistryName": registry, "SchemaName": "sold", "Type": JSON, "Content": "{}"}
    asked = {name: each for name, each in (asked | change).items() if each is not None}
    assert told in refused("BadRequestException", client.create_schema, **asked)
    assert client.list_schemas(RegistryName=registry)["Schemas"] == []


def test_the_largest_schema_is_taken(client: Client, registry: str) -> None:
    text = json.dumps({"title": "é" * 99_987}, ensure_ascii=False)
    assert len(text) == 100_000
    make(client, registry, "x" * 385, Content=text)
    found = client.describe_schema(RegistryName=registry, SchemaName="x" * 385)
    assert found["Content"] == text


def test_the_same_name_again_is_refused(client: Client, registry: str) -> None:
    make(client, registry)
    asked = {"RegistryName": registry, "SchemaName": "sold", "Type": JSON, "Content": "{}"}
    assert "already exists" in refused("BadRequestException", client.create_schema, **asked)


def test_nothing_is_written_into_the_contracts(client: Client) -> None:
    named = {"RegistryName": "keybus", "SchemaName": "delivery.failed"}
    for told in (
        refused("ForbiddenException", client.create_schema, **named, Type=JSON, Content="{}"),
        refused("ForbiddenException", client.update_schema, **named, Content="{}"),
        refused("ForbiddenException", client.delete_schema, **named),
        refused("ForbiddenException", client.delete_schema_version, **named, SchemaVersion="1.0.0"),
    ):
        assert "keybus contracts publish" in told
    assert client.describe_schema(**named)["SchemaVersion"] == "1.0.0"


def test_schemas_are_listed_and_paged(client: Client, registry: str) -> None:
    for name in ("b.2", "b.1", "a.1"):
        make(client, registry, name)
    client.update_schema(RegistryName=registry, SchemaName="a.1", Content="{}")
    found = client.list_schemas(RegistryName=registry)["Schemas"]
    assert [(each["SchemaName"], each["VersionCount"]) for each in found] == [
        ("a.1", 2),
        ("b.1", 1),
        ("b.2", 1),
    ]
    chosen = client.list_schemas(RegistryName=registry, SchemaNamePrefix="b.")["Schemas"]
    assert [each["SchemaName"] for each in chosen] == ["b.1", "b.2"]
    pages = client.get_paginator("list_schemas").paginate(
        RegistryName=registry, PaginationConfig={"PageSize": 1}
    )
    assert [[each["SchemaName"] for each in page["Schemas"]] for page in pages] == [
        ["a.1"],
        ["b.1"],
        ["b.2"],
    ]


def test_versions_are_paged_by_number(client: Client, registry: str) -> None:
    make(client, registry)
    named = {"RegistryName": registry, "SchemaName": "sold"}
    for number in range(2, 12):
        client.update_schema(**named, Content=TEXT % number)
    first = client.list_schema_versions(**named, Limit=9)
    client.delete_schema_version(**named, SchemaVersion="9")
    second = client.list_schema_versions(**named, Limit=9, NextToken=first["NextToken"])
    told = [each["SchemaVersion"] for page in (first, second) for each in page["SchemaVersions"]]
    assert told == [str(number) for number in range(1, 12)]


def test_schemas_are_found_by_their_names_and_contents(client: Client, registry: str) -> None:
    make(client, registry, "till.sold", Content='{"properties": {"Amount": {}}}')
    make(client, registry, "till.closed", Content='{"description": "the amount of a day"}')
    client.update_schema(RegistryName=registry, SchemaName="till.sold", Content='{"title": "x"}')

    def found(words: str, **more: Any) -> list[tuple[str, list[str]]]:
        answer = client.search_schemas(RegistryName=registry, Keywords=words, **more)
        return [
            (each["SchemaName"], [one["SchemaVersion"] for one in each["SchemaVersions"]])
            for each in answer["Schemas"]
        ]

    assert found("amount") == [("till.closed", ["1"]), ("till.sold", ["1"])]
    assert found("TILL") == [("till.closed", ["1"]), ("till.sold", ["1", "2"])]
    assert found("amount  day") == [("till.closed", ["1"])]
    assert found("nothing") == []
    page = client.search_schemas(RegistryName=registry, Keywords="till", Limit=1)
    assert page["Schemas"][0]["RegistryName"] == registry
    assert page["Schemas"][0]["SchemaVersions"][0]["CreatedDate"]
    assert found("till", Limit=1, NextToken=page["NextToken"]) == [("till.sold", ["1", "2"])]
    refused("BadRequestException", client.search_schemas, RegistryName=registry, Keywords=" ")
    refused("BadRequestException", client.search_schemas, RegistryName=registry)
    refused("BadRequestException", client.search_schemas, RegistryName="none", Keywords="a")


def test_schemas_are_exported_as_json_schema(client: Client, registry: str) -> None:
    make(client, registry, Type=OPEN, Content=json.dumps(OPENAPI))
    named = {"RegistryName": registry, "SchemaName": "sold"}
    exported = client.export_schema(**named, Type=JSON)
    assert (exported["SchemaVersion"], exported["Type"]) == ("1", JSON)
    validator = Draft4Validator(json.loads(exported["Content"]))
    assert validator.is_valid({"detail": {"amount": 1}})
    assert not validator.is_valid({"detail": {"amount": 0}})
    client.update_schema(**named, Type=JSON, Content=TEXT % 2)
    assert client.export_schema(**named, Type=JSON)["Content"] == TEXT % 2
    one = client.export_schema(**named, Type=JSON, SchemaVersion="1")
    assert one["Content"] == exported["Content"]
    refused("BadRequestException", client.export_schema, **named, Type=OPEN)
    refused("BadRequestException", client.export_schema, **named)
    refused("NotFoundException", client.export_schema, **named, Type=JSON, SchemaVersion="7")
    two = OPENAPI | {"components": {"schemas": {"One": {}, "Two": {}}}}
    client.update_schema(**named, Type=OPEN, Content=json.dumps(two))
    told = refused("BadRequestException", client.export_schema, **named, Type=JSON)
    assert "One, Two" in told


def test_schemas_have_tags(client: Client, registry: str) -> None:
    arn = make(client, registry, "a@b", Tags={"a": "b"})["SchemaArn"]
    client.tag_resource(ResourceArn=arn, Tags={"c": "d"})
    client.untag_resource(ResourceArn=arn, TagKeys=["a"])
    assert client.list_tags_for_resource(ResourceArn=arn)["Tags"] == {"c": "d"}


def test_bindings_are_written_from_contracts_alone(client: Client, registry: str) -> None:
    make(client, registry)
    named = {"RegistryName": registry, "SchemaName": "sold", "Language": "Python36"}
    for call in (client.put_code_binding, client.describe_code_binding):
        assert "Release it as a contract" in refused("BadRequestException", call, **named)
