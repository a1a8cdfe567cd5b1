"""What policies and patterns say in their rarer forms, evaluated as AWS does."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from keybus.cdk.simulator import Event, Simulator
from tests.cdk.checker.templates import (
    DELIVERIES,
    HUB,
    MAIL,
    REGION,
    STRANGER,
    Templates,
    allow,
    role,
)
from tests.cdk.platforms import NOW_US

CENTRAL = f"arn:aws:events:{REGION}:{HUB}:event-bus/small"
QUEUE = f"arn:aws:sqs:{REGION}:{MAIL}:mailer"
SMALL = {HUB: "o-small1", DELIVERIES: "o-small1", MAIL: "o-small1"}
COMPLETED = Event("key.delivery", "delivery.completed", {"schema_version": "1.0.0"})
PUT = "SmallKeyDelivery20e88766"
MANAGED = "arn:aws:iam::aws:policy/AmazonEventBridgeFullAccess"
RULE = f"arn:aws:events:{REGION}:{MAIL}:rule/keybus-mailer"
OWN = f"arn:aws:iam::{MAIL}"
Change = Callable[[Templates], object]


def simulated(change: Change) -> Simulator:
    changed = Templates()
    change(changed)
    return Simulator(changed.read(), SMALL, NOW_US)


def asked(id_: str, sid: str, **condition: Any) -> Change:
    """A statement with another condition."""
    return lambda t: t.statement(id_, sid).update(Condition=condition)


def sent(**condition: Any) -> Change:
    return asked("MailerQueuePolicy", "SendByRule", **condition)


def pattern(change: Callable[[dict[str, Any]], Any]) -> Change:
    return lambda t: t.said("MailerRule").update(
        EventPattern=change(t.said("MailerRule")["EventPattern"])
    )


def either_account(said: dict[str, Any]) -> Any:
    return {**said, "$or": [{"account": [DELIVERIES]}, {"detail": {"a": ["b"]}}]}


def managed_role(t: Templates) -> None:
    t.said("MailerForwardRole").update(Policies=[], ManagedPolicyArns=[MANAGED])


def kept_from(**statement: Any) -> Change:
    """The queue, from which somebody is kept."""
    denied = {"Effect": "Deny", "Action": "sqs:*", "Resource": "*", "Principal": "*", **statement}
    return lambda t: t.said("MailerQueuePolicy")["PolicyDocument"]["Statement"].append(denied)


@pytest.mark.parametrize(
    ("change", "reached"),
    [
        (sent(ArnEquals={"aws:SourceArn": f"{RULE}/*"}), True),
        (sent(ArnLike={"aws:SourceArn": f"{RULE}/*"}), True),
        (sent(ArnEquals={"aws:SourceArn": "arn:aws:*mailer*"}), False),
        (sent(ArnLike={"aws:SourceArn": "arn:*:*:*:*:*"}), True),
        (sent(StringEquals={"aws:SourceArn": f"{RULE}/*"}), False),
        (sent(Null={"aws:SourceArn": "False"}), True),
        (sent(Null={"aws:SourceArn": ["true", "false"]}), True),
        (
            asked(
                "MailerForwardRole",
                "PutOnSubscribersBus",
                DateLessThan={"aws:CurrentTime": ["2020-01-01T00:00:00Z", "2099-01-01T00:00:00Z"]},
            ),
            True,
        ),
        (pattern(lambda said: {**said, "account": [DELIVERIES]}), True),
        (pattern(lambda said: {**said, "detail-type": ["a"], "account": [HUB]}), False),
        (pattern(lambda _: {"account": [DELIVERIES]}), True),
        (pattern(either_account), True),
        (pattern(json.dumps), True),
        (managed_role, True),
    ],
)
def test_an_event_gets_where_aws_delivers_it(change: Change, *, reached: bool) -> None:
    found = {path.end for path in simulated(change).who_receives(CENTRAL, COMPLETED)}
    assert found == ({QUEUE} if reached else set())


@pytest.mark.parametrize(
    ("change", "read"),
    [
        (kept_from(Principal={"AWS": f"{OWN}:role/one"}), True),
        (kept_from(Condition={"ArnEquals": {"aws:PrincipalArn": f"{OWN}:role/one"}}), True),
        (kept_from(Condition={"ArnLike": {"aws:PrincipalArn": f"{OWN}:role/one*"}}), True),
        (kept_from(Principal={"AWS": MAIL}), False),
        (kept_from(Principal={"AWS": f"{OWN}:root"}), False),
        (kept_from(Condition={"StringLike": {"aws:PrincipalArn": "*"}}), False),
        (kept_from(Condition={"Bool": {"aws:SecureTransport": "True"}}), False),
        (
            asked("MailerConsumerPolicy", "ReceiveFromQueue", Bool={"aws:SecureTransport": "True"}),
            True,
        ),
    ],
)
def test_a_queue_is_read_by_whom_aws_lets(change: Change, *, read: bool) -> None:
    assert set(simulated(change).who_consumes(QUEUE)) == ({MAIL} if read else set())


@pytest.mark.parametrize("session", ["assumed-role/one/session", "federated-user/one"])
@pytest.mark.parametrize("account", [STRANGER, HUB])
def test_who_is_named_by_a_session_can_put(session: str, account: str) -> None:
    def change(t: Templates) -> None:
        statement = t.statement(f"{PUT}PutPolicy", PUT)
        statement["Principal"] = {"AWS": f"arn:aws:sts::{account}:{session}"}
        del statement["Condition"]["StringEquals"]["aws:PrincipalOrgID"]
        t.central["Added"] = role(allow("events:PutEvents", "*"), RoleName="one", Path="/a/")

    found = simulated(change).who_puts(CENTRAL, COMPLETED.source, COMPLETED.type)
    assert account in found


def test_policies_and_patterns_that_are_not_evaluated_let_in_and_are_told() -> None:
    def change(t: Templates) -> None:
        t.publisher.clear()
        t.publisher["Added"] = role(ManagedPolicyArns=[MANAGED])
        t.said("MailerRule")["EventPattern"]["account"] = [HUB]

    simulator = simulated(change)
    found = simulator.who_puts(CENTRAL, COMPLETED.source, COMPLETED.type)
    assert list(found) == [DELIVERIES]
    told = [each.partition(": ")[2] for each in simulator.doubts]
    assert told == [
        f"no template has {MANAGED}: not evaluated, and taken to allow",
        "it asks for more than source, type and detail: taken to match",
    ]
