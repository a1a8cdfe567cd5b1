"""Registries by boto3."""

from typing import Any

import pytest

from tests.integration.schemas.conftest import Client
from tests.integration.schemas.refusals import refused

pytestmark = pytest.mark.long

BUILT_IN = ["aws.events", "discovered-schemas", "keybus"]


def plain(answer: dict[str, Any]) -> dict[str, Any]:
    """An answer without what HTTP says of it."""
    return {name: each for name, each in answer.items() if name != "ResponseMetadata"}


def names(answer: dict[str, Any]) -> list[str]:
    return [each["RegistryName"] for each in answer["Registries"]]


def test_a_registry_is_made_described_changed_and_deleted(client: Client) -> None:
    tags = {"team": "tills"}
    made = client.create_registry(RegistryName="a.life_of-1", Description="a", Tags=tags)
    assert made["ResponseMetadata"]["HTTPStatusCode"] == 201
    arn = "arn:aws:schemas:local:100000000000:registry/a.life_of-1"
    assert plain(made) == {
        "RegistryName": "a.life_of-1",
        "RegistryArn": arn,
        "Description": "a",
        "Tags": tags,
    }
    assert plain(client.describe_registry(RegistryName="a.life_of-1")) == plain(made)
    changed = client.update_registry(RegistryName="a.life_of-1", Description="b")
    assert plain(changed) == plain(made) | {"Description": "b"}
    assert plain(client.update_registry(RegistryName="a.life_of-1")) == plain(changed)
    deleted = client.delete_registry(RegistryName="a.life_of-1")
    assert deleted["ResponseMetadata"]["HTTPStatusCode"] == 204
    told = refused("NotFoundException", client.describe_registry, RegistryName="a.life_of-1")
    assert told == "Registry with name a.life_of-1 does not exist."


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("BadRequestException", "with space"),
        ("BadRequestException", "x" * 65),
        ("BadRequestException", "ä"),
        ("BadRequestException", "a@b"),
        ("ForbiddenException", "aws.mine"),
        ("ConflictException", "keybus"),
        ("ConflictException", "aws.events"),
        ("ConflictException", "discovered-schemas"),
    ],
)
def test_a_name_is_refused(client: Client, kind: str, name: str) -> None:
    refused(kind, client.create_registry, RegistryName=name)


@pytest.mark.parametrize(
    "more",
    [
        {"Description": "x" * 257},
        {"Description": 7},
        {"Tags": {"a": 7}},
        {"Tags": {"aws:a": "b"}},
        {"Tags": {"": "b"}},
        {"Tags": {"x" * 129: "b"}},
        {"Tags": {"a": "x" * 257}},
        {"Tags": {f"k{number}": "" for number in range(51)}},
    ],
)
def test_what_is_said_of_it_is_refused(client: Client, more: dict[str, Any]) -> None:
    refused("BadRequestException", client.create_registry, RegistryName="refused", **more)
    refused("NotFoundException", client.describe_registry, RegistryName="refused")


def test_what_is_at_its_bounds_is_taken(client: Client) -> None:
    name, tags = "x" * 64, {f"{number:0128}": "x" * 256 for number in range(50)}
    client.create_registry(RegistryName=name, Description="x" * 256, Tags=tags)
    assert client.describe_registry(RegistryName=name)["Tags"] == tags
    client.delete_registry(RegistryName=name)


def test_the_same_name_again_is_a_conflict(client: Client, registry: str) -> None:
    told = refused("ConflictException", client.create_registry, RegistryName=registry)
    assert told == f"Registry with name {registry} already exists."


@pytest.mark.parametrize("name", BUILT_IN)
def test_nobody_changes_what_nobody_made(client: Client, name: str) -> None:
    assert client.describe_registry(RegistryName=name)["Description"]
    refused("ForbiddenException", client.update_registry, RegistryName=name, Description="x")
    told = refused("ForbiddenException", client.delete_registry, RegistryName=name)
    assert ("keybus contracts publish" in told) == (name == "keybus")
    assert client.describe_registry(RegistryName=name)["RegistryName"] == name


@pytest.mark.parametrize("name", BUILT_IN[:2])
def test_what_aws_fills_is_empty_here(client: Client, name: str) -> None:
    assert client.list_schemas(RegistryName=name)["Schemas"] == []
    assert client.search_schemas(RegistryName=name, Keywords="ec2")["Schemas"] == []
    asked = {"RegistryName": name, "SchemaName": "aws.ec2@EC2InstanceStateChange"}
    refused("NotFoundException", client.describe_schema, **asked)


def test_a_registry_with_schemas_is_not_deleted(client: Client, registry: str) -> None:
    asked = {"RegistryName": registry, "SchemaName": "sold"}
    client.create_schema(**asked, Type="JSONSchemaDraft4", Content="{}")
    told = refused("BadRequestException", client.delete_registry, RegistryName=registry)
    assert "1 schemas; delete them first" in told
    client.delete_schema(**asked)


