"""What the transport aws asks of EventBridge and SQS, with clients that answer as told."""

import json
from typing import Any

import msgspec
import pytest

from keybus.client.aws import AwsTransport
from keybus.client.aws.packing import MAX_BYTES, packed
from keybus.envelope import Entry, size
from keybus.errors import (
    BusUnavailable,
    Forbidden,
    PublishError,
    SettingsError,
    Throttled,
    Unauthenticated,
)
from keybus.settings import Settings
from keybus.testing import ManualClock
from tests.unit.client.scripted_aws import Scripted, error


def entry(number: int, padding: int = 0) -> Entry:
    detail = json.dumps({"id": number, "padding": "x" * padding}).encode()
    return Entry("key.delivery", "delivery.completed", msgspec.Raw(detail))


def transport(services: Scripted, clock: ManualClock | None = None) -> AwsTransport:
    return AwsTransport(
        Settings(event_bus="central"), services=services, clock=clock or ManualClock()
    )


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
    [
        ("AccessDeniedException", 400, Forbidden),
        ("SomethingNew", 403, Forbidden),
        ("SomethingNew", 401, Unauthenticated),
        ("RequestExpired", 400, Unauthenticated),
        ("InternalFailure", 500, BusUnavailable),
        ("RequestTimeout", 408, BusUnavailable),
        ("ThrottlingException", 400, Throttled),
        ("KMS.ThrottlingException", 400, Throttled),
        ("SomethingNew", 429, Throttled),
        ("ValidationException", 400, PublishError),
    ],
)
async def test_a_put_that_fails_as_a_whole_is_raised(
    code: str, status: int, kind: type[Exception]
) -> None:
    def put(**_: Any) -> dict[str, Any]:
        raise error(code, status)

    with pytest.raises(kind, match=code):
        await transport(Scripted(put_events=put)).put([entry(1)])


@pytest.mark.parametrize("count", [0, 1, 3])
async def test_another_number_of_results_than_of_entries_is_no_answer(count: int) -> None:
    services = Scripted(put_events=lambda **_: {"Entries": [{"EventId": "taken"}] * count})
    with pytest.raises(BusUnavailable, match=f"{count} of 2 entries"):
        await transport(services).put([entry(1), entry(2)])


async def test_a_request_that_is_refused_does_not_end_those_that_may_be_tried_again() -> None:
    def put(Entries: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803 - boto3's name
        too_large = sum(len(each["Detail"]) for each in Entries) >= MAX_BYTES
        raise error("ValidationException") if too_large else error("ThrottlingException")

    entries = [entry(1, MAX_BYTES), entry(2)]
    results = await transport(Scripted(put_events=put)).put(entries)
    assert [each.code for each in results] == ["publish", "InternalFailure"]


async def test_a_clock_that_is_wrong_is_asked_about() -> None:
    def put(**_: Any) -> dict[str, Any]:
        told = error("InvalidSignatureException")
        told.response["Error"]["Message"] = "Signature expired: 1 is now earlier than 2"  # type: ignore[attr-defined]
        raise told

    with pytest.raises(Unauthenticated, match="clock"):
        await transport(Scripted(put_events=put)).put([entry(1)])


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
