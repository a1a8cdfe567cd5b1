"""Tags by real boto3: of the bus, and of rules."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.integration.eventbridge.conftest import Clients
from tests.integration.eventbridge.refusing import refused

pytestmark = pytest.mark.long

BUS = "arn:aws:events:local:111111111111:event-bus/default"


def tags(client: Any, arn: str) -> dict[str, str]:
    found = client.list_tags_for_resource(ResourceARN=arn)["Tags"]
    return {each["Key"]: each["Value"] for each in found}


def tag(**values: str) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in values.items()]


@pytest.fixture
def rule(shop: Any) -> Iterator[str]:
    pattern = '{"source": ["shop.till"]}'
    yield shop.put_rule(Name="tagged", EventPattern=pattern, Tags=tag(kind="sale"))["RuleArn"]
    shop.delete_rule(Name="tagged")


def test_the_bus_has_tags(central: Any, clients: Clients, shop: Any) -> None:
    assert tags(central, BUS) == {}
    central.tag_resource(ResourceARN=BUS, Tags=tag(team="keys", stage="test"))
    central.tag_resource(ResourceARN=BUS, Tags=tag(stage="live", empty=""))
    assert tags(central, BUS) == {"team": "keys", "stage": "live", "empty": ""}
    small = BUS.replace("default", "small")
    assert tags(clients("operations", "auditor"), small) == tags(central, BUS)
    refused(shop.list_tags_for_resource, "AccessDeniedException", ResourceARN=BUS)
    refused(shop.tag_resource, "AccessDeniedException", ResourceARN=BUS, Tags=tag(a="b"))
    refused(shop.untag_resource, "AccessDeniedException", ResourceARN=BUS, TagKeys=["team"])
    central.untag_resource(ResourceARN=BUS, TagKeys=["team", "stage", "empty", "none"])
    assert tags(central, BUS) == {}


def test_a_rule_has_tags(shop: Any, rule: str) -> None:
    assert tags(shop, rule) == {"kind": "sale"}
    shop.tag_resource(ResourceARN=rule, Tags=tag(team="till"))
    shop.untag_resource(ResourceARN=rule, TagKeys=["kind"])
    assert tags(shop, rule) == {"team": "till"}


def test_what_is_anothers_does_not_exist(central: Any, clients: Clients, rule: str) -> None:
    for client in (central, clients("desk", "subscriber")):
        refused(client.list_tags_for_resource, "ResourceNotFoundException", ResourceARN=rule)
        asked: dict[str, Any] = {"ResourceARN": rule, "Tags": tag(a="b")}
        refused(client.tag_resource, "ResourceNotFoundException", **asked)


@pytest.mark.parametrize(
    ("arn", "code"),
    [
        ("arn:aws:events:local:111111111111:event-bus/other", "ResourceNotFoundException"),
        ("arn:aws:events:local:999999999999:event-bus/default", "ResourceNotFoundException"),
        ("arn:aws:events:local:111111111111:rule/none", "ResourceNotFoundException"),
        ("arn:aws:events:local:111111111111:archive/none", "ResourceNotFoundException"),
        ("arn:aws:sqs:local:111111111111:event-bus/default", "ResourceNotFoundException"),
        ("arn:aws:events:local::rule/none", "ResourceNotFoundException"),
        ("default", "ValidationException"),
        ("", "ValidationException"),
    ],
)
def test_only_buses_and_rules_have_tags(central: Any, arn: str, code: str) -> None:
    refused(central.list_tags_for_resource, code, ResourceARN=arn)
    refused(central.tag_resource, code, ResourceARN=arn, Tags=tag(a="b"))
    refused(central.untag_resource, code, ResourceARN=arn, TagKeys=["a"])


@pytest.mark.parametrize(
    ("found", "message"),
    [
        (tag(**{"aws:mine": "x"}), "reserved"),
        (tag(**{"AWS:mine": "x"}), "reserved"),
        ([*tag(a="b"), *tag(a="c")], "more than once"),
        (tag(**{f"k{number}": "" for number in range(51)}), "at most 50"),
        (tag(**{"k" * 129: ""}), "less than or equal to 128"),
        (tag(**{"": ""}), "greater than or equal to 1"),
        (tag(a="x" * 257), "less than or equal to 256"),
        ([{"Key": "a"}], "must not be null"),
    ],
)
def test_tags_have_limits(central: Any, found: list[dict[str, str]], message: str) -> None:
    refused(central.tag_resource, "ValidationException", message, ResourceARN=BUS, Tags=found)
    assert tags(central, BUS) == {}


def test_tags_that_are_given_at_once_are_all_there(central: Any) -> None:
    keys = [f"k{number}" for number in range(20)]
    with ThreadPoolExecutor(8) as pool:
        list(
            pool.map(lambda key: central.tag_resource(ResourceARN=BUS, Tags=tag(**{key: ""})), keys)
        )
    assert sorted(tags(central, BUS)) == sorted(keys)
    central.untag_resource(ResourceARN=BUS, TagKeys=keys)
    assert tags(central, BUS) == {}