def test_registries_are_listed_by_scope_prefix_and_page(client: Client) -> None:
    own = [f"listed-{number}" for number in range(4)]
    for name in reversed(own):
        client.create_registry(RegistryName=name, Tags={"a": "b"})
    found = client.list_registries(Scope="Local", RegistryNamePrefix="listed-")
    assert names(found) == own
    assert found["Registries"][0]["Tags"] == {"a": "b"}
    assert names(client.list_registries(Scope="AWS")) == ["aws.events", "keybus"]
    assert set(names(client.list_registries())) >= {*own, *BUILT_IN}
    first = client.list_registries(RegistryNamePrefix="listed-", Limit=2)
    client.delete_registry(RegistryName=own[1])  # the last one that was told of
    second = client.list_registries(
        RegistryNamePrefix="listed-", Limit=2, NextToken=first["NextToken"]
    )
    assert (names(first), names(second)) == (own[:2], own[2:])
    assert "NextToken" not in second
    for name in own[:1] + own[2:]:
        client.delete_registry(RegistryName=name)


def test_a_token_is_one_lists(client: Client) -> None:
    token = client.list_registries(Limit=1)["NextToken"]
    for asked in (
        {"NextToken": "made up"},
        {"NextToken": "ä"},
        {"NextToken": token, "Scope": "AWS"},
        {"NextToken": token, "RegistryNamePrefix": "a"},
    ):
        refused("BadRequestException", client.list_registries, **asked)
    refused("BadRequestException", client.list_schemas, RegistryName="keybus", NextToken=token)
    refused("BadRequestException", client.list_discoverers, NextToken=token)


@pytest.mark.parametrize("limit", [0, -1, 101, 10**30, "ten", "", "1_0"])
def test_a_limit_is_from_1_to_100(client: Client, limit: Any) -> None:
    refused("BadRequestException", client.list_registries, Limit=limit)


def test_a_scope_is_local_or_aws(client: Client) -> None:
    refused("BadRequestException", client.list_registries, Scope="Global")


def test_tags_come_and_go(client: Client, registry: str) -> None:
    arn = client.describe_registry(RegistryName=registry)["RegistryArn"]
    client.tag_resource(ResourceArn=arn, Tags={"a": "1", "b": "2"})
    client.tag_resource(ResourceArn=arn, Tags={"b": "3", "c d/ä": "4"})
    assert client.list_tags_for_resource(ResourceArn=arn)["Tags"] == {
        "a": "1",
        "b": "3",
        "c d/ä": "4",
    }
    client.untag_resource(ResourceArn=arn, TagKeys=["a", "c d/ä", "never there"])
    assert client.list_tags_for_resource(ResourceArn=arn)["Tags"] == {"b": "3"}
    assert client.describe_registry(RegistryName=registry)["Tags"] == {"b": "3"}
    many = {f"k{number}": "" for number in range(50)}
    refused("BadRequestException", client.tag_resource, ResourceArn=arn, Tags=many)
    refused("BadRequestException", client.untag_resource, ResourceArn=arn, TagKeys=[])
    assert client.list_tags_for_resource(ResourceArn=arn)["Tags"] == {"b": "3"}


@pytest.mark.parametrize(
    ("kind", "arn"),
    [
        ("BadRequestException", "no ARN"),
        ("BadRequestException", "arn:aws:events:local:100000000000:rule/x"),
        ("BadRequestException", "arn:aws:schemas:local:100000000000:discoverer/x"),
        ("BadRequestException", "arn:aws:schemas:local:100000000000:registry/a/b"),
        ("NotFoundException", "arn:aws:schemas:local:100000000000:registry/none"),
        ("NotFoundException", "arn:aws:schemas:local:100000000000:schema/none/x"),
        ("NotFoundException", "arn:aws:schemas:local:100000000001:registry/none"),
        ("NotFoundException", "arn:aws:schemas:mars:100000000000:registry/none"),
        ("NotFoundException", "arn:aws:schemas:local:100000000000:registry/keybus"),
        ("NotFoundException", "arn:aws:schemas:local::schema/keybus/no.such"),
    ],
)
def test_an_arn_of_nothing_is_refused(client: Client, kind: str, arn: str) -> None:
    refused(kind, client.list_tags_for_resource, ResourceArn=arn)


def test_nobody_tags_what_nobody_made(client: Client) -> None:
    arn = "arn:aws:schemas:local::registry/keybus"
    assert client.list_tags_for_resource(ResourceArn=arn)["Tags"] == {}
    refused("ForbiddenException", client.tag_resource, ResourceArn=arn, Tags={"a": "b"})
    refused("ForbiddenException", client.untag_resource, ResourceArn=arn, TagKeys=["a"])
