"""Buses that accounts make for themselves, by real boto3: events and rules of their own."""

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.integration.eventbridge.conftest import Clients
from tests.integration.eventbridge.refusing import refused

ARN = "arn:aws:events:local:222222222222:event-bus/inner"
QUEUE = "arn:aws:sqs:local:222222222222:inner"
SALES = json.dumps({"source": ["shop.till"]})
PATIENCE = 30.0


@pytest.fixture
def inner(shop: Any) -> Iterator[Any]:
    """A bus of the shop's own; it goes with its rules."""
    made = shop.create_event_bus(Name="inner", Description="for the shop alone")
    assert made["EventBusArn"] == ARN
    assert made["Description"] == "for the shop alone"
    yield shop
    there = [each["Name"] for each in shop.list_event_buses(NamePrefix="in")["EventBuses"]]
    for bus in (*there, "default"):
        for rule in shop.list_rules(EventBusName=bus, NamePrefix="sales")["Rules"]:
            where = {"Rule": rule["Name"], "EventBusName": bus}
            if targets := shop.list_targets_by_rule(**where)["Targets"]:
                shop.remove_targets(Ids=[each["Id"] for each in targets], **where)
            shop.delete_rule(Name=rule["Name"], EventBusName=bus)
    shop.delete_event_bus(Name="inner")


@pytest.fixture
def sqs(clients: Clients) -> Any:
    return clients("shop", "publisher", "subscriber", service="sqs")


@pytest.fixture
def queue(sqs: Any) -> Iterator[str]:
    url = sqs.create_queue(QueueName="inner")["QueueUrl"]
    yield url
    sqs.delete_queue(QueueUrl=url)


def sale(number: int, bus: str | None = None) -> dict[str, str]:
    entry = {"Source": "shop.till", "DetailType": "sale", "Detail": json.dumps({"n": number})}
    return entry if bus is None else entry | {"EventBusName": bus}


def received(sqs: Any, url: str, number: int) -> list[Any]:
    """So many events, by their numbers."""
    found: list[Any] = []
    ends = time.monotonic() + PATIENCE
    while len(found) < number and time.monotonic() < ends:
        asked = {"QueueUrl": url, "MaxNumberOfMessages": 10, "WaitTimeSeconds": 1}
        for message in sqs.receive_message(**asked).get("Messages", ()):
            found.append(json.loads(message["Body"]))
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return sorted(found, key=lambda each: str(each["detail"]["n"]))


def test_events_reach_the_rules_of_their_own_bus_alone(
    inner: Any, shop: Any, sqs: Any, queue: str
) -> None:
    for bus, text in (("inner", '"on inner"'), ("default", '"on default"')):
        put = shop.put_rule(Name="sales", EventBusName=bus, EventPattern=SALES)
        inside = "inner/" if bus == "inner" else ""
        assert put["RuleArn"] == f"arn:aws:events:local:222222222222:rule/{inside}sales"
        target = {
            "Id": "q",
            "Arn": QUEUE,
            "InputTransformer": {
                "InputPathsMap": {"n": "$.detail.n"},
                "InputTemplate": f'{{"detail": {{"n": <n>}}, "rule": {text}}}',
            },
        }
        answer = shop.put_targets(Rule="sales", EventBusName=bus, Targets=[target])
        assert answer["FailedEntryCount"] == 0
    entries = [sale(1, "inner"), sale(2), sale(3, ARN), sale(4, "default")]
    assert inner.put_events(Entries=entries)["FailedEntryCount"] == 0
    found = received(sqs, queue, 4)
    assert [(each["detail"]["n"], each["rule"]) for each in found] == [
        (1, "on inner"),
        (2, "on default"),
        (3, "on inner"),
        (4, "on default"),
    ]


def test_an_event_says_which_bus_it_was_put_on(inner: Any, sqs: Any, queue: str) -> None:
    inner.put_rule(Name="sales", EventBusName="inner", EventPattern=SALES)
    inner.put_targets(Rule="sales", EventBusName=ARN, Targets=[{"Id": "q", "Arn": QUEUE}])
    inner.put_events(Entries=[sale(1, "inner")])
    [event] = received(sqs, queue, 1)
    assert event["event-bus"] == ARN


