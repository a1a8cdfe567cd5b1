"""Ordinary bad days: EventBridge and SQS that refuse, cut connections, or answer rubbish."""

import asyncio
import json
import os
import threading
from collections import Counter
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

from keybus import BusUnavailable, EventPublisher, EventSubscriber, SettingsError
from keybus.envelope import Envelope
from keybus.errors import Unauthenticated
from keybus.settings import Settings
from tests.integration.aws_transport.endpoint import Cut, Day, Refused, endpoint


def body(number: int) -> str:
    head = {"version": "0", "id": f"e{number}", "detail-type": "Door", "source": "aws.key"}
    where = {"account": "111111111111", "region": "eu-west-1", "resources": []}
    time = {"time": "2026-01-31T08:00:00Z"}
    return json.dumps(head | where | time | {"detail": {"garage": number}})


def failing(operation: str, failure: Exception, *counts: int) -> Day:
    """All is well, but for these times of an operation."""

    def day(asked: str, count: int, _: dict[str, Any]) -> None:
        if asked == operation and count in counts:
            raise failure

    return day


@pytest.mark.parametrize("failure", [Refused("InternalError", 500), Cut()])
def test_a_poll_that_failed_disturbs_no_handler(
    failure: Exception, aws: pytest.MonkeyPatch, settings: Settings
) -> None:
    handled = Counter[int]()
    with endpoint(failing("ReceiveMessage", failure, 2)) as there:
        aws.setenv("AWS_ENDPOINT_URL", there.url)
        there.send(body(1), body(2))
        subscriber = EventSubscriber("doors", transport="aws", settings=settings)

        @subscriber.on("Door")
        async def opened(found: Envelope) -> None:
            await asyncio.to_thread(there.wait_for, lambda: there.asked["ReceiveMessage"] > 2)
            handled[found.decoded_detail()["garage"]] += 1
            if handled.total() == 2:
                subscriber.stop()

        subscriber.run()
        assert handled == {1: 1, 2: 1}
        assert set(there.receives.values()) == {1}
        assert there.bodies == []


@pytest.mark.parametrize("failure", [Refused("RequestThrottled"), Cut()])
def test_what_was_handled_is_gone_whatever_its_first_answer_was(
    failure: Exception, aws: pytest.MonkeyPatch, settings: Settings
) -> None:
    with endpoint(failing("DeleteMessageBatch", failure, 1)) as there:
        aws.setenv("AWS_ENDPOINT_URL", there.url)
        there.send(body(1))
        subscriber = EventSubscriber("doors", transport="aws", settings=settings)

        @subscriber.on("Door")
        async def opened(_: Envelope) -> None:
            subscriber.stop()

        subscriber.run()
        assert there.bodies == []
        assert there.asked["DeleteMessageBatch"] == 2


def test_what_a_poll_brings_after_the_end_is_handed_back(
    aws: pytest.MonkeyPatch, settings: Settings
) -> None:
    over = threading.Event()

    def day(asked: str, count: int, _: dict[str, Any]) -> None:
        if (asked, count) == ("ReceiveMessage", 1):
            over.wait(60)

    with endpoint(day) as there:
        aws.setenv("AWS_ENDPOINT_URL", there.url)
        subscriber = EventSubscriber("doors", transport="aws", settings=settings)
        subscriber.on("Door")(print)
        running = threading.Thread(target=subscriber.run)
        running.start()
        there.wait_for(lambda: there.asked["ReceiveMessage"] == 1)
        subscriber.stop()
        running.join()
        there.send(body(1))
        over.set()
        there.wait_for(lambda: there.released == [body(1)])


Make = Callable[[int], list[Any]]


@pytest.fixture
def make(events: ModuleType) -> Make:
    def made(count: int) -> list[Any]:
        return [
            events.DeliveryStatusUpdated(
                delivery_id=f"DEL-{number}", status="IN_GARAGE", timestamp="2026-01-31T08:00:00Z"
            )
            for number in range(count)
        ]

    return made


def some_throttled(asked: str, count: int, parameters: dict[str, Any]) -> dict[str, Any] | None:
    """The first request's first entry is not taken."""
    taken = [{"EventId": "taken"}] * (len(parameters["Entries"]) - 1)
    throttled = {"ErrorCode": "ThrottlingException", "ErrorMessage": "later"}
    return {"Entries": [throttled, *taken]} if (asked, count) == ("PutEvents", 1) else None


def rubbish_first(asked: str, count: int, _: dict[str, Any]) -> bytes | None:
    return b"<html>a proxy</html>" if (asked, count) == ("PutEvents", 1) else None


@pytest.mark.parametrize(
    "day",
    [
        some_throttled,
        rubbish_first,
        failing("PutEvents", Cut(), 1),
    ],
    ids=["an entry throttled", "rubbish", "cut"],
)
def test_what_may_be_tried_again_is(
    day: Day, aws: pytest.MonkeyPatch, make: Make, settings: Settings
) -> None:
    with endpoint(day) as there:
        aws.setenv("AWS_ENDPOINT_URL", there.url)
        with EventPublisher(transport="aws", settings=settings) as publisher:
            results = publisher.publish_many(make(3))
        assert all(each.event_id for each in results)
        assert there.asked["PutEvents"] == 2


def test_what_is_throttled_for_long_says_so(
    aws: pytest.MonkeyPatch, make: Make, settings: Settings
) -> None:
    def never(*_: Any) -> dict[str, Any]:
        return {"Entries": [{"ErrorCode": "ThrottlingException", "ErrorMessage": "later"}]}

    short = Settings(publisher=settings.publisher, retry_timeout=0.3)
    with endpoint(never) as there:
        aws.setenv("AWS_ENDPOINT_URL", there.url)
        with (
            EventPublisher(transport="aws", settings=short) as publisher,
            pytest.raises(BusUnavailable, match="ThrottlingException: later"),
        ):
            publisher.publish(make(1)[0])


@pytest.mark.parametrize(
    ("name", "value", "kind"),
    [
        ("AWS_ENDPOINT_URL", "127.0.0.1:7411", SettingsError),
        ("AWS_DEFAULT_REGION", None, SettingsError),
        ("AWS_SECRET_ACCESS_KEY", None, Unauthenticated),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(
    name: str, value: str | None, kind: type[Exception], aws: pytest.MonkeyPatch, make: Make
) -> None:
    for each in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        aws.setenv(each, os.devnull)
    if value is None:
        aws.delenv(name)
    else:
        aws.setenv(name, value)
    with (
        EventPublisher(transport="aws", publisher="key.delivery") as publisher,
        pytest.raises(kind, match=name),
    ):
        publisher.publish(make(1)[0])
