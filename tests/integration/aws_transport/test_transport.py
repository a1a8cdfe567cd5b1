"""Publishing and subscribing over EventBridge and SQS, against moto and against Keybus."""

import json
import threading
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import boto3
import pytest

from keybus import (
    BusUnavailable,
    Event,
    EventPublisher,
    EventSubscriber,
    Handled,
    SettingsError,
    SubscriptionError,
)
from keybus.errors import Unauthenticated
from keybus.settings import Settings

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of moto's server
SECONDS = 60
Make = Callable[[int], list[Event]]


@pytest.fixture
def make(events: ModuleType) -> Make:
    def made(count: int) -> list[Event]:
        return [
            events.DeliveryStatusUpdated(
                delivery_id=f"DEL-{number}", status="IN_GARAGE", timestamp="2026-01-31T08:00:00Z"
            )
            for number in range(count)
        ]

    return made


@pytest.fixture(params=["moto_url", "keybus_url"])
def queue(request: pytest.FixtureRequest, aws: pytest.MonkeyPatch) -> Iterator[str]:
    """The URL of the empty queue `notifications`, which gets what is published."""
    url = request.getfixturevalue(request.param)
    aws.setenv("AWS_ENDPOINT_URL", url)
    sqs = boto3.client("sqs")
    if request.param == "moto_url":
        found = _on_moto(sqs)
    else:
        found = sqs.get_queue_url(QueueName="notifications")["QueueUrl"]
    yield found
    while messages := sqs.receive_message(QueueUrl=found, MaxNumberOfMessages=10).get("Messages"):
        for each in messages:
            sqs.delete_message(QueueUrl=found, ReceiptHandle=each["ReceiptHandle"])
    sqs.close()


def _on_moto(sqs: Any) -> str:
    """A rule, the queue that it sends to, and the queue's dead-letter queue."""
    dead = sqs.create_queue(QueueName="notifications-dlq")["QueueUrl"]
    policy = {"deadLetterTargetArn": _arn(sqs, dead), "maxReceiveCount": 5}
    url: str = sqs.create_queue(
        QueueName="notifications", Attributes={"RedrivePolicy": json.dumps(policy)}
    )["QueueUrl"]
    events = boto3.client("events")
    pattern = {"detail-type": ["delivery.status.updated"]}
    events.put_rule(Name="notifications", EventPattern=json.dumps(pattern))
    events.put_targets(Rule="notifications", Targets=[{"Id": "queue", "Arn": _arn(sqs, url)}])
    events.close()
    return url


def _arn(sqs: Any, url: str) -> str:
    asked = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    return str(asked["Attributes"]["QueueArn"])


class Receiving:
    """A subscriber in a thread of its own, until it has seen so many outcomes."""

    def __init__(self, subscriber: EventSubscriber, outcomes: int) -> None:
        self.seen: list[Handled] = []
        self._subscriber, self._outcomes = subscriber, outcomes
        subscriber.observer = self._observe
        self._thread = threading.Thread(target=subscriber.run)
        self._thread.start()

    def _observe(self, handled: Handled) -> None:
        self.seen.append(handled)
        if len(self.seen) >= self._outcomes:
            self._subscriber.stop()

    def wait(self) -> None:
        self._thread.join(SECONDS)
        assert not self._thread.is_alive()


def _left(queue: str) -> int:
    counted = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
    sqs = boto3.client("sqs")
    asked = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=[*counted])["Attributes"]
    sqs.close()
    return sum(int(asked[name]) for name in counted)


def test_what_is_published_is_handled_once_and_gone(
    queue: str, make: Make, settings: Settings, events: ModuleType
) -> None:
    sent = make(25)
    with EventPublisher(transport="aws", settings=settings) as publisher:
        results = publisher.publish_many(sent)
    assert len({result.event_id for result in results}) == 25
    subscriber = EventSubscriber("notifications", transport="aws", settings=settings)
    found: list[Event] = []

    @subscriber.on(events.DeliveryStatusUpdated)
    def updated(event: Event) -> None:
        found.append(event)

    receiving = Receiving(subscriber, 25)
    receiving.wait()
    assert sorted(str(each.id) for each in found) == sorted(str(each.id) for each in sent)
    assert found[0].publisher.name == "key.delivery"
    assert _left(queue) == 0


