"""What AWS cannot carry is refused, by name and all at once."""

import json
import re
from typing import Any

import msgspec
import pytest

from keybus.cdk import NotDeclared, deployment_of, stacks_of
from keybus.errors import PlanRefused, TopologyError
from keybus.topology.constructs import Account, Platform, Publisher, Quota, Subscription, Waiver
from keybus.topology.model import Archive
from tests.cdk.platforms import EXAMPLE, NOW_US, REGION, deployed, example, small, subscribed


def refused(platform: Platform, **said: Any) -> list[tuple[str, str]]:
    with pytest.raises(PlanRefused) as found:
        deployed(platform, **said)
    assert all(fault.hint for fault in found.value.faults)
    return [(fault.code, fault.pointer) for fault in found.value.faults]


def test_the_example_is_refused_for_its_fields_until_they_are_left_out() -> None:
    with pytest.raises(PlanRefused, match="--leave-out, takes its pointer") as found:
        deployment_of(EXAMPLE, region=REGION, now_us=NOW_US)
    [fault] = found.value.faults
    assert (fault.code, fault.pointer, fault.file) == (
        "lacks-fields",
        "/subscriptions/notifications/fields",
        "teams/engagement.yaml",
    )
    assert example().platform.subscriptions["notifications"].fields == []


@pytest.mark.parametrize(
    ("said", "code", "pointer"),
    [
        ({"fields": ["/status"]}, "lacks-fields", "/fields"),
        ({"order": {"key": "/status"}}, "lacks-order", "/order"),
        ({"start": "archive"}, "lacks-start", "/start"),
        ({"retry": {"max_age": 90_000}}, "lacks-retry.max_age.days", "/retry/max_age"),
        ({"target": {"jsonata": "detail"}}, "lacks-input.jsonata", "/target/jsonata"),
    ],
)
def test_what_a_subscription_asks_for_in_vain(said: Any, code: str, pointer: str) -> None:
    at = "/subscriptions/mailer" + pointer
    assert (code, at) in refused(subscribed(**said))
    assert deployed(subscribed(**said), leave_out=[at]).subscription("mailer") is not None


@pytest.mark.parametrize(
    ("said", "code", "pointer"),
    [
        ({"organization": None}, "DX02", "/organization"),
        ({"central": None}, "DX14", "/central"),
        ({"region": "local"}, "bad-region", "/region"),
        ({"archive": Archive(max_age=86_401)}, "lacks-archive", "/archive/max_age"),
        ({"archive": Archive(max_size=10**9)}, "lacks-archive", "/archive/max_size"),
        ({"admission": {"default": "enforce"}}, "lacks-admission", "/admission"),
    ],
)
def test_what_the_platform_asks_for_in_vain(said: Any, code: str, pointer: str) -> None:
    assert (code, pointer) in refused(small(**said))


def test_a_quota_is_nothing_that_aws_has() -> None:
    def add(platform: Platform) -> None:
        quota = Quota(events_per_second=5)
        Account(platform, "busy", id="333333333333", owners=["mo"], quota=quota)

    assert refused(small(add)) == [("lacks-quota", "/accounts/busy/quota")]


def test_a_grant_that_has_ended() -> None:
    found = refused(subscribed(), now_us=NOW_US * 2)
    assert ("grant-expired", "/subscriptions/mailer") in found


def test_an_event_without_a_grant() -> None:
    found = refused(subscribed(events=["delivery.completed@1", "access.revoked@1"]))
    assert found == [("DX06", "/subscriptions/mailer/events/1")]


def test_an_event_without_a_grant_that_an_exception_accepts() -> None:
    def add(platform: Platform) -> None:
        Subscription(platform, "mailer", account="mail", events=["access.revoked@1"])
        Publisher(platform, "key.access", account="access", events=["access.revoked"])
        Account(platform, "access", id="333333333333", owners=["mo"])
        Waiver(
            platform,
            "for-now",
            rule="DX06",
            subject="/subscriptions/mailer",
            reason="until the grant is approved",
            approver="ines",
            expires="2028-01-31",
        )

    assert refused(small(add)) == [("no-grant", "/subscriptions/mailer")]


