"""TestEventPattern by real boto3: what EventBridge answers, and what it refuses."""

import json
from typing import Any

import pytest

from tests.integration.eventbridge.refusing import refused

EVENT = {
    "id": "7bf73129-1428-4cd3-a780-95db273d1602",
    "detail-type": "EC2 Instance State-change Notification",
    "source": "aws.ec2",
    "account": "123456789012",
    "time": "2015-11-11T21:29:54Z",
    "region": "us-east-1",
    "resources": ["arn:aws:ec2:us-east-1:123456789012:instance/i-abcd1111"],
    "detail": {"instance-id": "i-abcd1111", "state": "pending", "count": 3},
}


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ({"source": ["aws.ec2"]}, True),
        ({"source": ["aws.s3"]}, False),
        ({"detail": {"state": [{"prefix": "pen"}], "count": [{"numeric": [">", 2]}]}}, True),
        ({"detail": {"state": [{"anything-but": ["pending"]}]}}, False),
        ({"detail": {"missing": [{"exists": False}]}}, True),
        ({"resources": [{"wildcard": "arn:aws:ec2:*:instance/*"}]}, True),
        ({"$or": [{"source": ["x"]}, {"detail": {"count": [3]}}]}, True),
    ],
)
def test_a_pattern_is_asked(shop: Any, pattern: object, *, expected: bool) -> None:
    answer = shop.test_event_pattern(EventPattern=json.dumps(pattern), Event=json.dumps(EVENT))
    assert answer["Result"] is expected


@pytest.mark.parametrize("missing", sorted(EVENT.keys() - {"detail"}))
def test_an_event_has_all_of_its_envelope(shop: Any, missing: str) -> None:
    event = json.dumps({name: value for name, value in EVENT.items() if name != missing})
    refused(
        shop.test_event_pattern,
        "ValidationException",
        f"{missing} must be in the event",
        EventPattern='{"source": ["a"]}',
        Event=event,
    )


@pytest.mark.parametrize("event", ["", "{", "[]", "null", '"text"', "[" * 2000])
def test_what_is_no_event_is_refused(shop: Any, event: str) -> None:
    refused(
        shop.test_event_pattern,
        "ValidationException",
        "Parameter Event is not valid",
        EventPattern='{"source": ["a"]}',
        Event=event,
    )


@pytest.mark.parametrize("pattern", ["", "{}", "[]", '{"source": []}', '{"a": [{"prefix": 1}]}'])
def test_what_is_no_pattern_is_refused(shop: Any, pattern: str) -> None:
    refused(
        shop.test_event_pattern,
        "InvalidEventPatternException",
        "Event pattern is not valid. Reason:",
        EventPattern=pattern,
        Event=json.dumps(EVENT),
    )