def test_what_failed_comes_again(
    queue: str, make: Make, settings: Settings, events: ModuleType
) -> None:
    with EventPublisher(transport="aws", settings=settings) as publisher:
        publisher.publish_many(make(1))
    subscriber = EventSubscriber("notifications", transport="aws", settings=settings)
    tries: list[Event] = []

    @subscriber.on(events.DeliveryStatusUpdated)
    def fail_once(event: Event) -> None:
        tries.append(event)
        if len(tries) == 1:
            raise ConnectionError("not now")

    receiving = Receiving(subscriber, 2)
    receiving.wait()
    first, second = receiving.seen
    assert (first.outcome, second.outcome) == ("failed", "handled")
    # A poll that another subscriber's end left behind may have received it first.
    assert second.attempt == first.attempt + 1
    assert _left(queue) == 0


def test_what_does_not_fit_goes_to_the_dead_letters_with_the_reason(
    moto_url: str, aws: pytest.MonkeyPatch, settings: Settings, events: ModuleType
) -> None:
    aws.setenv("AWS_ENDPOINT_URL", moto_url)
    sqs = boto3.client("sqs")
    queue = _on_moto(sqs)
    envelope = {
        "version": "0",
        "id": "3f0c0e9e-8a54-4b6e-9a39-0c1f5d1f2b7a",
        "detail-type": "delivery.status.updated",
        "source": "key.delivery",
        "account": "111111111111",
        "time": "2026-01-31T08:00:00Z",
        "region": "eu-west-1",
        "resources": [],
        "detail": {"type": "delivery.status.updated"},
    }
    for body in (json.dumps(envelope), "no envelope"):
        sqs.send_message(QueueUrl=queue, MessageBody=body)
    subscriber = EventSubscriber(queue, transport="aws", settings=settings)  # by its URL

    @subscriber.on(events.DeliveryStatusUpdated)
    def updated(event: Event) -> None:
        raise AssertionError(event)

    receiving = Receiving(subscriber, 2)
    receiving.wait()
    assert {each.outcome for each in receiving.seen} == {"rejected"}
    assert _left(queue) == 0
    dead = sqs.get_queue_url(QueueName="notifications-dlq")["QueueUrl"]
    letters = sqs.receive_message(
        QueueUrl=dead, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
    )["Messages"]
    reasons = {
        each["Body"]: each["MessageAttributes"]["ERROR_MESSAGE"]["StringValue"] for each in letters
    }
    assert "/delivery_id" in reasons[json.dumps(envelope)]
    assert reasons["no envelope"]
    sqs.purge_queue(QueueUrl=dead)
    sqs.close()


def test_a_queue_that_is_not_there_is_named(
    moto_url: str, aws: pytest.MonkeyPatch, settings: Settings
) -> None:
    aws.setenv("AWS_ENDPOINT_URL", moto_url)
    subscriber = EventSubscriber("nowhere", transport="aws", settings=settings)
    subscriber.on("x")(print)
    with pytest.raises(SubscriptionError, match="there is no queue 'nowhere'"):
        subscriber.run()


def test_nobody_there_is_told_after_the_retries(
    aws: pytest.MonkeyPatch, make: Make, settings: Settings
) -> None:
    aws.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with (
        EventPublisher(transport="aws", settings=settings) as publisher,
        pytest.raises(BusUnavailable, match="AWS_ENDPOINT_URL"),
    ):
        publisher.publish(make(1)[0])


def test_without_credentials_nothing_is_tried_again(
    moto_url: str, aws: pytest.MonkeyPatch, make: Make, settings: Settings, tmp_path: Any
) -> None:
    aws.setenv("AWS_ENDPOINT_URL", moto_url)
    aws.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    aws.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    aws.delenv("AWS_ACCESS_KEY_ID")
    with (
        EventPublisher(transport="aws", settings=settings) as publisher,
        pytest.raises(Unauthenticated, match="redentials"),
    ):
        publisher.publish(make(1)[0])


def test_the_environment_names_the_transport(
    queue: str, make: Make, aws: pytest.MonkeyPatch
) -> None:
    aws.setenv("KEYBUS_TRANSPORT", "aws")
    aws.setenv("KEYBUS_PUBLISHER", "key.delivery")
    with EventPublisher() as publisher:
        assert publisher.publish(make(1)[0])
    assert _left(queue) == 1


def test_settings_that_make_no_sense_are_refused(settings: Settings) -> None:
    with pytest.raises(SettingsError, match="no transport 'carrier-pigeon'"):
        EventPublisher(transport="carrier-pigeon", settings=settings)  # type: ignore[arg-type]
    with pytest.raises(SettingsError, match="AWS_ENDPOINT_URL"):
        EventPublisher("http://127.0.0.1:7411", transport="aws", settings=settings)
