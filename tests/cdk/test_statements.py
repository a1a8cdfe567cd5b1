"""Each statement lets one resource do one thing, and falls when anything is another."""

from typing import Any

import pytest

from keybus.cdk.deployment import Deployment
from keybus.cdk.statements import (
    assume_by_rule,
    consume,
    deliver,
    key_statements,
    log_key_statements,
    notify_by_alarms,
    put_by_delivery,
    send_by_events,
)
from tests.cdk.iam import permitted
from tests.cdk.platforms import deployed, subscribed

EVENTS = "events.amazonaws.com"
HUB, MAIL = "100000000000", "222222222222"
FORWARD = f"arn:aws:events:eu-west-1:{HUB}:rule/small/mailer"
RULE = f"arn:aws:events:eu-west-1:{MAIL}:rule/keybus-mailer/mailer"
ROLE = f"arn:aws:iam::{HUB}:role/keybus-small-mailer"
BUS = f"arn:aws:events:eu-west-1:{MAIL}:event-bus/keybus-mailer"
QUEUE = f"arn:aws:sqs:eu-west-1:{MAIL}:mailer"


@pytest.fixture(scope="module")
def deployment() -> Deployment:
    return deployed(subscribed())


def test_the_delivery_role_is_for_its_rule_alone(deployment: Deployment) -> None:
    statement = assume_by_rule(deployment, "mailer")
    context = {"aws:SourceAccount": HUB, "aws:SourceArn": FORWARD}
    assert permitted([statement], "sts:AssumeRole", ROLE, context, EVENTS)
    only([statement], "sts:AssumeRole", ROLE, context, EVENTS)


def test_the_delivery_role_puts_on_its_subscribers_bus_until_the_grant_ends(
    deployment: Deployment,
) -> None:
    statement = deliver(deployment, "mailer")
    before = {"aws:CurrentTime": "2028-01-30T23:59:59Z"}
    assert permitted([statement], "events:PutEvents", BUS, before)
    after = {"aws:CurrentTime": "2028-01-31T00:00:00Z"}
    assert not permitted([statement], "events:PutEvents", BUS, after)
    assert not permitted([statement], "events:PutEvents", BUS + "2", before)
    assert not permitted([statement], "events:PutRule", BUS, before)


def test_what_an_account_owns_has_no_end() -> None:
    own = deployed(subscribed(account="deliveries"))
    assert "Condition" not in deliver(own, "mailer")


def test_the_subscribers_bus_takes_from_the_delivery_role_alone(deployment: Deployment) -> None:
    statement = put_by_delivery(deployment, "mailer")
    hub = f"arn:aws:iam::{HUB}:root"
    context = {"aws:PrincipalArn": ROLE, "aws:PrincipalOrgID": "o-small1"}
    assert permitted([statement], "events:PutEvents", BUS, context, hub)
    only([statement], "events:PutEvents", BUS, context, hub)


def test_the_queue_takes_from_the_rule_alone(deployment: Deployment) -> None:
    site = deployment.site("mailer")
    assert (site.rule_arn, site.queue_arn) == (RULE, QUEUE)
    statement = send_by_events("Send", site.account, site.rule_arn, site.queue_arn)
    context = {"aws:SourceAccount": MAIL, "aws:SourceArn": RULE}
    assert permitted([statement], "sqs:SendMessage", QUEUE, context, EVENTS)
    only([statement], "sqs:SendMessage", QUEUE, context, EVENTS)


def test_the_topic_takes_from_the_subscriptions_alarms(deployment: Deployment) -> None:
    site = deployment.site("mailer")
    topic = site.arn("sns", site.topic)
    statement = notify_by_alarms(site.account, site.alarms_arn, topic)
    alarm = site.arn("cloudwatch", f"alarm:{site.alarm('slow')}")
    context = {"aws:SourceAccount": MAIL, "aws:SourceArn": alarm}
    assert permitted([statement], "sns:Publish", topic, context, "cloudwatch.amazonaws.com")
    only([statement], "sns:Publish", topic, context, "cloudwatch.amazonaws.com")


