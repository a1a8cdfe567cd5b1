"""On a bus that asks nobody for credentials, whoever asks is the central account."""

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from tests.running import Server

pytestmark = pytest.mark.long

DENY = {
    "Version": "2012-10-17",
    "Statement": {
        "Sid": "no",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "events:PutEvents",
        "Resource": "*",
    },
}


@pytest.fixture
def client(shared_server: Server) -> Iterator[Any]:
    made = boto3.client(
        "events",
        endpoint_url=shared_server.url,
        region_name="local",
        aws_access_key_id="any",
        aws_secret_access_key="any",
    )
    yield made
    made.close()


@pytest.mark.long
def test_what_denies_is_kept_and_refuses_nothing_and_that_is_told(client: Any) -> None:
    bus = client.describe_event_bus()
    told = client.put_permission(Policy=json.dumps(DENY))
    warning = told["ResponseMetadata"]["HTTPHeaders"]["x-keybus-warning"]
    assert "does not enforce authorization" in warning
    shown = json.loads(client.describe_event_bus()["Policy"])["Statement"]
    assert shown[:-1] == json.loads(bus["Policy"])["Statement"]
    assert shown[-1] == DENY["Statement"]
    entry = {"Source": "aws.key", "DetailType": "Door Opened", "Detail": "{}"}
    assert client.put_events(Entries=[entry])["FailedEntryCount"] == 0
    client.remove_permission(RemoveAllPermissions=True)
    client.create_archive(ArchiveName="all", EventSourceArn=bus["Arn"])
    client.tag_resource(ResourceARN=bus["Arn"], Tags=[{"Key": "a", "Value": "b"}])
    client.delete_archive(ArchiveName="all")
