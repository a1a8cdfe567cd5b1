"""The contracts of the bus, read by boto3: as schemas, and as bindings of one's own language."""

import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from jsonschema_rs import Draft4Validator

from tests.integration.schemas.conftest import Client, NewClient
from tests.integration.schemas.refusals import refused
from tests.integration.served import Served
from tests.unit.bus.registry.publishing import SOLD, files
from tests.unit.contracts.small import TEXT

JSON = "JSONSchemaDraft4"
FAILED = {"RegistryName": "keybus", "SchemaName": "delivery.failed"}


def test_every_contract_is_a_schema(client: Client) -> None:
    pages = client.get_paginator("list_schemas").paginate(
        RegistryName="keybus", PaginationConfig={"PageSize": 7}
    )
    found = [each for page in pages for each in page["Schemas"]]
    assert len(found) == 16
    assert {each["VersionCount"] for each in found} == {1}
    [failed] = [each for each in found if each["SchemaName"] == "delivery.failed"]
    assert failed["SchemaArn"] == "arn:aws:schemas:local::schema/keybus/delivery.failed"
    assert failed["Tags"]["keybus:owner"] == "deliveries"
    assert failed["Tags"]["keybus:digest"].startswith("sha256:")
    tags = client.list_tags_for_resource(ResourceArn=failed["SchemaArn"])["Tags"]
    assert tags == failed["Tags"]


def test_a_contract_is_one_document(client: Client) -> None:
    found = client.describe_schema(**FAILED)
    assert (found["SchemaVersion"], found["Type"]) == ("1.0.0", JSON)
    assert "VersionCreatedDate" not in found  # it was applied, and never released here
    document = json.loads(found["Content"])
    assert document["title"] == "DeliveryFailed"
    assert found["Description"] == document["description"]
    assert not Draft4Validator(document).is_valid({})
    exported = client.export_schema(**FAILED, Type=JSON, SchemaVersion="1.0.0")
    assert exported["Content"] == found["Content"]
    refused("NotFoundException", client.describe_schema, **FAILED, SchemaVersion="1")
    unknown = {"RegistryName": "keybus", "SchemaName": "no.such"}
    refused("NotFoundException", client.describe_schema, **unknown)
    refused("NotFoundException", client.list_schema_versions, **unknown)


def test_contracts_are_found_by_what_they_say(client: Client) -> None:
    def found(words: str) -> list[str]:
        answer = client.search_schemas(RegistryName="keybus", Keywords=words)
        return [each["SchemaName"] for each in answer["Schemas"]]

    assert found("battery_percent TELEMETRY") == ["device.telemetry.reported"]
    assert "delivery.failed" in found("delivery")
    assert found("delivery nothing-has-this") == []


def test_releases_are_its_versions(as_account: NewClient, closed_bus: Served) -> None:
    token = closed_bus.token("shop", "publisher")
    more: dict[str, Any] = {}
    for version, name in (("1.1.0", "more"), ("1.10.0", "n")):
        more[name] = TEXT
        sent = {"files": files(SOLD, version, amount=TEXT, **more), "why": "more is known"}
        status, _ = closed_bus.ask("POST", f"/contracts/{SOLD}/releases", token, sent)
        assert status == 201
    client = as_account("desk", "subscriber")
    named = {"RegistryName": "keybus", "SchemaName": SOLD}
    first = client.list_schema_versions(**named, Limit=1)
    second = client.list_schema_versions(**named, NextToken=first["NextToken"])
    told = [each["SchemaVersion"] for page in (first, second) for each in page["SchemaVersions"]]
    assert told == ["1.1.0", "1.10.0"]
    newest, older = (
        client.describe_schema(**named),
        client.describe_schema(**named, SchemaVersion="1.1.0"),
    )
    assert newest["SchemaVersion"] == "1.10.0"
    assert older["VersionCreatedDate"] <= newest["VersionCreatedDate"] <= newest["LastModified"]
    assert '"n":' in newest["Content"]
    assert '"n":' not in older["Content"]


def test_a_binding_is_a_package_that_enforces_the_contract(client: Client, tmp_path: Path) -> None:
    asked = {**FAILED, "Language": "Python36"}
    put = client.put_code_binding(**asked)
    assert put["ResponseMetadata"]["HTTPStatusCode"] == 202
    described = client.describe_code_binding(**asked, SchemaVersion="1.0.0")
    for answer in (put, described):
        assert (answer["SchemaVersion"], answer["Status"]) == ("1.0.0", "CREATE_COMPLETE")
    source = client.get_code_binding_source(**asked)
    headers = source["ResponseMetadata"]["HTTPHeaders"]
    assert "keybus" in headers["x-keybus-warning"]
    content = source["Body"].read()
    assert client.get_code_binding_source(**asked)["Body"].read() == content
    zipfile.ZipFile(io.BytesIO(content)).extractall(tmp_path)
    program = (
        "import keybus, delivery_failed\n"
        "try:\n    delivery_failed.DeliveryFailed()\n"
        "except keybus.InvalidEvent as error:\n    print(error.event_type)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout == "delivery.failed\n"


@pytest.mark.parametrize("language", ["Java8", "TypeScript3", "Go1", "python36", "é"])
def test_other_languages_are_refused(client: Client, language: str) -> None:
    asked = {**FAILED, "Language": language}
    for call in (
        client.put_code_binding,
        client.describe_code_binding,
        client.get_code_binding_source,
    ):
        assert "Python36 alone" in refused("BadRequestException", call, **asked)


def test_a_binding_of_nothing_is_not_found(client: Client) -> None:
    for more in ({"SchemaName": "no.such"}, {"SchemaVersion": "9.9.9"}, {"RegistryName": "none"}):
        asked = {**FAILED, "Language": "Python36", **more}
        refused("NotFoundException", client.get_code_binding_source, **asked)


def test_what_a_bus_does_not_do_is_refused(client: Client) -> None:
    for told in (
        refused("ForbiddenException", client.get_resource_policy, RegistryName="keybus"),
        refused("ForbiddenException", client.put_resource_policy, Policy="{}"),
        refused("ForbiddenException", client.delete_resource_policy),
    ):
        assert "grants" in told
