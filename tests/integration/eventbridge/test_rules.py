"""Rules by real boto3, on a closed bus."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from keybus.bus.rules.rule import MOST_TAGS
from tests.integration.eventbridge.conftest import Clients
from tests.integration.eventbridge.refusing import refused

SALES = json.dumps({"source": ["shop.till"]})
ARN = "arn:aws:events:local:222222222222:rule/"
QUEUE = "arn:aws:sqs:local:222222222222:sales"
WARNING = "x-keybus-warning"


@pytest.fixture(autouse=True)
def leaving_nothing(shop: Any) -> Iterator[None]:
    """Each test leaves the account without rules."""
    yield
    for rule in shop.list_rules()["Rules"]:
        targets = shop.list_targets_by_rule(Rule=rule["Name"])["Targets"]
        if targets:
            shop.remove_targets(Rule=rule["Name"], Ids=[each["Id"] for each in targets])
        shop.delete_rule(Name=rule["Name"])


def test_a_rule_is_made_described_changed_and_deleted(shop: Any) -> None:
    role = "arn:aws:iam::222222222222:role/any"
    made = shop.put_rule(
        Name="sales", EventPattern=SALES, Description="what is sold", RoleArn=role, State="DISABLED"
    )
    assert made["RuleArn"] == ARN + "sales"
    found = shop.describe_rule(Name="sales")
    del found["ResponseMetadata"]
    assert found == {
        "Name": "sales",
        "Arn": ARN + "sales",
        "EventPattern": SALES,
        "State": "DISABLED",
        "Description": "what is sold",
        "RoleArn": role,
        "EventBusName": "default",
        "CreatedBy": "222222222222",
    }
    shop.put_rule(Name="sales", EventPattern='{"source": ["other"]}')
    found = shop.describe_rule(Name="sales", EventBusName="small")
    assert (found["State"], found["EventBusName"]) == ("ENABLED", "small")
    assert "Description" not in found
    shop.delete_rule(Name="sales")
    shop.delete_rule(Name="sales")
    refused(
        shop.describe_rule,
        "ResourceNotFoundException",
        "Rule sales does not exist on EventBus default.",
        Name="sales",
    )


def test_a_rule_is_switched_off_and_on(shop: Any) -> None:
    shop.put_rule(Name="sales", EventPattern=SALES)
    shop.disable_rule(Name="sales")
    assert shop.describe_rule(Name="sales")["State"] == "DISABLED"
    shop.enable_rule(Name="sales", EventBusName="arn:aws:events:local:222222222222:event-bus/small")
    assert shop.describe_rule(Name="sales")["State"] == "ENABLED"
    for switch in (shop.enable_rule, shop.disable_rule):
        refused(switch, "ResourceNotFoundException", "Rule no does not exist", Name="no")


@pytest.mark.parametrize(
    ("asked", "code", "message"),
    [
        ({}, "ValidationException", "EventPattern must be specified"),
        (
            {"ScheduleExpression": "rate(5 minutes)"},
            "ValidationException",
            "none runs by the clock",
        ),
        (
            {"EventPattern": SALES, "ScheduleExpression": "cron(0 20 * * ? *)"},
            "ValidationException",
            "ScheduleExpression is not supported",
        ),
        (
            {"EventPattern": "{"},
            "InvalidEventPatternException",
            "Event pattern is not valid. Reason",
        ),
        (
            {"EventPattern": '{"source": ["\\ud800"]}'},
            "InvalidEventPatternException",
            "not every reader of JSON can read it",
        ),
        (
            {"EventPattern": '{"source": [1e400]}'},
            "InvalidEventPatternException",
            "not every reader of JSON can read it",
        ),
        ({"EventPattern": '{"source": "a"}'}, "InvalidEventPatternException", "must be an object"),
        ({"EventPattern": " " * 4097}, "ValidationException", "less than or equal to 4096"),
        ({"Name": "a b", "EventPattern": SALES}, "ValidationException", "regular expression"),
        ({"Name": "a" * 65, "EventPattern": SALES}, "ValidationException", "equal to 64"),
        ({"EventPattern": SALES, "State": "ON"}, "ValidationException", "enum value set"),
        (
            {
                "EventPattern": SALES,
                "State": "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS",
            },
            "ValidationException",
            "no CloudTrail is read",
        ),
        ({"EventPattern": SALES, "Description": "x" * 513}, "ValidationException", "512"),
        ({"EventPattern": SALES, "EventBusName": "other"}, "ResourceNotFoundException", "other"),
        (
            {"EventPattern": SALES, "Tags": [{"Key": "a", "Value": ""}, {"Key": "a", "Value": ""}]},
            "ValidationException",
            "more than once",
        ),
        (
            {"EventPattern": SALES, "Tags": [{"Key": "aws:x", "Value": ""}]},
            "ValidationException",
            "reserved",
        ),
        (
            {
                "EventPattern": SALES,
                "Tags": [{"Key": str(n), "Value": ""} for n in range(MOST_TAGS + 1)],
            },
            "ValidationException",
            "at most 50 tags",
        ),
    ],
)
def test_what_is_no_rule_is_refused(
    shop: Any, asked: dict[str, Any], code: str, message: str
) -> None:
    refused(shop.put_rule, code, message, **({"Name": "sales"} | asked))
    assert shop.list_rules()["Rules"] == []


def test_rules_are_listed_page_by_page_whatever_changes_meanwhile(shop: Any) -> None:
    for name in ("b", "d", "a", "c", "other"):
        shop.put_rule(Name=name, EventPattern=SALES)
    first = shop.list_rules(Limit=2)
    assert [each["Name"] for each in first["Rules"]] == ["a", "b"]
    shop.delete_rule(Name="a")
    shop.delete_rule(Name="b")
    second = shop.list_rules(Limit=2, NextToken=first["NextToken"])
    assert [each["Name"] for each in second["Rules"]] == ["c", "d"]
    third = shop.list_rules(Limit=2, NextToken=second["NextToken"])
    assert [each["Name"] for each in third["Rules"]] == ["other"]
    assert "NextToken" not in third
    assert "CreatedBy" not in third["Rules"][0]
    assert [each["Name"] for each in shop.list_rules(NamePrefix="ot")["Rules"]] == ["other"]
    assert shop.list_rules(NamePrefix="x")["Rules"] == []


@pytest.mark.parametrize("token", ["nonsense", "WyJMaXN0VGFyZ2V0c0J5UnVsZSIsImEiXQ=="])
def test_a_token_of_nobodys_is_refused(shop: Any, token: str) -> None:
    refused(shop.list_rules, "ValidationException", "NextToken", NextToken=token)


def test_rules_by_their_target(shop: Any) -> None:
    for name in ("a", "b", "c"):
        shop.put_rule(Name=name, EventPattern=SALES)
    for name in ("a", "c"):
        shop.put_targets(Rule=name, Targets=[{"Id": "q", "Arn": QUEUE}])
    first = shop.list_rule_names_by_target(TargetArn=QUEUE, Limit=1)
    assert first["RuleNames"] == ["a"]
    rest = shop.list_rule_names_by_target(TargetArn=QUEUE, NextToken=first["NextToken"])
    assert rest["RuleNames"] == ["c"]
    assert shop.list_rule_names_by_target(TargetArn=QUEUE + "x")["RuleNames"] == []


def test_a_rule_with_targets_is_not_deleted(shop: Any) -> None:
    shop.put_rule(Name="sales", EventPattern=SALES)
    shop.put_targets(Rule="sales", Targets=[{"Id": "q", "Arn": QUEUE}])
    refused(
        shop.delete_rule, "ValidationException", "since it has targets", Name="sales", Force=True
    )


def test_other_accounts_rules_do_not_exist(shop: Any, clients: Clients) -> None:
    shop.put_rule(Name="sales", EventPattern=SALES)
    desk = clients("desk", "subscriber")
    assert desk.list_rules()["Rules"] == []
    refused(desk.describe_rule, "ResourceNotFoundException", Name="sales")
    desk.delete_rule(Name="sales")
    assert desk.put_rule(Name="sales", EventPattern=SALES)["RuleArn"] != ARN + "sales"
    desk.delete_rule(Name="sales")
    assert shop.describe_rule(Name="sales")["EventPattern"] == SALES


def test_who_only_publishes_reads_rules_and_makes_none(clients: Clients) -> None:
    publisher = clients("shop", "publisher")
    assert publisher.list_rules()["Rules"] == []
    refused(
        publisher.put_rule, "AccessDeniedException", "rules.manage", Name="a", EventPattern="{}"
    )


def test_what_a_pattern_can_never_match_is_said_beside_the_answer(shop: Any) -> None:
    answer = shop.put_rule(
        Name="never",
        EventPattern=json.dumps({"source": ["shop.till"], "sorce": [{"exists": True}]}),
    )
    told = answer["ResponseMetadata"]["HTTPHeaders"][WARNING]
    assert "unknown-envelope-field at /sorce" in told
    fine = shop.put_rule(Name="fine", EventPattern=SALES)
    assert WARNING not in fine["ResponseMetadata"]["HTTPHeaders"]