def test_a_bus_is_its_accounts_alone(inner: Any, central: Any, clients: Clients) -> None:
    desk = clients("desk", "publisher", "subscriber")
    for other in (central, desk):
        assert "inner" not in [each["Name"] for each in other.list_event_buses()["EventBuses"]]
        for name in ("inner", ARN):
            refused(other.describe_event_bus, "ResourceNotFoundException", Name=name)
            asked = {"Name": "sales", "EventPattern": SALES, "EventBusName": name}
            refused(other.put_rule, "ResourceNotFoundException", **asked)
            [result] = other.put_events(Entries=[sale(1, name)])["Entries"]
            assert result["ErrorCode"] == "InvalidArgument"
        other.delete_event_bus(Name="inner")
    assert inner.describe_event_bus(Name="inner")["Arn"] == ARN


def test_what_is_put_on_a_bus_of_ones_own_has_to_be_ones_own(inner: Any, clients: Clients) -> None:
    desk = clients("desk", "publisher", "subscriber")
    desk.create_event_bus(Name="inner")
    [result] = desk.put_events(Entries=[sale(1, "inner")])["Entries"]
    assert result["ErrorCode"] == "NotAuthorizedForSource"
    desk.delete_event_bus(Name="inner")
    assert inner.describe_event_bus(Name="inner")["Arn"] == ARN


def test_a_bus_is_listed_described_tagged_and_deleted_without_rules(inner: Any) -> None:
    found = inner.list_event_buses(NamePrefix="in")["EventBuses"]
    assert [(each["Name"], each["Arn"]) for each in found] == [("inner", ARN)]
    inner.update_event_bus(Name="inner", Description="for sales")
    described = inner.describe_event_bus(Name=ARN)
    assert (described["Name"], described["Description"]) == ("inner", "for sales")
    assert "Policy" not in described
    inner.tag_resource(ResourceARN=ARN, Tags=[{"Key": "team", "Value": "till"}])
    tags = inner.list_tags_for_resource(ResourceARN=ARN)["Tags"]
    assert tags == [{"Key": "team", "Value": "till"}]
    inner.put_rule(Name="sales", EventBusName="inner", EventPattern=SALES)
    refused(inner.delete_event_bus, "ValidationException", "since it has rules", Name="inner")
    inner.delete_rule(Name="sales", EventBusName="inner")
    inner.delete_event_bus(Name="inner")
    refused(inner.describe_event_bus, "ResourceNotFoundException", Name="inner")
    [result] = inner.put_events(Entries=[sale(1, "inner")])["Entries"]
    assert result["ErrorCode"] == "InvalidArgument"


@pytest.mark.parametrize("name", ["inner", "default", "small"])
def test_a_name_is_given_once(inner: Any, name: str) -> None:
    code = "ResourceAlreadyExistsException"
    refused(inner.create_event_bus, code, "already exists", Name=name)


def test_what_only_the_platforms_bus_has(inner: Any, central: Any) -> None:
    central.create_event_bus(Name="inner")
    arn = ARN.replace("222222222222", "111111111111")
    archive = {"ArchiveName": "inner", "EventSourceArn": arn}
    refused(central.create_archive, "ValidationException", "Archives of event bus", **archive)
    statement = {"EventBusName": "inner", "StatementId": "desk", "Principal": "333333333333"}
    action = "events:PutEvents"
    refused(
        central.put_permission, "ValidationException", "Policies of", Action=action, **statement
    )
    central.delete_event_bus(Name="inner")
    assert inner.describe_event_bus(Name="inner")["Arn"] == ARN
    asked = {"Name": "more", "DeadLetterConfig": {"Arn": QUEUE}}
    refused(inner.create_event_bus, "ValidationException", "DeadLetterConfig", **asked)
