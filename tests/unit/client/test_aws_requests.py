"""What the transport aws asks of EventBridge and SQS, with clients that answer as told."""

import json
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from keybus.client.aws import AwsTransport
from keybus.client.aws.packing import MAX_BYTES, packed
from keybus.envelope import Entry, size
from keybus.errors import BusUnavailable, Forbidden, SettingsError
from keybus.protocol import Failed, Settlement
from keybus.settings import Settings
from keybus.testing import ManualClock

Answer = Callable[..., dict[str, Any]]


class Scripted:
    """Clients whose operations are functions of the test."""

    def __init__(self, **operations: Answer) -> None:
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self._operations = operations

    def client(self, service_name: str, **_: Any) -> "Scripted":
        del service_name
        return self

    def close(self) -> None: ...

    def __getattr__(self, operation: str) -> Answer:
        def answer(**parameters: Any) -> dict[str, Any]:
            self.asked.append((operation, parameters))
            found = self._operations.get(operation)
            return found(**parameters) if found else {}

        return answer

    def of(self, operation: str) -> list[dict[str, Any]]:
        return [parameters for name, parameters in self.asked if name == operation]


def entry(number: int, padding: int = 0) -> Entry:
    detail = json.dumps({"id": number, "padding": "x" * padding}).encode()
    return Entry("key.delivery", "delivery.completed", msgspec.Raw(detail))


def transport(services: Scripted, clock: ManualClock | None = None) -> AwsTransport:
    return AwsTransport(
        Settings(event_bus="central"), services=services, clock=clock or ManualClock()
    )


def error(code: str, status: int = 400) -> Exception:
    exceptions = pytest.importorskip("botocore.exceptions")
    metadata = {"HTTPStatusCode": status}
    answer = {"Error": {"Code": code, "Message": "no"}, "ResponseMetadata": metadata}
    found: Exception = exceptions.ClientError(answer, "PutEvents")
    return found


def test_requests_have_ten_entries_and_less_than_a_mib() -> None:
    small = [entry(number) for number in range(23)]
    assert [len(part) for part in packed(small)] == [10, 10, 3]
    half = size(entry(1, 0))
    large = [entry(number, MAX_BYTES // 2 - half) for number in range(3)]
    assert [len(part) for part in packed(large)] == [1, 1, 1]
    assert [sum(map(size, part)) < MAX_BYTES for part in packed(large)] == [True] * 3
    too_large = [entry(1), entry(2, MAX_BYTES), entry(3)]
    assert [len(part) for part in packed(too_large)] == [1, 1, 1]
    assert list(packed([])) == []


async def test_each_entry_has_its_own_result_in_order() -> None:
    def put(Entries: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803 - boto3's name
        numbers = [json.loads(each["Detail"])["id"] for each in Entries]
        answers: list[dict[str, str]] = [
            {"ErrorCode": "ThrottlingException", "ErrorMessage": "later"}
            if number == 12
            else {"EventId": str(number)}
            for number in numbers
        ]
        return {"FailedEntryCount": 1, "Entries": answers}

    services = Scripted(put_events=put)
    results = await transport(services).put([entry(number) for number in range(25)])
    assert [each.event_id or each.code for each in results] == [
        "ThrottlingException" if number == 12 else str(number) for number in range(25)
    ]
    assert {
        each["EventBusName"] for asked in services.of("put_events") for each in asked["Entries"]
    } == {"central"}


async def test_a_request_that_fails_leaves_the_others_results() -> None:
    def put(Entries: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803 - boto3's name
        if len(Entries) < 10:
            raise error("ServiceUnavailable", 503)
        return {"Entries": [{"EventId": "taken"}] * len(Entries)}

    results = await transport(Scripted(put_events=put)).put([entry(n) for n in range(13)])
    assert [each.event_id for each in results[:10]] == ["taken"] * 10
    assert {each.code for each in results[10:]} == {"InternalFailure"}  # tried again by the batcher


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [("AccessDeniedException", 400, Forbidden), ("InternalFailure", 500, BusUnavailable)],
)
async def test_a_put_that_fails_as_a_whole_is_raised(
    code: str, status: int, kind: type[Exception]
) -> None:
    def put(**_: Any) -> dict[str, Any]:
        raise error(code, status)

    with pytest.raises(kind, match=code):
        await transport(Scripted(put_events=put)).put([entry(1)])


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
        get_queue_url=lambda **_: {"QueueUrl": "q"},
        receive_message=lambda **_: {"Messages": messages.pop()},
    )
    stream = await transport(services, clock).subscribe("billing", 10)
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
        get_queue_url=lambda **_: {"QueueUrl": "q"},
        receive_message=lambda **_: {"Messages": [received(n) for n in range(10)]},
    )
    stream = await transport(services).subscribe("billing", 15)
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
        get_queue_url=lambda **_: {"QueueUrl": "q"},
        receive_message=lambda **_: {"Messages": [received(1)]},
    )
    stream = await transport(services).subscribe("billing", 10)
    [delivery] = await stream.receive()
    await stream.settle(Settlement(bury=[Failed(delivery.position, "unfit")]))
    assert not services.of("send_message")
    assert not services.of("delete_message_batch")
    assert len(services.of("change_message_visibility_batch")) == 1


async def test_without_the_extra_the_error_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "boto3", None)
    with pytest.raises(SettingsError, match=r"keybus\[aws\]"):
        await AwsTransport(Settings()).put([entry(1)])


@pytest.mark.parametrize("visibility", [0, 19, 43_201])
def test_a_visibility_that_cannot_be_kept_is_refused(visibility: int) -> None:
    with pytest.raises(SettingsError, match="from 20 to 43200"):
        AwsTransport(Settings(), visibility=visibility)
