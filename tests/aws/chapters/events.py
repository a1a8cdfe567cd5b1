"""Putting events, trying patterns, and the bus itself."""

from typing import Final

from tests.aws.chapters.step import Step

EVENT: Final = (
    '{"id": "1", "account": "111111111111", "source": "aws.key", "time": "2026-01-31T08:00:00Z",'
    ' "region": "local", "resources": [], "detail-type": "Key Event", "detail": {"key": "value"}}'
)

EVENTS: Final = (
    Step(
        "events",
        "PutEvents",
        {
            "Entries": [
                {
                    "Source": "aws.key",
                    "DetailType": "Key Event",
                    "Detail": '{"key": "value"}',
                    "Resources": ["arn:aws:s3:::none"],
                    "Time": 1_780_000_000,
                    "EventBusName": "default",
                },
                {"Source": "aws.key", "DetailType": "Key Event", "Detail": "no JSON"},
            ]
        },
    ),
    Step(
        "events",
        "TestEventPattern",
        {"EventPattern": '{"source": ["aws.key"]}', "Event": EVENT},
    ),
    Step(
        "events",
        "TestEventPattern",
        {"EventPattern": '{"source": "aws.key"}', "Event": EVENT},
        refused="InvalidEventPatternException",
    ),
)

BUSES: Final = (
    Step("events", "DescribeEventBus", {}, {"bus": "Arn"}),
    Step("events", "DescribeEventBus", {"Name": "default"}),
    Step(
        "events", "DescribeEventBus", {"Name": "none-${run}"}, refused="ResourceNotFoundException"
    ),
    Step("events", "ListEventBuses", {"NamePrefix": "def", "Limit": 1}),
    Step("events", "UpdateEventBus", {"Name": "default", "Description": "the one bus"}),
    Step("events", "DeleteEventBus", {"Name": "default"}, refused="ValidationException"),
    Step("events", "DeleteEventBus", {"Name": "none-${run}"}),
    Step("events", "CreateEventBus", {"Name": "other-${run}", "Description": "own"}),
    Step("events", "DescribeEventBus", {"Name": "other-${run}"}),
    Step("events", "UpdateEventBus", {"Name": "other-${run}", "Description": "own still"}),
    Step(
        "events",
        "CreateEventBus",
        {"Name": "other-${run}"},
        refused="ResourceAlreadyExistsException",
    ),
    Step(
        "events",
        "PutRule",
        {
            "Name": "inner",
            "EventBusName": "other-${run}",
            "EventPattern": '{"source": ["orders.${run}"]}',
        },
    ),
    Step("events", "ListRules", {"EventBusName": "other-${run}"}),
    Step("events", "ListRules", {"NamePrefix": "inner"}),
    Step("events", "DeleteEventBus", {"Name": "other-${run}"}, refused="ValidationException"),
    Step("events", "DeleteRule", {"Name": "inner", "EventBusName": "other-${run}"}),
    Step("events", "DeleteEventBus", {"Name": "other-${run}"}),
)

PERMISSIONS: Final = (
    Step(
        "events",
        "PutPermission",
        {
            "EventBusName": "default",
            "Action": "events:PutEvents",
            "Principal": "222222222222",
            "StatementId": "s${run}",
        },
    ),
    Step("events", "RemovePermission", {"EventBusName": "default", "StatementId": "s${run}"}),
    Step(
        "events",
        "RemovePermission",
        {"EventBusName": "default", "StatementId": "s${run}"},
        refused="ResourceNotFoundException",
    ),
)