def test_an_event_that_no_contract_has() -> None:
    with pytest.raises(TopologyError, match=r"did you mean 'delivery\.completed'"):
        deployed(subscribed(events=["delivery.complete@1"]))


@pytest.mark.parametrize("name", ["a" * 69, "billing.garage", "billing/garage"])
def test_a_name_that_no_queue_may_have(name: str) -> None:
    at = "/subscriptions/" + name.replace("/", "~1")
    assert refused(subscribed(name)) == [("bad-queue-name", at)]


def test_a_name_that_a_queue_may_just_have() -> None:
    assert len(stacks_of(deployed(subscribed("a" * 68)))) == 3


@pytest.mark.parametrize(
    ("regions", "code"),
    [
        ({"mailer": "nowhere"}, "bad-region"),
        ({"mailr": "us-east-1"}, "unknown-subscription"),
        ({"mailer": "cn-north-1"}, "bad-region"),
    ],
)
def test_regions_that_there_are_not(regions: dict[str, str], code: str) -> None:
    [(found, _)] = refused(subscribed(), regions=regions)
    assert found == code


@pytest.mark.parametrize(
    "pointer", ["/subscriptions/mailer/events", "/subscriptions/nobody/fields", "nothing", ""]
)
def test_what_need_not_be_left_out(pointer: str) -> None:
    assert refused(subscribed(), leave_out=[pointer]) == [("needless-leave-out", pointer)]


def test_two_subscriptions_whose_queues_would_have_one_name() -> None:
    def add(platform: Platform) -> None:
        for name in ("mailer", "mailer-dlq"):
            Subscription(platform, name, account="mail", events=["delivery.completed@1"])

    with pytest.raises(PlanRefused, match="mailer-dlq would both have the AWS::SQS::Queue"):
        stacks_of(deployed(small(add)))


def test_a_subscription_in_another_region() -> None:
    deployment = deployed(subscribed(), regions={"mailer": "us-east-1"})
    assert deployment.central.region == REGION
    assert deployment.site("mailer").bus_arn == (
        "arn:aws:events:us-east-1:222222222222:event-bus/keybus-mailer"
    )


@pytest.mark.parametrize(
    ("region", "partition", "domain"),
    [
        ("mx-central-1", "aws", "amazonaws.com"),
        ("us-gov-west-1", "aws-us-gov", "amazonaws.com"),
        ("cn-northwest-1", "aws-cn", "amazonaws.com.cn"),
        ("eusc-de-east-1", "aws-eusc", "amazonaws.eu"),
        ("us-iso-east-1", "aws-iso", "c2s.ic.gov"),
        ("us-isob-east-1", "aws-iso-b", "sc2s.sgov.gov"),
        ("eu-isoe-west-1", "aws-iso-e", "cloud.adc-e.uk"),
        ("us-isof-south-1", "aws-iso-f", "csp.hci.ic.gov"),
    ],
)
def test_every_partition_has_arns_and_domains_of_its_own(
    region: str, partition: str, domain: str
) -> None:
    [central, _, subscription] = stacks_of(deployed(subscribed(), region=region))
    found = json.dumps([msgspec.to_builtins(each) for each in (central, subscription)])
    assert set(re.findall(r"arn:(aws[a-z-]*):", found)) == {partition}
    assert f'"kms:ViaService": "sqs.{region}.{domain}"' in found
    refused_there = refused(subscribed(), region=region, regions={"mailer": other_than(region)})
    assert refused_there == [("bad-region", "/subscriptions/mailer")]


def other_than(region: str) -> str:
    """A region of another partition."""
    return "eu-west-1" if region != "mx-central-1" else "eusc-de-east-1"


def test_names_that_are_not_declared_are_answered_with_the_nearest() -> None:
    deployment = example()
    with pytest.raises(NotDeclared, match="did you mean 'billing'"):
        deployment.site("biling")
    with pytest.raises(NotDeclared, match=r"did you mean 'key.access'"):
        deployment.publisher_site("key.acces")
