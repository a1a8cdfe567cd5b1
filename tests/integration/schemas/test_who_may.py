"""Who may read and write what, on a closed bus."""

import pytest

from keybus.governance import Role
from tests.integration.schemas.conftest import Client, NewClient, asking
from tests.integration.schemas.refusals import refused
from tests.integration.served import Served
from tests.unit.bus.registry.publishing import SOLD, USED

pytestmark = pytest.mark.long

JSON = "JSONSchemaDraft4"
OTHERS: tuple[tuple[str, Role], ...] = (("tools", "publisher"), ("operations", "central"))


@pytest.fixture(scope="module")
def shop(as_account: NewClient) -> Client:
    return as_account("shop", "publisher")


@pytest.mark.parametrize(
    ("account", "roles", "types"),
    [
        ("operations", ("central",), [SOLD, USED]),
        ("desk", ("auditor",), [SOLD, USED]),
        ("shop", ("publisher",), [SOLD]),
        ("tools", ("subscriber",), [USED]),
    ],
)
def test_contracts_are_those_that_one_may_read(
    as_account: NewClient, account: str, roles: tuple[Role, ...], types: list[str]
) -> None:
    client = as_account(account, *roles)
    found = client.list_schemas(RegistryName="keybus")["Schemas"]
    assert [each["SchemaName"] for each in found] == types
    for name in {SOLD, USED} - set(types):
        asked = {"RegistryName": "keybus", "SchemaName": name}
        told = refused("NotFoundException", client.describe_schema, **asked)
        assert told == f"Schema with name {name} does not exist."
        binding = {**asked, "Language": "Python36"}
        refused("NotFoundException", client.get_code_binding_source, **binding)
        assert client.search_schemas(RegistryName="keybus", Keywords=name)["Schemas"] == []


def test_a_registry_is_its_accounts_own(as_account: NewClient, shop: Client) -> None:
    made = shop.create_registry(RegistryName="own", Tags={"a": "b"})
    assert made["RegistryArn"] == "arn:aws:schemas:local:222222222222:registry/own"
    named = {"RegistryName": "own", "SchemaName": "sold"}
    arn = shop.create_schema(**named, Type=JSON, Content="{}")["SchemaArn"]
    for account, role in OTHERS:
        other = as_account(account, role)
        listed = other.list_registries(Scope="Local")["Registries"]
        assert [each["RegistryName"] for each in listed] == ["discovered-schemas"]
        for told in (
            refused("NotFoundException", other.describe_registry, RegistryName="own"),
            refused("NotFoundException", other.update_registry, RegistryName="own"),
            refused("NotFoundException", other.delete_registry, RegistryName="own"),
            refused("NotFoundException", other.describe_schema, **named),
            refused("NotFoundException", other.delete_schema, **named),
            refused("BadRequestException", other.list_schemas, RegistryName="own"),
            refused("BadRequestException", other.create_schema, **named, Type=JSON, Content="{}"),
        ):
            assert told == "Registry with name own does not exist."
        refused("NotFoundException", other.list_tags_for_resource, ResourceArn=arn)
        refused("NotFoundException", other.tag_resource, ResourceArn=arn, Tags={"c": "d"})
    assert shop.list_tags_for_resource(ResourceArn=arn)["Tags"] == {}
    other = as_account("tools", "publisher")
    other.create_registry(RegistryName="own")  # the name is free there
    other.delete_registry(RegistryName="own")
    assert shop.describe_schema(**named)["Content"] == "{}"


@pytest.mark.parametrize("role", ["subscriber", "auditor"])
def test_whoever_publishes_nothing_writes_nothing(as_account: NewClient, role: Role) -> None:
    client = as_account("desk", role)
    told = refused("ForbiddenException", client.create_registry, RegistryName="mine")
    assert "contracts.publish" in told
    asked = {"RegistryName": "mine", "SchemaName": "a"}
    refused("ForbiddenException", client.delete_schema, **asked)
    refused("ForbiddenException", client.delete_registry, RegistryName="mine")
    arn = "arn:aws:schemas:local:333333333333:registry/mine"
    refused("ForbiddenException", client.tag_resource, ResourceArn=arn, Tags={"a": "b"})
    refused("NotFoundException", client.describe_registry, RegistryName="mine")


def test_whoever_has_no_credential_is_told_so_in_the_services_words(closed_bus: Served) -> None:
    client = asking(closed_bus.url, "kbtk-made-up")
    with pytest.raises(client.exceptions.ClientError) as caught:
        client.list_registries()
    client.close()
    answer = caught.value.response
    assert answer["Error"]["Code"] == "UnrecognizedClientException"
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 403


def test_changes_are_in_the_audit_log(closed_bus: Served, shop: Client) -> None:
    shop.create_registry(RegistryName="audited")
    shop.delete_registry(RegistryName="audited")
    token = closed_bus.token("operations", "central")
    status, page = closed_bus.ask("GET", "/audit?limit=1000&account=shop", token)
    assert status == 200
    told = [each["action"] for each in page["entries"] if each["subject"] == "shop/audited"]
    assert told == ["schema-registry.created", "schema-registry.deleted"]
