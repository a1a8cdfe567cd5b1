"""The AWS CLI, and signatures over paths that are encoded: with an access key of a closed bus."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest

from keybus.governance.credentials import Issued
from tests.running import ClosedServer

pytestmark = pytest.mark.long
JSON = "JSONSchemaDraft4"
Aws = Callable[..., Any]


@pytest.fixture(scope="module")
def issued(closed: ClosedServer) -> Issued:
    return closed.issue("shop", "publisher", kind="key")


@pytest.fixture
def aws(closed: ClosedServer, issued: Issued, environment: dict[str, str]) -> Aws:
    command = shutil.which("aws", path=str(Path(sys.executable).parent))
    assert command is not None, "the lock installs the AWS CLI"
    keys = {
        "AWS_ACCESS_KEY_ID": issued.credential.id,
        "AWS_SECRET_ACCESS_KEY": issued.secret,
        "PYTHONPATH": "",
    }

    def run(*words: str, fails: bool = False) -> Any:
        done = subprocess.run(
            [command, "schemas", *words, "--endpoint-url", closed.url, "--output", "json"],
            env={**environment, **keys},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert bool(done.returncode) is fails, done.stderr
        return json.loads(done.stdout) if done.stdout else done.stderr

    return run


def test_the_aws_cli_keeps_a_schema(aws: Aws, tmp_path: Path) -> None:
    named = ("--registry-name", "cli", "--schema-name", "till@Sold")
    made = aws("create-registry", "--registry-name", "cli", "--tags", "a=b")
    assert made["RegistryArn"].endswith(":222222222222:registry/cli")
    file = tmp_path / "schema.json"
    file.write_text('{"type": "object"}')
    content = ("--type", JSON, "--content", f"file://{file}")
    assert aws("create-schema", *named, *content)["SchemaVersion"] == "1"
    assert aws("update-schema", *named, "--content", "{}")["SchemaVersion"] == "2"
    assert aws("describe-schema", *named, "--schema-version", "1")["Content"] == file.read_text()
    assert len(aws("list-schema-versions", *named)["SchemaVersions"]) == 2
    found = aws("search-schemas", "--registry-name", "cli", "--keywords", "object")["Schemas"]
    assert [each["SchemaName"] for each in found] == ["till@Sold"]
    told = aws("delete-registry", "--registry-name", "cli", fails=True)
    assert "(BadRequestException)" in told
    aws("delete-schema", *named)
    aws("delete-registry", "--registry-name", "cli")
    assert "(NotFoundException)" in aws("describe-registry", "--registry-name", "cli", fails=True)


def test_a_path_with_an_arn_is_signed_as_it_is_sent(closed: ClosedServer, issued: Issued) -> None:
    client = boto3.client(
        "schemas",
        endpoint_url=closed.url,
        region_name="eu-central-1",
        aws_access_key_id=issued.credential.id,
        aws_secret_access_key=issued.secret,
    )
    client.create_registry(RegistryName="signed")
    named = {"RegistryName": "signed", "SchemaName": "till@Sold"}
    arn = client.create_schema(**named, Type=JSON, Content="{}")["SchemaArn"]
    client.tag_resource(ResourceArn=arn, Tags={"a b": "c/d?e&f"})
    client.untag_resource(ResourceArn=arn, TagKeys=["x y", "z&a=b"])
    assert client.list_tags_for_resource(ResourceArn=arn)["Tags"] == {"a b": "c/d?e&f"}
    client.delete_schema(**named)
    client.delete_registry(RegistryName="signed")
    client.close()
