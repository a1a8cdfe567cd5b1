"""The platform's bus by real boto3: it has two names, and says what it cannot do."""

import json
from typing import Any

import pytest

from tests.integration.eventbridge.conftest import Clients
from tests.integration.eventbridge.refusing import refused

ARN = "arn:aws:events:local:111111111111:event-bus/"


@pytest.mark.parametrize(
    ("asked", "name"),
    [
        ({}, "default"),
        ({"Name": "default"}, "default"),
        ({"Name": "small"}, "small"),
        ({"Name": ARN + "small"}, "small"),
    ],
)
def test_a_bus_is_described_under_the_name_that_is_asked_for(
    central: Any, asked: dict[str, str], name: str
) -> None:
    found = central.describe_event_bus(**asked)
    assert (found["Name"], found["Arn"]) == (name, ARN + name)
    [own] = json.loads(found["Policy"])["Statement"]
    assert own == {
        "Sid": "keybus-topology-222222222222",
        "Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::222222222222:root"},
        "Action": "events:PutEvents",
        "Resource": ARN + name,
        "Condition": {"StringEquals": {"events:source": "shop.till"}},
    }
    assert found["CreationTime"] <= found["LastModifiedTime"]


@pytest.mark.parametrize(
    "name", ["other", "arn:aws:events:local:999999999999:event-bus/default", ARN + "other"]
)
def test_a_bus_that_there_is_not(central: Any, name: str) -> None:
    refused(central.describe_event_bus, "ResourceNotFoundException", "does not exist", Name=name)


def test_who_does_not_administer_sees_its_own_part_of_the_policy(
    clients: Clients, shop: Any
) -> None:
    found = shop.describe_event_bus()
    assert found["Arn"] == ARN + "default"
    assert "keybus-topology-222222222222" in found["Policy"]
    assert "Policy" not in clients("desk", "subscriber").describe_event_bus()
    auditor = clients("operations", "auditor")
    assert auditor.describe_event_bus()["Policy"] == found["Policy"]


def test_the_list_has_each_of_its_names_and_pages(central: Any) -> None:
    assert [each["Name"] for each in central.list_event_buses()["EventBuses"]] == [
        "default",
        "small",
    ]
    first = central.list_event_buses(Limit=1)
    assert [each["Name"] for each in first["EventBuses"]] == ["default"]
    second = central.list_event_buses(Limit=1, NextToken=first["NextToken"])
    assert [each["Arn"] for each in second["EventBuses"]] == [ARN + "small"]
    assert "NextToken" not in second
    assert central.list_event_buses(NamePrefix="sm")["EventBuses"] == second["EventBuses"]
    assert central.list_event_buses(NamePrefix="x")["EventBuses"] == []
    refused(central.list_event_buses, "ValidationException", "NextToken", NextToken="x")
    refused(central.list_event_buses, "ValidationException", "limit", Limit=101)


@pytest.mark.parametrize(
    ("asked", "code", "message"),
    [
        ({"Name": "default"}, "ResourceAlreadyExistsException", "default already exists"),
        ({"Name": "small"}, "ResourceAlreadyExistsException", "small already exists"),
        ({"Name": "a/b"}, "ValidationException", "must not contain '/'"),
        ({"Name": ""}, "ValidationException", "name"),
        (
            {"Name": "aws.partner/a/b", "EventSourceName": "aws.partner/a/b"},
            "ResourceNotFoundException",
            "Event source",
        ),
    ],
)
def test_what_is_no_new_bus(central: Any, asked: dict[str, str], code: str, message: str) -> None:
    refused(central.create_event_bus, code, message, **asked)


def test_the_bus_cannot_be_deleted_and_another_need_not_be(central: Any) -> None:
    central.delete_event_bus(Name="other")
    refused(central.delete_event_bus, "ValidationException", "default", Name="default")
    refused(central.delete_event_bus, "ValidationException", "default one too", Name="small")


def test_its_description_can_be_changed(central: Any) -> None:
    before = central.describe_event_bus()
    assert "Description" not in before
    told = central.update_event_bus(Name="small", Description="keys and doors")
    assert (told["Name"], told["Arn"], told["Description"]) == (
        "small",
        ARN + "small",
        "keys and doors",
    )
    after = central.describe_event_bus()
    assert after["Description"] == "keys and doors"
    assert after["LastModifiedTime"] > before["LastModifiedTime"]
    assert after["CreationTime"] == before["CreationTime"]
    central.update_event_bus(KmsKeyIdentifier="", LogConfig={"Level": "OFF"}, DeadLetterConfig={})
    central.update_event_bus(Description="")
    assert "Description" not in central.describe_event_bus()


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"KmsKeyIdentifier": "alias/mine"}, "KmsKeyIdentifier is not supported"),
        (
            {"DeadLetterConfig": {"Arn": "arn:aws:sqs:local:111111111111:q"}},
            "DeadLetterConfig is not supported",
        ),
        ({"LogConfig": {"Level": "TRACE"}}, "LogConfig is not supported"),
        ({"Description": "x" * 513}, "length less than or equal to 512"),
        ({"LogConfig": {"Level": "LOUD"}}, "enum value set"),
    ],
)
def test_what_would_have_no_effect_is_refused(
    central: Any, asked: dict[str, Any], message: str
) -> None:
    refused(central.update_event_bus, "ValidationException", message, **asked)


def test_only_the_central_account_changes_the_bus(clients: Clients, shop: Any) -> None:
    auditor = clients("operations", "auditor")
    for client in (shop, auditor):
        refused(client.update_event_bus, "AccessDeniedException", Description="mine")
    # An account's own buses are as its rules: an auditor has none.
    refused(auditor.create_event_bus, "AccessDeniedException", Name="mine")
    refused(auditor.delete_event_bus, "AccessDeniedException", Name="mine")
    refused(shop.delete_event_bus, "ValidationException", Name="default")
