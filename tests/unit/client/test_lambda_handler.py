"""A subscriber as an AWS Lambda function."""

import json
import threading
from types import ModuleType
from typing import Any

import pytest

from keybus import EventSubscriber, SettingsError
from keybus.client.records import NotHandled, UnreadableInvocation
from keybus.envelope import Envelope


class Context:
    """Lambda's, with so much time left."""

    def __init__(self, seconds: float) -> None:
        self._milliseconds = int(seconds * 1000)

    def get_remaining_time_in_millis(self) -> int:
        return self._milliseconds


def envelope(number: int, detail: dict[str, Any] | None = None) -> dict[str, Any]:
    return {
        "version": "0",
        "id": f"e{number}",
        "detail-type": "Door",
        "source": "aws.key",
        "account": "111111111111",
        "time": "2026-01-31T08:00:00Z",
        "region": "eu-west-1",
        "resources": [],
        "detail": {"garage": number} | (detail or {}),
    }


def record(number: int, body: str | None = None, group: str = "") -> dict[str, Any]:
    attributes = {"ApproximateReceiveCount": "1", "SentTimestamp": "1769846400000"}
    return {
        "messageId": f"m{number}",
        "receiptHandle": f"r{number}",
        "body": json.dumps(envelope(number)) if body is None else body,
        "attributes": attributes | ({"MessageGroupId": group} if group else {}),
    }


def door(failing: set[int]) -> tuple[EventSubscriber, list[int]]:
    subscriber, seen = EventSubscriber("doors"), list[int]()

    @subscriber.on("Door")
    async def opened(found: Envelope) -> None:
        garage = found.decoded_detail()["garage"]
        seen.append(garage)
        if garage in failing:
            raise ValueError(f"no garage {garage}")

    return subscriber, seen


def failed(answer: dict[str, Any]) -> list[str]:
    return [each["itemIdentifier"] for each in answer["batchItemFailures"]]


def test_what_was_not_handled_is_named() -> None:
    subscriber, seen = door({2, 4})
    records = [*map(record, range(5)), record(5, "no envelope")]
    assert failed(subscriber.lambda_handler({"Records": records}, Context(30))) == [
        "m2",
        "m4",
        "m5",
    ]
    assert sorted(seen) == [0, 1, 2, 3, 4]
    assert failed(subscriber.lambda_handler({"Records": [record(1)]})) == []
    assert failed(subscriber.lambda_handler({"Records": []})) == []


def test_in_order_what_follows_a_failure_is_not_tried() -> None:
    subscriber, seen = door({1})
    records = [record(number, group="g") for number in range(4)] + [record(9, group="h")]
    assert failed(subscriber.lambda_handler({"Records": records})) == ["m1", "m2", "m3"]
    assert sorted(seen) == [0, 1, 9]


def test_what_the_time_does_not_suffice_for_comes_again() -> None:
    subscriber, ends = EventSubscriber("doors"), threading.Event()

    @subscriber.on("Door")
    def opened(found: Envelope) -> None:
        if found.decoded_detail()["garage"] == 1:
            ends.wait(60)

    records = [record(0), record(1), record(2)]
    try:
        assert failed(subscriber.lambda_handler({"Records": records}, Context(1.5))) == ["m1"]
    finally:
        ends.set()


def test_an_event_of_a_rule_is_handled_or_raised() -> None:
    subscriber, seen = door({7})
    assert subscriber.lambda_handler(envelope(1)) == {}
    with pytest.raises(NotHandled, match="no garage 7"):
        subscriber.lambda_handler(envelope(7))
    assert seen == [1, 7]


def test_typed_events_are_checked(events: ModuleType) -> None:
    subscriber, found = EventSubscriber("notifications"), list[Any]()

    @subscriber.on(events.DeliveryStatusUpdated)
    def updated(event: Any) -> None:
        found.append(event)

    event = events.DeliveryStatusUpdated(
        delivery_id="DEL-1",
        status="IN_GARAGE",
        timestamp="2026-01-31T08:00:00Z",
        publisher={"name": "key.delivery"},
    )
    whole = envelope(1) | {"detail-type": event.TYPE, "detail": event.to_dict()}
    torn = whole | {"detail": {}}
    records = [record(1, json.dumps(whole)), record(2, json.dumps(torn))]
    assert failed(subscriber.lambda_handler({"Records": records})) == ["m2"]
    assert found == [event]


@pytest.mark.parametrize(
    "event", [{}, {"Records": [{"body": 1}]}, {"Records": [7]}, {"Records": 7}, []]
)
def test_another_invocation_is_refused(event: Any) -> None:
    subscriber, _ = door(set())
    with pytest.raises(UnreadableInvocation, match="event source"):
        subscriber.lambda_handler(event)


def test_a_subscriber_without_handlers_is_no_function() -> None:
    with pytest.raises(SettingsError, match="no handlers"):
        EventSubscriber("doors").lambda_handler({"Records": []})
