"""An SQS queue as a subscription, with clients that answer as told."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from keybus.client.aws import AwsTransport
from keybus.client.transport import DeliveryStream
from keybus.errors import BusUnavailable, Forbidden, SubscriptionError
from keybus.protocol import Failed, Settlement
from keybus.settings import Settings
from keybus.testing import ManualClock
from tests.unit.client.scripted_aws import Answer, Scripted, done, error

URL = "https://sqs.eu-west-1.amazonaws.com/111111111111/billing"


class Hurried(ManualClock):
    """A clock that whoever sleeps moves on."""

    def sleep(self, seconds: float) -> Coroutine[object, object, None]:
        self.advance(seconds)
        return super().sleep(0.0)


async def opened(
    services: Scripted,
    window: int = 10,
    *,
    url: str = URL,
    clock: ManualClock | None = None,
    visibility: int = 60,
) -> DeliveryStream:
    way = AwsTransport(
        Settings(), services=services, clock=clock or ManualClock(), visibility=visibility
    )
    return await way.subscribe(url, window)


def received(number: int, **attributes: str) -> dict[str, Any]:
    return {
        "MessageId": f"m{number}",
        "ReceiptHandle": f"r{number}",
        "Body": "{}",
        "Attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": "0", **attributes},
    }


async def test_what_is_out_is_extended_until_it_is_settled() -> None:
    clock = ManualClock()
    messages = [[received(1), received(2)]]
    services = Scripted(
        receive_message=lambda **_: {"Messages": messages.pop()},
    )
    stream = await opened(services, clock=clock)
    first, second = await stream.receive()
    assert services.of("receive_message")[0]["VisibilityTimeout"] == 60
    await stream.settle(Settlement())
    assert not services.of("change_message_visibility_batch")
    clock.advance(30)
    await stream.settle(Settlement(ack=[first.position]))
    assert [e["ReceiptHandle"] for e in services.of("delete_message_batch")[0]["Entries"]] == ["r1"]
    [extended] = services.of("change_message_visibility_batch")
    assert extended["Entries"] == [{"Id": "0", "ReceiptHandle": "r2", "VisibilityTimeout": 60}]
    await stream.settle(Settlement())  # only once in half of its time
    assert len(services.of("change_message_visibility_batch")) == 1
    await stream.settle(Settlement(retry=[Failed(second.position, "no", after=90.0)]))
    last = services.of("change_message_visibility_batch")[-1]["Entries"]
    assert [each["VisibilityTimeout"] for each in last] == [90]
    await stream.close()
    assert len(services.of("change_message_visibility_batch")) == 2  # nothing is left


async def test_what_was_not_tried_can_be_received_at_once() -> None:
    services = Scripted(
        receive_message=lambda **_: {"Messages": [received(n) for n in range(10)]},
    )
    stream = await opened(services, 15)
    deliveries = [*await stream.receive(), *await stream.receive()]
    assert [asked["MaxNumberOfMessages"] for asked in services.of("receive_message")] == [10, 5]
    await stream.settle(Settlement(release=[each.position for each in deliveries[:12]]))
    await stream.close()
    changed = [
        each["VisibilityTimeout"]
        for asked in services.of("change_message_visibility_batch")
        for each in asked["Entries"]
    ]
    assert changed == [0] * 20


async def test_what_cannot_be_handled_waits_for_the_redrive_where_there_is_no_other_queue() -> None:
    services = Scripted(
        receive_message=lambda **_: {"Messages": [received(1)]},
    )
    stream = await opened(services)
    [delivery] = await stream.receive()
    await stream.settle(Settlement(bury=[Failed(delivery.position, "unfit")]))
    assert not services.of("send_message")
    assert not services.of("delete_message_batch")
    assert len(services.of("change_message_visibility_batch")) == 1


def once(message: dict[str, Any], *more: dict[str, Any]) -> Answer:
    """These messages in one answer, and then nothing."""
    answers = [[message, *more]]
    return lambda **_: {"Messages": answers.pop() if answers else []}


def raising(*failures: Exception, then: Answer = done) -> Answer:
    """An operation that fails so, and then works."""
    left = list(failures)

    def answer(**parameters: Any) -> dict[str, Any]:
        if left:
            raise left.pop(0)
        return then(**parameters)

    return answer


async def test_a_poll_that_failed_is_made_again_and_disturbs_nothing() -> None:
    failures = error("InternalError", 500), error("KmsThrottled"), error("RequestTimeout", 408)
    polled = raising(*failures, then=once(received(1)))
    services = Scripted(receive_message=polled)
    stream = await opened(services, clock=Hurried())
    [delivery] = await stream.receive()
    assert (delivery.attempt, len(services.of("receive_message"))) == (1, 4)


async def test_an_answer_without_a_queue_is_none() -> None:
    way = AwsTransport(Settings(), services=Scripted(get_queue_url=lambda **_: {}))
    with pytest.raises(BusUnavailable, match="AWS_ENDPOINT_URL"):
        await way.subscribe("billing", 10)


class Timed(Scripted):
    """Clients that know how long they wait for an answer."""

    def __init__(self, **operations: Answer) -> None:
        super().__init__(**operations)
        self.timeouts: list[float] = []

    def client(self, service_name: str, **options: Any) -> Scripted:
        self.timeouts.append(options["config"].read_timeout)
        return super().client(service_name)


async def test_only_a_poll_waits_longer_than_a_request_may_take() -> None:
    services = Timed(receive_message=once(received(1)))
    stream = await opened(services)
    [delivery] = await stream.receive()
    await stream.settle(Settlement(ack=[delivery.position]))
    assert services.timeouts == [30.0, 10.0]


async def test_a_poll_that_is_refused_ends_the_stream() -> None:
    services = Scripted(receive_message=raising(error("QueueDoesNotExist")))
    with pytest.raises(SubscriptionError, match="QueueDoesNotExist"):
        await (await opened(services)).receive()


async def test_who_does_not_wait_for_messages_is_asked_once_a_second() -> None:
    clock = Hurried()
    stream = await opened(Scripted(receive_message=lambda **_: {}), clock=clock)
    began = clock.monotonic()
    assert list(await stream.receive()) == []
    assert clock.monotonic() - began == 1.0


def failing(code: str, *, of_sender: bool) -> Answer:
    """An answer that names every entry as failed."""

    def answer(**parameters: Any) -> dict[str, Any]:
        told = {"SenderFault": of_sender, "Code": code, "Message": "no"}
        return {"Failed": [{"Id": each["Id"], **told} for each in parameters["Entries"]]}

    return answer


def after(first: Answer, then: Answer = done) -> Answer:
    """The first answer, and then others."""
    answers = [first]

    def answer(**parameters: Any) -> dict[str, Any]:
        found = answers.pop() if answers else then
        return found(**parameters)

    return answer


@pytest.mark.parametrize(
    "first",
    [
        lambda: raising(error("RequestThrottled")),
        lambda: raising(error("ServiceUnavailable", 503)),
        lambda: failing("InternalError", of_sender=False),
        lambda: failing("RequestThrottled", of_sender=True),
        lambda: lambda **_: {"Successful": []},
    ],
    ids=["throttled", "unavailable", "failed", "entry throttled", "no result"],
)
@pytest.mark.parametrize("operation", ["delete_message_batch", "change_message_visibility_batch"])
async def test_what_sqs_did_not_do_is_asked_for_again(
    first: Callable[[], Answer], operation: str
) -> None:
    clock = ManualClock()
    services = Scripted(receive_message=once(received(1)), **{operation: after(first())})
    stream = await opened(services, clock=clock)
    [delivery] = await stream.receive()
    if operation == "delete_message_batch":
        await stream.settle(Settlement(ack=[delivery.position]))
    else:
        await stream.settle(Settlement(retry=[Failed(delivery.position, "no", after=50.0)]))
    clock.advance(5)
    await stream.settle(Settlement())
    assert [each["Entries"] for each in services.of(operation)] == [
        services.of(operation)[0]["Entries"]
    ] * 2
    clock.advance(5)
    await stream.settle(Settlement())
    await stream.close()
    assert len(services.of(operation)) == 2


async def test_what_sqs_refuses_for_good_is_not_asked_for_again() -> None:
    clock = ManualClock()
    refused = failing("ReceiptHandleIsInvalid", of_sender=True)
    services = Scripted(
        receive_message=once(received(1), received(2)),
        delete_message_batch=refused,
        change_message_visibility_batch=refused,
    )
    stream = await opened(services, clock=clock)
    first, _ = await stream.receive()
    await stream.settle(Settlement(ack=[first.position]))
    for _ in range(4):
        clock.advance(30)
        await stream.settle(Settlement())
    assert len(services.of("delete_message_batch")) == 1
    assert len(services.of("change_message_visibility_batch")) == 1


async def test_an_extension_that_failed_is_asked_for_at_the_next_heartbeat() -> None:
    clock = ManualClock()
    services = Scripted(
        receive_message=once(received(1)),
        change_message_visibility_batch=raising(error("InternalError", 500)),
    )
    stream = await opened(services, clock=clock)
    await stream.receive()
    for _ in range(8):
        clock.advance(5)
        await stream.settle(Settlement())
    assert len(services.of("change_message_visibility_batch")) == 2


async def test_what_is_done_stays_hidden_until_sqs_deletes_it() -> None:
    clock = ManualClock()
    failures = [error("InternalError", 500)] * 5
    services = Scripted(receive_message=once(received(1)), delete_message_batch=raising(*failures))
    stream = await opened(services, clock=clock)
    [delivery] = await stream.receive()
    await stream.settle(Settlement(ack=[delivery.position]))
    for _ in range(6):
        clock.advance(10)
        await stream.settle(Settlement())
    [extended] = services.of("change_message_visibility_batch")
    assert extended["Entries"] == [{"Id": "0", "ReceiptHandle": "r1", "VisibilityTimeout": 60}]
    assert len(services.of("delete_message_batch")) == 6


async def test_a_pause_after_a_failure_holds_up_no_extension() -> None:
    clock = ManualClock()
    services = Scripted(
        receive_message=once(received(1), received(2)),
        delete_message_batch=raising(error("InternalError", 500)),
    )
    stream = await opened(services, clock=clock)
    first, _ = await stream.receive()
    clock.advance(29.99)
    await stream.settle(Settlement(ack=[first.position]))
    clock.advance(0.01)
    await stream.settle(Settlement())
    [extended] = services.of("change_message_visibility_batch")
    assert {each["ReceiptHandle"] for each in extended["Entries"]} == {"r1", "r2"}
    assert len(services.of("delete_message_batch")) == 1


async def test_what_is_visible_again_is_not_hidden_from_who_has_it_now() -> None:
    clock = ManualClock()
    services = Scripted(
        receive_message=once(received(1)),
        change_message_visibility_batch=raising(error("InternalError", 500)),
    )
    stream = await opened(services, clock=clock)
    [delivery] = await stream.receive()
    await stream.settle(Settlement(retry=[Failed(delivery.position, "no", after=50.0)]))
    clock.advance(60)
    await stream.settle(Settlement())
    assert len(services.of("change_message_visibility_batch")) == 1


@pytest.mark.parametrize("visibility", [3_600, 43_200])
async def test_no_message_is_hidden_for_more_than_twelve_hours(visibility: int) -> None:
    clock = ManualClock()
    ends: list[float] = []

    def hide(**asked: Any) -> dict[str, Any]:
        ends.append(clock.monotonic() + asked["Entries"][0]["VisibilityTimeout"])
        return done(**asked)

    services = Scripted(receive_message=once(received(1)), change_message_visibility_batch=hide)
    stream = await opened(services, clock=clock, visibility=visibility)
    began = clock.monotonic()
    await stream.receive()
    for _ in range(16):
        clock.advance(3_000)
        await stream.settle(Settlement())
    assert max([*ends, began + visibility]) == pytest.approx(began + 43_200, abs=10)
    assert max([*ends, 0.0]) <= began + 43_200
    assert ends == sorted(set(ends))


async def test_the_end_waits_for_sqs_a_while() -> None:
    failures = [error("InternalError", 500)] * 3
    services = Scripted(
        receive_message=once(received(1), received(2)),
        delete_message_batch=raising(*failures),
    )
    stream = await opened(services, clock=Hurried())
    first, _ = await stream.receive()
    await stream.settle(Settlement(ack=[first.position]))
    await stream.close()
    assert len(services.of("delete_message_batch")) == 4
    [released] = services.of("change_message_visibility_batch")
    assert released["Entries"] == [{"Id": "0", "ReceiptHandle": "r2", "VisibilityTimeout": 0}]


async def test_the_end_does_not_wait_for_ever(caplog: pytest.LogCaptureFixture) -> None:
    def never(**_: Any) -> dict[str, Any]:
        raise error("InternalError", 500)

    services = Scripted(receive_message=once(received(1)), delete_message_batch=never)
    stream = await opened(services, clock=Hurried())
    [delivery] = await stream.receive()
    await stream.settle(Settlement(ack=[delivery.position]))
    await stream.close()
    assert "1 messages come again" in caplog.text


LETTERS = '{"deadLetterTargetArn":"arn:aws:sqs:eu-west-1:111111111111:dead","maxReceiveCount":5}'


def with_letters(**operations: Answer) -> Scripted:
    """A queue with a dead-letter queue."""
    policy = {"Attributes": {"RedrivePolicy": LETTERS}}
    return Scripted(
        get_queue_attributes=lambda **_: policy,
        get_queue_url=lambda **_: {"QueueUrl": "dead"},
        **operations,
    )


async def test_a_letter_that_was_not_taken_is_sent_again_and_holds_up_nothing() -> None:
    clock = ManualClock()
    services = with_letters(
        receive_message=once(received(1), received(2)),
        send_message=raising(error("RequestThrottled")),
    )
    stream = await opened(services, clock=clock)
    first, second = await stream.receive()
    failed = Failed(second.position, "unfit")
    await stream.settle(Settlement(ack=[first.position], bury=[failed]))
    deleted = services.of("delete_message_batch")
    assert [each["Entries"][0]["ReceiptHandle"] for each in deleted] == ["r1"]
    clock.advance(5)
    await stream.settle(Settlement())
    assert len(services.of("send_message")) == 2
    assert [each["Entries"][0]["ReceiptHandle"] for each in deleted[0:1]] == ["r1"]
    assert services.of("delete_message_batch")[-1]["Entries"][0]["ReceiptHandle"] == "r2"


async def test_a_reason_has_only_what_sqs_takes() -> None:
    services = with_letters(receive_message=once(received(1)))
    stream = await opened(services)
    [delivery] = await stream.receive()
    await stream.settle(Settlement(bury=[Failed(delivery.position, "/a\x01b\ud800: ü 🚪")]))
    [letter] = services.of("send_message")
    told = letter["MessageAttributes"]["ERROR_MESSAGE"]["StringValue"]
    assert told == "/a\ufffdb\ufffd: ü 🚪"


@pytest.mark.parametrize(("url", "deduplicated"), [(URL, None), (f"{URL}.fifo", "m1")])
async def test_groups_are_in_order_in_fifo_queues_only(url: str, deduplicated: str | None) -> None:
    services = with_letters(receive_message=once(received(1, MessageGroupId="tenant")))
    stream = await opened(services, url=url)
    [delivery] = await stream.receive()
    assert delivery.group == ("tenant" if deduplicated else "")
    await stream.settle(Settlement(bury=[Failed(delivery.position, "unfit")]))
    [letter] = services.of("send_message")
    assert letter.get("MessageDeduplicationId") == deduplicated


@pytest.mark.parametrize(("url", "most"), [(URL, 9), (f"{URL}.fifo", 1)])
async def test_what_follows_a_failure_in_its_group_does_not_come_along(url: str, most: int) -> None:
    clock = ManualClock()
    services = Scripted(receive_message=lambda **_: {"Messages": [received(1), received(2)]})
    stream = await opened(services, url=url, clock=clock)
    first, _ = await stream.receive()
    await stream.settle(Settlement(retry=[Failed(first.position, "no")]))
    await stream.receive()
    assert services.of("receive_message")[-1]["MaxNumberOfMessages"] == most
    clock.advance(120)
    await stream.receive()
    assert services.of("receive_message")[-1]["MaxNumberOfMessages"] == 7


async def test_what_is_here_is_bounded_in_bytes() -> None:
    large = received(1) | {"Body": "{" + " " * (1 << 20) + "}"}
    services = Scripted(receive_message=lambda **_: {"Messages": [large] * 10})
    stream = await opened(services, 500)
    held = [each for _ in range(4) for each in await stream.receive()]
    waiting = asyncio.ensure_future(stream.receive())
    await asyncio.sleep(0)  # it runs up to where it waits
    assert len(services.of("receive_message")) == 4
    await stream.settle(Settlement(ack=[each.position for each in held]))
    assert len(await waiting) == 10


async def test_what_the_role_may_not_is_told() -> None:
    services = Scripted(
        receive_message=once(received(1)),
        delete_message_batch=raising(error("AccessDenied", 403)),
    )
    stream = await opened(services)
    [delivery] = await stream.receive()
    with pytest.raises(Forbidden, match="delete_message_batch"):
        await stream.settle(Settlement(ack=[delivery.position]))
