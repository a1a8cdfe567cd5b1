"""A plainly fictional shop whose events are on EventBridge, made there by hand."""

import json
from typing import Any, Final

HUB, ORDERS, STOCK, MAIL = "100000000001", "111111111101", "222222222202", "333333333303"
REGION: Final = "eu-west-1"
BUS: Final = f"arn:aws:events:{REGION}:{HUB}:event-bus/shop"
MAIL_BUS: Final = f"arn:aws:events:{REGION}:{MAIL}:event-bus/mail"
TRUST: Final = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "events.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
)


def statement(sid: str, account: str, **equals: Any) -> dict[str, Any]:
    """A statement by which an account may put."""
    return {
        "Sid": sid,
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
        "Action": "events:PutEvents",
        "Resource": BUS,
        "Condition": {"StringEquals": equals},
    }


def policy(*statements: dict[str, Any]) -> str:
    """A policy of these."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def open_shop(hub: Any, mail: Any) -> None:
    """Make it.

    Args:
        hub: Gives boto3's clients of the account of the bus.
        mail: Those of an account that subscribes by a bus of its own.
    """
    events = hub.client("events")
    events.create_event_bus(Name="shop")
    events.put_permission(
        EventBusName="shop",
        Policy=policy(
            statement(
                "orders",
                ORDERS,
                **{"events:source": "shop.orders", "aws:PrincipalOrgID": "o-shop1"},
            ),
            statement(
                "stock",
                STOCK,
                **{"events:source": ["shop.stock"], "events:detail-type": ["stock.counted"]},
            ),
        ),
    )
    _rules_of_hub(hub, events)
    _mail(mail)


def _rules_of_hub(hub: Any, events: Any) -> None:
    sqs = hub.client("sqs")
    letters = sqs.create_queue(
        QueueName="ledger-dlq", Attributes={"MessageRetentionPeriod": "345600"}
    )
    assert letters
    redrive = {
        "deadLetterTargetArn": f"arn:aws:sqs:{REGION}:{HUB}:ledger-dlq",
        "maxReceiveCount": 6,
    }
    sqs.create_queue(QueueName="ledger", Attributes={"RedrivePolicy": json.dumps(redrive)})
    placed = {"source": ["shop.orders"], "detail-type": ["Order Placed"]}
    _rule(events, "ledger-orders", placed, f"arn:aws:sqs:{REGION}:{HUB}:ledger")
    counted = {"source": ["shop.stock"], "detail-type": ["stock.counted"]}
    narrow = {**counted, "detail": {"aisle": ["A", "B"]}}
    _rule(events, "count", narrow, f"arn:aws:lambda:{REGION}:{HUB}:function:count")
    _rule(events, "mail", placed, MAIL_BUS)
    _rule(events, "machine", placed, f"arn:aws:states:{REGION}:{HUB}:stateMachine:ship")
    events.put_rule(Name="nightly", EventBusName="default", ScheduleExpression="rate(1 day)")
    off = {"EventPattern": json.dumps(placed), "EventBusName": "shop", "State": "DISABLED"}
    events.put_rule(Name="off", **off)
    events.create_archive(ArchiveName="all", EventSourceArn=BUS, RetentionDays=30)
    events.create_archive(
        ArchiveName="some", EventSourceArn=BUS, EventPattern=json.dumps(placed), RetentionDays=400
    )


def _mail(mail: Any) -> None:
    events = mail.client("events")
    events.create_event_bus(Name="mail")
    mail.client("sqs").create_queue(QueueName="letters")
    large = {"detail": {"total": [{"numeric": [">", 100]}]}}
    _rule(events, "large", large, f"arn:aws:sqs:{REGION}:{MAIL}:letters", bus="mail")


def _rule(events: Any, name: str, pattern: dict[str, Any], arn: str, bus: str = "shop") -> None:
    events.put_rule(Name=name, EventBusName=bus, EventPattern=json.dumps(pattern))
    events.put_targets(Rule=name, EventBusName=bus, Targets=[{"Id": "1", "Arn": arn}])
