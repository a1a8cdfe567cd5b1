"""A subscriber as an AWS Lambda function."""

import asyncio
import json
import subprocess
import sys
import threading
from collections.abc import Sequence
from types import ModuleType
from typing import Any

import pytest

from keybus import EventPublisher, EventSubscriber, SettingsError
from keybus.client.records import NotHandled, UnreadableInvocation
from keybus.client.transport import DeliveryStream
from keybus.envelope import Entry, EntryResult, Envelope
from keybus.protocol import PublisherInfo


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


def test_the_log_names_the_event_that_failed_and_the_one_that_nobody_handles(
    caplog: pytest.LogCaptureFixture,
) -> None:
    subscriber, _ = door({2})
    alien = json.dumps(envelope(3) | {"detail-type": "Window"})
    subscriber.lambda_handler({"Records": [record(2), record(3, alien), record(4, "torn")]})
    told = [each.getMessage() for each in caplog.records if each.name == "keybus.client.intake"]
    assert any(each.startswith("event e3 cannot be handled: ") for each in told)
    assert any(each.startswith("handler of Door failed, event e2, attempt 1: ") for each in told)
    assert any(each.startswith("position 2 cannot be handled: ") for each in told)


def test_in_order_what_follows_a_failure_is_not_tried() -> None:
    subscriber, seen = door({1})
    records = [record(number, group="g") for number in range(4)] + [record(9, group="h")]
    assert failed(subscriber.lambda_handler({"Records": records})) == ["m1", "m2", "m3"]
    assert sorted(seen) == [0, 1, 9]


def test_in_order_what_follows_an_unfit_one_is_not_tried_either() -> None:
    subscriber, seen = door(set())
    records = [record(1, "no envelope", group="g"), record(2, group="g"), record(3, group="h")]
    assert failed(subscriber.lambda_handler({"Records": records})) == ["m1", "m2"]
    assert seen == [3]


def test_groups_of_a_standard_queue_are_in_no_order() -> None:
    subscriber, seen = door({1})
    queue = {"eventSourceARN": "arn:aws:sqs:eu-west-1:111111111111:doors"}
    records = [record(number, group="tenant") | queue for number in range(3)]
    assert failed(subscriber.lambda_handler({"Records": records})) == ["m1"]
    assert sorted(seen) == [0, 1, 2]


def test_a_short_function_has_time_for_its_events_too() -> None:
    subscriber = EventSubscriber("doors")

    @subscriber.on("Door")
    async def opened(_: Envelope) -> None:
        await asyncio.sleep(0.01)  # what handling takes

    assert failed(subscriber.lambda_handler({"Records": [record(1)]}, Context(1.0))) == []


class Taking:
    """A transport that takes everything."""

    async def put(self, entries: Sequence[Entry]) -> Sequence[EntryResult]:
        return [EntryResult("taken") for _ in entries]

    async def publishers(self, event_type: str) -> Sequence[PublisherInfo]:
        del event_type
        return ()

    async def subscribe(self, subscription: str, window: int) -> DeliveryStream:
        raise AssertionError((subscription, window))

    async def close(self) -> None: ...


def test_a_handler_may_publish(events: ModuleType) -> None:
    subscriber, published = EventSubscriber("doors"), list[str]()

    with EventPublisher(transport=Taking(), publisher="key.delivery") as publisher:

        @subscriber.on("Door")
        async def opened(_: Envelope) -> None:
            moved = events.DeliveryStatusUpdated(
                delivery_id="DEL-1", status="IN_GARAGE", timestamp="2026-01-31T08:00:00Z"
            )
            published.append(publisher.publish(moved))

        assert failed(subscriber.lambda_handler({"Records": [record(1)]})) == []
    assert published == ["taken"]


@pytest.mark.parametrize(
    "body",
    [
        "\ud800",
        json.dumps(envelope(1) | {"source": "\ud800"}, ensure_ascii=False),
        json.dumps(envelope(1) | {"detail": {"garage": "\ud800"}}, ensure_ascii=False),
        "[" * 100_000,
        json.dumps({"Type": "Notification", "Message": json.dumps(envelope(1))}),
    ],
    ids=["no text", "no text in it", "no text in the event", "deep", "of SNS"],
)
def test_a_body_that_nobody_can_read_fails_alone(body: str) -> None:
    subscriber, seen = door(set())
    records = [record(1, body), record(2)]
    assert failed(subscriber.lambda_handler({"Records": records})) == ["m1"]
    assert seen == [2]


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
    "event",
    [
        {},
        {"Records": [{"body": 1}]},
        {"Records": [7]},
        {"Records": 7},
        [],
        {"Records": [record(1) | {"attributes": None}]},
    ],
)
def test_another_invocation_is_refused(event: Any) -> None:
    subscriber, _ = door(set())
    with pytest.raises(UnreadableInvocation, match="event source"):
        subscriber.lambda_handler(event)


def test_a_subscriber_without_handlers_is_no_function() -> None:
    with pytest.raises(SettingsError, match="no handlers"):
        EventSubscriber("doors").lambda_handler({"Records": []})


def test_a_cold_start_loads_no_http_client_and_no_boto3() -> None:
    program = """
import sys
from keybus import EventSubscriber
subscriber = EventSubscriber("doors", transport="aws")
subscriber.on("Door")(print)
assert subscriber.lambda_handler({"Records": []}) == {"batchItemFailures": []}
sys.exit(str({"aiohttp", "boto3", "botocore"} & sys.modules.keys() or ""))
"""
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False)
    assert ended.stderr.decode().strip() == ""