def test_the_key_is_for_its_bus_queues_and_topic(deployment: Deployment) -> None:
    site = deployment.site("mailer")
    senders = [site.bus_arn, site.rule_arn]
    statements = key_statements(site.root, site.account, site.bus_arn, senders, site.alarms_arn)
    encrypting = "kms:GenerateDataKey"
    context = {"aws:SourceAccount": MAIL, "aws:SourceArn": RULE}
    assert permitted(statements, encrypting, "key", context, EVENTS)
    only(statements, encrypting, "key", context, EVENTS, resource_counts=False)
    assert not permitted(statements, "kms:CreateGrant", "key", context, EVENTS)
    assert permitted(statements, "kms:PutKeyPolicy", "key", {}, site.root)


def test_the_buss_key_is_for_its_logs(deployment: Deployment) -> None:
    statements = log_key_statements(deployment.central)
    context = {"kms:EncryptionContext:SourceArn": f"arn:aws:logs:eu-west-1:{HUB}:*"}
    delivery = "delivery.logs.amazonaws.com"
    assert permitted(statements, "kms:GenerateDataKey", "key", context, EVENTS)
    assert permitted(statements, "kms:Decrypt", "key", context, delivery)
    assert not permitted(statements, "kms:Decrypt", "key", context, EVENTS)
    of_mail = {"kms:EncryptionContext:SourceArn": f"arn:aws:logs:eu-west-1:{MAIL}:*"}
    for service in (EVENTS, delivery):
        for other in ({}, of_mail):
            assert not permitted(statements, "kms:GenerateDataKey", "key", other, service)


def test_a_consumer_receives_from_its_queue_alone(deployment: Deployment) -> None:
    key: Any = "arn:aws:kms:eu-west-1:222222222222:key/1"
    statements = consume(deployment.site("mailer"), key)
    for action in ("ReceiveMessage", "DeleteMessage", "ChangeMessageVisibility"):
        assert permitted(statements, f"sqs:{action}", QUEUE, {})
        assert not permitted(statements, f"sqs:{action}", QUEUE + "-dlq", {})
    assert permitted(statements, "sqs:GetQueueUrl", QUEUE, {})
    assert not permitted(statements, "sqs:SendMessage", QUEUE, {})
    through = {"kms:ViaService": "sqs.eu-west-1.amazonaws.com"}
    assert permitted(statements, "kms:Decrypt", key, through)
    assert not permitted(statements, "kms:Decrypt", key, {})


def test_a_consumer_puts_away_what_is_unfit_with_its_reason(deployment: Deployment) -> None:
    key: Any = "arn:aws:kms:eu-west-1:222222222222:key/1"
    statements = consume(deployment.site("mailer"), key)
    for action in ("GetQueueUrl", "SendMessage"):
        assert permitted(statements, f"sqs:{action}", QUEUE + "-dlq", {})
        assert not permitted(statements, f"sqs:{action}", QUEUE + "-undelivered", {})
    through = {"kms:ViaService": "sqs.eu-west-1.amazonaws.com"}
    assert permitted(statements, "kms:GenerateDataKey", key, through)
    assert not permitted(statements, "kms:GenerateDataKey", key, {})


def only(
    statements: list[dict[str, Any]],
    action: str,
    resource: str,
    context: dict[str, str],
    principal: str,
    *,
    resource_counts: bool = True,
) -> None:
    """Nothing is permitted where one part of a request is missing, or another."""
    service, _, verb = action.partition(":")
    assert not permitted(statements, f"{service}:Delete{verb}", resource, context, principal)
    assert not permitted(statements, action, resource, context, "arn:aws:iam::999999999999:root")
    if resource_counts and "Resource" in statements[0]:
        assert not permitted(statements, action, resource + "2", context, principal)
    for key, value in context.items():
        without = {name: each for name, each in context.items() if name != key}
        assert not permitted(statements, action, resource, without, principal)
        changed = context | {key: value[:-1] + ("1" if value[-1] != "1" else "2")}
        if not value.endswith("slow"):  # alarms are let in by the beginning of their names
            assert not permitted(statements, action, resource, changed, principal)
